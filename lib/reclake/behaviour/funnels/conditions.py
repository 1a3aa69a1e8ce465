"""The conditions of funnels as Spark columns: evaluated before rows reach Python, which then sees bits and numbers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import and_, or_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reclake.behaviour.dimension_values import hour_of, value_in_histories, value_of
from reclake.behaviour.dimensions import BY_NAME
from reclake.behaviour.kinds import KINDS
from reclake.tables.vocabulary import CHANNELS

from .definition import Asked, Funnel, Matched


def property_of(name: str, *, timezone: str) -> Column:
    """A property of a row of histories, the hour as a number; null where it is not known."""
    if name == "hour":
        return hour_of(timezone)
    return value_of(name, timezone=timezone) if name in BY_NAME else F.col(name)


def _is_met(asked: Asked, *, timezone: str) -> Column:
    value = property_of(asked.property, timezone=timezone)
    if asked.is_known is not None:
        return value.isNotNull() if asked.is_known else value.isNull()
    if asked.one_of:
        return value.isin(*asked.one_of)
    if asked.none_of:
        return value.isNull() | ~value.isin(*asked.none_of)
    bounds = [value >= asked.at_least] if asked.at_least is not None else []
    bounds += [value <= asked.at_most] if asked.at_most is not None else []
    return reduce(and_, bounds)


def matches(one: Matched, *, timezone: str) -> Column:
    """Whether a row of histories is of the kind and meets all conditions; null where a condition knows no answer."""
    met = (_is_met(asked, timezone=timezone) for asked in one.where)
    return reduce(and_, met, F.col("kind") == one.event)


def mask_of(funnel: Funnel, *, timezone: str) -> Column:
    """A bit per step that the row matches, the first in the lowest, and above them one per exclusion."""
    bits = []
    looked_for = [*(step.any_of for step in funnel.steps), *(one.any_of for one in funnel.exclude)]
    for place, any_of in enumerate(looked_for):
        is_taken = reduce(or_, (matches(one, timezone=timezone) for one in any_of))
        bits.append(F.when(is_taken, F.lit(1 << place)).otherwise(F.lit(0)))
    return reduce(lambda one, other: one.bitwiseOR(other), bits)


def lines_of(histories: DataFrame, funnels: Sequence[Funnel], *, timezone: str) -> DataFrame:
    """The rows of histories as numbers, in their order, with what the funnels ask of each.

    Customers, units and linked values become 64-bit digests. Two customers who lie side by side would have to share one to
    be taken for one: one chance in 2^64 for each.
    """
    linked = {one.linked for one in funnels if one.linked} | {"product_id" for one in funnels if one.unit == "customer_product"}
    dimensions = sorted({name for one in funnels for name in one.breakdowns})
    return histories.select(
        F.xxhash64("customer_id").alias("customer"),
        F.unix_micros("occurred_at").alias("moment"),
        F.unix_date("event_date").alias("day"),
        place_of("kind", KINDS).alias("kind"),
        place_of("channel", CHANNELS).alias("channel"),
        "unit",
        *(_digest(property_of(name, timezone=timezone)).alias(f"linked_{name}") for name in sorted(linked)),
        *(value_in_histories(name, timezone=timezone).alias(f"dim_{name}") for name in dimensions),
        *(mask_of(one, timezone=timezone).alias(f"mask_{n}") for n, one in enumerate(funnels)),
    )


def place_of(name: str, words: Sequence[str]) -> Column:
    """The place of a word in a list, from 1; 0 where it is not in it."""
    return F.coalesce(F.array_position(F.array(*map(F.lit, words)), F.col(name)), F.lit(0)).cast("short")


def _digest(value: Column) -> Column:
    return F.when(value.isNotNull(), F.xxhash64(value))
