"""Maintenance of the lake: other files and shorter logs, the same rows; readers, plans and rollbacks go on as before."""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

from pyspark.sql import functions as F

from reclake import tables
from reclake.errors import Overtaken, StageStopped
from reclake.lake.claims import ALL_DAYS, Claim
from reclake.lake.digest import DayContent, Digest
from reclake.lake.files import Files
from reclake.lake.ledger import EXPIRED, commit_entry, sequence_of
from reclake.lake.manifest import Published
from reclake.lake.upkeep import Upkeep
from reclake.tables import Table, ops

from .application import Application
from .expiry import expired_days, expired_rows, is_expiry, require_raw_records_can_go
from .export import remove_left_parts
from .phases import phase
from .training import MODEL

logger = logging.getLogger("reclake")
MAINTAINED, ERASING = "maintained", "erasing"
HELD, LEFT = "held by another run", "left, as its newest version is not published"


def maintain(app: Application, *, only: Collection[str] | None = None, erasing: bool = False) -> list[dict[str, Any]]:
    """Work on every table that exists, one after the other; gives a row of ops.maintenance for each.

    Properties follow the settings, rows go that are beyond the table's retention, small files are joined, and files and
    log entries go that no manifest of the last `lake.keep_manifests_days` needs. A published table is claimed while it is
    worked on, and its new version published; it is left alone when its newest version is not the published one, as the
    next run decides what becomes of that. Where all tables are worked on, and for an
    erasure, what broken exports left beside them goes too.

    Parameters
    ----------
    only
        Names of tables; all for None.
    erasing
        Remove every file that the newest version does not need, however young: for an erasure. Earlier manifests cannot
        be read afterwards, and readers that are at work break. The runner's own tables are left out: a run may be writing
        them, and they hold no personal data.

    Raises
    ------
    UsageError
        When raw records have a retention that the lake's sources do not allow (`require_raw_records_can_go`).
    """
    settings = app.settings.maintenance
    upkeep = Upkeep(app.store, max_small_files=settings.max_small_files, small_file_bytes=settings.small_file_bytes)
    app.ledger.load()
    if only is None or any(table.name in only for table in tables.of_stage("bronze")):
        require_raw_records_can_go(app)
    app.ledger.save()  # what a crash left in the log alone, before the log is trimmed
    kept = app.manifest.lowest_kept(app.clock() - timedelta(days=app.store.keep_days))
    rows = []
    for table in tables.TABLES:
        if only is not None and table.name not in only:
            continue
        if app.store.newest(table) is None or (erasing and table in ops.WRITTEN):
            continue
        work = _Work(app, upkeep, table, erasing=erasing)
        rows.append(work.of_runner() if table in ops.WRITTEN else work.of_published(kept))
        logger.info("maintenance of %s: %s", table.name, rows[-1]["outcome"])
    if only is None or erasing:
        remove_left_parts(app, even_young=erasing)
    if only is None:
        rows.extend(_of_models(app, erasing=erasing))
    return rows


def _of_models(app: Application, *, erasing: bool) -> list[dict[str, Any]]:
    """What became of the models, where there are any: their name in the manifest, and the outcome."""
    started = time.monotonic()
    try:
        outcome = MAINTAINED if remove_old_models(app, even_young=erasing) is not None else None
    except Overtaken:
        outcome = HELD
    return [{"table": f"model:{MODEL}", "outcome": outcome, "seconds": time.monotonic() - started}] if outcome else []


def remove_old_models(app: Application, *, even_young: bool = False) -> list[str] | None:
    """Remove the files of models that no kept manifest names, as they hold factors of customers; gives their versions.

    None where no model was promoted yet, or all of them were withdrawn.

    A model that was never promoted goes when it is as old as a file that no version needs. With `even_young` none but the one
    that serves stays.

    Raises
    ------
    Overtaken
        When a training is at work.
    ServiceDown
        When the registry does not answer.
    """
    not_before = app.clock() - timedelta(days=app.store.keep_days)
    kept = app.manifest.kept_models(MODEL, not_before)
    if not kept:
        return None
    claim = app.claims.take(app.run_id, {f"model:{MODEL}": (ALL_DAYS,)})
    try:
        serving = app.model_version(MODEL)  # only now: a training may just have ended
        removed = app.registry.remove_versions(
            keep={str(version) for version in ([serving] if even_young else [serving, *kept])},
            before=app.clock() if even_young else not_before,
            remove=Files(app.spark).remove,
        )
    finally:
        app.claims.release(claim)
    if removed:
        logger.info("removed the files of model versions %s, which no kept manifest names", ", ".join(removed))
    return removed


