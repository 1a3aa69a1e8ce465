"""Tiers by RFM segment alone: what scores of the past say."""

from pyspark.sql import Column
from pyspark.sql import functions as F

from reclake.segment.segments import NO_ORDERS, SEGMENTS, segment_of
from reclake.segment.tiers import PROSPECT

# From worst to best. A higher score never gives an earlier one; test_segments.py walks through all cells.
RFM_ORDER = ("dormant", "churn_warning", "new", "returning", "potential", "high_value")


def rfm_tier_of(recency: int, frequency: int, monetary: int, *, on_one_day: bool) -> str:
    """The tier of a cell; a customer who bought on one day only is at best new.

    Examples
    --------
    >>> rfm_tier_of(5, 5, 5, on_one_day=False), rfm_tier_of(5, 3, 5, on_one_day=True), rfm_tier_of(1, 1, 1, on_one_day=True)
    ('high_value', 'new', 'dormant')
    """
    return _at_best_new(segment_of(recency, frequency, monetary).tier, on_one_day=on_one_day)


def _at_best_new(tier: str, *, on_one_day: bool) -> str:
    return min(tier, "new", key=RFM_ORDER.index) if on_one_day else tier


def rfm_tier(segment: Column, *, on_one_day: Column) -> Column:
    """The tier of a segment's name; prospect for no_orders.

    Parameters
    ----------
    on_one_day
        Whether first and last sale fall on one day.
    """
    named = F.when(segment == NO_ORDERS, F.lit(PROSPECT))
    for one in SEGMENTS:
        of_one_day = F.lit(_at_best_new(one.tier, on_one_day=True))
        named = named.when(segment == one.name, F.when(on_one_day, of_one_day).otherwise(F.lit(one.tier)))
    return named
