"""What the manifest says of tables and models; needs no Spark."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

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


def current_of(rows: Mapping[str, Published]) -> dict[str, Published]:
    return {name: row for name, row in rows.items() if row.version != WITHDRAWN}


def last_of(rows: Mapping[str, Published]) -> int:
    return max((row.manifest_id for row in rows.values()), default=0)
