"""One open application: settings, session, lake and gate, put together once."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from pyspark.sql import DataFrame, SparkSession

from reclake.catalogue.declared import Items, declared, items_of
from reclake.errors import UsageError
from reclake.lake.claims import Claims
from reclake.lake.ledger import Ledger
from reclake.lake.manifest import Manifest, Published
from reclake.lake.session import open_session
from reclake.lake.store import Store
from reclake.privacy.keys import check_keys
from reclake.quality.gate import Gate
from reclake.settings import Settings
from reclake.sources.catalogues import SOURCES
from reclake.sources.source import Source
from reclake.tables import TABLES, Table, models
from reclake.tables.inputs import Parameter

from .code import catalogue_digests, code_digest, settings_digest, suite_digest
from .items import load_catalogues, load_sources
from .plan import Digests, Planner, Scope, limits_of
from .report import Reporter, Silent

if TYPE_CHECKING:
    from reclake.registry import Registry

logger = logging.getLogger("reclake")
_WINDOWS = sorted({i.days.window for table in TABLES for i in table.reads if i.days.window})
# Airflow's own ids hold colons and a plus. It is stored in the lake, in job groups and in MLflow, and told in logs.
_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:+-]{0,249}")


def utc_now() -> datetime:
    """The time in UTC, without zone as Spark gives times back; the only clock of a run."""
    return datetime.now(UTC).replace(tzinfo=None)


@dataclass(frozen=True)
class Application:
    """What a job works with."""

    home: Path
    settings: Settings
    spark: SparkSession
    store: Store
    ledger: Ledger
    manifest: Manifest
    claims: Claims
    gate: Gate
    sources: Mapping[str, Source]
    run_id: str
    catalogues: Mapping[str, Items]  # all but the sources, of which a run takes those that are enabled
    clock: Callable[[], datetime] = utc_now
    reporter: Reporter = field(default_factory=Silent)
    _registries: dict[str, Registry] = field(default_factory=dict, repr=False, compare=False)

    def registry(self, name: str) -> Registry:
        """The registry of a declared model, opened when it is first needed."""
        from reclake.registry import Registry  # most runs need none

        if name not in self._registries:
            uris = _tracking_uri(self.home, self.settings), located(self.home, self.settings.mlflow.artifact_root)
            self._registries[name] = Registry(*uris, models.BY_NAME[name])
        return self._registries[name]

    def kept_since(self) -> datetime:
        """What was current then, or at any time after it, stays readable."""
        return self.clock() - timedelta(days=self.store.keep_days)

    def at_home(self, path: str) -> Path:
        """A path of the settings: relative ones lie in the project folder."""
        return self.home / path

    def read(
        self, table: Table, *, version: int, published: Mapping[str, Published], days: Collection[date] | None = None
    ) -> DataFrame:
        """The table at a version; only `days` if given.

        Raises
        ------
        LakeDamaged
            When `published` names this version, and it is not what was published.
        """
        self.require_as_published(table, version=version, published=published)
        return self.store.read(table, version=version, days=days)

    def require_as_published(self, table: Table, *, version: int, published: Mapping[str, Published]) -> None:
        """Stop when `published` names this version and it is not what was published; others have nothing to compare with.

        Raises
        ------
        LakeDamaged
            When files or bytes differ.
        """
        row = published.get(table.name)
        if row is not None and row.version == version:
            self.store.require_undamaged(table, version=version, n_files=row.n_files, n_bytes=row.n_bytes)

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

    def items(self, table: Table) -> dict[str, Items]:
        """The items of catalogues that the table's builder takes, by the name of the catalogue."""
        return items_of(table, {**self.catalogues, SOURCES.name: self.sources})

    def digests(self, table: Table) -> Digests:
        """What the table's days are made with now."""
        folder = self.at_home(self.settings.expectations.directory)
        items = self.items(table)
        as_settings = {name: items.pop(name) for name in tuple(items) if declared()[name].counts_as_setting}
        values = {setting: self.value(setting) for setting in table.settings}
        return Digests(
            code_digest(table),
            settings_digest(table, {**values, **as_settings}),
            suite_digest(folder, table),
            catalogue_digests(table, items),
        )

    def planner(self, scope: Scope) -> Planner:
        """A planner on the ledger as it stands; follows the ledger as tables are built."""
        return Planner(
            self.ledger,
            scope=scope,
            limits=limits_of(self.sources),
            digests=self.digests,
            models={name: self.model_version(name) for name in models.BY_NAME},
            restate_as_ofs=self.settings.run.restate_as_ofs,
            windows={setting: self.settings.value(setting) for setting in _WINDOWS},
            versions={name: row.version for name, row in self.manifest.current().items()},
        )

    def model_version(self, name: str) -> int | None:
        """The model version that the manifest names; None before the first promotion."""
        published = self.manifest.current().get(f"{models.PREFIX}{name}")
        return published.version if published else None


