"""The command `check-source`: finds the source file and the landing folder, looks, and drafts a file where that is asked for."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reclake.errors import SettingsInvalid, UsageError
from reclake.printable import printable
from reclake.settings import Settings
from reclake.sources.catalogues import SOURCES
from reclake.sources.source import VERIFIED, Source

from .draft import draft
from .looking import Inspection, inspect

_NAMED = 5  # reasons that a sentence names
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
    file = SOURCES.place(home, settings.value) / f"{name}.toml"
    folder = _folder(home, settings, name, landing)
    if write:
        return _drafted(file, folder, name, settings)
    source = SOURCES.read(file) if file.exists() else None
    found = inspect(folder, source, settings.landing, timezone=settings.business.timezone)
    says = (
        (*_verdict(found), *_unstated(source))
        if source
        else (f"There is no {_shown(file)} yet: --write drafts one from these files.",)
    )
    return Checked(found, source is not None, says)


def _verdict(found: Inspection) -> tuple[str, ...]:
    """What the source would make of the files, in sentences."""
    says = []
    if left := [one for one in found.untaken if one.state != "skipped"]:
        reasons = ", ".join(f"{reason} ({n:,})" for reason, n in Counter(one.reason for one in left).most_common(_NAMED))
        says.append(f"{_files(len(left))} would not be taken: {reasons}.")
    whole = {one.file_name for one in found.refusals if not one.n_records}
    parts = {one.file_name for one in found.refusals if one.n_records} - whole
    if whole:
        reasons = ", ".join(list(dict.fromkeys(printable(one.reason) for one in found.refusals if not one.n_records))[:_NAMED])
        says.append(f"{_files(len(whole))} would be refused: {reasons}.")
    if parts:
        says.append(f"Of {_files(len(parts))} records would be refused, or values left out.")
    if found.unjudged:
        says.append(f"{_files(len(found.unjudged))} not judged: Parquet and UTF-16 of that size need a run.")
    return tuple(says) or ("Nothing of what was read would be refused.",)


def _unstated(source: Source) -> Iterator[str]:
    """What follows where a feed does not say which contacts are verified, in sentences."""
    for name, feed in source.feeds.items():
        if contacts := feed.unstated_contacts:
            columns = " and ".join(VERIFIED[contact] for contact in contacts)
            yield (
                f"Feed {name} does not say which contacts are verified, so {' and '.join(contacts)} tie no accounts to one person: "
                f"map {columns}, or state verified_contacts."
            )


def _files(n: int) -> str:
    return "1 file" if n == 1 else f"{n:,} files"


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
    if not any(sample.fields for sample in looked.samples):
        problems = dict.fromkeys(sample.head.problem for sample in looked.samples) | dict.fromkeys(
            one.reason for one in looked.untaken
        )
        raise UsageError(
            "there is nothing to draft a source file from", f"no file below {folder} can be read: {'; '.join(problems)}",
            "look at the files without --write, and deliver them as CSV, JSON lines or Parquet",
        )  # fmt: skip
    _write(file, draft(name, looked.samples))
    drafted = f"{_shown(file)} is drafted: confirm each line that says so, then run check-source again."
    try:
        source: Source = SOURCES.read(file)
    except SettingsInvalid as problem:
        return Checked(looked, False, (drafted, f"What it lacks to be used: {problem.args[1]}"))
    found = inspect(folder, source, settings.landing, timezone=settings.business.timezone, samples=looked.samples)
    return Checked(found, True, (drafted, *_verdict(found), *_unstated(source)))


def _write(file: Path, text: str) -> None:
    """Write the whole file or none of it."""
    tomllib.loads(text)  # what is no TOML is a fault of the draft, not of the files
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_name(f".{file.name}.tmp")
    beside.write_text(text, encoding="utf-8")
    beside.rename(file)


def _shown(file: Path) -> str:
    return "/".join(file.parts[-3:])
