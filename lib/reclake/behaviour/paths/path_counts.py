"""The shared input of tables about paths: all definitions counted in one pass over the histories."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.behaviour.funnels.block import Clock

from .definition import Paths
from .nodes import lines_of
from .stream import COUNTS, DDL, KEY, Plan, counted


def path_counts(histories: DataFrame, *, as_of: date, paths: Mapping[str, Paths], gap_minutes: int, timezone: str) -> DataFrame:
    """One row per definition, breakdown value and what is counted of its visits: the columns of stream.SCHEMA.

    The rows of histories are read in their order, partition by partition, and neither exchanged nor sorted again. What comes
    back from a partition are counts, which add up, as no customer lies in two partitions.
    """
    del as_of  # histories end before it, and what they hold is counted as it is
    chosen = tuple(paths.values())
    plan = Plan(chosen, Clock(timezone, gap_minutes))

    def count(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return counted(batches, plan)

    parts = lines_of(histories, chosen, timezone=timezone).mapInArrow(count, DDL)
    return parts.groupBy(*KEY.names).agg(*(F.sum(name).alias(name) for name in COUNTS))
