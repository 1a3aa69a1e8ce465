"""What a fitted model expects of a customer: the chance to be alive, and purchases to come, by mean and variance.

Given that a customer is alive at T, λ ~ Gamma(r + x, α + T) and p ~ Beta(a, b'), and the purchases in the next t are the
smaller of a Poisson count of mean λt and a geometric count of p. Their means over λ are closed forms of p; the mean over p is a
Gauss–Jacobi quadrature. It equals the published form by ₂F₁, stays finite at a = 1, and does not overflow for many repeats.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh_tridiagonal

from .histories import Floats
from .purchasing import Purchasing

# Nodes by the horizon, in α: the longer it is, the nearer to 0 the integrand has a pole. Errors stay below 1e-6 of the mean.
_N_NODES = ((12.0, 20), (50.0, 32), (np.inf, 96))
_SMALL = 1e-4  # below it a difference of near numbers is taken from its series


@dataclass(frozen=True, eq=False)
class Forecast:
    """Of each history: the chance to be alive, and moments of the purchases in the time to come."""

    p_alive: Floats
    expected: Floats  # purchases, mean
    discounted: Floats  # the same, each counted by the worth today of one unit of money in its period
    pairs: Floats  # E[Y(Y − 1)], from which the variance follows
    p_none: Floats  # the chance of no purchase at all


def p_alive(model: Purchasing, repeats: Floats, last_repeat: Floats, age: Floats) -> Floats:
    """The chance that a customer has not stopped, 0–1. By BG/NBD it is 1 without a repeat."""
    if model.name == "mbg_nbd":
        log_odds = np.log(model.a) - np.log(model.b + repeats)
    else:
        repeated = repeats > 0
        log_odds = np.where(repeated, np.log(model.a) - np.log(np.where(repeated, model.b + repeats - 1, 1.0)), -np.inf)
    log_odds = log_odds + (model.r + repeats) * (np.log(model.alpha + age) - np.log(model.alpha + last_repeat))
    return np.asarray(1 / (1 + np.exp(np.minimum(log_odds, 700.0))))


def beta_nodes(a: float, b: float, n: int = 32) -> tuple[Floats, Floats]:
    """Points of (0, 1) and weights of sum 1, by which a mean over Beta(a, b) is a sum.

    The eigenvalues of the Jacobi matrix (Golub, Welsch 1969); the usual tables of weights overflow for large b.

    Examples
    --------
    >>> nodes, weights = beta_nodes(2.0, 3.0)
    >>> round(float(weights @ nodes), 12)
    0.4
    """
    k = np.arange(n, dtype=np.float64)
    alpha, beta = b - 1, a - 1  # of (1 − z)^alpha (1 + z)^beta on (−1, 1)
    whole = 2 * k + alpha + beta
    diagonal = np.empty(n)
    diagonal[0] = (beta - alpha) / (alpha + beta + 2)
    diagonal[1:] = (beta**2 - alpha**2) / (whole[1:] * (whole[1:] + 2))
    j = k[1:]
    w = whole[1:]
    square = np.empty(n - 1)
    # j = 1 apart: with alpha + beta = −1 both its numerator and its denominator hold the factor 0.
    square[0] = 4 * (1 + alpha) * (1 + beta) / ((2 + alpha + beta) ** 2 * (3 + alpha + beta))
    square[1:] = 4 * j[1:] * (j[1:] + alpha) * (j[1:] + beta) * (j[1:] + alpha + beta) / (w[1:] ** 2 * (w[1:] ** 2 - 1))
    points, vectors = eigh_tridiagonal(diagonal, np.sqrt(square))
    return (points + 1) / 2, vectors[0] ** 2


def expected_purchases(model: Purchasing, time: float, repeats: Floats, last_repeat: Floats, age: Floats) -> Floats:
    """E[Y(t) | x, t_x, T]: purchases in the `time` after T."""
    return forecast(model, repeats, last_repeat, age, period=time, n_periods=1, discount=0.0).expected


def expected_of_new(model: Purchasing, time: float) -> float:
    """E[X(t)]: repeats of a customer in the `time` after the first purchase."""
    zero = np.zeros(1)
    return float(expected_purchases(model, time, zero, zero, zero)[0])


def forecast(
    model: Purchasing, repeats: Floats, last_repeat: Floats, age: Floats, *, period: float, n_periods: int, discount: float
) -> Forecast:
    """The purchases of each history in `n_periods` after its age.

    Parameters
    ----------
    repeats, last_repeat, age
        x, t_x and T, (n histories,) each.
    period
        In the unit of the histories. A purchase in the i-th one counts (1 + discount)^−i in `discounted`.
    """
    alive = p_alive(model, repeats, last_repeat, age)
    worth = (1 + discount) ** -np.arange(1.0, n_periods + 1)
    # Σ worth_i (E[Y(iτ)] − E[Y((i − 1)τ)]), written as a sum over E[Y(iτ)].
    of_whole = worth - np.append(worth[1:], 0.0)
    times = period * np.arange(1.0, n_periods + 1)
    # The number of nodes must not depend on the rows at hand: a row has one answer in any company.
    n_nodes = next(n for limit, n in _N_NODES if times[-1] <= limit * model.alpha)
    expected, discounted, pairs = (np.empty_like(age, dtype=np.float64) for _ in range(3))
    order = np.argsort(repeats, kind="stable")
    cuts = np.flatnonzero(np.diff(repeats[order])) + 1
    for rows in np.split(order, cuts) if len(order) else ():
        p, weights = beta_nodes(model.a, float(model.dropout_b(repeats[rows[:1]])[0]), n_nodes)
        shape = model.r + float(repeats[rows[0]])
        scale = model.alpha + age[rows]
        means = [_mean(_mean_count(shape, np.outer(1 / scale, time * p), p), weights) for time in times]
        expected[rows] = means[-1]
        discounted[rows] = sum(share * mean for share, mean in zip(of_whole, means, strict=True))
        pairs[rows] = _mean(_mean_pairs(shape, np.outer(1 / scale, times[-1] * p), p), weights)
    none_if_alive = np.exp(-(model.r + repeats) * np.log1p(times[-1] / (model.alpha + age)))
    return Forecast(alive, alive * expected, alive * discounted, alive * pairs, 1 - alive * (1 - none_if_alive))


def _mean(values: Floats, weights: Floats) -> Floats:
    """The mean over the nodes, (n,); by rows, as a matrix product may round one row differently beside others."""
    return np.asarray((values * weights).sum(axis=1))


def _mean_count(shape: float, stretch: Floats, p: Floats) -> Floats:
    """E[Y | p], (n, nodes), with stretch = p t / (α + T): (1 − (1 + stretch)^−shape) / p."""
    return np.asarray(-np.expm1(-shape * np.log1p(stretch)) / p)


def _mean_pairs(shape: float, stretch: Floats, p: Floats) -> Floats:
    """E[Y(Y − 1) | p], (n, nodes): 2 (1 − p) (1 − S − shape · stretch · S / (1 + stretch)) / p², S = (1 + stretch)^−shape."""
    left = np.exp(-shape * np.log1p(stretch))
    whole = 1 - left - shape * stretch * left / (1 + stretch)
    series = shape * (shape + 1) / 2 * stretch**2 * (1 - 2 * (shape + 2) / 3 * stretch)
    return np.asarray(2 * (1 - p) / p**2 * np.where((shape + 2) * stretch < _SMALL, series, whole))
