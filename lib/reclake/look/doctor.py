"""Is this machine ready? Each check says what it found and what to do."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from reclake.errors import ReclakeError
from reclake.privacy.keys import check_keys
from reclake.run.items import load_sources
from reclake.run.opened import located, require_writable
from reclake.run.rights import allowed_readers, open_leftovers, other_readers, readers_of_files
from reclake.settings import Settings

Finding = dict[str, str]
_JAVA = "17"
_NEEDED_JARS = ("delta-spark", "delta-storage", "delta-kernel-api", "delta-kernel-defaults")


def examine(home: Path, settings: Settings) -> list[Finding]:
    """All checks, each with state ok or bad."""
    checks: dict[str, Callable[[], str]] = {
        "python": _python,
        "java": _java,
        "packages": lambda: _packages(home),
        "jars": _jars,
        "sources": lambda: _sources(home, settings),
        "suites": lambda: _folder(home / settings.expectations.directory, "*.json"),
        "spark settings": lambda: _folder(home / settings.spark.conf_dir, "spark-defaults.conf"),
        "lake": lambda: _writable(located(home, settings.lake.root)),
        "landing": lambda: _readable(located(home, settings.landing.root)),
        "secrets": lambda: _secrets(home, settings),
        "readers": lambda: _readers(_places_of(home, settings), settings.files.umask),
        "temporary files": lambda: _temporary_files(home / settings.spark.conf_dir),
    }
    return list(_judged(checks))


def _judged(checks: dict[str, Callable[[], str]]) -> Iterator[Finding]:
    for name, check in checks.items():
        try:
            yield {"check": name, "state": "ok", "found": check(), "next": ""}
        except ReclakeError as error:
            yield {"check": name, "state": "bad", "found": f"{error.args[0]}: {error.args[1]}", "next": error.args[2]}
        except OSError as error:
            told = f"{type(error).__name__}: {error.filename or error}"
            yield {"check": name, "state": "bad", "found": told, "next": "see that it can be read"}


def _python() -> str:
    if sys.version_info[:2] != (3, 11):
        raise ReclakeError("wrong Python", f"{sys.version.split()[0]}", "remove .venv/jobs, then make install PYTHON=python3.11")
    return sys.version.split()[0]


def _java() -> str:
    java = shutil.which("java")
    if java is None:
        raise ReclakeError("no Java", "java is not on PATH", "install OpenJDK 17: apt-get install openjdk-17-jre-headless")
    told = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(\d+)[^"]*"', told)
    if found is None or found.group(1) != _JAVA:
        raise ReclakeError("wrong Java", told.splitlines()[0] if told else "no answer", "put Java 17 first on PATH")
    return found.group(0)


def _packages(home: Path) -> str:
    listed = home / "requirements" / "jobs.txt"
    if not listed.is_file():  # a machine that submits needs conf/, expectations/ and jobs/ only
        return "not checked: no requirements/jobs.txt here"
    pins = [line.split("==") for line in listed.read_text().splitlines() if "==" in line]
    wrong = []
    for name, version in pins:
        try:
            found = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found = "missing"
        if found != version:
            wrong.append(f"{name} {found} instead of {version}")
    if wrong:
        raise ReclakeError("other packages than pinned", "; ".join(wrong), "remove .venv/jobs, then make install")
    return f"{len(pins)} as pinned"


def _jars() -> str:
    spec = importlib.util.find_spec("pyspark")  # found, not imported: that takes a second
    if spec is None or spec.origin is None:
        raise ReclakeError("Spark is missing", "no package pyspark", "remove .venv/jobs, then make install")
    folder = Path(spec.origin).parent / "jars"
    names = [path.name for path in folder.glob("*.jar")]
    if missing := [jar for jar in _NEEDED_JARS if not any(name.startswith(jar) for name in names)]:
        raise ReclakeError("JARs are missing from Spark", ", ".join(missing), "remove .venv/jobs, then make install")
    return f"Delta among {len(names)} JARs"


def _sources(home: Path, settings: Settings) -> str:
    """The enabled sources, and the contacts that tie nobody as nothing says that they are verified."""
    sources = load_sources(home, settings, settings.sources.enabled)
    unstated = [
        f"{source}.{name} ({', '.join(feed.unstated_contacts)})"
        for source, of in sources.items()
        for name, feed in of.feeds.items()
        if feed.unstated_contacts
    ]
    told = f"; contacts tie nobody, as nothing says that they are verified: {', '.join(unstated)}" if unstated else ""
    return ", ".join(sources) + told


def _folder(path: Path, pattern: str) -> str:
    found = len(list(path.glob(pattern))) if path.is_dir() else 0
    if not found:
        raise ReclakeError("nothing there", f"no {pattern} in {path}", "name the folder in the settings")
    return f"{found} files"


def _readable(path: str) -> str:
    if "://" in path:
        return f"not checked: {path}"
    if not Path(path).is_dir():
        raise ReclakeError("no landing folder", f"nothing at {path}", "reclake generate makes the demo's; else set landing.root")
    return path


def _writable(path: str) -> str:
    if "://" in path:
        return f"not checked: {path}"
    folder = Path(path)
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    require_writable(path)
    free = shutil.disk_usage(existing).free // 2**30
    if free < 1:
        raise ReclakeError("disk almost full", f"{free} GiB free", "free space, or set lake.root")
    return f"{path}, {free} GiB free"


def _secrets(home: Path, settings: Settings) -> str:
    check_keys(located(home, settings.secrets.directory), (settings.privacy.id_key_id, settings.privacy.contact_key_id))
    return "2 keys, readable by their owner only"


def _places_of(home: Path, settings: Settings) -> dict[str, str]:
    """What holds data of persons or keys, by name: a path or URI each."""
    registry = settings.mlflow.tracking_uri
    named = {
        "lake": settings.lake.root,
        "landing": settings.landing.root,
        "models": settings.mlflow.artifact_root,
        "model registry": registry.removeprefix("sqlite:///") if registry.startswith("sqlite:///") else "",
        "DuckDB file": settings.bi.duckdb_file,
        "metastore": settings.bi.metastore,
        "secrets": settings.secrets.directory,
    }
    return {name: located(home, path) for name, path in named.items() if path}


def _readers(places: dict[str, str], umask: str) -> str:
    """Who else can read what is there; stops where that is more than `files.umask` lets in."""
    here = {name: Path(path) for name, path in places.items() if "://" not in path and Path(path).exists()}
    if not here:
        return "not checked: nothing of it is on this machine yet"
    read_by = {name: readers_of_files(path) if name == "secrets" else other_readers(path) for name, path in here.items()}
    if wide := {name: who for name, who in read_by.items() if not who.startswith(allowed_readers(umask))}:
        raise ReclakeError(
            "others can read what holds personal data or keys",
            "; ".join(f"{name}: {who} ({here[name]})" for name, who in wide.items()),
            f"chmod -R go= {' '.join(str(here[name]) for name in wide)}; or let the group in with files.umask",
        )
    return "; ".join(f"{name}: {who}" for name, who in read_by.items())


def _temporary_files(conf_dir: Path) -> str:
    """Where Spark keeps its temporary files, and that none of an earlier time lies open there."""
    if chosen := os.environ.get("SPARK_LOCAL_DIRS"):
        return f"encrypted in {chosen}, as SPARK_LOCAL_DIRS says"
    profile = conf_dir / "spark-defaults.conf"
    defaults = profile.read_text(encoding="utf-8") if profile.is_file() else ""
    named = re.search(r"^spark\.local\.dir\s+(\S+)", defaults, re.MULTILINE)
    folders = named[1] if named else tempfile.gettempdir()
    if left := [path for folder in map(Path, folders.split(",")) if folder.is_dir() for path in open_leftovers(folder)]:
        raise ReclakeError(
            "Spark's temporary files can be read by others",
            f"{len(left)} folders of yours, such as {left[0]}",
            "remove them when no Spark of yours is at work: its runs leave none such",
        )
    return f"a closed folder of each run in {folders}"
