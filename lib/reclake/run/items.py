"""The catalogues as a run takes them: the enabled sources, and every item of the others."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from reclake.catalogue.declared import Items, declared, items_of
from reclake.errors import SettingsInvalid
from reclake.outreach.catalogues import PURPOSES
from reclake.recommend.catalogues import SCENARIOS
from reclake.recommend.scenarios.definition import Scenario
from reclake.settings import Settings
from reclake.sources.catalogues import SOURCES
from reclake.sources.source import Source
from reclake.strict import near
from reclake.tables import TABLES, gold


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
    require_purposes(items.get(SCENARIOS.name, {}), items.get(PURPOSES.name, {}))
    for table in TABLES:
        items_of(table, {SOURCES.name: {}, **items}, with_shared=True)
    return items


def require_purposes(scenarios: Items, purposes: Items) -> None:
    """Stop at a scenario that asks for the contact list of a purpose that does not exist: it would be empty for ever.

    Raises
    ------
    SettingsInvalid
        Naming file and key.
    """
    for name, scenario in scenarios.items():
        if not isinstance(scenario, Scenario) or scenario.eligible is None or scenario.eligible.table != gold.CONTACT_LIST.name:
            continue
        wanted = scenario.eligible.where.get("contact_purpose", ())
        for purpose in (wanted,) if isinstance(wanted, str) else wanted if isinstance(wanted, tuple) else ():
            if purpose not in purposes:
                hint = near(purpose, purposes)
                raise SettingsInvalid(
                    f"scenario file {name}.toml cannot be used",
                    f"eligible.where.contact_purpose: there is no purpose {purpose!r}{f' ({hint})' if hint else ''}",
                    "correct it, or add the purpose: docs/customers.md shows how",
                )
