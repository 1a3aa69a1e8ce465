"""What keeps a table quick and small: properties that follow the settings, small files joined, old files removed."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

from delta.tables import DeltaTable
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from reclake.tables import Table

from .conflicts import against_others
from .files import Files
from .properties import columns_with_statistics, properties_of
from .store import Store, ranges_of


@dataclass(frozen=True, slots=True)
class Layout:
    """The data files of one version."""

    n_files: int
    n_bytes: int
    crowded: tuple[date | None, ...]  # days of many small files; None stands for a table without days


class Upkeep:
    """Maintenance of one table at a time. What it commits holds the same rows as the version before."""

    def __init__(self, store: Store, *, max_small_files: int, small_file_bytes: int) -> None:
        self._store = store
        self._files = Files(store.spark)
        self._max_small_files = max_small_files
        self._small_file_bytes = small_file_bytes

    def stored(self, table: Table) -> tuple[int, int]:
        """Files and bytes in the table's folder: of all versions, and the log."""
        return self._files.content(self._store.path(table))

    def layout(self, table: Table, version: int) -> Layout:
        """How the version's files lie."""
        path, size = self._store.path(table), self._store.log.size(self._store.path(table), version)
        day = F.col("partitionValues")[table.day_column] if table.day_column else F.lit(None)
        files = self._store.log.data_files(path, version).groupBy(day.cast("date").alias("day"))
        small = files.agg(F.count_if(F.col("size") < self._small_file_bytes).alias("n_files"))
        crowded = small.where(F.col("n_files") > self._max_small_files).collect()
        return Layout(size.n_files, size.n_bytes, tuple(row["day"] for row in crowded))

    def lacking(self, table: Table, version: int) -> dict[str, str]:
        """The properties in which the table differs from what is declared and set now, with the values they should have."""
        columns = self._store.columns(table, version=version)
        wanted = properties_of(table, keep_days=self._store.keep_days, columns=columns)
        found = self._store.log.properties(self._store.path(table), version)
        return {name: value for name, value in wanted.items() if found.get(name) != value}

    def undeclared(self, table: Table, version: int) -> list[str]:
        """The columns that the version holds and the table no longer declares."""
        return sorted(set(self._store.columns(table, version=version)) - {field.name for field in table.fields})

    def has_closed_statistics(self, table: Table, version: int) -> bool:
        """Whether the log holds values of a column that is to have no statistics."""
        found = self._store.log.columns_with_statistics(self._store.path(table), version)
        return not found <= set(columns_with_statistics(table))

    def renew(self, table: Table, version: int, *, undeclared: Collection[str], statistics: bool) -> None:
        """Take away what an earlier release stored and this one does not: columns, and statistics of columns.

        A column goes by writing the table once more: Delta can only drop it at once for readers that know column mapping.
        Statistics are taken anew from the columns that are to have some. Earlier versions keep both until they go.

        Raises
        ------
        Overtaken
            When another changed the table meanwhile.
        """
        with against_others(table):
            if undeclared:
                self._store.rewrite(table, version=version)
            elif statistics:
                self._store.log.compute_statistics(self._store.path(table))

    def set_properties(self, table: Table, properties: dict[str, str]) -> None:
        """Set them in one commit: the two retentions are judged together.

        Raises
        ------
        Overtaken
            When another changed the table meanwhile.
        """
        listed = ", ".join(f"'{name}' = '{value}'" for name, value in sorted(properties.items()))
        with against_others(table):
            self._store.spark.sql(f"ALTER TABLE delta.`{self._store.path(table)}` SET TBLPROPERTIES ({listed})")

    def compact(self, table: Table, days: Collection[date | None]) -> None:
        """Join the small files of the days, in one commit without a change of rows.

        Raises
        ------
        Overtaken
            When another removed one of these files meanwhile.
        """
        job = DeltaTable.forPath(self._store.spark, self._store.path(table)).optimize()
        dated = [day for day in days if day is not None]
        with against_others(table):
            (job.where(ranges_of(str(table.day_column), dated)) if dated else job).executeCompaction()

    def remove_old_files(self, table: Table, *, erasing: bool) -> None:
        """Remove the files that no version needs which was the newest in the last `keep_days`; erasing, in the last moment."""
        session = self._store.spark.newSession()  # its settings end with it
        # Delta notes a VACUUM in two commits of the table itself; ours stands in ops.maintenance.
        session.conf.set("spark.databricks.delta.vacuum.logging.enabled", "false")
        if erasing:
            session.conf.set("spark.databricks.delta.retentionDurationCheck.enabled", "false")
        table_now = DeltaTable.forPath(session, self._store.path(table))
        with _silent(self._store.spark):
            # Any number of hours but 0 is read as the table's own retention (Delta 4.4).
            table_now.vacuum(0) if erasing else table_now.vacuum()


@contextmanager
def _silent(spark: SparkSession) -> Iterator[None]:
    """Keep standard output to ourselves, as programs read it: VACUUM prints a line there, and names no table in it."""
    jvm: Any = spark._jvm
    console = getattr(getattr(jvm.scala, "Console$"), "MODULE$")
    before = console.out()
    console.setOutDirect(jvm.java.io.PrintStream(jvm.java.io.OutputStream.nullOutputStream()))
    try:
        yield
    finally:
        console.setOutDirect(before)
