"""What the manifest says of tables and models; needs no Spark."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reclake.errors import UsageError
from reclake.tables import BY_NAME

WITHDRAWN = -1  # the version of what a rollback took back to before its first publication


@dataclass(frozen=True, slots=True)
class Published:
    """What the manifest says of one table or model."""

    name: str
    version: int
    n_files: int
    n_bytes: int
    n_rows: int
    kind: str  # publish, rollback or maintenance
    token: int  # fencing token of the publisher
    manifest_id: int

    @property
    def is_revocable(self) -> bool:
        """Whether a rollback may move it: what is only ever added to holds what arrived or was measured, and that stays."""
        table = BY_NAME.get(self.name)
        return table is None or table.write != "append_new"


def moved_by(to: int, current: Mapping[str, Published], then: Mapping[str, Published], *, last: int) -> dict[str, int]:
    """What a rollback to manifest `to` moves: table or model → version, WITHDRAWN for what was not published then.

    Tables that are only ever added to stay: what arrived in bronze or was measured of a model is not undone.

    Parameters
    ----------
    then
        What manifest `to` made current.
    last
        Number of the newest manifest.

    Raises
    ------
    UsageError
        When there is no such manifest.
    """
    if not 1 <= to <= last:
        raise UsageError(f"there is no manifest {to}", f"manifests 1 to {last}", "reclake history lists them")
    before = {name: then[name].version if name in then else WITHDRAWN for name in {*current, *then}}
    now = {name: row.version for name, row in current.items()}
    revocable = {row.name for row in (*current.values(), *then.values()) if row.is_revocable}
    return {name: version for name, version in sorted(before.items()) if name in revocable and now.get(name) != version}


def current_of(rows: Mapping[str, Published]) -> dict[str, Published]:
    return {name: row for name, row in rows.items() if row.version != WITHDRAWN}


def last_of(rows: Mapping[str, Published]) -> int:
    return max((row.manifest_id for row in rows.values()), default=0)
