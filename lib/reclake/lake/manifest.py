"""Which versions are read together: `ops.published_versions`, one conflict-checked commit per stage."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from reclake.errors import Overtaken
from reclake.tables import BY_NAME, models, ops

from .published import WITHDRAWN, Published, current_of, last_of, moved_by
from .store import Store

__all__ = ["WITHDRAWN", "Manifest", "Published"]

_TRIES = 5


class Manifest:
    """The current versions; moved only forwards, but by a rollback, which is a new manifest."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: tuple[int, dict[str, Published]] | None = None  # version of the table, and the last row of each name

    def last_id(self) -> int:
        """Number of the newest manifest; 0 before the first."""
        return last_of(self._rows())

    def current(self, manifest_id: int | None = None) -> dict[str, Published]:
        """Table or model → what is published; as of an earlier manifest if its number is given."""
        return current_of(self._rows() if manifest_id is None else self._read(F.col("manifest_id") <= manifest_id))

    def last(self, name: str) -> Published | None:
        """The last row of a table or model, also when it says that it was withdrawn; None if it was never published."""
        return self._rows().get(name)

    def _rows(self) -> dict[str, Published]:
        """The last row of every name ever published, withdrawn ones included: they carry numbers, too."""
        newest = self._store.newest(ops.PUBLISHED_VERSIONS)
        if newest is None:
            return {}
        if self._known is None or self._known[0] != newest:
            self._known = (newest, self._read(F.lit(True)))
        return self._known[1]

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

        A table that a run on other days has published at a higher version meanwhile is left out: that version holds
        this run's days as well.

        Parameters
        ----------
        versions
            Table name or model:<name> → version.
        rows
            Table name → rows of that version, where counted.

        Raises
        ------
        Overtaken
            When others published in between again and again.
        """
        for _ in range(_TRIES):
            rows_then = self._rows()
            current = current_of(rows_then)
            moved = {
                name: version
                for name, version in versions.items()
                if _moves(name, current.get(name), version, is_back=kind == "rollback")
            }
            if not moved:
                return None
            number = last_of(rows_then) + 1
            stamp = {"manifest_id": number, "kind": kind, "run_id": run_id, "token": token, "published_at": at}
            if self._append([self._row(name, v, rows.get(name, -1)) | stamp for name, v in moved.items()], rows_then):
                return number
        raise Overtaken("the manifest could not be published", f"{_TRIES} others came first", "run again")

    def _row(self, name: str, version: int, n_rows: int) -> dict[str, Any]:
        if name.startswith(models.PREFIX) or version == WITHDRAWN:
            return {"name": name, "version": version, "n_files": 0, "n_bytes": 0, "n_rows": n_rows}
        size = self._store.size(BY_NAME[name], version)
        return {"name": name, "version": version, "n_files": size.n_files, "n_bytes": size.n_bytes, "n_rows": n_rows}

    def _append(self, rows: list[dict[str, Any]], before: Mapping[str, Published]) -> bool:
        """Append rows of the next manifest; False if another took its number."""
        number = rows[0]["manifest_id"]
        version = self._store.append(ops.PUBLISHED_VERSIONS, rows, fence=("manifest", number))
        if version is None:
            return False
        # No manifest stands between the one that was read and this one: its number is the next.
        moved = {row["name"]: Published(**{name: row[name] for name in Published.__slots__}) for row in rows}
        self._known = (version, {**before, **moved})
        return True

    def moves_to(self, to: int) -> dict[str, int]:
        """What a rollback to manifest `to` moves: table or model → version, WITHDRAWN for what was not published then.

        Tables that are only ever added to stay: what arrived in bronze or was measured of a model is not undone.

        Raises
        ------
        UsageError
            When there is no such manifest.
        """
        return moved_by(to, self.current(), self.current(to), last=self.last_id())

    def lowest_kept(self, since: datetime) -> dict[str, int]:
        """Table → the lowest version that was current at `since` or at any time after it; models are left out."""
        named = self._kept(since).where(~F.col("name").startswith(models.PREFIX))
        return {row["name"]: row["version"] for row in named.groupBy("name").agg(F.min("version").alias("version")).collect()}

    def kept_models(self, name: str, since: datetime) -> set[int]:
        """The versions of a model that served at `since` or at any time after it."""
        return {row["version"] for row in self._kept(since).where(F.col("name") == f"{models.PREFIX}{name}").collect()}

    def _kept(self, since: datetime) -> DataFrame:
        """Name and version of what was current at `since` or at any time after it."""
        rows = self._store.read_newest(ops.PUBLISHED_VERSIONS)
        until = F.lead("published_at").over(Window.partitionBy("name").orderBy("manifest_id"))
        kept = rows.withColumn("until", until).where(F.col("until").isNull() | (F.col("until") >= F.lit(since)))
        return kept.where(F.col("version") != WITHDRAWN).select("name", "version")

    def highest(self, name: str) -> int | None:
        """The highest version of a table that was ever published, whatever went back since; None without one."""
        if self._store.newest(ops.PUBLISHED_VERSIONS) is None:
            return None
        rows = self._store.read_newest(ops.PUBLISHED_VERSIONS).where((F.col("name") == name) & (F.col("version") != WITHDRAWN))
        found: int | None = rows.agg(F.max("version")).collect()[0][0]
        return found

    def roll_back(
        self,
        to: int,
        *,
        run_id: str,
        token: int,
        at: datetime,
        instead: Mapping[str, int] | None = None,
        rows: Mapping[str, int] | None = None,
    ) -> dict[str, int]:
        """Make the state of manifest `to` current again as a new manifest; gives what moved, models included.

        Parameters
        ----------
        instead
            Table → version that takes the place of the one of manifest `to`: the same rows as consents allow them now.
        rows
            Table → rows of that version.

        Raises
        ------
        UsageError
            When there is no such manifest.
        """
        wanted = self.current(to)
        moved = self.moves_to(to) | dict(instead or {})
        counted = {name: wanted[name].n_rows if name in wanted else 0 for name in moved} | dict(rows or {})
        self.publish(moved, counted, run_id=run_id, token=token, at=at, kind="rollback")
        return moved


def _moves(name: str, row: Published | None, version: int, *, is_back: bool) -> bool:
    """Whether publishing the version changes what is current; only a rollback and a model may go to a lower one."""
    if row is None or row.version == version:
        return row is None
    return is_back or name.startswith(models.PREFIX) or version > row.version
