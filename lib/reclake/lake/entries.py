"""Who built which day from what: the latest entry of every table and day; needs no Spark."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from reclake.tables import Table

from .commits import CommitLog
from .digest import DayContent, Digest
from .published import Published

REMOVED = "removed"  # the day is to be built again
EXPIRED = "expired"  # its rows are beyond their retention
ACCEPTED = "accepted"  # its rows stay: code that changed since would make the same
GONE = (REMOVED, EXPIRED)


def sequence_of(token: int, number: int) -> int:
    """The place of a run's entry among all entries: later claims come later."""
    return token * 1_000_000 + number


@dataclass(frozen=True, slots=True)
class Entry:
    """One day of one table as one run left it."""

    table: str
    day: str
    sequence: int
    kind: str  # build, unchanged, accepted, rollback, removed or expired
    version: int
    run_id: str
    token: int
    recorded_at: datetime
    content: DayContent
    code_digest: str
    settings_digest: str
    suite_digest: str
    input_digests: dict[str, str] = field(default_factory=dict)
    input_versions: dict[str, Any] = field(default_factory=dict)

    def row(self) -> dict[str, Any]:
        """The entry as a row of ops.ledger."""
        return {
            **{name: getattr(self, name) for name in PLAIN},
            "n_rows": self.content.digest.n_rows,
            "content_digest": str(self.content.digest),
            "details": json.dumps({day: str(d) for day, d in sorted(self.content.details.items())}),
            "input_digests": json.dumps(self.input_digests, sort_keys=True),
            "input_versions": json.dumps(self.input_versions, sort_keys=True),
        }

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> Entry:
        """The entry from a row of ops.ledger."""
        # Most tables have none, and a plan reads an entry for every table and day.
        details = {} if row["details"] == "{}" else {day: Digest.parse(text) for day, text in json.loads(row["details"]).items()}
        return cls(
            **{name: row[name] for name in PLAIN},
            content=DayContent(Digest.parse(row["content_digest"]), details),
            input_digests=json.loads(row["input_digests"]),
            input_versions=json.loads(row["input_versions"]),
        )


PLAIN = (
    "table", "day", "sequence", "kind", "version", "run_id", "token", "recorded_at", "code_digest", "settings_digest", "suite_digest",
)  # fmt: skip


def commit_entry(commit_id: str, entries: Iterable[Entry]) -> dict[str, Any]:
    """What rides in a commit: its id and the ledger rows that it makes true, so that no crash can part the two."""
    rows = [{**entry.row(), "recorded_at": entry.recorded_at.isoformat(), "version": None} for entry in entries]
    return {"commit_id": commit_id, "ledger": rows}


def _holds_what_was_judged(table: Table, n_written: int | None, entries: list[Entry]) -> bool:
    """Whether a commit wrote the rows that its gate counted; bronze entries count what the day holds in all."""
    return n_written is None or table.layer == "bronze" or n_written == sum(e.content.digest.n_rows for e in entries)