@dataclass(frozen=True, slots=True)
class _Work:
    """The work on one table; each of the two ways gives its row of ops.maintenance, or the outcome alone."""

    app: Application
    upkeep: Upkeep
    table: Table
    erasing: bool
    started: float = field(default_factory=time.monotonic)

    def of_published(self, kept: Mapping[str, int]) -> dict[str, Any]:
        """A table that manifests name; `kept` says the lowest version that must stay readable."""
        app, table = self.app, self.table
        try:
            claim = app.claims.take(app.run_id, {table.name: (ALL_DAYS,)})
        except Overtaken:
            return self._outcome(HELD)
        try:
            published, newest = app.manifest.current().get(table.name), app.store.newest(table)
            if published is None or (held := self._held(published)) != newest:
                return self._outcome(LEFT)
            app.store.require_undamaged(table, version=published.version, n_files=published.n_files, n_bytes=published.n_bytes)
            held, n_rows = self._remove_expired_days(claim, published, held)
            newest = int(app.store.newest(table) or 0)
            figures = self._join(newest, self.upkeep.lacking(table, newest))
            version = self._rows_as_in(held)
            app.claims.require_held(claim)
            stamp: dict[str, Any] = {"run_id": app.run_id, "token": claim.token, "at": app.clock(), "kind": "maintenance"}
            app.manifest.publish({table.name: version}, {table.name: n_rows}, **stamp)
            oldest = version if self.erasing else min(kept.get(table.name, version), version)
            return self._clear(figures, version=version, oldest=oldest)
        except Overtaken:
            return self._outcome(HELD)
        finally:
            app.claims.release(claim)

    def of_runner(self) -> dict[str, Any]:
        """A table that the runner writes without claims, and reads at its newest version only."""
        app, table = self.app, self.table
        newest = int(app.store.newest(table) or 0)
        try:
            lacking, expired = self.upkeep.lacking(table, newest), expired_rows(app, table, newest)
            # An append beside a change of properties fails, or beside a deletion: nobody may be at work then.
            is_change = bool(lacking) or expired is not None
            claim = app.claims.take(app.run_id, dict.fromkeys(tables.BY_NAME, (ALL_DAYS,))) if is_change else None
            try:
                if expired is not None:
                    app.store.delete(table, expired)
                figures = self._join(int(app.store.newest(table) or 0), lacking)
            finally:
                if claim is not None:
                    app.claims.release(claim)
            version = int(app.store.newest(table) or 0)
            return self._clear(figures, version=version, oldest=version)
        except Overtaken:
            return self._outcome(HELD)

    def _remove_expired_days(self, claim: Claim, published: Published, held: int) -> tuple[int, int]:
        """Remove the days beyond the retention, and note it; gives the version that holds the others, and their rows."""
        app, table = self.app, self.table
        if table.retention is None:
            return held, published.n_rows
        app.ledger.load()  # another run may have written between this one's start and its claim
        old = expired_days(app, table)
        if not old:
            return held, app.ledger.n_rows(table) if app.ledger.expired(table) else published.n_rows
        stamp: dict[str, Any] = {"run_id": app.run_id, "token": claim.token, "recorded_at": app.clock()}
        gone = [
            replace(entry, kind=EXPIRED, content=DayContent(Digest()), sequence=sequence_of(claim.token, number), **stamp)
            for number, entry in enumerate(old.values())
        ]
        days = [date.fromisoformat(day) for day in old]
        version = app.store.replace_days(table, app.store.empty(table), days=days, entry=commit_entry(uuid4().hex, gone))
        phase("expired", table.name)
        app.ledger.add(replace(entry, version=version) for entry in gone)
        app.ledger.save()
        return version, app.ledger.n_rows(table)

    def _held(self, published: Published) -> int:
        """The newest version that holds what is published, less what a maintenance removed that ended before it said so."""
        if published.kind == "rollback":
            return self._rows_as_in(published.version)  # there they have come back
        return self.app.store.log.kept_since(self.app.store.path(self.table), published.version, passing=is_expiry)

    def _rows_as_in(self, version: int) -> int:
        return self.app.store.log.kept_since(self.app.store.path(self.table), version)

    def _join(self, version: int, lacking: dict[str, str]) -> dict[str, Any]:
        """Set properties and join small files; gives what there was."""
        stored, layout = self.upkeep.stored(self.table), self.upkeep.layout(self.table, version)
        if lacking:
            self.upkeep.set_properties(self.table, lacking)
        if layout.crowded:
            phase("joining", self.table.name)
            self.upkeep.compact(self.table, layout.crowded)
            phase("joined", self.table.name)
        return {
            "n_days_compacted": len(layout.crowded),
            "n_files_before": layout.n_files,
            "n_bytes_before": layout.n_bytes,
            "n_stored_files_before": stored[0],
            "n_stored_bytes_before": stored[1],
        }

    def _clear(self, before: dict[str, Any], *, version: int, oldest: int) -> dict[str, Any]:
        """Remove old files and log entries, and note the figures."""
        app, table = self.app, self.table
        size, told = app.store.size(table, version), {**before, "version": version, "oldest_version": oldest}
        told |= {"n_files_after": size.n_files, "n_bytes_after": size.n_bytes}
        if self.erasing:
            self._note(told, ERASING)  # should this end half-way, no rollback goes to what may be gone
        if self.erasing or not self._is_removed_too_early(oldest, version):
            phase("removing", table.name)
            self.upkeep.remove_old_files(table, erasing=self.erasing)
            phase("removed", table.name)
        if table not in ops.WRITTEN:
            app.store.log.trim(app.store.path(table), below=oldest)
        return self._note(told, MAINTAINED)

    def _is_removed_too_early(self, oldest: int, version: int) -> bool:
        """Whether files of the oldest version to be kept may count as removed for so long that VACUUM takes them.

        It counts from the commit that removed them, a manifest's days from the publication of the next one: that may have come
        much later, as when the run between the two had died.
        """
        path, log = self.app.store.path(self.table), self.app.store.log
        following = next((newer for newer in log.versions(path) if oldest < newer <= version), None)
        at = None if following is None else log.commit(path, following).committed_at
        if at is None or at >= self.app.clock() - timedelta(days=self.app.store.keep_days):
            return False
        logger.info("old files of %s stay: version %d is still to be read, and was replaced long before", self.table.name, oldest)
        return True

    def _note(self, told: dict[str, Any], outcome: str) -> dict[str, Any]:
        n_files, n_bytes = self.upkeep.stored(self.table)
        row = self._outcome(outcome) | told | {"n_stored_files_after": n_files, "n_stored_bytes_after": n_bytes}
        stamp = {"run_id": self.app.run_id, "recorded_at": self.app.clock()}
        self.app.store.append(ops.MAINTENANCE, [row | stamp])
        return row

    def _outcome(self, outcome: str) -> dict[str, Any]:
        return {"table": self.table.name, "outcome": outcome, "seconds": time.monotonic() - self.started}


def require_maintained(rows: Sequence[Mapping[str, Any]], *, erasing: bool = False) -> None:
    """End red when a table was not worked on that should have been.

    Raises
    ------
    Overtaken
        When another run held it.
    StageStopped
        When its history was to be erased and is still there.
    """
    by_outcome = {outcome: [row["table"] for row in rows if row["outcome"] == outcome] for outcome in (HELD, LEFT)}
    if held := by_outcome[HELD]:
        raise Overtaken(f"{len(held)} tables were not maintained", f"another run holds {', '.join(held)}", "run it again later")
    if erasing and (left := by_outcome[LEFT]):
        raise StageStopped(
            f"the history of {len(left)} tables is still there",
            f"the newest version is not the published one: {', '.join(left)}",
            "reclake run publishes it or begins anew from the published one; then erase again",
        )


def erased_below(app: Application) -> dict[str, int]:
    """Table → the version below which files or log may be gone, as maintenance noted it."""
    noted = app.store.read_newest(ops.MAINTENANCE).groupBy("table").agg(F.max("oldest_version").alias("version"))
    return {row["table"]: row["version"] for row in noted.collect()}
