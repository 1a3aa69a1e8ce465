"""What lies in a source's landing folder: the files that are complete, and the others by what holds them back."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from pyspark.sql import DataFrame, SparkSession

from reclake.errors import UsageError

from .found import FoundFile, OfferedFile, Waiting
from .hadoop import at, listed_by_spark, lying_now
from .sorting import folder_of, sorted_out
from .source import Source
from .walk import walked, without_globs


def offered_files(spark: SparkSession, source: Source, folder: str, *, now: datetime) -> tuple[list[OfferedFile], list[Waiting]]:
    """The source's complete files below the folder, and the others but for hidden ones, both by name.

    The driver holds this list: some hundred bytes per file that lies in the folder.

    Raises
    ------
    UsageError
        When there is no such folder.
    """
    system, location = at(spark, folder)
    if not system.exists(location):
        raise UsageError("the landing folder does not exist", folder, "name another with --landing, or create it")
    top = str(system.makeQualified(location).toString()).rstrip("/")
    found, left = walked(top) if top.startswith("file:") else (listed_by_spark(spark, top), [])
    marked = _folders_with_success(spark, found) if source.completion.marker == "success_file" else set()
    offered, waiting = sorted_out(source, found, now=now, marked=marked)
    return offered, sorted([*waiting, *left], key=lambda each: each.file_name)


def read_as_files(spark: SparkSession, paths: Collection[str], *, lost_is_error: bool) -> DataFrame:
    """The files with path, modification time, length and content, one row each.

    A file that vanished or cannot be read raises, or has no row.
    """
    skip = str(not lost_is_error).lower()
    reader = spark.read.format("binaryFile").option("ignoreMissingFiles", skip).option("ignoreCorruptFiles", skip)
    return reader.load([without_globs(path) for path in paths])


def still_lying(spark: SparkSession, files: Mapping[str, OfferedFile]) -> list[str]:
    """The paths at which something lies: one that vanished would stop Spark before it reads any."""
    return [path for path in files if not isinstance(lying_now(spark, path), str)]


def why_unread(spark: SparkSession, file: OfferedFile) -> Waiting:
    """Why a file that was listed had no content: it waits where it moved, and is refused where it lies as it lay."""
    lies = lying_now(spark, file.path)
    if lies == "vanished":
        return Waiting(file.name, "vanished before it was read")
    if lies != "unreadable" and lies != (file.n_bytes, file.modified_millis):
        return changed_meanwhile(file)
    return Waiting(file.name, "cannot be read: no permission, or a wrong checksum", "refused")


def changed_meanwhile(file: OfferedFile) -> Waiting:
    """A file that is no longer as it was listed. Whatever time it bears now, the change is as young as the run."""
    return Waiting(file.name, "changed while it was read, after this run began", "waiting", 0)


def _folders_with_success(spark: SparkSession, found: Collection[FoundFile]) -> set[str]:
    """Hidden names are not listed, so Hadoop is asked."""
    folders = {folder_of(file.path) for file in found}
    return {folder for folder in folders if _exists(spark, f"{folder}/_SUCCESS")}


def _exists(spark: SparkSession, path: str) -> bool:
    system, location = at(spark, path)
    return bool(system.exists(location))
