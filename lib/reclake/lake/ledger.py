"""The entries of `ops.ledger` as a run reads and writes them, completed from the commits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from pyspark.sql import functions as F

from reclake.tables import TABLES, Table, ops

from .digest import DayContent, Digest
from .entries import ACCEPTED, EXPIRED, GONE, REMOVED, Entries, Entry, commit_entry, sequence_of
from .store import Store

__all__ = ["ACCEPTED", "EXPIRED", "REMOVED", "Entry", "Ledger", "commit_entry", "sequence_of"]


class Ledger(Entries):
    """The entries of a run that may write."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self._store = store
        self._seen: int | None = None  # version of the table that the entries are true of

    def load(self) -> None:
        """Read the latest entries unless they are known, and add those of commits that a crash left unrecorded.

        Nothing is written, as whoever only looks may not or cannot write: `save` writes what was added.
        """
        newest = self._store.newest(ops.LEDGER)
        if newest is not None and newest != self._seen:
            rows = self._store.read(ops.LEDGER, version=newest)
            latest = rows.groupBy("table", "day").agg(
                F.max_by(F.struct(*rows.columns), "sequence").alias("entry"),
                F.collect_set("version").alias("versions"),
                F.collect_set(F.when(~F.col("kind").isin(*GONE), F.col("run_id"))).alias("runs"),
            )
            self.take_over((row["entry"].asDict(), row["versions"], row["runs"]) for row in latest.collect())
            self._seen = newest
        for table in TABLES:
            if table not in ops.WRITTEN:
                self.complete(table, self._store.log, self._store.path(table))

    def save(self) -> None:
        """Write what was taken up since, in one commit."""
        if self._unsaved:
            version = self._store.append(ops.LEDGER, [entry.row() for entry in self._unsaved])
            # What others wrote in between is read at the next load.
            self._seen = version if version == (-1 if self._seen is None else self._seen) + 1 else None
            self._unsaved = []

    def first_built(self, table: Table) -> dict[str, datetime]:
        """Day → when it was built for the first time, whatever became of it since."""
        rows = self._store.read_newest(ops.LEDGER).where(
            (F.col("table") == table.name) & F.col("kind").isin("build", "unchanged")
        )
        return {row["day"]: row["at"] for row in rows.groupBy("day").agg(F.min("recorded_at").alias("at")).collect()}

    def as_then(self, table: Table, *, version: int, published_under: int) -> dict[str, Entry | None]:
        """Day → its entry when `version` was published, None for a day that was not there.

        `published_under` is the token of the run that published it: what rollbacks after it said does not count.
        """
        rows = self._store.read_newest(ops.LEDGER).where((F.col("table") == table.name) & (F.col("version") <= version))
        rows = rows.where(~F.col("kind").isin("rollback", *GONE) | (F.col("token") <= published_under))
        latest = rows.groupBy("day").agg(F.max_by(F.struct(*rows.columns), "sequence").alias("entry")).collect()
        found = {row["day"]: Entry.of_row(row["entry"].asDict()) for row in latest}
        held = {day: entry for day, entry in found.items() if entry.kind not in GONE}
        return {day: held.get(day) for day in self._entries.get(table.name, {})}

    def roll_back(self, table: Table, then: Mapping[str, Entry | None], *, run_id: str, token: int, at: datetime) -> None:
        """Make the entries true again that were so `as_then`; the other days are to be built again."""
        changed = []
        for number, (day, entry) in enumerate(sorted(self._entries.get(table.name, {}).items())):
            stamp: dict[str, Any] = {"run_id": run_id, "token": token, "recorded_at": at, "sequence": sequence_of(token, number)}
            earlier = then[day]
            if earlier is None:
                changed.append(replace(entry, kind=REMOVED, content=DayContent(Digest()), **stamp))
            elif earlier.sequence != entry.sequence:
                changed.append(replace(earlier, kind="rollback", **stamp))
        self.add(changed)
