"""A lake that is open, whether it may be written or is only looked at: settings, sources, ledger and manifest; needs no Spark."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from reclake.catalogue.declared import Items, declared, items_of
from reclake.errors import UsageError
from reclake.lake.entries import Entries
from reclake.lake.published import Published
from reclake.recommend.catalogues import SCENARIOS
from reclake.recommend.scenarios.definition import Scenario
from reclake.settings import Settings
from reclake.sources.catalogues import SOURCES
from reclake.sources.source import Source
from reclake.tables import TABLES, Shared, Table, models
from reclake.tables.inputs import Parameter
from reclake.tables.models import Model

from .code import catalogue_digests, code_digest, settings_digest, suite_digest
from .plan import Digests, Planner, Scope, limits_of

_WINDOWS = sorted({i.days.window for table in TABLES for i in table.reads if i.days.window})


class Versions(Protocol):
    """The manifest as a reader needs it."""

    def current(self, manifest_id: int | None = None) -> dict[str, Published]:
        """Table or model → what is published; as of an earlier manifest if its number is given."""


def utc_now() -> datetime:
    """The time in UTC, without zone as Spark gives times back; the only clock of a run."""
    return datetime.now(UTC).replace(tzinfo=None)


def business_day(at: datetime, settings: Settings) -> date:
    """The business day on which a time in UTC lies."""
    return at.replace(tzinfo=UTC).astimezone(ZoneInfo(settings.business.timezone)).date()


@dataclass(frozen=True, kw_only=True)
class Opened:
    """What planning and looking need."""

    home: Path
    settings: Settings
    ledger: Entries
    manifest: Versions
    sources: Mapping[str, Source]
    catalogues: Mapping[str, Items]  # all but the sources, of which a run takes those that are enabled
    clock: Callable[[], datetime] = utc_now

    def at_home(self, path: str) -> Path:
        """A path of the settings: relative ones lie in the project folder."""
        return self.home / path

    def value(self, setting: str) -> Any:
        """What a builder takes for a setting, as section.key or section."""
        special: dict[str, Callable[[], Any]] = {
            "run.at": self.clock,
            "run.earlier": lambda: None,  # the stage reads it, and the next
            "run.untaken": lambda: None,
            "secrets.directory": lambda: located(self.home, self.settings.secrets.directory),
        }
        return special[setting]() if setting in special else self.settings.value(setting)

    def arguments(self, parameters: Iterable[Parameter]) -> dict[str, Any]:
        """The settings under the names by which a builder takes them."""
        return {parameter.name: self.value(parameter.setting) for parameter in parameters}

    def items(self, table: Table | Shared) -> dict[str, Items]:
        """The items of catalogues that the function which makes a table or shared input takes, by the name of the catalogue."""
        return items_of(table, self._every_item)

    @property
    def _every_item(self) -> dict[str, Items]:
        return {**self.catalogues, SOURCES.name: self.sources}

    @property
    def named_models(self) -> tuple[Model, ...]:
        """The models that a chain of a scenario names: no other is trained unasked, and none but these serves."""
        scenarios = self.catalogues.get(SCENARIOS.name, {}).values()
        named = {name for one in scenarios if isinstance(one, Scenario) for name in one.models}
        return tuple(model for model in models.MODELS if model.name in named)

    def digests(self, table: Table) -> Digests:
        """What the table's days are made with now."""
        folder = self.at_home(self.settings.expectations.directory)
        items = items_of(table, self._every_item, with_shared=True)
        as_settings = {name: items.pop(name) for name in tuple(items) if declared()[name].counts_as_setting}
        values = {setting: self.value(setting) for setting in table.settings}
        return Digests(
            code_digest(table),
            settings_digest(table, {**values, **as_settings}),
            suite_digest(folder, table),
            catalogue_digests(table, items),
        )

    def newest_file_day(self, first: date | None, last: date | None) -> date | None:
        """The newest delivery day of the files taken in, from `first` to `last` where they are given; None without one."""
        raise NotImplementedError

    def planner(self, scope: Scope) -> Planner:
        """A planner on the ledger as it stands; follows the ledger as tables are built."""
        names = (*(model.name for model in self.named_models), *models.WEIGHTS_BY_NAME)
        return Planner(
            self.ledger,
            scope=scope,
            limits=limits_of(self.sources),
            digests=self.digests,
            models={name: self.model_version(name) for name in names},
            restate_as_ofs=self.settings.run.restate_as_ofs,
            windows={setting: self.settings.value(setting) for setting in _WINDOWS},
            versions={name: row.version for name, row in self.manifest.current().items()},
        )

    def model_version(self, name: str) -> int | None:
        """The model version that the manifest names; None before the first promotion."""
        published = self.manifest.current().get(f"{models.PREFIX}{name}")
        return published.version if published else None


def require_writable(root: str) -> None:
    """Stop before anything starts where the lake's folder on this machine cannot be written: it is tried.

    The mode does not tell: root may write a folder of any mode, and nobody a file system that is mounted read-only or full.

    Raises
    ------
    UsageError
        When it cannot.
    """
    if "://" in root:
        return
    folder = next(parent for parent in (Path(root), *Path(root).parents) if parent.exists())
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"reclake")
            probe.flush()
            os.fsync(probe.fileno())
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else type(error).__name__
        step = "free space there" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "grant the right to write there"
        raise UsageError("the lake cannot be written", f"{folder}: {reason}", f"{step}, or name another lake.root") from error


def located(home: Path, path: str) -> str:
    """A path or URI of the settings; a relative path lies in the project folder, and no path stays none."""
    return path if "://" in path or not path else str(home / path)
