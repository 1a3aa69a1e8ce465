"""How customers buy, visit and stop, learned from what they did: BG/NBD with visits.

A customer's purchases and visits together arrive at a rate Λ ~ Gamma(r, αq) per day while the customer lives; each of them is
a purchase with a probability of about q, so that purchases arrive at a rate λ ~ Gamma(r, α). The first purchase opens the
process. Who has bought again may stop right at that purchase, with a probability p ~ Beta(a, b) of their own; after the first
purchase anybody stops with one probability, and after a visit with another. Without visits, and with nobody stopping at
the first purchase, this is the BG/NBD model.

q depends on the channels that a customer has: visits are seen online only. Purchases and visits run for the same time,
so visits per repeat purchase estimate q/(1−q) whatever the other parameters are.

References
----------
P. S. Fader, B. G. S. Hardie, K. L. Lee, "Counting Your Customers" the Easy Way: An Alternative to the Pareto/NBD Model,
Marketing Science 24 (2005): the process, and its likelihood in section 4.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_BORROWED_REPEATS = 5.0  # repeat purchases at everybody's ratio of visits that each group of channels starts with
_ALL = 1.0 - 1e-6  # where nobody was ever seen without buying, a visit stays possible
_LOG_CONCENTRATION = (-1.0, 9.0)
# Spread of the parameters around where the search starts: so wide that data of a hundred customers decides, and so narrow
# that data which says nothing of a parameter, such as that of equal customers, leaves it finite.
_SPREAD = np.array([2.0, 3.0, 1.5, 1.5, 3.0, 3.0])
_USUAL_STOP = -3.0  # log odds of a stop after a first purchase or a visit from which the search starts: one in twenty
_SIGNIFICANT_DIGITS = 9


@dataclass(frozen=True)
class Histories:
    """What each customer did up to one day. All vectors have the shape (customers,); times are days since the first purchase."""

    n_repeats: Vector
    n_visits: Vector  # since the first purchase
    age: Vector  # until the day
    last_purchase: Vector
    last_visit: Vector  # 0 without a visit
    group: npt.NDArray[np.intp]  # place of the customer's channels in `groups`
    groups: tuple[str, ...]

    @property
    def may_have_stopped_at_purchase(self) -> Flags:
        """Whether no visit came after the last purchase."""
        no_later_visit: Flags = (self.n_visits == 0) | (self.last_visit <= self.last_purchase)
        return no_later_visit

    @property
    def may_have_stopped_at_visit(self) -> Flags:
        """Whether the last visit lies on the day of the last purchase or after it."""
        visited_last: Flags = (self.n_visits > 0) & (self.last_visit >= self.last_purchase)
        return visited_last


@dataclass(frozen=True)
class Process:
    """The learned parameters; rates are per day."""

    r: float
    alpha: float
    a: float
    b: float
    first_stop: float  # probability to stop at the first purchase
    visit_stop: float  # probability to stop after a visit
    concentration: float  # of a customer's own q around that of its channels
    purchase_share: float  # q of channels that were not seen
    purchase_shares: Mapping[str, float]  # q by channels


def learned(histories: Histories, *, min_repeats: int) -> Process | None:
    """The most probable process; None where there are fewer than `min_repeats` repeat purchases, or customers."""
    from scipy.optimize import minimize, minimize_scalar

    if len(histories.age) < min_repeats or histories.n_repeats.sum() < min_repeats:
        return None
    overall, by_group = purchase_shares(histories)
    q = by_group[histories.group]
    start = np.array([0.0, np.log(histories.age.sum() / histories.n_repeats.sum()), 0.0, 0.0, _USUAL_STOP, _USUAL_STOP])

    def cost(logs: Vector) -> tuple[float, Vector]:
        likelihood, gradient = log_likelihood(logs, histories, q)
        away = (logs - start) / _SPREAD
        return float(0.5 * (away**2).sum() - likelihood), away / _SPREAD - gradient

    fitted = minimize(cost, start, jac=True, method="L-BFGS-B", options={"maxiter": 200, "ftol": 1e-10})
    spread = minimize_scalar(lambda log: -_log_mixture(histories, q, np.exp(log)), bounds=_LOG_CONCENTRATION, method="bounded")
    if not np.isfinite(fitted.fun):
        return None
    r, alpha, a, b = (_rounded(value) for value in np.exp(fitted.x[:4]))
    first_stop, visit_stop = (_rounded(value) for value in 1.0 / (1.0 + np.exp(-fitted.x[4:])))
    shares = {name: _rounded(share) for name, share in zip(histories.groups, by_group, strict=True)}
    return Process(r, alpha, a, b, first_stop, visit_stop, _rounded(np.exp(spread.x)), _rounded(overall), shares)


def purchase_shares(histories: Histories) -> tuple[float, Vector]:
    """Repeat purchases among repeat purchases and visits: over all customers, and per group of channels.

    A small group leans on what holds for all.
    """
    n_repeats, n_visits = histories.n_repeats.sum(), histories.n_visits.sum()
    visits_per_repeat = n_visits / n_repeats
    repeats = np.bincount(histories.group, histories.n_repeats, len(histories.groups)) + _BORROWED_REPEATS
    visits = np.bincount(histories.group, histories.n_visits, len(histories.groups)) + _BORROWED_REPEATS * visits_per_repeat
    shares = np.minimum(repeats / (repeats + visits), _ALL)
    return min(float(1.0 / (1.0 + visits_per_repeat)), _ALL), shares


def log_likelihood(logs: Vector, histories: Histories, q: Vector) -> tuple[float, Vector]:
    """Log-likelihood of the times of all purchases and visits given which is which, and its gradient, shape (6,).

    Parameters
    ----------
    logs
        log r, log α, log a, log b, and the log odds of a stop after the first purchase and after a visit.
    q
        Share of purchases, per customer.
    """
    from scipy.special import betaln, digamma, gammaln

    r, alpha, a, b = np.exp(logs[:4])
    first_stop, visit_stop = 1.0 / (1.0 + np.exp(-logs[4:]))
    x, n = histories.n_repeats, histories.n_visits
    scale, count, has_repeat = alpha * q, r + x + n, x > 0
    ends = [scale + at for at in (histories.age, histories.last_purchase, histories.last_visit)]
    log_age, log_purchase, log_visit = (np.log(end) for end in ends)
    repeats_before = np.where(has_repeat, b + x - 1.0, 1.0)

    # Odds of having stopped, at the last purchase or visit, against living on.
    at_purchase = np.where(has_repeat, logs[2] - np.log(repeats_before), logs[4]) + count * (log_age - log_purchase)
    at_purchase = np.where(histories.may_have_stopped_at_purchase, at_purchase, -np.inf)
    at_visit = np.where(histories.may_have_stopped_at_visit, logs[5] + count * (log_age - log_visit), -np.inf)
    stopped = np.logaddexp(0.0, np.logaddexp(at_purchase, at_visit))
    by_purchase, by_visit = np.exp(at_purchase - stopped), np.exp(at_visit - stopped)

    living = gammaln(count) - gammaln(r) + r * np.log(scale) - count * log_age
    living += betaln(a, b + x) - betaln(a, b) + np.log1p(-first_stop) + n * np.log1p(-visit_stop)
    of_age, of_purchase, of_visit = (scale / end for end in ends)
    slopes = (
        r * (digamma(count) - digamma(r) + np.log(scale) - log_age)
        + r * (by_purchase * (log_age - log_purchase) + by_visit * (log_age - log_visit)),
        r - count * of_age + count * (by_purchase * (of_age - of_purchase) + by_visit * (of_age - of_visit)),
        a * (digamma(a + b) - digamma(a + b + x)) + by_purchase * has_repeat,
        b * (digamma(b + x) - digamma(a + b + x) - digamma(b) + digamma(a + b) - by_purchase * has_repeat / repeats_before),
        by_purchase * ~has_repeat - first_stop,
        by_visit - visit_stop * n,
    )
    return float((living + stopped).sum()), np.array([slope.sum() for slope in slopes])


def _log_mixture(histories: Histories, q: Vector, concentration: float) -> float:
    """Log-likelihood of how many were purchases where each customer's own q is Beta with mean q."""
    from scipy.special import betaln

    bought, visited = concentration * q, concentration * (1.0 - q)
    mixed = betaln(bought + histories.n_repeats, visited + histories.n_visits) - betaln(bought, visited)
    return float(mixed.sum())


def _rounded(value: Any) -> float:
    """The last digits depend on the machine's library of mathematics."""
    return float(f"{float(value):.{_SIGNIFICANT_DIGITS}g}")
