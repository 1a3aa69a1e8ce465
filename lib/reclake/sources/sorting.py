"""Which files of a landing folder are complete, and what holds the others back; needs no Spark."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Collection
from datetime import UTC, datetime

from reclake.errors import UsageError
from reclake.printable import printable

from .found import FoundFile, OfferedFile, Waiting
from .source import Completion, Source
from .walk import LOCAL, walked, without_globs

_BREAKING = ("Cc", "Cs", "Zl", "Zp")  # Unicode categories: control characters, bytes that are no character, line separators
_BEING_WRITTEN = (".tmp", ".part", ".crdownload")
_EARLIEST, _LATEST = datetime(1970, 1, 2, tzinfo=UTC), datetime(2100, 12, 31, tzinfo=UTC)


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
    if completion.marker == "success_file" and folder_of(file.path) not in marked:
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


def folder_of(path: str) -> str:
    return path.rpartition("/")[0]


def offered_locally(source: Source, folder: str, *, now: datetime) -> tuple[list[OfferedFile], list[Waiting]]:
    """The source's complete files below a folder of this machine, and the others but for hidden ones, both by name.

    Raises
    ------
    UsageError
        When there is no such folder.
    """
    if not os.path.isdir(folder):
        raise UsageError("the landing folder does not exist", folder, "name another with --landing, or create it")
    found, left = walked(f"{LOCAL}{os.path.abspath(folder)}")
    folders = {folder_of(file.path) for file in found} if source.completion.marker == "success_file" else set()
    marked = {one for one in folders if os.path.exists(f"{one.removeprefix(LOCAL)}/_SUCCESS")}
    offered, waiting = sorted_out(source, found, now=now, marked=marked)
    return offered, sorted([*waiting, *left], key=lambda each: each.file_name)
