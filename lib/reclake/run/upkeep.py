"""Maintenance of one table: other files and a shorter log, the same rows, and none beyond the table's retention."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from uuid import uuid4

from reclake import tables
from reclake.errors import Overtaken
from reclake.lake.claims import ALL_DAYS, Claim
from reclake.lake.digest import DayContent, Digest
from reclake.lake.ledger import EXPIRED, commit_entry, sequence_of
from reclake.lake.manifest import Published
from reclake.lake.upkeep import Layout, Upkeep
from reclake.tables import Table, ops

from .application import Application
from .expiry import expired_days, expired_rows, is_expiry
from .phases import phase

logger = logging.getLogger("reclake")
TO_MAINTAIN, MAINTAINED, ERASING = "to maintain", "maintained", "erasing"
HELD, LEFT = "held by another run", "left, as its newest version is not published"


@dataclass(frozen=True, slots=True)
class TableUpkeep:
    """The work on one table: what would be done, or doing it in one of two ways, which give its row of ops.maintenance.

    A table that is not worked on gives its outcome alone.
    """

    app: Application
    upkeep: Upkeep
    table: Table
    erasing: bool
    started: float = field(default_factory=time.monotonic)

    def plan(self, kept: Mapping[str, int]) -> dict[str, Any]:
        """What would be done now."""
        app, table = self.app, self.table
        version, expired = int(app.store.newest(table) or 0), 0
        oldest = version
        if table in ops.WRITTEN:
            old = expired_rows(app, table, version)
            expired = 0 if old is None else app.store.read(table, version=version).where(old).count()
        else:
            published = app.manifest.current().get(table.name)
            if published is None or self._held(published) != version:
                return self.outcome(LEFT)
            expired = sum(entry.content.digest.n_rows for entry in expired_days(app, table).values())
            oldest = version if self.erasing else min(kept.get(table.name, version), version)
        layout, figures = self._before(version)
        return self.outcome(TO_MAINTAIN) | {
            "n_rows_expired": expired,
            "n_days_compacted": len(layout.crowded),
            "properties": ", ".join(sorted(self.upkeep.lacking(table, version))),
            "columns_to_remove": ", ".join(self.upkeep.undeclared(table, version)),
            "oldest_version": oldest,
            "n_stored_files": figures["n_stored_files_before"],
            "n_stored_bytes": figures["n_stored_bytes_before"],
        }

    def of_published(self, kept: Mapping[str, int]) -> dict[str, Any]:
        """A table that manifests name; `kept` says the lowest version that must stay readable."""
        app, table = self.app, self.table
        try:
            claim = app.claims.take(app.run_id, {table.name: (ALL_DAYS,)})
        except Overtaken:
            return self.outcome(HELD)
        try:
            published, newest = app.manifest.current().get(table.name), app.store.newest(table)
            if published is None:
                return self.outcome(LEFT)
            app.store.require_undamaged(table, version=published.version, n_files=published.n_files, n_bytes=published.n_bytes)
            if (held := self._held(published)) != newest:
                return self.outcome(LEFT)
            layout, figures = self._before(held)
            held, n_rows = self._remove_expired_days(claim, published, held)
            if held != newest:
                layout = self.upkeep.layout(table, held)
            figures |= {"n_rows_expired": published.n_rows - n_rows} | self._join(layout, held)
            version = self._rows_as_in(held)
            app.claims.require_held(claim)
            stamp: dict[str, Any] = {"run_id": app.run_id, "token": claim.token, "at": app.clock(), "kind": "maintenance"}
            app.manifest.publish({table.name: version}, {table.name: n_rows}, **stamp)
            oldest = version if self.erasing else min(kept.get(table.name, version), version)
            return self._clear(figures, version=version, oldest=oldest)
        except Overtaken:
            return self.outcome(HELD)
        finally:
            app.claims.release(claim)

    def of_runner(self) -> dict[str, Any]:
        """A table that the runner writes without claims, and reads at its newest version only."""
        app, table = self.app, self.table
        newest = int(app.store.newest(table) or 0)
        try:
            layout, figures = self._before(newest)
            expired = expired_rows(app, table, newest)
            # An append beside a change of properties fails, or beside a deletion: nobody may be at work then.
            is_change = expired is not None or self._is_outdated(newest)
            claim = app.claims.take(app.run_id, dict.fromkeys(tables.BY_NAME, (ALL_DAYS,))) if is_change else None
            try:
                if expired is not None:
                    figures["n_rows_expired"] = app.store.read(table, version=newest).where(expired).count()
                    app.store.delete(table, expired)
                    layout = self.upkeep.layout(table, int(app.store.newest(table) or 0))
                figures |= self._join(layout, int(app.store.newest(table) or 0))
            finally:
                if claim is not None:
                    app.claims.release(claim)
            version = int(app.store.newest(table) or 0)
            return self._clear(figures, version=version, oldest=version)
        except Overtaken:
            return self.outcome(HELD)

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

    def _before(self, version: int) -> tuple[Layout, dict[str, Any]]:
        """How the files lie before anything is done, and the figures of it."""
        stored, layout = self.upkeep.stored(self.table), self.upkeep.layout(self.table, version)
        return layout, {
            "n_files_before": layout.n_files,
            "n_bytes_before": layout.n_bytes,
            "n_stored_files_before": stored[0],
            "n_stored_bytes_before": stored[1],
            "n_rows_expired": 0,
        }

    def _is_outdated(self, version: int) -> bool:
        """Whether properties, columns or statistics are those of an earlier release or setting."""
        upkeep, table = self.upkeep, self.table
        return bool(upkeep.lacking(table, version) or upkeep.undeclared(table, version)) or upkeep.has_closed_statistics(
            table, version
        )

    def _join(self, layout: Layout, version: int) -> dict[str, Any]:
        """Set properties, remove what is no longer stored, and join small files."""
        upkeep, table = self.upkeep, self.table
        if lacking := upkeep.lacking(table, version):
            upkeep.set_properties(table, lacking)
        undeclared, statistics = upkeep.undeclared(table, version), upkeep.has_closed_statistics(table, version)
        if undeclared or statistics:
            newest = int(self.app.store.newest(table) or 0)
            upkeep.renew(table, newest, undeclared=undeclared, statistics=statistics)
            layout = upkeep.layout(table, int(self.app.store.newest(table) or 0))
        if layout.crowded:
            phase("joining", self.table.name)
            self.upkeep.compact(self.table, layout.crowded)
            phase("joined", self.table.name)
        return {"n_days_compacted": len(layout.crowded)}

    def _clear(self, before: dict[str, Any], *, version: int, oldest: int) -> dict[str, Any]:
        """Remove old files and log entries, and note the figures."""
        app, table = self.app, self.table
        size, told = app.store.size(table, version), {**before, "version": version, "oldest_version": oldest}
        told |= {"n_files_after": size.n_files, "n_bytes_after": size.n_bytes}
        if self.erasing:
            self._note(told, ERASING)  # should this end half-way, no rollback goes to what may be gone
            app.store.log.checkpoint(app.store.path(table))  # what the log says of earlier files goes, too
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
        if at is None or at >= self.app.kept_since():
            return False
        logger.info("old files of %s stay: version %d is still to be read, and was replaced long before", self.table.name, oldest)
        return True

    def _note(self, told: dict[str, Any], outcome: str) -> dict[str, Any]:
        n_files, n_bytes = self.upkeep.stored(self.table)
        row = self.outcome(outcome) | told | {"n_stored_files_after": n_files, "n_stored_bytes_after": n_bytes}
        stamp = {"run_id": self.app.run_id, "recorded_at": self.app.clock()}
        self.app.store.append(ops.MAINTENANCE, [row | stamp])
        return row

    def outcome(self, outcome: str) -> dict[str, Any]:
        return {"table": self.table.name, "outcome": outcome, "seconds": time.monotonic() - self.started}
