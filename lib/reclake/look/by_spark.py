"""The same reads by Spark, for file systems that delta-rs does not know; imported only then."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

import pyarrow as pa
from py4j.protocol import Py4JJavaError
from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.errors import LakeDamaged
from reclake.lake.commits import Size
from reclake.lake.files import Files
from reclake.lake.store import Store
from reclake.tables import Table

from .delta_rs import DayIsRead, arrow_type

_ROWS_AT_ONCE = 8192


@dataclass(frozen=True)
class SparkSnapshot:
    """One version of one table, read by Spark."""

    store: Store
    table: Table
    version: int

    @cached_property
    def size(self) -> Size:
        """Files and bytes."""
        return self.store.log.size(self.store.path(self.table), self.version)

    def size_of(self, day_is_read: DayIsRead | None) -> Size:
        """Files and bytes of all days: the log is not asked for each."""
        return self.size

    def batches(self, columns: Sequence[str], day_is_read: DayIsRead | None) -> pa.RecordBatchReader:
        """The columns of all rows, or of those days alone, a batch at a time."""
        frame, day = self.store.read(self.table, version=self.version), self.table.day_column
        if day is not None and day_is_read is not None:
            days = [row[0] for row in frame.select(day).distinct().collect()]
            read = [one for one in days if day_is_read(one)]
            frame = frame.where(F.col(day).isin([one for one in read if one]) | (F.col(day).isNull() & F.lit(None in read)))
        declared = {f.name: arrow_type(f.type) for f in self.table.fields}
        schema = pa.schema([pa.field(name, declared[name]) for name in columns])
        return pa.RecordBatchReader.from_batches(schema, _batches(frame.select(*columns), schema))


def _batches(frame: DataFrame, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    stream = frame.toLocalIterator(prefetchPartitions=True)
    while rows := list(islice(stream, _ROWS_AT_ONCE)):
        yield pa.RecordBatch.from_pylist([row.asDict() for row in rows], schema=schema)


class BySpark:
    """Opens versions of tables by Spark."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.files = Files(store.spark)

    def snapshot(self, table: Table, path: str, version: int) -> SparkSnapshot:
        """The table at a version.

        Raises
        ------
        LakeDamaged
            When the table has not come to this version.
        """
        try:
            self._store.columns(table, version=version)
        except (Py4JJavaError, AnalysisException) as error:
            raise LakeDamaged(
                f"{table.name} version {version} cannot be read",
                found=type(error).__name__,
                next_step="restore the table's folder from a backup that is no older than that of ops, or roll back",
            ) from error
        return SparkSnapshot(self._store, table, version)
