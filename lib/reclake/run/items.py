"""The catalogues as a run takes them: the enabled sources, and every item of the others."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from reclake.catalogue.declared import Items, declared, items_of
from reclake.settings import Settings
from reclake.sources.catalogues import SOURCES
from reclake.sources.source import Source
from reclake.tables import TABLES


def load_sources(home: Path, settings: Settings, names: Iterable[str]) -> dict[str, Source]:
    """The source files of the names.

    Raises
    ------
    UsageError
        When there is no such file.
    SettingsInvalid
        When one of them cannot be used.
    """
    return SOURCES.load(SOURCES.place(home, settings.value), names)


def load_catalogues(home: Path, settings: Settings) -> dict[str, Items]:
    """The items of every catalogue but the sources, by the catalogue's name.

    Raises
    ------
    SettingsInvalid
        When a file of one of them cannot be used.
    UsageError
        When a table reads a catalogue or an item that does not exist.
    """
    catalogues = {name: catalogue for name, catalogue in declared().items() if name != SOURCES.name}
    items: dict[str, Items] = {name: one.load(one.place(home, settings.value)) for name, one in catalogues.items()}
    for table in TABLES:
        items_of(table, {SOURCES.name: {}, **items})
    return items
