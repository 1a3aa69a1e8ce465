"""What lies in a source's landing folder: the files that are complete, and those that still wait."""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import unquote

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from reclake.errors import UsageError

from .source import Completion, Source

_BEING_WRITTEN = (".tmp", ".part", ".crdownload")
_GLOB_SIGNS = re.compile(r"([\\*?\[\]{}])")


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file as the folder lists it."""

    path: str  # as Spark writes it
    name: str  # below the landing folder
    n_bytes: int
    modified_at: datetime

    @property
    def modified_millis(self) -> int:
        """Milliseconds since 1970, as Spark tells file times."""
        return (self.modified_at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class OfferedFile(FoundFile):
    """A complete file of one of the source's feeds."""

    feed: str
    day: date | None  # None if its name states none


@dataclass(frozen=True, slots=True)
class Waiting:
    """A file that is left where it lies, and why."""

    file_name: str
    reason: str
    is_misplaced: bool = False  # a copy of a file that was taken in for another day


def offered_files(spark: SparkSession, source: Source, folder: str, *, now: datetime) -> tuple[list[OfferedFile], list[Waiting]]:
    """The source's complete files below the folder, and the others but for hidden ones, both by name.

    The driver holds this list: some hundred bytes per file that lies in the folder.

    Raises
    ------
    UsageError
        When there is no such folder.
    """
    found = _found_files(spark, folder)
    marked = _folders_with_success(spark, found) if source.completion.marker == "success_file" else set()
    offered, waiting = sorted_out(source, [file for file in found if not _leads_out(file)], now=now, marked=marked)
    return offered, [*waiting, *(Waiting(file.name, "is a link out of the landing folder") for file in found if _leads_out(file))]


def sorted_out(
    source: Source, found: Collection[FoundFile], *, now: datetime, marked: Collection[str] = ()
) -> tuple[list[OfferedFile], list[Waiting]]:
    """Complete files and waiting ones; `marked` are the folders' paths that hold a _SUCCESS."""
    offered, waiting = [], []
    for file in sorted(found, key=lambda each: each.name):
        feed = next((name for name, each in source.feeds.items() if each.matches(file.name)), None)
        if reason := _unfinished(file, source.completion, now=now, marked=marked):
            waiting.append(Waiting(file.name, reason))
        elif feed is None:
            waiting.append(Waiting(file.name, "matches the pattern of no feed"))
        else:
            day = source.feeds[feed].delivery_day.day_of(file.name)
            offered.append(OfferedFile(file.path, file.name, file.n_bytes, file.modified_at, feed, day))
    return offered, waiting


def read_as_files(spark: SparkSession, paths: Collection[str], *, lost_is_error: bool) -> DataFrame:
    """The files with path, modification time, length and content, one row each.

    A file that vanished or cannot be read raises, or has no row.
    """
    skip = str(not lost_is_error).lower()
    reader = spark.read.format("binaryFile").option("ignoreMissingFiles", skip).option("ignoreCorruptFiles", skip)
    return reader.load([_without_globs(path) for path in paths])


def _leads_out(file: FoundFile) -> bool:
    """Whether a local file is a link to somewhere else: who may write here could read there what only the job may."""
    if not file.path.startswith("file:"):
        return False
    path = file.path.removeprefix("file:")
    return not os.path.realpath(path).startswith(os.path.realpath(path.removesuffix(file.name)) + os.sep)


def _unfinished(file: FoundFile, completion: Completion, *, now: datetime, marked: Collection[str]) -> str | None:
    if any(part.startswith((".", "_")) for part in file.name.split("/")):
        return "is hidden"
    if file.name.lower().endswith(_BEING_WRITTEN):
        return "is still being written"
    if completion.marker == "success_file" and _folder(file.path) not in marked:
        return "has no _SUCCESS in its folder"
    if completion.stable_seconds and now - file.modified_at < timedelta(seconds=completion.stable_seconds):
        return f"changed in the last {completion.stable_seconds} seconds"
    return None


def _found_files(spark: SparkSession, folder: str) -> list[FoundFile]:
    system, location = _at(spark, folder)
    if not system.exists(location):
        raise UsageError("the landing folder does not exist", folder, "name another with --landing, or create it")
    top = str(system.makeQualified(location).toString()).rstrip("/") + "/"
    lying = spark.read.format("binaryFile").option("recursiveFileLookup", "true").load(_without_globs(top))
    columns = lying.select("path", "length", F.unix_millis("modificationTime").alias("modified"))
    found = [FoundFile(row["path"], row["path"], row["length"], _utc(row["modified"])) for row in columns.collect()]  # no content
    found += _empty_files(spark, lying, {file.path for file in found})
    return [replace(file, name=file.path.removeprefix(top)) for file in found if file.path.startswith(top)]


def _empty_files(spark: SparkSession, lying: DataFrame, with_content: Collection[str]) -> list[FoundFile]:
    """Spark's scan passes over files of 0 bytes without a word; its file index knows them."""
    paths = {re.sub("^file:/+", "file:/", unquote(path)) for path in lying.inputFiles()}
    empty = []
    for path in sorted(paths - set(with_content)):
        system, location = _at(spark, path)
        status = system.getFileStatus(location)
        empty.append(FoundFile(path, path, status.getLen(), _utc(status.getModificationTime())))
    return empty


def _folders_with_success(spark: SparkSession, found: Collection[FoundFile]) -> set[str]:
    """Spark's own listing shows no name with a leading underscore, so Hadoop is asked."""
    folders = {_folder(file.path) for file in found}
    return {folder for folder in folders if _exists(spark, f"{folder}/_SUCCESS")}


def _exists(spark: SparkSession, path: str) -> bool:
    system, location = _at(spark, path)
    return bool(system.exists(location))


def _at(spark: SparkSession, path: str) -> tuple[Any, Any]:
    jvm: Any = spark._jvm
    location = jvm.org.apache.hadoop.fs.Path(path)
    return location.getFileSystem(spark._jsc.hadoopConfiguration()), location


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _without_globs(path: str) -> str:
    return _GLOB_SIGNS.sub(r"\\\1", path)


def _utc(millis: int) -> datetime:
    return datetime.fromtimestamp(millis / 1000, UTC)
