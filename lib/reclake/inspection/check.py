"""The command `check-source`: finds the source file and the landing folder, looks, and drafts a file where that is asked for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from reclake.errors import SettingsInvalid, UsageError
from reclake.settings import Settings
from reclake.sources.source import Source, load_source

from .draft import draft
from .report import Inspection, inspect

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found, whether there is a usable source file, and what to do next."""

    found: Inspection
    has_source: bool
    says: tuple[str, ...]


def check(home: Path, settings: Settings, name: str, *, landing: str | None = None, write: bool = False) -> Checked:
    """Look into the landing folder of the source; with `write`, draft its file first where there is none.

    Raises
    ------
    UsageError
        When the name is no plain one, there is nothing to look into, or a file would be written over.
    SettingsInvalid
        When the source file is there and cannot be used.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} cannot be the name of a source", "other signs than a-z, 0-9 and _", "choose a plain name")
    file = home / settings.sources.directory / f"{name}.toml"
    folder = _folder(home, settings, name, landing)
    if write:
        return _drafted(file, folder, name, settings)
    source = load_source(file) if file.exists() else None
    found = inspect(folder, source, settings.landing)
    says = () if source else (f"There is no {_shown(file)} yet: --write drafts one from these files.",)
    return Checked(found, source is not None, says)


def _folder(home: Path, settings: Settings, name: str, landing: str | None) -> Path:
    place = landing or f"{settings.landing.root}/{name}"
    if "://" in place and not place.startswith("file:"):
        raise UsageError(
            "only a local folder can be looked into", place, "copy some of its files, and name the copy with --landing"
        )
    place = re.sub("^file:/+", "/", place)
    return Path(place) if Path(place).is_absolute() or landing else home / place


def _drafted(file: Path, folder: Path, name: str, settings: Settings) -> Checked:
    if file.exists():
        raise UsageError(
            f"{_shown(file)} is there already", "--write drafts a new file only", "leave --write out, or move the file away"
        )
    looked = inspect(folder, None, settings.landing)
    file.write_text(draft(name, looked.samples), encoding="utf-8")
    drafted = f"{_shown(file)} is drafted: confirm each line that says so, then run check-source again."
    try:
        source: Source = load_source(file)
    except SettingsInvalid as problem:
        return Checked(looked, False, (drafted, f"What it lacks to be used: {problem.args[1]}"))
    return Checked(inspect(folder, source, settings.landing, samples=looked.samples), True, (drafted,))


def _shown(file: Path) -> str:
    return "/".join(file.parts[-3:])
