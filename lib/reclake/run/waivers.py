"""Letting a table through its gate once: with a reason and an expiry, stored and shown."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import uuid4

from pyspark.sql import functions as F

from reclake.lake.store import Store
from reclake.tables import Table, ops


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
        rows = self._store.read_newest(ops.WAIVERS)
        used = rows.where(F.col("action") == "used").select("waiver_id")
        granted = rows.where(F.col("action") == "granted").join(used, on="waiver_id", how="left_anti")
        return [row.asDict() for row in granted.collect() if row["expires_at"] > self._clock()]

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
