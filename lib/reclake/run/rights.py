"""Who else on this machine can read what a run keeps: by the rights of a path and of the folders above it."""

from __future__ import annotations

import grp
import os
import stat
from pathlib import Path

_OF_ALL, _OF_GROUP = stat.S_IROTH, stat.S_IRGRP
EVERYBODY, GROUP, NOBODY = "everybody on this machine", "the group", "its owner alone"


def other_readers(path: Path) -> str:
    """Who besides its owner can read an existing file, or list an existing folder or open by name what lies in it.

    Access lists beyond the mode are not looked at. Without the right to pass a folder above, nobody gets that far.
    """
    mode = path.stat().st_mode
    ways = [folder.stat() for folder in path.resolve().parents]
    # Whoever passes a folder opens the files whose names he knows: those of a lake and its tables are no secret.
    of_folder = stat.S_ISDIR(mode)
    if mode & (_OF_ALL | (stat.S_IXOTH if of_folder else 0)) and all(way.st_mode & stat.S_IXOTH for way in ways):
        return EVERYBODY
    group = path.stat().st_gid
    passes = (way.st_mode & (stat.S_IXGRP if way.st_gid == group else stat.S_IXOTH) for way in ways)
    if mode & (_OF_GROUP | (stat.S_IXGRP if of_folder else 0)) and all(passes):
        return f"{GROUP} {_name_of(group)}"
    return NOBODY


def readers_of_files(folder: Path) -> str:
    """Who besides its owner can read a file of an existing folder; begins as `other_readers` answers.

    For a folder of few files that are closed one by one, such as keys: others may look into it.
    """
    found = {other_readers(file) for file in folder.rglob("*") if file.is_file()}
    if widest := sorted(found - {NOBODY}):  # everybody before a group
        return widest[0]
    looks = other_readers(folder)
    return NOBODY if looks == NOBODY else f"{NOBODY} ({looks} can look into the folder; its files are closed)"


def allowed_readers(umask: str) -> tuple[str, ...]:
    """What of `other_readers` the umask lets in, as beginnings of its answers.

    Examples
    --------
    >>> allowed_readers("077"), allowed_readers("027")
    (('its owner alone',), ('its owner alone', 'the group'))
    """
    withheld = int(umask, 8)
    group = () if withheld & _OF_GROUP else (GROUP,)
    everybody = () if withheld & _OF_ALL else (EVERYBODY,)
    return (NOBODY, *group, *everybody)


def open_leftovers(folder: Path) -> list[Path]:
    """Spark's folders of this user that others can open below a folder for temporary files."""
    return [
        Path(entry.path)
        for entry in os.scandir(folder)
        if entry.name.startswith(("blockmgr-", "spark-", "pyspark-"))
        and entry.is_dir(follow_symlinks=False)
        and entry.stat(follow_symlinks=False).st_uid == os.getuid()
        and entry.stat(follow_symlinks=False).st_mode & 0o077
    ]


def _name_of(group: int) -> str:
    try:
        return grp.getgrgid(group).gr_name
    except KeyError:  # of a machine that knows no such group
        return str(group)
