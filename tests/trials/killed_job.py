"""A job that is killed with its whole process group at a named moment: killed_job.py PHASE OF JOB ARGUMENTS.

With HELD_UNTIL in its environment it is held there until that file exists, and says so in a file of that name + .held.
"""

import os
import runpy
import signal
import sys
import threading
import time
from pathlib import Path

from reclake.run.phases import observed

UNDER_WAY = ("in_commit", "joining", "removing")  # the moment comes right before the work that is to be hit


def kill() -> None:
    os.killpg(os.getpgrp(), signal.SIGKILL)


def kill_once_files_differ(folder: Path, before: set[Path]) -> None:
    """Data files of a commit are written before its log entry, and go one by one: the first tells that it is under way."""
    while set(folder.rglob("*.parquet")) == before:
        pass
    kill()


def hold(until: Path) -> None:
    until.with_suffix(".held").touch()
    while not until.exists():
        time.sleep(0.2)


def main(wanted: tuple[str, str], job: str, arguments: list[str]) -> None:
    def at(phase: str, of: str) -> None:
        if (phase, of) != wanted:
            return
        if "HELD_UNTIL" in os.environ:
            hold(Path(os.environ["HELD_UNTIL"]))
            return
        if phase not in UNDER_WAY:
            kill()
        folder = Path(os.environ["RECLAKE__LAKE__ROOT"], *of.split("."))
        lying = set(folder.rglob("*.parquet"))
        threading.Thread(target=kill_once_files_differ, args=(folder, lying), daemon=True).start()

    sys.argv = [job, *arguments]
    with observed(at):
        runpy.run_path(job, run_name="__main__")


if __name__ == "__main__":
    main((sys.argv[1], sys.argv[2]), sys.argv[3], sys.argv[4:])
