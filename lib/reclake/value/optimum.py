"""The maximum of a likelihood on a log scale: a search from several starts on coarse groups, then Newton steps on all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.optimize import minimize

from .histories import Floats, NotFitted

Loss = Callable[[Floats], tuple[float, Floats]]
"""Of the logarithms of the parameters: minus the log-likelihood per customer, and its derivatives."""

_BOUND = 9.0  # of each logarithm: beyond lies no inner maximum
_FLAT = 1e-9  # slope at which a maximum is reached
_MAX_SLOPE = 1e-6  # slope beyond which it is not
_N_STEPS = 12
_STEP = 1e-4
_OPTIONS = {"maxiter": 1000, "ftol": 1e-15, "gtol": 1e-9, "maxcor": 20}


def optimum(loss: Loss, starts: Sequence[Sequence[float]], *, coarse: Loss | None = None, names: Sequence[str]) -> Floats:
    """The parameters of least loss.

    Parameters
    ----------
    loss
        On all groups: asked a handful of times.
    starts
        Parameters, not logarithms. The best end of them all counts.
    coarse
        The loss on few groups that are nearly the same, for the search and for the curvature.
    names
        Of the parameters, for the reason of a failure.

    Raises
    ------
    NotFitted
        When the loss is finite nowhere, has its least value at a bound, or the search does not come to rest.
    """
    search = coarse or loss
    bounds = [(-_BOUND, _BOUND)] * len(names)
    ends = [minimize(search, np.log(start), jac=True, method="L-BFGS-B", bounds=bounds, options=_OPTIONS) for start in starts]
    best = min((end for end in ends if np.isfinite(end.fun)), key=lambda end: float(end.fun), default=None)
    if best is None:
        raise NotFitted("the likelihood is finite at no start")
    at = np.asarray(best.x)
    _require_inner(at, names)
    at = _refined(loss, search, at)
    _require_inner(at, names)
    if not float(np.abs(loss(at)[1]).max()) <= _MAX_SLOPE:
        raise NotFitted("the search for the greatest likelihood did not come to rest")
    return np.asarray(np.exp(at))


def _require_inner(at: Floats, names: Sequence[str]) -> None:
    if np.abs(at).max() > _BOUND - 0.01:
        name = names[int(np.abs(at).argmax())]
        raise NotFitted(f"the likelihood has no inner maximum: {name} runs to its bound")


def _refined(loss: Loss, search: Loss, at: Floats) -> Floats:
    """Newton steps with the curvature of the coarse groups; by the full search where they do not lead there."""
    steps = np.eye(len(at)) * _STEP
    curvature = np.array([(search(at + step)[1] - search(at - step)[1]) / (2 * _STEP) for step in steps])
    curvature = (curvature + curvature.T) / 2
    if (np.linalg.eigvalsh(curvature) > 0).all():
        found = at
        for _ in range(_N_STEPS):
            slopes = loss(found)[1]
            if np.abs(slopes).max() < _FLAT:
                return found
            found = np.clip(found - np.linalg.solve(curvature, slopes), -_BOUND, _BOUND)
    bounds = [(-_BOUND, _BOUND)] * len(at)
    return np.asarray(minimize(loss, at, jac=True, method="L-BFGS-B", bounds=bounds, options=_OPTIONS).x)
