"""What a customer's purchases to come are worth today, and between which amounts they will lie.

Value is the expected discounted number of purchases times the expected purchase. Its interval is predictive: of what this one
customer will spend, given x, t_x, T and the mean of the repeats. The sum of N purchases, given that there are some, is a ratio
of two gamma variables: N p-shaped ones, replaced by the one gamma variable of equal mean and variance, over the customer's
Gamma(q + px). The chance of no purchase at all is exact. Discounting scales both ends as it scales the mean.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import betaincinv

from .forecasts import Forecast
from .histories import Floats
from .spending import Spending


@dataclass(frozen=True, eq=False)
class Worth:
    """Factors of v + x·m, the customer's own sum of repeat purchases and the model's v: (n histories,) each."""

    value: Floats
    lower: Floats
    upper: Floats


def worth(model: Spending, given: Forecast, priced_repeats: Floats, *, interval_share: float) -> Worth:
    """Value and the ends of the interval that holds `interval_share` of what may come, both tails alike.

    Parameters
    ----------
    priced_repeats
        Repeats that the mean of the amounts is made of, (n histories,).
    """
    known = model.q + model.p * priced_repeats
    value = given.discounted * model.p / (known - 1)
    tail = (1 - interval_share) / 2
    discount = np.divide(given.discounted, given.expected, out=np.ones_like(known), where=given.expected > 0)
    lower, upper = (discount * _quantile(model, given, known, level) for level in (tail, 1 - tail))
    return Worth(value, lower, upper)


def _quantile(model: Spending, given: Forecast, known: Floats, level: float) -> Floats:
    """The amount, in units of v + x·m, below which the undiscounted sum lies with chance `level`."""
    some = 1 - given.p_none
    is_paid = some > 1 - level
    quantile = np.zeros_like(known)
    some, expected, pairs = some[is_paid], given.expected[is_paid], given.pairs[is_paid]
    mean = expected / some
    variance = np.maximum((pairs + expected) / some - mean**2, 0.0)
    # Moments of a sum of N gamma variables of shape p.
    spread = 1 + model.p * variance / mean  # variance over mean of the sum
    shape = model.p * mean / spread
    share = betaincinv(shape, known[is_paid], 1 - (1 - level) / some)
    quantile[is_paid] = spread * share / np.maximum(1 - share, 1e-300)
    return quantile
