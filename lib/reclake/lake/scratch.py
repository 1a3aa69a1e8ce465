"""Where Spark keeps what it shuffles, spills and hands to Python on one machine: folders that nobody else may open."""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

PREFIX = "reclake-spark-"
_SETTLED_SECONDS = 60.0  # a folder of this age has its lock, if its process is alive


def scratch_folder(base: Path) -> Path:
    """A new folder of mode 0700 below `base`, removed at the end of this process; what killed processes left goes first.

    Its process holds a lock on it, which ends with the process however it ends.
    """
    base.mkdir(parents=True, exist_ok=True)
    remove_abandoned(base)
    folder = Path(mkdtemp(prefix=PREFIX, dir=base))
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    # The handle stays open: closing it would give the lock up.
    atexit.register(_remove_as, os.getpid(), folder)
    return folder


def _remove_as(process: int, folder: Path) -> None:
    """Remove it at the end of its own process; a fork of it ends with the same list of what is to be done."""
    if os.getpid() == process:
        shutil.rmtree(folder, ignore_errors=True)


def remove_abandoned(base: Path) -> list[Path]:
    """Remove this user's scratch folders below `base` whose processes are gone."""
    removed = []
    for folder in _settled(base):
        try:
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except OSError:  # its own process, or another run that cleans up, has removed it meanwhile
            continue
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
            removed.append(folder)
        except BlockingIOError:  # its process is alive
            continue
        finally:
            os.close(handle)
    return removed


def _settled(base: Path) -> Iterator[Path]:
    """Folders of this user that are old enough to be locked by whoever made them."""
    for entry in os.scandir(base):
        if not entry.name.startswith(PREFIX) or not entry.is_dir(follow_symlinks=False):
            continue
        status = entry.stat(follow_symlinks=False)
        if status.st_uid == os.getuid() and time.time() - status.st_mtime > _SETTLED_SECONDS:
            yield Path(entry.path)
