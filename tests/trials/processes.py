"""Jobs in processes of their own, as spark-submit starts them, and ways to end them that no process can answer."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from lakes import ROOT, as_environment, places
from reclake.tables import Table

KILLED = -signal.SIGKILL
_KILLER = Path(__file__).with_name("killed_job.py")
_TIMEOUT_SECONDS = 600


@dataclass(frozen=True)
class Place:
    """A lake with its models, and the landing folder and keys that it shares with others."""

    folder: Path
    landing: Path
    settings: Mapping[str, str] = field(default_factory=dict)  # environment variables of further settings

    @property
    def lake(self) -> Path:
        return self.folder / "lake"

    def copy(self, folder: Path) -> "Place":
        """The same lake once more, to be hurt."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        return Place(folder, self.landing, self.settings)

    def environment(self) -> dict[str, str]:
        """What a job needs to work here."""
        own = as_environment(places(self.folder, self.landing) | {"sources.enabled": '["demo"]'}) | {
            "RECLAKE_HOME": str(ROOT),
            "RECLAKE_PROFILE": "test",
            "PYTHONPATH": os.pathsep.join((str(ROOT / "lib"), str(ROOT / "tests"))),
            "GX_ANALYTICS_ENABLED": "false",
        }
        return os.environ | own | dict(self.settings)


@contextmanager
def started(place: Place, job: str, *arguments: str, killed_at: tuple[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
    """A job at work, its whole process group ended with the block; killed at a moment of run/phases.py if one is named."""
    moment = [str(_KILLER), *killed_at] if killed_at else []
    with (place.folder / "log.txt").open("a") as log:
        process = subprocess.Popen(
            [sys.executable, *moment, str(ROOT / "jobs" / f"{job}.py"), *arguments],
            env=place.environment(), cwd=ROOT, stdout=log, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip
        try:
            yield process
        finally:
            kill(process)


def kill(process: subprocess.Popen[str]) -> None:
    """End the driver's Python and its JVM at once, which are one process group, and then what is left of the session.

    PySpark's daemon and its workers are in a group of their own.
    """
    with suppress(ProcessLookupError):  # it ended by itself
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for left in _started_by(process.pid):
        with suppress(ProcessLookupError):
            os.kill(left.pid, signal.SIGKILL)


def ended(place: Place, job: str, *arguments: str, killed_at: tuple[str, str] | None = None) -> int:
    """The exit code of a job that is let go on, or killed at the moment."""
    with started(place, job, *arguments, killed_at=killed_at) as process:
        return process.wait(timeout=_TIMEOUT_SECONDS)


@dataclass
class Memory:
    """The most that the processes of a job have held at once, in bytes: its JVM, and its Python workers together."""

    jvm: int = 0
    workers: int = 0


@contextmanager
def watched(process: subprocess.Popen[str]) -> Iterator[Memory]:
    """Look at the memory of all that the job started until the block ends."""
    peak, over = Memory(), threading.Event()

    def look() -> None:
        while not over.wait(0.5):
            held = list(_started_by(process.pid))
            peak.jvm = max(peak.jvm, sum(one.resident_bytes for one in held if one.is_jvm))
            peak.workers = max(peak.workers, sum(one.resident_bytes for one in held if not one.is_jvm))

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        over.set()
        thread.join()


@dataclass(frozen=True)
class Member:
    """A process of a job's session."""

    pid: int
    is_jvm: bool
    resident_bytes: int


def _started_by(leader: int) -> Iterator[Member]:
    """Each process of the session but its leader, the job's own Python.

    Not of the group: PySpark's daemon makes one of its own for its workers.
    """
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended meanwhile
            name, _, rest = (folder / "stat").read_text().partition("(")[2].rpartition(")")
            state, _, _, session = rest.split()[:4]
            if int(session) == leader != int(folder.name) and state != "Z":
                pages = int((folder / "statm").read_text().split()[1])
                yield Member(int(folder.name), name == "java", pages * os.sysconf("SC_PAGE_SIZE"))


def commits_of(place: Place, of: Collection[Table]) -> dict[Path, float]:
    """Log entry → when it was written, in seconds of the clock, for each commit of these tables."""
    found = (path for table in of for path in place.lake.glob(f"{table.layer}/{table.noun}/_delta_log/*.json"))
    return {path: path.stat().st_mtime for path in found}


def wait_for_a_commit(place: Place, process: subprocess.Popen[str], of: Collection[Table], before: Collection[Path]) -> bool:
    """Wait until the job has committed to one of the tables; False if it ended before."""
    return wait_until(place, process, lambda: bool(commits_of(place, of).keys() - before))


def wait_until(place: Place, process: subprocess.Popen[str], has_come: Callable[[], bool]) -> bool:
    """Wait until something has come of the job; False if it ended before.

    Raises
    ------
    TimeoutError
        When neither happens.
    """
    deadline = time.monotonic() + _TIMEOUT_SECONDS
    while process.poll() is None:
        if has_come():
            return True
        if time.monotonic() > deadline:
            raise TimeoutError(f"nothing came in {_TIMEOUT_SECONDS} s\n{told(place)}")
        time.sleep(0.02)
    return False


def told(place: Place) -> str:
    """The last lines of what the jobs wrote, for the message of a trial that fails."""
    return "\n".join((place.folder / "log.txt").read_text().splitlines()[-25:])
