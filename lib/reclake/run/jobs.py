"""How many Spark jobs a piece of work takes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pyspark.sql import SparkSession


@dataclass
class JobCount:
    """Jobs of a block, known at its end; those of blocks inside it count too."""

    total: int = 0


_open: list[JobCount] = []


@contextmanager
def counted_jobs(spark: SparkSession, group: str) -> Iterator[JobCount]:
    """Count the Spark jobs that start in the block, by the number of the newest job."""
    context = spark.sparkContext
    count = JobCount()
    outer = context.getLocalProperty("spark.jobGroup.id")
    context.setJobGroup(group, group)
    _open.append(count)
    try:
        yield count
    finally:
        found = len(context.statusTracker().getJobIdsForGroup(group))
        for one in _open:
            one.total += found
        _open.pop()
        context.setLocalProperty("spark.jobGroup.id", outer)  # type: ignore[arg-type]
