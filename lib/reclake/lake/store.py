"""One store touches Delta; a method's name is its write rule, each safe to repeat."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from datetime import date, timedelta
from functools import reduce
from typing import Any
from uuid import uuid4

from delta.exceptions import ConcurrentTransactionException
from delta.tables import DeltaTable
from py4j.protocol import Py4JJavaError
from pyspark.errors import AnalysisException
from pyspark.sql import Column, DataFrame, DataFrameWriter, SparkSession
from pyspark.sql import functions as F

from reclake.errors import LakeDamaged, Overtaken
from reclake.tables import Table

from .conflicts import against_others
from .log import KEEPS_ROWS, Log, Size
from .properties import properties_of
from .schema import conform, spark_schema


def runs_of(days: Iterable[date]) -> list[tuple[date, date]]:
    """Consecutive days as (first, last), so that a filter on many days stays short.

    Examples
    --------
    >>> runs_of([date(2026, 1, 3), date(2026, 1, 1), date(2026, 1, 2), date(2026, 1, 9)])
    [(datetime.date(2026, 1, 1), datetime.date(2026, 1, 3)), (datetime.date(2026, 1, 9), datetime.date(2026, 1, 9))]
    """
    runs: list[tuple[date, date]] = []
    for day in sorted(set(days)):
        if runs and runs[-1][1] + timedelta(days=1) == day:
            runs[-1] = (runs[-1][0], day)
        else:
            runs.append((day, day))
    return runs


def is_day_of(day_column: str, days: Iterable[date]) -> Column:
    """Whether the day is one of `days`."""
    ranges = [F.col(day_column).between(F.lit(first), F.lit(last)) for first, last in runs_of(days)]
    return reduce(lambda one, other: one | other, ranges, F.lit(False))


def ranges_of(day_column: str, days: Iterable[date]) -> str:
    """The same in SQL, for what takes no column: the days as literals."""
    return " OR ".join(f"({day_column} >= DATE '{first}' AND {day_column} <= DATE '{last}')" for first, last in runs_of(days))


def _fenced(writer: DataFrameWriter, fence: tuple[str, int]) -> DataFrameWriter:
    """Let Delta skip the write unless its number is higher than every one written under the name before."""
    name, number = fence
    return writer.option("txnAppId", name).option("txnVersion", number)


class Store:
    """The tables below a root. Versions are named by the caller: nothing reads "latest" by accident."""

    def __init__(self, spark: SparkSession, root: str, *, keep_days: int) -> None:
        self.spark = spark
        # A day that is empty, and was, is committed by name as well: its ledger entry rides in the commit.
        spark.conf.set("spark.databricks.delta.skipRecordingEmptyCommits", "false")
        # A commit whose reply was lost is recognised as the writer's own when it is sent again, not taken for another's.
        spark.conf.set("spark.databricks.delta.commit.idempotencyCheck.enabled", "true")
        # A version's age says nothing of its files: one that was current for long would be refused on the day it is replaced.
        spark.conf.set("spark.databricks.delta.vacuum.enforceTimeTravelWithinDeletedFileRetentionDuration", "false")
        self.root = root.rstrip("/")
        self.log = Log(spark)
        self.keep_days = keep_days  # days for which removed files stay
        self._sizes: dict[tuple[str, int], Size] = {}  # as found or committed by this process

    def path(self, table: Table) -> str:
        """Where the table lies; a fixed point for scripts."""
        return f"{self.root}/{table.layer}/{table.noun}"

    def newest(self, table: Table) -> int | None:
        """The newest version, published or not; None if the table does not exist."""
        return self.log.newest(self.path(table))

    def empty(self, table: Table) -> DataFrame:
        """A frame of the table's schema without rows."""
        return self.spark.createDataFrame([], spark_schema(table))

    def read(self, table: Table, *, version: int, days: Collection[date] | None = None) -> DataFrame:
        """The declared columns of the table at a version, null where they were declared since; only `days` if given."""
        frame, declared = self._stored(table, version), spark_schema(table)
        if added := [column for column in declared if column.name not in frame.columns]:
            frame = frame.withColumns({column.name: F.lit(None).cast(column.dataType) for column in added})
        frame = frame if set(frame.columns) == set(declared.names) else frame.select(*declared.names)
        if days is None or table.day_column is None:
            return frame
        return frame.where(is_day_of(table.day_column, days))

    def columns(self, table: Table, *, version: int) -> list[str]:
        """The columns that the version holds: those declared since are not among them."""
        return self._stored(table, version).columns

    def _stored(self, table: Table, version: int) -> DataFrame:
        return self.spark.read.format("delta").option("versionAsOf", version).load(self.path(table))

    def read_newest(self, table: Table) -> DataFrame:
        """An ops table as it stands, without rows before its first commit; the others are read at a version."""
        newest = self.newest(table)
        return self.empty(table) if newest is None else self.read(table, version=newest)

    def size(self, table: Table, version: int) -> Size:
        """Files and bytes of a version that was just committed, as the commit's checksum file says."""
        size = self.log.checksum(self.path(table), version) or self.log.size(self.path(table), version)
        self._sizes[table.name, version] = size
        return size

    def require_undamaged(self, table: Table, *, version: int, n_files: int, n_bytes: int) -> None:
        """Compare a published version with what its manifest row says of it; once per process and version.

        Raises
        ------
        LakeDamaged
            When files or bytes differ: a log that was cut gives an older state without an error. When the table has not come
            to this version: its folder is of an earlier moment than the manifest.
        """
        found = self._sizes.get((table.name, version)) or self._size(table, version)
        self._sizes[table.name, version] = found
        if (found.n_files, found.n_bytes) != (n_files, n_bytes):
            raise LakeDamaged(
                f"{table.name} version {version} is not what was published",
                found=f"{found.n_files} files, {found.n_bytes} bytes; published were {n_files} files, {n_bytes} bytes",
                next_step="restore the table's folder from backup"
                + (", or roll back to an earlier manifest" if table.write != "append_new" else ""),
            )

    def _size(self, table: Table, version: int) -> Size:
        try:
            return self.log.size(self.path(table), version)
        except (Py4JJavaError, AnalysisException) as error:
            newest = self.newest(table)
            if newest is not None and newest >= version:
                raise
            raise LakeDamaged(
                f"{table.name} version {version} was published and is not there",
                found="no table" if newest is None else f"the newest version is {newest}",
                next_step="restore the table's folder from a backup that is no older than that of ops, or roll back",
            ) from error

    def replace_days(self, table: Table, frame: DataFrame, *, days: Collection[date], entry: dict[str, Any]) -> int:
        """Replace the rows of `days` and no others; Delta refuses a frame with rows of another day."""
        writer = (
            self._writer(table, frame, entry).mode("overwrite").option("replaceWhere", ranges_of(str(table.day_column), days))
        )
        return self._write(table, writer, entry)

    def replace_whole(self, table: Table, frame: DataFrame, *, entry: dict[str, Any]) -> int:
        """Replace all rows in one commit."""
        return self._write(table, self._writer(table, frame, entry).mode("overwrite"), entry)

    def rewrite(self, table: Table, *, version: int) -> int:
        """Write the newest version's rows once more, in the declared columns alone."""
        entry, frame = {"commit_id": uuid4().hex, KEEPS_ROWS: True}, conform(self.read(table, version=version), table)
        return self._write(table, self._writer(table, frame, entry).option("overwriteSchema", "true").mode("overwrite"), entry)

    def append_new(self, table: Table, frame: DataFrame, *, number: int, entry: dict[str, Any]) -> int:
        """Append rows that are new by their key, fenced off by the writer's number: each is higher than the one before.

        Raises
        ------
        Overtaken
            When a writer with this number or a higher one has appended already: nothing is written.
        """
        version = self._find(table, _fenced(self._writer(table, frame, entry).mode("append"), (table.name, number)), entry)
        if version is None:
            raise Overtaken(
                f"{table.name} was written by a newer run",
                found=f"its last number is {number} or higher; nothing of this commit is visible",
                next_step="run again: it starts from what the other wrote",
            )
        return version

    def append(self, table: Table, rows: Collection[dict[str, Any]], *, fence: tuple[str, int] | None = None) -> int | None:
        """Append a few rows that the runner itself made (ops tables); gives the version.

        With a fence, only if its number is new: None when another took it, at the same time or before.

        Raises
        ------
        Overtaken
            As of every write: when another changed the table while it was written.
        """
        schema = spark_schema(table)
        frame = self.spark.createDataFrame([tuple(row.get(name) for name in schema.names) for row in rows], schema)
        writer = self._writer(table, frame.coalesce(1), entry := {"commit_id": uuid4().hex}).mode("append")
        return self._find(table, _fenced(writer, fence) if fence else writer, entry)

    def delete(self, table: Table, where: Column) -> None:
        """Remove the rows of a table that the runner writes itself.

        Raises
        ------
        Overtaken
            When another wrote beside it.
        """
        with against_others(table):
            DeltaTable.forPath(self.spark, self.path(table)).delete(where)

    def restore(self, table: Table, *, version: int | None) -> None:
        """Let the newest version hold again what an older one held; None: no rows, if the table exists."""
        newest = self.newest(table)
        if newest == (None if version is None else self.log.kept_since(self.path(table), version)):
            return
        if version is None:
            self.replace_whole(table, self.empty(table), entry={"commit_id": uuid4().hex})
            return
        with against_others(table):
            DeltaTable.forPath(self.spark, self.path(table)).restoreToVersion(version)

    def _writer(self, table: Table, frame: DataFrame, entry: dict[str, Any]) -> DataFrameWriter:
        # A column declared later joins the table, one that is no longer declared is null; a type that changed is refused.
        writer = frame.write.format("delta").option("mergeSchema", "true")
        for name, value in properties_of(table, keep_days=self.keep_days).items():
            writer = writer.option(name, value)  # of a table that exists they change nothing: maintenance does
        if entry:
            writer = writer.option("userMetadata", json.dumps(entry, separators=(",", ":"), sort_keys=True))
        return writer.partitionBy(table.day_column) if table.day_column else writer

    def _write(self, table: Table, writer: DataFrameWriter, entry: dict[str, Any]) -> int:
        version = self._find(table, writer, entry)
        if version is None:
            raise LakeDamaged(f"{table.name}: the commit is not in the log", "no commit of this run", "run again")
        return version

    def _find(self, table: Table, writer: DataFrameWriter, entry: dict[str, Any]) -> int | None:
        """Write, then find the own commit by its entry: the newest may be another's.

        None when the fence's number is taken: of two writers one after the other, Delta skips the second
        without a word; of two at the same time, the later one fails.
        """
        before = self.newest(table)
        try:
            with against_others(table):
                writer.save(self.path(table))
        except ConcurrentTransactionException:
            return None
        for commit in reversed(self.log.commits_after(self.path(table), -1 if before is None else before)):
            if commit.user_metadata.get("commit_id") == entry["commit_id"]:
                return commit.version
        return None