class Entries:
    """The entries held by a process: one per table and day, which is what it can hold for years of days."""

    def __init__(self) -> None:
        self._entries: dict[str, dict[str, Entry]] = {}
        # Table → its days as they stand and those that have expired, in order: a plan asks for them once per output day.
        self._standing: dict[str, dict[str, Entry]] = {}
        self._expired: dict[str, list[str]] = {}
        self._unsaved: list[Entry] = []
        self._recorded: dict[str, set[int]] = {}  # table → versions whose entries are known
        self._runs: dict[str, set[str]] = {}  # table → runs that wrote it

    def take_over(self, latest: Iterable[tuple[Mapping[str, Any], Iterable[int], Iterable[str]]]) -> None:
        """Hold these entries and no others.

        Parameters
        ----------
        latest
            For each table and day its latest row of ops.ledger, the versions and the runs of all its rows.
        """
        self._entries, self._recorded, self._runs, self._unsaved = {}, {}, {}, []
        self._standing, self._expired = {}, {}
        for row, versions, runs in latest:
            self._put(Entry.of_row(row))
            self._recorded.setdefault(row["table"], set()).update(versions)
            self._runs.setdefault(row["table"], set()).update(runs)

    def complete(self, table: Table, log: CommitLog, path: str) -> None:
        """Take up the entries of commits that the ledger lacks: not only newer ones, as runs on other days go on meanwhile."""
        recorded = self._recorded.setdefault(table.name, set())
        for version in log.versions(path):
            if version in recorded:
                continue
            commit = log.commit(path, version)
            rows = commit.user_metadata.get("ledger", [])
            entries = [
                Entry.of_row({**row, "recorded_at": datetime.fromisoformat(row["recorded_at"]), "version": version})
                for row in rows
            ]
            if not _holds_what_was_judged(table, commit.n_output_rows, entries):
                entries = [replace(entry, kind=REMOVED, content=DayContent(Digest())) for entry in entries]
            if table.write != "append_new":
                entries += self._overwritten(table, entries)
            self.add(entries)
            recorded.add(version)  # maintenance commits carry no entry

    def _overwritten(self, table: Table, entries: list[Entry]) -> list[Entry]:
        """Days of a newer run that an overtaken one wrote over, and ended before it put them back: built again."""
        known = self._entries.get(table.name, {})
        lost = (known[e.day] for e in entries if e.day in known and e.sequence < known[e.day].sequence)
        return [replace(entry, kind=REMOVED, content=DayContent(Digest()), sequence=entry.sequence + 1) for entry in lost]

    def _put(self, entry: Entry) -> None:
        days = self._entries.setdefault(entry.table, {})
        if entry.day not in days or days[entry.day].sequence <= entry.sequence:
            days[entry.day] = entry
            # New ones are made where they are asked for: who holds what was true before keeps it.
            self._standing.pop(entry.table, None)
            self._expired.pop(entry.table, None)

    def add(self, entries: Iterable[Entry]) -> None:
        """Take entries up; `save` writes them."""
        for entry in entries:
            self._put(entry)
            self._unsaved.append(entry)
            self._recorded.setdefault(entry.table, set()).add(entry.version)
            if entry.kind not in GONE:
                self._runs.setdefault(entry.table, set()).add(entry.run_id)

    def days(self, table: Table) -> Mapping[str, Entry]:
        """The table's days and their latest entries, in the order of the days."""
        if table.name not in self._standing:
            entries = sorted(self._entries.get(table.name, {}).items())
            self._standing[table.name] = {day: entry for day, entry in entries if entry.kind not in GONE}
        return self._standing[table.name]

    def taken_back(self, table: Table) -> set[str]:
        """The days that were built, and are to be built again: a rollback or a run that was overtaken took them back."""
        return {day for day, entry in self._entries.get(table.name, {}).items() if entry.kind == REMOVED}

    def ever(self, table: Table) -> dict[str, Entry]:
        """The table's days, and those that are beyond their retention."""
        return {day: entry for day, entry in self._entries.get(table.name, {}).items() if entry.kind != REMOVED}

    def expired(self, table: Table) -> Sequence[str]:
        """The days whose rows are beyond their retention, sorted."""
        if table.name not in self._expired:
            entries = sorted(self._entries.get(table.name, {}).items())
            self._expired[table.name] = [day for day, entry in entries if entry.kind == EXPIRED]
        return self._expired[table.name]

    def runs(self, table: Table) -> set[str]:
        """The runs that ever wrote rows of the table: one id per run."""
        return set(self._runs.get(table.name, set()))

    def knows(self, table: Table, version: int) -> bool:
        """Whether the entries of the version are taken up."""
        return version in self._recorded.get(table.name, set())

    def unpublished(self, table: Table, published: Mapping[str, Published]) -> int | None:
        """The version that was built and that no manifest names; None if there is none.

        Not simply the newest: commits of maintenance, and those that were put back, carry no entry.
        """
        built = max((entry.version for entry in self.days(table).values()), default=-1)
        row = published.get(table.name)
        return built if built > (-1 if row is None else row.version) else None

    def n_rows(self, table: Table) -> int:
        """The rows of all its days."""
        return sum(entry.content.digest.n_rows for entry in self.days(table).values())

    def holds(self, table: Table) -> bool:
        """Whether anything was ever built of the table."""
        return bool(self.days(table))
