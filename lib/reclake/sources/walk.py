"""The files below a landing folder of this machine, walked without following links; needs no Spark."""

from __future__ import annotations

import os
import re
import stat
from datetime import UTC, datetime

from reclake.printable import printable

from .found import FoundFile, Waiting

LOCAL = "file:"
_GLOB_SIGNS = re.compile(r"([\\*?\[\]{}])")
_NO_TIME = datetime(1, 1, 1, tzinfo=UTC)


def walked(top: str) -> tuple[list[FoundFile], list[Waiting]]:
    """The ordinary files below the local folder `file:…`, and what else lies there; hidden names are passed over.

    No link is followed: one that leads out of the folder would let who may write here read what only the job may, and
    one to a folder above itself has no end.
    """
    root = top.removeprefix(LOCAL)
    found: list[FoundFile] = []
    left: list[Waiting] = []
    folders = [root]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(folder) as entries:
                lying = [entry for entry in entries if not entry.name.startswith((".", "_"))]
        except OSError:
            left.append(Waiting(printable(os.path.relpath(folder, root)), "is a folder that cannot be read", "refused"))
            continue
        for entry in lying:
            name = os.path.relpath(entry.path, root)
            if _is_link(entry):
                left.append(Waiting(printable(name), _where_to(entry, root), "refused"))
            elif entry.is_dir():
                folders.append(entry.path)
            elif (file := _ordinary_file(entry, name)) is not None:
                found.append(file)
            else:
                left.append(Waiting(printable(name), "is no ordinary file", "refused"))
    return found, left


def _is_link(entry: os.DirEntry[str]) -> bool:
    return entry.is_symlink()


def _where_to(entry: os.DirEntry[str], root: str) -> str:
    is_inside = (os.path.realpath(entry.path) + os.sep).startswith(os.path.realpath(root) + os.sep)
    return "is a link, and links are not followed" if is_inside else "is a link out of the landing folder"


def _ordinary_file(entry: os.DirEntry[str], name: str) -> FoundFile | None:
    """None for a pipe, a socket or a device, which a reader could wait for without end, and for a file that has just gone."""
    try:
        status = entry.stat()
    except OSError:
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    return FoundFile(LOCAL + entry.path, name, status.st_size, utc_of(status.st_mtime_ns // 1_000_000))


def without_globs(path: str) -> str:
    """The path with its brackets escaped: to Spark each path is a pattern."""
    return _GLOB_SIGNS.sub(r"\\\1", path)


def utc_of(millis: int) -> datetime:
    """A time outside Python's calendar is the first of it: no file was changed then either."""
    try:
        return datetime.fromtimestamp(millis / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return _NO_TIME
