"""What a strategy is worth, from lists whose strategy was drawn with known probabilities.

A list that was drawn with probability p stands for 1/p lists: weighted so, the lists of one strategy look like all lists.
The rate is a ratio of sums over units (people), and so is its standard error: what one person sees and does is alike, and
rows of one person are no evidence of their own.

References
----------
A. Swaminathan, T. Joachims: The Self-Normalized Estimator for Counterfactual Learning, NIPS 2015: the ratio of weighted sums.
W. G. Cochran: Sampling Techniques, 3rd edition 1977, section 6.3: the variance of a ratio of sums over units.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import nan, sqrt

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

_Z = 1.959963984540054  # of a 95 % interval


@dataclass(frozen=True, slots=True)
class RatioSums:
    """Sums over units of y and x, of which Σy/Σx is the rate: all that a rate and its interval need."""

    n_units: int
    x: float
    y: float
    xx: float
    yy: float
    xy: float

    @classmethod
    def of(cls, pairs: Iterable[tuple[float, float]]) -> RatioSums:
        """The sums of one (y, x) per unit."""
        told = list(pairs)
        return cls(
            len(told),
            sum(x for _, x in told),
            sum(y for y, _ in told),
            sum(x * x for _, x in told),
            sum(y * y for y, _ in told),
            sum(x * y for y, x in told),
        )

    @property
    def rate(self) -> float:
        """Σy/Σx; not a number without any x."""
        return self.y / self.x if self.x else nan

    @property
    def standard_error(self) -> float:
        """Of the rate, between units; not a number for fewer than two.

        Examples
        --------
        >>> of_people = RatioSums.of([(1, 10), (0, 5), (3, 20), (2, 15)])  # clicks, impressions
        >>> round(of_people.rate, 2), round(of_people.standard_error, 6)
        (0.12, 0.020656)
        """
        if self.n_units < 2 or not self.x:
            return nan
        # Residuals y − R·x add up to 0, so their sum of squares is that about their mean.
        residual = max(self.yy - 2 * self.rate * self.xy + self.rate**2 * self.xx, 0.0)
        return sqrt(residual * self.n_units / (self.n_units - 1)) / self.x

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the rate."""
        half = _Z * self.standard_error
        return self.rate - half, self.rate + half


def effective_size(weights: Iterable[float]) -> float:
    """As how many equal weights these count: (Σw)²/Σw².

    Examples
    --------
    >>> round(effective_size([0.5, 1.5, 2.0, 2.0]), 5)
    3.42857
    """
    told = list(weights)
    return sum(told) ** 2 / sum(weight * weight for weight in told)


def weighted_click_sums(impressions: DataFrame, unit: str, *by: str) -> DataFrame:
    """One row per value of `by`: the columns of `RatioSums` of clicked products over shown ones, weighted with 1/propensity.

    `impressions` are rows of silver.impressions, with a column `unit` that says whose they are. A product of a list is
    clicked or not, however often. Rows without a propensity are left out.
    """
    weight = F.lit(1.0) / F.col("propensity")
    is_clicked = (F.col("n_clicks") > 0).cast("double")
    of_units = (
        impressions
        .where(F.col("propensity").isNotNull())
        .groupBy(*by, unit)
        .agg(F.sum(weight * is_clicked).alias("y"), F.sum(weight).alias("x"))
    )
    return of_units.groupBy(*by).agg(F.count("*").alias("n_units"), *_sums())


def _sums() -> list[Column]:
    x, y = F.col("x"), F.col("y")
    products = {"x": x, "y": y, "xx": x * x, "yy": y * y, "xy": x * y}
    return [F.sum(value).alias(name) for name, value in products.items()]
