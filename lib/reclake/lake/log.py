"""A table's Delta log as Spark reads it: the size of a version, its data files and properties."""

from __future__ import annotations

import re
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from .commits import KEEPS_ROWS, Commit, CommitLog, Size
from .files import Files

__all__ = ["KEEPS_ROWS", "Commit", "Log", "Size"]

_CHECKPOINT = re.compile(r"\d{20}\.checkpoint\.parquet")  # complete in one file; those of several parts are not trusted


class Log(CommitLog):
    """What of the log Spark has to be asked for."""

    _files: Files

    def __init__(self, spark: SparkSession) -> None:
        super().__init__(Files(spark))
        self._spark = spark

    def trim(self, path: str, *, below: int) -> None:
        """Remove what no version from `below` on needs: all before the last checkpoint that does not lie above it."""
        folder = f"{path}/_delta_log"
        names = self._files.names(folder)
        first = max((int(n[:20]) for n in names if _CHECKPOINT.fullmatch(n) and int(n[:20]) <= below), default=0)
        for name in names:  # ascending: a trim that ends half-way leaves no gap above it
            if name[:20].isdigit() and int(name[:20]) < first:
                self._files.remove(f"{folder}/{name}")

    def size(self, path: str, version: int) -> Size:
        """Files and bytes of the version, from the log as it can be read now: a Spark job for each new version."""
        snapshot = self._snapshot(path, version)
        return Size(int(snapshot.numOfFiles()), int(snapshot.sizeInBytes()))

    def data_files(self, path: str, version: int) -> DataFrame:
        """The version's data files: partitionValues as a map of text, size in bytes."""
        return DataFrame(self._snapshot(path, version).allFiles().toDF(), self._spark).select("partitionValues", "size")

    def columns_with_statistics(self, path: str, version: int) -> set[str]:
        """The columns whose least values the log holds of any file of the version; one Spark job over the list of files."""
        files = DataFrame(self._snapshot(path, version).allFiles().toDF(), self._spark)
        columns = F.explode(F.json_object_keys(F.get_json_object("stats", "$.minValues")))
        return {row[0] for row in files.select(columns).distinct().collect()}

    def compute_statistics(self, path: str) -> None:
        """Take the statistics of all files anew, of the columns that the table's properties name; in one commit."""
        delta = self._spark._jvm.org.apache.spark.sql.delta  # type: ignore[union-attr]
        statistics = getattr(getattr(delta.stats, "StatisticsCollection$"), "MODULE$")
        log = delta.DeltaLog.forTable(self._spark._jsparkSession, path)
        all_rows, all_files = (getattr(statistics, f"recompute$default${number}")() for number in (4, 5))
        statistics.recompute(self._spark._jsparkSession, log, _none(self._spark), all_rows, all_files)

    def checkpoint(self, path: str) -> None:
        """Write the newest version's whole state into one file, so that the log before it is no longer needed."""
        delta_log = self._spark._jvm.org.apache.spark.sql.delta.DeltaLog  # type: ignore[union-attr]
        log = delta_log.forTable(self._spark._jsparkSession, path)
        log.checkpoint(log.update(False, _none(self._spark), _none(self._spark)), _none(self._spark))

    def properties(self, path: str, version: int) -> dict[str, str]:
        """The table's Delta properties at the version."""
        configuration = self._snapshot(path, version).metadata().configuration()
        return dict(self._spark._jvm.scala.jdk.javaapi.CollectionConverters.asJava(configuration))  # type: ignore[union-attr]

    def _snapshot(self, path: str, version: int) -> Any:
        delta_log = self._spark._jvm.org.apache.spark.sql.delta.DeltaLog  # type: ignore[union-attr]
        log = delta_log.forTable(self._spark._jsparkSession, path)
        snapshot = log.update(False, _none(self._spark), _none(self._spark))
        if snapshot.version() != version:
            snapshot = log.getSnapshotAt(version, _none(self._spark), _none(self._spark), False)
        return snapshot


def _none(spark: SparkSession) -> Any:
    return spark._jvm.scala.Option.empty()  # type: ignore[union-attr]
