"""After how many days what is used up is bought again: one cycle per category, by maximum likelihood.

Of each order that a customer places after buying a product it is known how many days have elapsed, and whether the product is in it
again. Where a category has a cycle c, the share of such orders is higher while elapsed/c lies between two ratios, and the same before
and after. The c that makes the observed orders most likely is the cycle. Gaps between repeat purchases alone would overstate it:
nobody buys on the day on which something is used up, but with the next order.

References
----------
Cox and Oakes: Analysis of Survival Data, 1984, 3.2 (piecewise constant hazards).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Longs = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]

_STEP_DAYS = 0.5  # between cycles that are tried
BINS_PER_RATIO = 5  # of the hazard, which is told by elapsed days over the cycle


@dataclass(frozen=True, slots=True)
class Cycle:
    """The cycle of a category, and its share of repeats by elapsed days."""

    gap_days: float
    hazards: tuple[float, ...]  # of elapsed/gap in [0, 1/5), [1/5, 2/5), …


def cycle_of(
    n_orders: Longs, n_repeats: Longs, *, least: float, greatest: float, min_repeats: int, min_evidence: float
) -> Cycle | None:
    """The cycle, or None where the repeats do not show one.

    Parameters
    ----------
    n_orders, n_repeats
        (days,): orders of customers who had bought a product of the category so many days before, counted once per product, and
        those of them that hold it again.
    least, greatest
        Elapsed days over the cycle between which a repeat is more likely.
    min_repeats
        Repeats between them, at least.
    min_evidence
        Twice the gain in log-likelihood over a share that never changes, at least.
    """
    orders_before, repeats_before = (np.concatenate(([0], np.cumsum(counted))) for counted in (n_orders, n_repeats))
    cycles = np.arange(1.0, len(n_orders) / least, _STEP_DAYS)
    if not len(cycles) or not n_repeats.sum():
        return None
    # Whole elapsed days from the first one in the window to the first one behind it; a hair below: 0.8 · 17.5 is no 14.
    first = np.ceil(least * cycles - 1e-9).astype(np.int64)
    behind = np.floor(greatest * cycles + 1e-9).astype(np.int64) + 1
    first, behind = (np.clip(days, 0, len(n_orders)) for days in (first, behind))
    orders, repeats = orders_before[behind] - orders_before[first], repeats_before[behind] - repeats_before[first]
    others, other_repeats = orders_before[-1] - orders, repeats_before[-1] - repeats
    gain = _log_likelihood(repeats, orders) + _log_likelihood(other_repeats, others)
    gain = 2 * (gain - _log_likelihood(repeats_before[-1:], orders_before[-1:]))
    gain[repeats * others <= other_repeats * orders] = -np.inf  # less likely inside: no cycle
    best = int(gain.argmax())  # of equals the shortest
    if gain[best] < min_evidence or repeats[best] < min_repeats:
        return None
    return Cycle(float(cycles[best]), _hazards(n_orders, n_repeats, float(cycles[best]), greatest))


def _log_likelihood(hits: Longs, trials: Longs) -> Doubles:
    """Of `hits` of so many trials, at their own share."""
    misses = trials - hits
    logs = [np.where(n > 0, n * np.log(np.where(n > 0, n, 1) / np.maximum(trials, 1)), 0.0) for n in (hits, misses)]
    total: Doubles = logs[0] + logs[1]
    return total


def _hazards(n_orders: Longs, n_repeats: Longs, gap_days: float, greatest: float) -> tuple[float, ...]:
    """Shares by bin, drawn to that of all orders as by one more order; the last bin holds all that is later."""
    n_bins = int(np.ceil(greatest * BINS_PER_RATIO)) + 1
    of_day = np.minimum((np.arange(len(n_orders)) * BINS_PER_RATIO / gap_days).astype(np.int64), n_bins - 1)
    orders, repeats = (np.bincount(of_day, weights=counted, minlength=n_bins) for counted in (n_orders, n_repeats))
    overall = n_repeats.sum() / max(1, n_orders.sum())
    return tuple(float(share) for share in (repeats + overall) / (orders + 1))
