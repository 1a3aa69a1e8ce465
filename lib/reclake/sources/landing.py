"""What lies in a source's landing folder: the files that are complete, and the others by what holds them back."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping
from datetime import UTC, datetime

from pyspark.sql import DataFrame, SparkSession

from reclake.errors import UsageError
from reclake.printable import printable

from .found import FoundFile, OfferedFile, Waiting
from .source import Completion, Source
from .walk import at, listed_by_spark, lying_now, walked, without_globs

_BREAKING = ("Cc", "Cs", "Zl", "Zp")  # Unicode categories: control characters, bytes that are no character, line separators
_BEING_WRITTEN = (".tmp", ".part", ".crdownload")
_EARLIEST, _LATEST = datetime(1970, 1, 2, tzinfo=UTC), datetime(2100, 12, 31, tzinfo=UTC)


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


def sorted_out(
    source: Source, found: Collection[FoundFile], *, now: datetime, marked: Collection[str] = ()
) -> tuple[list[OfferedFile], list[Waiting]]:
    """Complete files, and the others with their state; `marked` are the folders' paths that hold a _SUCCESS."""
    offered, waiting = [], []
    for file in sorted(found, key=lambda each: each.name):
        feed = source.feed_name(file.name)
        age = max(0, int((now - file.modified_at).total_seconds()))
        if fault := unusable(file):
            waiting.append(Waiting(printable(file.name), fault, "refused"))
        elif reason := _unfinished(file, source.completion, age_seconds=age, marked=marked):
            waiting.append(Waiting(file.name, reason, "waiting", age))
        elif feed is None:
            waiting.append(Waiting(file.name, "matches the pattern of no feed", "unmatched"))
        else:
            day = source.feeds[feed].delivery_day.day_of(file.name)
            offered.append(OfferedFile(file.path, file.name, file.n_bytes, file.modified_at, feed, day))
    return offered, waiting


def finished_name(name: str) -> str:
    """The name that a file will have once it is complete.

    Examples
    --------
    >>> finished_name("tills/1.csv.part"), finished_name("tills/1.csv")
    ('tills/1.csv', 'tills/1.csv')
    """
    ending = next((ending for ending in _BEING_WRITTEN if name.lower().endswith(ending)), "")
    return name[: len(name) - len(ending)]


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


def unusable(file: FoundFile) -> str | None:
    """Why the file cannot even be opened, or has no time of change that a file can have; None if it can be read."""
    if any(unicodedata.category(sign) in _BREAKING for sign in file.name):
        return "has a control character, or a byte that is not UTF-8, in its name"
    if ":" in file.name.rpartition("/")[2]:
        return "has a colon in its name, which Hadoop cannot open"
    if ":" in file.path.partition(":")[2] and without_globs(file.path) != file.path:
        return "has a colon in its path and one of the signs [ ] { } * ? \\, which Hadoop cannot open together"
    if not _EARLIEST <= file.modified_at <= _LATEST:
        return f"was last changed on {file.modified_at.date()}, which no file was"
    return None


def _unfinished(file: FoundFile, completion: Completion, *, age_seconds: int, marked: Collection[str]) -> str | None:
    if any(part.startswith((".", "_")) for part in file.name.split("/")):
        return "is hidden"
    if file.name.lower().endswith(_BEING_WRITTEN):
        return f"is still being written, for {_in_words(age_seconds)}"
    if completion.marker == "success_file" and _folder(file.path) not in marked:
        return f"has no _SUCCESS in its folder, for {_in_words(age_seconds)}"
    if completion.stable_seconds and age_seconds < completion.stable_seconds:
        return f"changed in the last {completion.stable_seconds} seconds, {_in_words(age_seconds)} ago"
    return None


def _in_words(seconds: int) -> str:
    """The whole units of the largest that fits twice.

    Examples
    --------
    >>> [_in_words(seconds) for seconds in (59, 7199, 3 * 3600, 200_000)]
    ['59 s', '119 min', '3 h', '2 days']
    """
    name, size = next((unit for unit in (("days", 86_400), ("h", 3600), ("min", 60)) if seconds >= 2 * unit[1]), ("s", 1))
    return f"{seconds // size} {name}"


def _folders_with_success(spark: SparkSession, found: Collection[FoundFile]) -> set[str]:
    """Hidden names are not listed, so Hadoop is asked."""
    folders = {_folder(file.path) for file in found}
    return {folder for folder in folders if _exists(spark, f"{folder}/_SUCCESS")}


def _exists(spark: SparkSession, path: str) -> bool:
    system, location = at(spark, path)
    return bool(system.exists(location))


def _folder(path: str) -> str:
    return path.rpartition("/")[0]
