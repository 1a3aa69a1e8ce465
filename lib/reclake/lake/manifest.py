"""Which versions are read together: `ops.published_versions`, one conflict-checked commit per stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pyspark.sql import Column
from pyspark.sql import functions as F

from reclake.errors import Overtaken, UsageError
from reclake.tables import BY_NAME, ops

from .store import Store

_MODEL = "model:"
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Published:
    """What the manifest says of one table or model."""

    name: str
    version: int
    n_files: int
    n_bytes: int
    n_rows: int
    kind: str  # publish or rollback
    manifest_id: int

    @property
    def is_revocable(self) -> bool:
        """Whether a rollback may move it."""
        return not self.name.startswith("bronze.")


class Manifest:
    """The current versions; moved only forwards, but by a rollback, which is a new manifest."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: tuple[int, dict[str, Published]] | None = None  # version of the table, and what was current then

    def last_id(self) -> int:
        """Number of the newest manifest; 0 before the first."""
        return max((row.manifest_id for row in self.current().values()), default=0)

    def current(self, manifest_id: int | None = None) -> dict[str, Published]:
        """Table or model → what is published; as of an earlier manifest if its number is given."""
        if manifest_id is not None:
            return self._read(F.col("manifest_id") <= manifest_id)
        newest = self._store.newest(ops.PUBLISHED_VERSIONS)
        if newest is None:
            return {}
        if self._known is None or self._known[0] != newest:
            self._known = (newest, self._read(F.lit(True)))
        return dict(self._known[1])

    def _read(self, wanted: Column) -> dict[str, Published]:
        rows = self._store.read_newest(ops.PUBLISHED_VERSIONS).where(wanted)
        latest = rows.groupBy("name").agg(F.max_by(F.struct(*rows.columns), "manifest_id").alias("row"))
        fields = Published.__slots__
        return {row["name"]: Published(**{name: row["row"][name] for name in fields}) for row in latest.collect()}

    def publish(
        self,
        versions: Mapping[str, int],
        rows: Mapping[str, int],
        *,
        run_id: str,
        token: int,
        at: datetime,
        kind: str = "publish",
    ) -> int | None:
        """Publish the named versions as one manifest; gives its number, None if there is nothing to publish.

        Parameters
        ----------
        versions
            Table name or model:<name> → version.
        rows
            Table name → rows of that version, where counted.

        Raises
        ------
        Overtaken
            When a newer version is published already, or others published in between again and again.
        """
        for _ in range(_TRIES):
            current = self.current()
            moved = {name: v for name, v in versions.items() if name not in current or current[name].version != v}
            if not moved:
                return None
            if kind == "publish":
                _require_forward(moved, current)
            number = max((row.manifest_id for row in current.values()), default=0) + 1
            stamp = {"manifest_id": number, "kind": kind, "run_id": run_id, "token": token, "published_at": at}
            if self._append([self._row(name, v, rows.get(name, -1)) | stamp for name, v in moved.items()], current):
                return number
        raise Overtaken("the manifest could not be published", f"{_TRIES} others came first", "run again")

    def _row(self, name: str, version: int, n_rows: int) -> dict[str, Any]:
        if name.startswith(_MODEL):
            return {"name": name, "version": version, "n_files": 0, "n_bytes": 0, "n_rows": n_rows}
        size = self._store.size(BY_NAME[name], version)
        return {"name": name, "version": version, "n_files": size.n_files, "n_bytes": size.n_bytes, "n_rows": n_rows}

    def _append(self, rows: list[dict[str, Any]], current: Mapping[str, Published]) -> bool:
        """Append rows of the next manifest; False if another took its number."""
        number = rows[0]["manifest_id"]
        version = self._store.append(ops.PUBLISHED_VERSIONS, rows, fence=("manifest", number))
        if version is None:
            return False
        # No manifest stands between the one that was read and this one: its number is the next.
        moved = {row["name"]: Published(**{name: row[name] for name in Published.__slots__}) for row in rows}
        self._known = (version, {**current, **moved})
        return True

    def roll_back(self, to: int, *, run_id: str, token: int, at: datetime) -> dict[str, int]:
        """Make the state of manifest `to` current again as a new manifest; gives what moved, models included.

        Bronze stays: it holds what arrived, and what arrived is not undone.

        Raises
        ------
        UsageError
            When there is no such manifest.
        """
        current, wanted = self.current(), self.current(to)
        if not 1 <= to <= max((row.manifest_id for row in current.values()), default=0):
            raise UsageError(f"there is no manifest {to}", f"manifests 1 to {self.last_id()}", "reclake history lists them")
        moved = {name: row.version for name, row in wanted.items() if row.is_revocable and current[name].version != row.version}
        rows = {name: wanted[name].n_rows for name in moved}
        self.publish(moved, rows, run_id=run_id, token=token, at=at, kind="rollback")
        return moved


def _require_forward(moved: Mapping[str, int], current: Mapping[str, Published]) -> None:
    for name, version in moved.items():
        if name in current and version < current[name].version and not name.startswith(_MODEL):
            raise Overtaken(
                f"{name} was published by a newer run",
                found=f"version {current[name].version}, this run has {version}",
                next_step="nothing: the newer state stands; run again if inputs have changed since",
            )
