"""A table's Delta log: newest version, what a commit says of itself, and the size of a version."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from pyspark.sql import SparkSession

from .files import Files


@dataclass(frozen=True, slots=True)
class Commit:
    """What one commit says of itself."""

    version: int
    operation: str
    user_metadata: dict[str, Any]  # our entry; empty for commits of others
    n_output_rows: int | None


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
                rows = info.get("operationMetrics", {}).get("numOutputRows")
                return Commit(
                    version, info.get("operation", ""), _entry(info.get("userMetadata")), None if rows is None else int(rows)
                )
        return Commit(version, "", {}, None)

    def commits_after(self, path: str, version: int) -> list[Commit]:
        """The commits newer than `version`, ascending."""
        return [self.commit(path, newer) for newer in self.versions(path) if newer > version]

    def checksum(self, path: str, version: int) -> Size | None:
        """Files and bytes as Delta's checksum file of the commit says; None without one. Costs no Spark job."""
        name = f"{path}/_delta_log/{version:020d}.crc"
        if not self._files.exists(name):
            return None
        found = json.loads(self._files.text(name))
        return Size(int(found["numFiles"]), int(found["tableSizeBytes"]))

    def size(self, path: str, version: int) -> Size:
        """Files and bytes of the version, from the log as it can be read now: a Spark job for each new version."""
        delta_log = self._spark._jvm.org.apache.spark.sql.delta.DeltaLog  # type: ignore[union-attr]
        log = delta_log.forTable(self._spark._jsparkSession, path)
        snapshot = log.update(False, _none(self._spark), _none(self._spark))
        if snapshot.version() != version:
            snapshot = log.getSnapshotAt(version, _none(self._spark), _none(self._spark), False)
        return Size(int(snapshot.numOfFiles()), int(snapshot.sizeInBytes()))


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
