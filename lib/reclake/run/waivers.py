"""Letting a table through its gate once: with a reason and an expiry, stored and shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from reclake.tables import Table, ops

if TYPE_CHECKING:
    from reclake.lake.store import Store


def in_force(rows: Iterable[Mapping[str, Any]], now: datetime) -> list[dict[str, Any]]:
    """The waivers of ops.waivers that were granted, are not used and have not expired."""
    noted = [dict(row) for row in rows]
    used = {row["waiver_id"] for row in noted if row["action"] == "used"}
    return [row for row in noted if row["action"] == "granted" and row["waiver_id"] not in used and row["expires_at"] > now]


class Waivers:
    """Grants, finds, spends and lists waivers in `ops.waivers`."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock

    def grant(self, table: Table, *, reason: str, expires_at: datetime) -> str:
        """Let the table through once until `expires_at`; gives the waiver's id."""
        waiver_id = uuid4().hex[:12]
        self._record(waiver_id, "granted", table.name, reason, expires_at, None)
        return waiver_id

    def find(self, table: Table) -> str | None:
        """A waiver in force for the table; None without one. It is spent when its table is committed."""
        return next((str(waiver["waiver_id"]) for waiver in self.in_force() if waiver["table"] == table.name), None)

    def spend(self, waiver_id: str, *, run_id: str) -> None:
        """Use the waiver up."""
        waiver = next(waiver for waiver in self.in_force() if waiver["waiver_id"] == waiver_id)
        self._record(waiver_id, "used", waiver["table"], waiver["reason"], waiver["expires_at"], run_id)

    def in_force(self) -> list[dict[str, Any]]:
        """Waivers granted, not used and not expired."""
        if self._store.newest(ops.WAIVERS) is None:
            return []
        rows = self._store.read_newest(ops.WAIVERS).collect()  # a row now and then
        return in_force((row.asDict() for row in rows), self._clock())

    def _record(self, waiver_id: str, action: str, table: str, reason: str, expires_at: datetime, run_id: str | None) -> None:
        row = {
            "waiver_id": waiver_id,
            "action": action,
            "table": table,
            "reason": reason,
            "expires_at": expires_at,
            "recorded_at": self._clock(),
            "run_id": run_id,
        }
        self._store.append(ops.WAIVERS, [row])
