"""The maximum of a likelihood on a log scale: a search from several starts on coarse groups, then Newton steps on all of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import numpy as np
import numpy.typing as npt
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


def optimum(
    loss: Loss,
    starts: Sequence[Sequence[float]],
    *,
    coarse: Loss | None = None,
    names: Sequence[str],
    limits: Collection[frozenset[tuple[str, int]]] = (),
) -> Floats:
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
    limits
        Parameters that may run to a bound together, each with the sign of the bound: there the likelihood has a limit that is a
        model of its own. They stay at their bounds.

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
    is_free = _free(at, names, limits)
    at = _refined(loss, search, at, is_free)
    if not _free(at, names, limits)[is_free].all():
        raise NotFitted("the likelihood has no inner maximum")
    if not float(np.abs(loss(at)[1][is_free]).max()) <= _MAX_SLOPE:
        raise NotFitted("the search for the greatest likelihood did not come to rest")
    return np.asarray(np.exp(at))


def _free(at: Floats, names: Sequence[str], limits: Collection[frozenset[tuple[str, int]]]) -> npt.NDArray[np.bool_]:
    """Which parameters are at no bound."""
    is_bound = np.abs(at) > _BOUND - 0.01
    bound = frozenset((names[int(place)], int(np.sign(at[place]))) for place in np.flatnonzero(is_bound))
    if bound and bound not in limits:
        raise NotFitted(f"the likelihood has no inner maximum: {', '.join(sorted(name for name, _ in bound))} runs to a bound")
    return ~is_bound


def _refined(loss: Loss, search: Loss, at: Floats, is_free: npt.NDArray[np.bool_]) -> Floats:
    """Newton steps with the curvature of the coarse groups; by the full search where they do not lead there."""
    free = np.flatnonzero(is_free)
    steps = np.eye(len(at))[free] * _STEP
    curvature = np.array([(search(at + step)[1] - search(at - step)[1])[free] / (2 * _STEP) for step in steps])
    curvature = (curvature + curvature.T) / 2
    if (np.linalg.eigvalsh(curvature) > 0).all():
        found = at.copy()
        for _ in range(_N_STEPS):
            slopes = loss(found)[1][free]
            if np.abs(slopes).max() < _FLAT:
                return found
            found[free] = np.clip(found[free] - np.linalg.solve(curvature, slopes), -_BOUND, _BOUND)
    bounds = [(-_BOUND, _BOUND) if is_open else (value, value) for value, is_open in zip(at, is_free, strict=True)]
    return np.asarray(minimize(loss, at, jac=True, method="L-BFGS-B", bounds=bounds, options=_OPTIONS).x)
