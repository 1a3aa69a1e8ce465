"""What opens the versions of tables for the reader: delta-rs, or Spark where it does not reach the lake."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

import pyarrow as pa

from reclake.lake.commits import Size, SmallFiles
from reclake.tables import Table

from .delta_rs import DayIsRead, DeltaRs

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_KNOWN = ("file", "s3", "s3a", "gs", "az", "abfs", "abfss")  # to delta-rs, with the credentials of the environment


class Snapshot(Protocol):
    """One version of one table."""

    @property
    def size(self) -> Size:
        """Files and bytes."""

    def size_of(self, day_is_read: DayIsRead | None) -> Size:
        """Files and bytes of those days alone, or more of them where that is not known."""

    def batches(self, columns: Sequence[str], day_is_read: DayIsRead | None) -> pa.RecordBatchReader:
        """The columns of all rows, or of those days alone."""


class Engine(Protocol):
    """Opens versions of tables."""

    @property
    def files(self) -> SmallFiles:
        """The lake's small files."""

    def snapshot(self, table: Table, path: str, version: int) -> Snapshot:
        """The table at a version."""


def is_read_without_spark(root: str) -> bool:
    """Whether delta-rs reaches what lies below the root."""
    return "://" not in root or root.partition("://")[0] in _KNOWN


def engine_of(root: str, spark: Callable[[], SparkSession]) -> Engine:
    """What reads the tables below the root; decided here alone.

    HDFS and other file systems of Hadoop are read by Spark, whose session is asked for only then.
    """
    if is_read_without_spark(root):
        return DeltaRs(root)
    from reclake.lake.store import Store

    from .by_spark import BySpark

    return BySpark(Store(spark(), root, keep_days=0))
