"""The shared input of tables about funnels: all funnels counted in one pass over the histories."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.behaviour.sittings import midnights

from .block import Clock
from .conditions import lines_of
from .definition import Funnel
from .stream import Plan, counted
from .tally import DDL, SCHEMA

_SUMMED = ("n", "microseconds")


def funnel_counts(
    histories: DataFrame, *, as_of: date, funnels: Mapping[str, Funnel], gap_minutes: int, timezone: str
) -> DataFrame:
    """One row per funnel, period of entries, breakdown value and what is counted of its units: the columns of tally.SCHEMA.

    The rows of histories are read in their order, partition by partition, and neither exchanged nor sorted again. What comes
    back from a partition are counts, which add up, as no customer lies in two partitions.
    """
    chosen = tuple(funnels.values())
    day = np.array([(as_of - date(1970, 1, 1)).days], dtype=np.int64)
    plan = Plan(chosen, Clock(timezone, gap_minutes), int(midnights(day, timezone)[0]))

    def count(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return counted(batches, plan)

    parts = lines_of(histories, chosen, timezone=timezone).mapInArrow(count, DDL)
    by = [field.name for field in SCHEMA if field.name not in _SUMMED]
    return parts.groupBy(*by).agg(*(F.sum(name).alias(name) for name in _SUMMED))
