"""The rows of histories as the counting of paths reads them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import or_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reclake.behaviour.dimension_values import value_in_histories
from reclake.behaviour.funnels.conditions import matches, place_of

from .definition import Paths


def node_of(definition: Paths, *, timezone: str) -> Column:
    """The code of the node that a row of histories is; 0 of none."""
    is_ignored = F.col("kind").isin(*definition.ignore) if definition.ignore else F.lit(False)
    code = F.when(is_ignored, F.lit(0))
    for node in definition.nodes:
        is_node = reduce(or_, (F.coalesce(matches(one, timezone=timezone), F.lit(False)) for one in node.any_of))
        code = code.when(is_node, F.lit(definition.code_of(node.name)))
    return code.otherwise(place_of("kind", definition.names)).cast("short")


def lines_of(histories: DataFrame, paths: Sequence[Paths], *, timezone: str) -> DataFrame:
    """The rows of a device, in their order, with the node that each definition makes of them; customers become digests."""
    dimensions = sorted({name for one in paths for name in one.breakdowns})
    return histories.where(F.col("unit").isNotNull()).select(
        F.xxhash64("customer_id").alias("customer"),
        F.unix_micros("occurred_at").alias("moment"),
        F.unix_date("event_date").alias("day"),
        "unit",
        *(value_in_histories(name, timezone=timezone).alias(f"dim_{name}") for name in dimensions),
        *(node_of(one, timezone=timezone).alias(f"node_{n}") for n, one in enumerate(paths)),
    )
