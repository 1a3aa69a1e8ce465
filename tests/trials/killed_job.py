"""A job that is killed with its JVM, its process group, at a named moment: killed_job.py PHASE OF JOB ARGUMENTS.

With UNCHECKED_CLAIMS it takes no notice of what others claim: a known-bad job.
With HOARDED, a table as layer.noun, it takes all rows of that table onto the driver there, as no job may.
With HELD_UNTIL in its environment it is held there until that file exists, and says so in a file of that name + .held.
With FULL_DISK it finds that disk full from the moment on, but for LEFT_BYTES; or once the table's next log entry is written,
with FULL_FROM=log.
"""

import os
import runpy
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from pyspark.sql import SparkSession

from reclake.run import application
from reclake.run.phases import observed

FILLER = "filler"
UNDER_WAY = ("in_commit", "joining", "removing")  # the moment comes right before the work that is to be hit


def kill() -> None:
    os.killpg(os.getpgrp(), signal.SIGKILL)


def fill(disk: Path, left_bytes: int = 0) -> None:
    """Take the room that there is, but for some bytes, in a file that says so."""
    with (disk / FILLER).open("wb") as filler:
        taken = 0
        while (free := os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize - left_bytes) > 0:
            with suppress(OSError):  # another took some of it meanwhile
                os.posix_fallocate(filler.fileno(), taken, free)
                taken += free


def once(has_come: Callable[[], bool], then: Callable[[], None]) -> None:
    """Look on beside the job, as closely as can be."""

    def look() -> None:
        while not has_come():
            pass
        then()

    threading.Thread(target=look, daemon=True).start()


def files_changed(folder: Path) -> Callable[[], bool]:
    """Data files of a commit are written before its log entry, and go one by one: the first tells that it is under way."""
    lying = set(folder.rglob("*.parquet"))
    return lambda: set(folder.rglob("*.parquet")) != lying


def entry_written(folder: Path) -> Callable[[], bool]:
    """Whether a new log entry is there to its last byte."""
    lying = set(folder.glob("_delta_log/*.json"))
    return lambda: any(path.read_bytes().endswith(b"}\n") for path in set(folder.glob("_delta_log/*.json")) - lying)


def hoard(path: Path) -> None:
    """Hold the rows of a table in the driver's heap, all at once."""
    session = SparkSession.getActiveSession()
    assert session is not None
    session.read.format("delta").load(str(path))._jdf.collectAsList()


def hold(until: Path) -> None:
    until.with_suffix(".held").touch()
    while not until.exists():
        time.sleep(0.2)


def main(wanted: tuple[str, str], job: str, arguments: list[str]) -> None:
    def at(phase: str, of: str) -> None:
        if (phase, of) != wanted:
            return
        lake = Path(os.environ["RECLAKE__LAKE__ROOT"])
        folder = lake.joinpath(*of.split("."))
        if "HELD_UNTIL" in os.environ:
            hold(Path(os.environ["HELD_UNTIL"]))
        elif "HOARDED" in os.environ:
            hoard(lake.joinpath(*os.environ["HOARDED"].split(".")))
        elif "FULL_DISK" in os.environ:
            disk, left_bytes = Path(os.environ["FULL_DISK"]), int(os.environ.get("LEFT_BYTES", "0"))
            if os.environ.get("FULL_FROM") == "log":
                once(entry_written(folder), lambda: fill(disk, left_bytes))
            else:
                fill(disk, left_bytes)
        elif phase in UNDER_WAY:
            once(files_changed(folder), kill)
        else:
            kill()

    if "UNCHECKED_CLAIMS" in os.environ:
        from trials.trial import Unchecked

        application.Claims = Unchecked
    sys.argv = [job, *arguments]
    with observed(at):
        runpy.run_path(job, run_name="__main__")


if __name__ == "__main__":
    main((sys.argv[1], sys.argv[2]), sys.argv[3], sys.argv[4:])
