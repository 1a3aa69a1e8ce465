"""How often customers buy and when they stop: BG/NBD and MBG/NBD, fitted by maximum likelihood in log space.

While alive a customer buys at rate λ ~ Gamma(r, α), and stops right after a purchase with probability p ~ Beta(a, b). In
MBG/NBD one may also stop after the first purchase; in BG/NBD only after a repeat, so a one-time buyer stays alive for ever.

References
----------
Fader, Hardie, Lee: "Counting Your Customers" the Easy Way, Marketing Science 24, 2005. Batislam, Denizel, Filiztekin:
Empirical validation and comparison of models for customer base analysis, IJRM 24, 2007.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import gammaln, psi

from .histories import Floats, Histories, NotFitted, joined, require_variety
from .optimum import Loss, optimum

ModelName = Literal["bg_nbd", "mbg_nbd"]
MODELS: tuple[ModelName, ...] = ("bg_nbd", "mbg_nbd")
PARAMETERS = ("r", "alpha", "a", "b")

# Starts as r, α in mean ages, a, b: spread rates and steady ones, many who stop and few.
_STARTS = ((0.5, 0.25, 1.0, 2.5), (0.25, 0.1, 0.8, 2.5), (2.0, 1.0, 1.0, 1.0), (1.0, 1.0, 0.3, 3.0))
# Where the chance to stop has a limit that is a model of its own: nobody stops, or all with the same chance.
_LIMITS = frozenset({
    frozenset({("a", -1)}),
    frozenset({("b", 1)}),
    frozenset({("a", -1), ("b", 1)}),
    frozenset({("a", 1), ("b", 1)}),
})
_NEVER = 1e-4  # a chance to stop that is none
_MANY = 5000  # groups beyond which the search begins on joined ones
_CELLS = 16  # of a mean age, into which those are joined


@dataclass(frozen=True, slots=True)
class Purchasing:
    """A fitted model: its name and parameters; α in the unit of the histories."""

    name: ModelName
    r: float
    alpha: float
    a: float
    b: float

    @property
    def parameters(self) -> tuple[float, float, float, float]:
        """The parameters r, α, a, b."""
        return self.r, self.alpha, self.a, self.b

    @property
    def remark(self) -> str | None:
        """What a reader of the parameters must know."""
        never = self.a / (self.a + self.b) < _NEVER
        return "by these purchases nobody stops: everybody counts as alive, and a and b are at a limit" if never else None

    def dropout_b(self, repeats: Floats) -> Floats:
        """Second parameter of the Beta posterior of p, given that the customer is alive; the first one stays a."""
        return self.b + repeats + (1.0 if self.name == "mbg_nbd" else 0.0)


def log_likelihood(model: Purchasing, histories: Histories) -> float:
    """The log-likelihood of all customers; a constant of the unit of time is part of it."""
    return _likelihood(model.name, np.array(model.parameters), histories)[0]


def _likelihood(name: ModelName, parameters: Floats, histories: Histories) -> tuple[float, Floats]:
    """The log-likelihood, and its derivatives by r, α, a, b.

    Both models are written as a part that depends on x alone, and the logarithm of a sum of two: alive at T, or stopped at t_x.
    """
    r, alpha, a, b = parameters
    # The functions of x are slow and x has few values.
    x, place = np.unique(histories.repeats, return_inverse=True)
    n = histories.n_customers
    n_of_x = np.bincount(place, weights=n, minlength=len(x))
    is_modified = name == "mbg_nbd"
    last = a + b + x + (1.0 if is_modified else 0.0)
    of_x = gammaln(r + x) - gammaln(r) + gammaln(b + x) - gammaln(b) + gammaln(a + b) - gammaln(last)
    alive, stopped = _shares_of_x(a, b, x, is_modified=is_modified)
    shape = (r + x)[place]
    log_age, log_last = np.log(alpha + histories.age), np.log(alpha + histories.last_repeat)
    alive_term = alive[place] - shape * log_age
    stopped_term = stopped[place] - shape * log_last
    whole = np.logaddexp(alive_term, stopped_term)
    value = float(n_of_x @ of_x + n @ whole + n.sum() * r * np.log(alpha))
    stopped_share = np.exp(stopped_term - whole)
    weight, gone = n * (1 - stopped_share), n * stopped_share
    gone_of_x = np.bincount(place, weights=gone, minlength=len(x))
    alive_of_x = np.bincount(place, weights=weight, minlength=len(x))
    by_r = n_of_x @ (psi(r + x) - psi(r)) + n.sum() * np.log(alpha) - weight @ log_age - gone @ log_last
    by_alpha = n.sum() * r / alpha - shape @ (weight / (alpha + histories.age) + gone / (alpha + histories.last_repeat))
    shared = n_of_x @ (psi(a + b) - psi(last))
    by_a = shared + gone.sum() / a
    by_b = shared + n_of_x @ (psi(b + x) - psi(b))
    if is_modified:
        by_b += alive_of_x @ (1 / (b + x))
    else:
        repeated = x > 0
        by_b -= gone_of_x[repeated] @ (1 / (b + x[repeated] - 1))
    return value, np.array([by_r, by_alpha, by_a, by_b])


def _shares_of_x(a: float, b: float, x: Floats, *, is_modified: bool) -> tuple[Floats, Floats]:
    """What the terms of the living and of the stopped are multiplied by, as logarithms; −∞ where nobody can have stopped."""
    if is_modified:
        return np.log(b + x), np.full_like(x, np.log(a))
    stopped = np.full_like(x, -np.inf)
    repeated = x > 0
    stopped[repeated] = np.log(a) - np.log(b + x[repeated] - 1)
    return np.zeros_like(x), stopped


def fitted(name: ModelName, histories: Histories) -> Purchasing:
    """The model of greatest likelihood.

    Times are scaled to a mean age of 1 and parameters live on a log scale, so neither the unit of time nor the size of a
    parameter matters. Where nobody seems to stop, or all with the same chance, a and b run to a limit, which is a model as well.

    Raises
    ------
    NotFitted
        When the data teach nothing, the likelihood has no inner maximum, or a + b ≤ 1.
    """
    require_variety(histories)
    unit = float(histories.n_customers @ histories.age) / histories.n
    scaled = Histories(histories.repeats, histories.last_repeat / unit, histories.age / unit, histories.n_customers)

    def loss_on(groups: Histories) -> Loss:
        def loss(logs: Floats) -> tuple[float, Floats]:
            parameters = np.exp(logs)
            value, slopes = _likelihood(name, parameters, groups)
            return -value / histories.n, -slopes * parameters / histories.n

        return loss

    coarse = loss_on(joined(scaled, _CELLS)) if len(scaled.repeats) > _MANY else None
    r, alpha, a, b = (float(one) for one in optimum(loss_on(scaled), _STARTS, coarse=coarse, names=PARAMETERS, limits=_LIMITS))
    if a + b <= 1:
        raise NotFitted("a + b ≤ 1, so that expected purchases cannot be relied on")
    return Purchasing(name, r, alpha * unit, a, b)
