"""A lake that is only looked at: settings, the reader, and what planning needs of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from reclake.behaviour.catalogues import FUNNELS, PATHS
from reclake.behaviour.funnels.definition import Funnel
from reclake.behaviour.paths.definition import Paths
from reclake.errors import ServiceDown, UsageError
from reclake.lake.entries import GONE, PLAIN, Entries
from reclake.lake.published import Published
from reclake.outreach.catalogues import PURPOSES
from reclake.recommend.catalogues import SCENARIOS
from reclake.recommend.scenarios.definition import Scenario
from reclake.run.faults import fault_text
from reclake.run.items import load_catalogues, load_sources, require_purposes
from reclake.run.opened import Opened, located, utc_now
from reclake.settings import Settings
from reclake.sources.source import Source
from reclake.tables import TABLES, bronze, ops

from .conditions import Condition, all_of, parameters_of
from .reader import Reader

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@dataclass(frozen=True)
class Look:
    """What a command that only looks works with; each part is read when it is first asked for."""

    home: Path
    settings: Settings
    reader: Reader
    session: Callable[[], SparkSession]  # for what is reached by Spark alone
    clock: Callable[[], datetime] = utc_now

    @cached_property
    def sources(self) -> dict[str, Source]:
        """The enabled sources."""
        return load_sources(self.home, self.settings, self.settings.sources.enabled)

    def funnels(self, *names: str) -> dict[str, Funnel]:
        """Those of the names, or all of the project folder.

        Raises
        ------
        UsageError
            When there is none of a name.
        SettingsInvalid
            When a file cannot be used.
        """
        return FUNNELS.load(FUNNELS.place(self.home, self.settings.value), names or None)

    def paths(self, *names: str) -> dict[str, Paths]:
        """The definitions of paths of the names, or all; raises as `funnels` does."""
        return PATHS.load(PATHS.place(self.home, self.settings.value), names or None)

    def scenarios(self, *names: str) -> dict[str, Scenario]:
        """Those of the names, or all of the project folder.

        Raises
        ------
        UsageError
            When there is none of a name.
        SettingsInvalid
            When a file cannot be used.
        """
        scenarios = SCENARIOS.load(SCENARIOS.place(self.home, self.settings.value), names or None)
        require_purposes(scenarios, PURPOSES.load(PURPOSES.place(self.home, self.settings.value)))
        return scenarios

    @cached_property
    def lake(self) -> Opened:
        """The lake as a plan needs it: its ledger, completed from the commits, and its manifest."""
        return _Looked(
            reader=self.reader,
            home=self.home,
            settings=self.settings,
            ledger=entries_of(self.reader),
            manifest=_Manifest(self.reader),
            sources=self.sources,
            catalogues=load_catalogues(self.home, self.settings),
            clock=self.clock,
        )

    def require_lake(self) -> None:
        """Stop where no lake is.

        Raises
        ------
        UsageError
            When nothing was ever written below `lake.root`.
        ServiceDown
            When its storage does not answer.
        """
        try:
            is_there = self.reader.exists()
        except OSError as error:
            raise ServiceDown(
                "the lake cannot be reached",
                f"{self.reader.root}: {fault_text(error)}",
                "see that its storage answers, and that the environment holds the credentials for it (docs/cluster.md)",
            ) from error
        if not is_there:
            raise UsageError(
                f"there is no lake at {self.reader.root}",
                "no table in it",
                "reclake run takes files in and makes it; or name another with --set lake.root=FOLDER",
            )


@dataclass(frozen=True, kw_only=True)
class _Looked(Opened):
    reader: Reader

    def newest_file_day(self, first: date | None, last: date | None) -> date | None:
        ends = [Condition("delivery_day", ">=", (first,))] if first else []
        ends += [Condition("delivery_day", "<=", (last,))] if last else []
        where = (Condition("outcome", "=", ("ingested",)), *ends)
        sql = f"SELECT max(delivery_day) FROM rows WHERE {all_of(where)}"
        columns = ("outcome", "delivery_day")
        found = self.reader.query(bronze.FILES, sql, columns=columns, parameters=parameters_of(where))
        newest: date | None = found[0][0] if found else None
        return newest


@dataclass(frozen=True, slots=True)
class _Manifest:
    reader: Reader

    def current(self, manifest_id: int | None = None) -> dict[str, Published]:
        return dict(self.reader.published if manifest_id is None else self.reader.published_in(manifest_id))


def look_at(
    home: Path,
    settings: Settings,
    *,
    clock: Callable[[], datetime] = utc_now,
    spark: Callable[[], SparkSession] | None = None,
    manifest_id: int | None = None,
) -> Look:
    """The lake of the settings.

    Parameters
    ----------
    spark
        Gives the session that reads a lake which delta-rs does not reach; by default one is opened then.
    """

    def session() -> SparkSession:
        from reclake.lake.session import open_session

        return open_session(home / settings.spark.conf_dir, name="reclake look", umask=settings.files.umask)

    opened = spark or session
    reader = Reader(located(home, settings.lake.root), spark=opened, manifest_id=manifest_id)
    return Look(home, settings, reader, opened, clock)


def entries_of(reader: Reader) -> Entries:
    """The latest ledger entry of every table and day, and those of commits that a crash left unrecorded."""
    names = [*PLAIN, "content_digest", "details", "input_digests", "input_versions"]
    row = ", ".join(f"'{name}': \"{name}\"" for name in names)
    gone = ", ".join(f"'{kind}'" for kind in GONE)
    sql = (
        f"SELECT arg_max({{{row}}}, sequence), list(DISTINCT version), "
        f'list(DISTINCT run_id) FILTER (kind NOT IN ({gone})) FROM rows GROUP BY "table", day'
    )
    entries = Entries()
    latest = reader.query(ops.LEDGER, sql, columns=names)
    entries.take_over((entry, versions, runs or ()) for entry, versions, runs in latest)
    for table in TABLES:
        if table not in ops.WRITTEN:
            entries.complete(table, reader.log, reader.path(table))
    return entries
