"""Folders that tests prepare once and keep, for the other process of a run and for the next run.

A folder is kept below `.cache/tests/<name>/<digest>`. The digest is over all that could change what lies in it: the package, its
settings and suites, the pinned packages, the code of the tests that prepares it, and the day: a lake notes when things happened,
and what maintenance or an alert does with it changes with its age. A folder is whole or not there: it is
prepared under another name and renamed in the end. Whoever comes while it is being prepared waits. Tests get copies.
"""

import fcntl
import hashlib
import platform
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from functools import cache
from inspect import getsourcefile
from pathlib import Path

from pyspark.sql import SparkSession

ROOT = Path(__file__).resolve().parents[1]
Prepare = Callable[[SparkSession, Path], None]  # fills an empty folder
KEPT = ROOT / ".cache" / "tests"
# What every folder depends on. Of tests/ only what is imported: a test decides nothing of another test's folder.
WATCHED = (
    "lib/reclake",
    "conf",
    "expectations",
    "requirements/constraints/jobs.txt",
    "pom.xml",
    "tests/*.py",
    "tests/trials/trial.py",
)
_COLUMNS_OF_MLFLOW = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
    ("logged_models", "artifact_location"),
)


def copy_of(name: str, prepare: Prepare, spark: SparkSession, to: Path, *, kept: Path = KEPT) -> Path:
    """Copy the kept folder of that name into `to`, which may be there; `prepare` fills an empty folder where none is kept.

    A model registry in it, `mlflow.db`, names its files by their place: the copy names the copies.
    """
    place = kept / name / digest_of(prepare)
    with _alone(kept / f"{name}.lock"):
        if not place.exists():
            shutil.rmtree(place.parent, ignore_errors=True)  # kept under another digest, or left half done
            unfinished = place.with_suffix(".unfinished")
            unfinished.mkdir(parents=True)
            prepare(spark, unfinished)
            _relocate(unfinished, unfinished, place)
            unfinished.rename(place)
        shutil.copytree(place, to, dirs_exist_ok=True)
    _relocate(to, place, to)
    return to


def digest_of(prepare: Prepare, *, root: Path = ROOT, watched: Iterable[str] = WATCHED, day: date | None = None) -> str:
    """The digest under which the folder that `prepare` fills is kept."""
    source = getsourcefile(prepare)
    assert source
    told = f"{day or datetime.now(UTC).date()} {_digest_below(root, tuple(watched))} {Path(source).read_text()}"
    return hashlib.sha256(told.encode()).hexdigest()[:32]


@cache
def _digest_below(root: Path, watched: tuple[str, ...]) -> str:
    """Names and contents of all watched files, and the Python that reads them."""
    found = hashlib.sha256(platform.python_version().encode())
    for path in sorted({path for pattern in watched for path in _files(root, pattern)}):
        found.update(f"\n{path.relative_to(root)} {hashlib.sha256(path.read_bytes()).hexdigest()}".encode())
    return found.hexdigest()


def _files(root: Path, pattern: str) -> Iterator[Path]:
    for path in root.glob(pattern):
        inner = path.rglob("*") if path.is_dir() else [path]
        yield from (one for one in inner if one.is_file() and "__pycache__" not in one.parts)


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Hold the lock, which ends with the process however it ends."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _relocate(folder: Path, before: Path, now: Path) -> None:
    """Have the folder's model registry, if there is one, name files below `now` that it named below `before`."""
    database = folder / "mlflow.db"
    if before == now or not database.exists():
        return
    with closing(sqlite3.connect(database)) as connection, connection:
        for table, column in _COLUMNS_OF_MLFLOW:
            as_uris = (before.resolve().as_uri(), now.resolve().as_uri())
            connection.execute(f"UPDATE {table} SET {column} = replace({column}, ?, ?)", as_uris)  # noqa: S608
