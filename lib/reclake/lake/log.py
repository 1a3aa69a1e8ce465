"""A table's Delta log: newest version, what a commit says of itself, and the size of a version."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from .files import Files

# What maintenance commits: other files or properties, the same rows. By hand or by the job, Delta names it itself.
_KEEPING_ROWS = frozenset({
    "OPTIMIZE", "REORG", "SET TBLPROPERTIES", "UNSET TBLPROPERTIES", "VACUUM START", "VACUUM END", "COMPUTE STATS",
})  # fmt: skip
KEEPS_ROWS = "keeps_rows"  # in the entry of a commit that holds the rows of the version before, in other files
_CHECKPOINT = re.compile(r"\d{20}\.checkpoint\.parquet")  # complete in one file; those of several parts are not trusted


@dataclass(frozen=True, slots=True)
class Commit:
    """What one commit says of itself."""

    version: int
    operation: str
    user_metadata: dict[str, Any]  # our entry; empty for commits of others
    n_output_rows: int | None
    committed_at: datetime | None = None  # UTC


@dataclass(frozen=True, slots=True)
class Size:
    """Files and bytes of one version."""

    n_files: int
    n_bytes: int


class Log:
    """Reads `_delta_log` itself: DESCRIBE HISTORY costs a Spark job per call."""

    def __init__(self, spark: SparkSession) -> None:
        self._spark = spark
        self._files = Files(spark)

    def newest(self, path: str) -> int | None:
        """The newest version; None if the table does not exist."""
        versions = self.versions(path)
        return versions[-1] if versions else None

    def versions(self, path: str) -> list[int]:
        """The versions whose commit files are kept, ascending."""
        names = self._files.names(f"{path}/_delta_log")
        return [int(name[:20]) for name in names if len(name) == 25 and name.endswith(".json") and name[:20].isdigit()]

    def commit(self, path: str, version: int) -> Commit:
        """What the commit says of itself."""
        for line in self._files.text(f"{path}/_delta_log/{version:020d}.json").splitlines():
            action = json.loads(line)
            if info := action.get("commitInfo"):
                rows, at = info.get("operationMetrics", {}).get("numOutputRows"), info.get("timestamp")
                return Commit(
                    version,
                    operation=info.get("operation", ""),
                    user_metadata=_entry(info.get("userMetadata")),
                    n_output_rows=None if rows is None else int(rows),
                    committed_at=None if at is None else datetime.fromtimestamp(at / 1000, UTC).replace(tzinfo=None),
                )
        return Commit(version, "", {}, None)

    def commits_after(self, path: str, version: int) -> list[Commit]:
        """The commits newer than `version`, ascending."""
        return [self.commit(path, newer) for newer in self.versions(path) if newer > version]

    def kept_since(self, path: str, version: int, *, passing: Callable[[Commit], bool] = lambda commit: False) -> int:
        """The newest version that still holds the version's rows, as nothing but maintenance lies in between.

        `passing` names further commits to go past.
        """
        for commit in self.commits_after(path, version):
            is_same = commit.operation in _KEEPING_ROWS or bool(commit.user_metadata.get(KEEPS_ROWS))
            if not is_same and not passing(commit):
                break
            version = commit.version
        return version

    def trim(self, path: str, *, below: int) -> None:
        """Remove what no version from `below` on needs: all before the last checkpoint that does not lie above it."""
        folder = f"{path}/_delta_log"
        names = self._files.names(folder)
        first = max((int(n[:20]) for n in names if _CHECKPOINT.fullmatch(n) and int(n[:20]) <= below), default=0)
        for name in names:  # ascending: a trim that ends half-way leaves no gap above it
            if name[:20].isdigit() and int(name[:20]) < first:
                self._files.remove(f"{folder}/{name}")

    def checksum(self, path: str, version: int) -> Size | None:
        """Files and bytes as Delta's checksum file of the commit says; None without one. Costs no Spark job."""
        name = f"{path}/_delta_log/{version:020d}.crc"
        if not self._files.exists(name):
            return None
        found = json.loads(self._files.text(name))
        return Size(int(found["numFiles"]), int(found["tableSizeBytes"]))

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


def _entry(text: str | None) -> dict[str, Any]:
    if not text:
        return {}
    try:
        entry = json.loads(text)
    except json.JSONDecodeError:
        return {}  # a commit made by hand, with a note that is not ours
    return entry if isinstance(entry, dict) else {}
