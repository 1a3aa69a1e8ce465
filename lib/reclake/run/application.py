"""One open application: settings, session, lake and gate, put together once."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from reclake.errors import UsageError
from reclake.lake.claims import Claims
from reclake.lake.ledger import Ledger
from reclake.lake.manifest import Manifest, Published
from reclake.lake.session import open_session
from reclake.lake.store import Store
from reclake.privacy.keys import check_keys
from reclake.quality.gate import Gate
from reclake.settings import Settings
from reclake.tables import Table, bronze, models

from .items import load_catalogues, load_sources
from .opened import Opened, located, utc_now
from .report import Reporter, Silent

if TYPE_CHECKING:
    from reclake.registry import Registry, WeightsRegistry

__all__ = ["Application", "load_sources", "located", "open_application", "utc_now"]

logger = logging.getLogger("reclake")
# Airflow's own ids hold colons and a plus. It is stored in the lake, in job groups and in MLflow, and told in logs.
_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:+-]{0,249}")


@dataclass(frozen=True, kw_only=True)
class Application(Opened):
    """What a job works with."""

    spark: SparkSession
    store: Store
    ledger: Ledger
    manifest: Manifest
    claims: Claims
    gate: Gate
    run_id: str
    reporter: Reporter = field(default_factory=Silent)
    _registries: dict[str, Registry] = field(default_factory=dict, repr=False, compare=False)

    def registry(self, name: str) -> Registry:
        """The registry of a declared model, opened when it is first needed."""
        from reclake.registry import Registry  # most runs need none

        if name not in self._registries:
            uris = _tracking_uri(self.home, self.settings), located(self.home, self.settings.mlflow.artifact_root)
            self._registries[name] = Registry(*uris, models.BY_NAME[name])
        return self._registries[name]

    def weights_registry(self, name: str) -> WeightsRegistry:
        """The registry of declared weights."""
        from reclake.registry import WeightsRegistry  # most runs need none

        uris = _tracking_uri(self.home, self.settings), located(self.home, self.settings.mlflow.artifact_root)
        return WeightsRegistry(*uris, name=name)

    def kept_since(self) -> datetime:
        """What was current then, or at any time after it, stays readable."""
        return self.clock() - timedelta(days=self.store.keep_days)

    def newest_file_day(self, first: date | None, last: date | None) -> date | None:
        """The newest delivery day of the files taken in, from `first` to `last` where they are given; None without one."""
        published = self.manifest.current()
        if bronze.FILES.name not in published:
            return None
        files = self.read(bronze.FILES, version=published[bronze.FILES.name].version, published=published)
        day = F.col("delivery_day")
        bounds = [F.col("outcome") == "ingested", *([day >= first] if first else []), *([day <= last] if last else [])]
        newest: date | None = files.where(reduce(Column.__and__, bounds)).agg(F.max(day)).collect()[0][0]
        return newest

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
