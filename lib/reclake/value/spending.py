"""What a purchase is worth: the Gamma–Gamma model of the mean of repeat purchases.

A customer's purchases are Gamma(p, ν) with ν ~ Gamma(q, v), independent of how often the customer buys.

References
----------
Fader, Hardie, Lee: RFM and CLV, Journal of Marketing Research 42, 2005; Fader, Hardie: The Gamma-Gamma Model of Monetary
Value, 2013.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln, psi

from .histories import Floats, NotFitted
from .optimum import optimum

_STARTS = ((6.0, 4.0, 0.5), (1.0, 2.0, 1.0), (20.0, 10.0, 0.5), (0.5, 1.5, 2.0))  # p, q, v in mean amounts


@dataclass(frozen=True, eq=False)
class Spends:
    """Groups of customers with repeats: how many, the mean of their repeat purchases, and how many customers.

    A coarse group holds means; `log_mean` is the mean of the logarithms, which is exact however coarse it is.
    """

    repeats: Floats  # (n groups,), above 0
    mean: Floats  # (n groups,), above 0, in one currency
    log_mean: Floats  # (n groups,)
    n_customers: Floats  # (n groups,)


@dataclass(frozen=True, slots=True)
class Spending:
    """A fitted model; v in the currency of the amounts."""

    p: float
    q: float
    v: float

    @property
    def population_mean(self) -> float:
        """The mean purchase of a customer of whom nothing is known."""
        return self.p * self.v / (self.q - 1)

    def expected_mean(self, repeats: Floats, mean: Floats) -> Floats:
        """E[M | x, m]: the mean of a customer's purchases to come; the population's without a repeat."""
        return np.asarray(self.p * (self.v + repeats * mean) / (self.p * repeats + self.q - 1))


def spends(repeats: Floats, mean: Floats) -> Spends:
    """Customers one by one; those without a repeat or whose mean is not above 0 are left out."""
    kept = (repeats > 0) & (mean > 0)
    return Spends(repeats[kept], mean[kept], np.log(mean[kept]), np.ones(int(kept.sum())))


def log_likelihood(model: Spending, given: Spends) -> float:
    """The log-likelihood of the means of all customers."""
    return _likelihood(np.array([model.p, model.q, model.v]), given)[0]


def _likelihood(parameters: Floats, given: Spends) -> tuple[float, Floats]:
    """The log-likelihood, and its derivatives by p, q, v."""
    p, q, v = parameters
    x, n = given.repeats, given.n_customers
    shape = p * x
    log_whole = np.log(x * given.mean + v)
    log_total = given.log_mean + np.log(x)
    values = gammaln(shape + q) - gammaln(shape) - gammaln(q) + q * np.log(v) - given.log_mean + shape * log_total
    values -= (shape + q) * log_whole
    both = psi(shape + q)
    slopes = (
        x * (both - psi(shape) + log_total - log_whole),
        both - psi(q) + np.log(v) - log_whole,
        q / v - (shape + q) / (x * given.mean + v),
    )
    return float(n @ values), np.array([n @ slope for slope in slopes])


def fitted(given: Spends) -> Spending:
    """The model of greatest likelihood, from fixed starts on a log scale, with amounts scaled to a mean of 1.

    Raises
    ------
    NotFitted
        When fewer than two customers bought again, all of them spend the same, the likelihood has no inner maximum, or q ≤ 1,
        which leaves a purchase without a mean.
    """
    n = float(given.n_customers.sum())
    if n < 2:
        raise NotFitted("fewer than two customers have spent money again")
    if np.ptp(given.mean) <= 1e-9 * given.mean.max():
        raise NotFitted("all customers spend the same")
    unit = float(np.exp(given.n_customers @ given.log_mean / n))
    scaled = Spends(given.repeats, given.mean / unit, given.log_mean - np.log(unit), given.n_customers)

    def loss(logs: Floats) -> tuple[float, Floats]:
        parameters = np.exp(logs)
        value, slopes = _likelihood(parameters, scaled)
        return -value / n, -slopes * parameters / n

    p, q, v = (float(one) for one in optimum(loss, _STARTS, names=("p", "q", "v")))
    if q <= 1:
        raise NotFitted("q ≤ 1 in the model of spend, so that a purchase has no mean")
    return Spending(p, q, v * unit)