def located(home: Path, path: str) -> str:
    """A path or URI of the settings; a relative path lies in the project folder, and no path stays none."""
    return path if "://" in path or not path else str(home / path)


def open_application(
    home: Path,
    settings: Settings,
    *,
    name: str,
    run_id: str | None = None,
    reporter: Reporter | None = None,
    spark: SparkSession | None = None,
    clock: Callable[[], datetime] = utc_now,
    needs_keys: bool = False,
    needs_metastore: bool = False,
) -> Application:
    """Open the session and the lake, and read the ledger.

    Raises
    ------
    SecretMissing
        When the run needs the keys and one is missing, too short or readable by others.
    UsageError
        When the run's id is not a plain one, or there is no such source.
    """
    if run_id is not None and not _RUN_ID.fullmatch(run_id):
        raise UsageError(
            "a run id of other characters than allowed",
            f"{len(run_id)} characters",
            "at most 250 of letters, digits and _ . : + -, a letter or digit first",
        )
    if needs_keys:
        check_keys(located(home, settings.secrets.directory), (settings.privacy.id_key_id, settings.privacy.contact_key_id))
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    sources = load_sources(home, settings, settings.sources.enabled)
    catalogues = load_catalogues(home, settings)
    metastore = located(home, settings.bi.metastore) if needs_metastore or settings.bi.renew_views else None
    address = {"bind.host": settings.bi.thrift_host, "port": str(settings.bi.thrift_port)}
    thrift = {f"spark.hive.server2.thrift.{key}": value for key, value in address.items()}
    conf_dir, umask = home / settings.spark.conf_dir, settings.files.umask
    session = spark or open_session(conf_dir, name=name, metastore=metastore, more=thrift, umask=umask)
    keep_days = settings.lake.keep_manifests_days + settings.maintenance.longest_reader_days
    store = Store(session, located(home, settings.lake.root), keep_days=keep_days)
    application = Application(
        home=home,
        settings=settings,
        spark=session,
        store=store,
        ledger=Ledger(store),
        manifest=Manifest(store),
        claims=Claims(store, clock, minutes=settings.run.claim_minutes, wait_seconds=settings.run.claim_wait_seconds),
        gate=Gate(home / settings.expectations.directory, settings.expectations.timeout_seconds),
        sources=sources,
        catalogues=catalogues,
        run_id=run_id or f"{clock():%Y%m%dT%H%M%S}-{uuid4().hex[:8]}",
        clock=clock,
        reporter=reporter or Silent(),
    )
    application.ledger.load()
    return application


def _tracking_uri(home: Path, settings: Settings) -> str:
    uri, scheme = settings.mlflow.tracking_uri, "sqlite:///"
    is_relative = uri.startswith(scheme) and not uri.startswith(f"{scheme}/")
    return f"{scheme}{home / uri.removeprefix(scheme)}" if is_relative else uri
