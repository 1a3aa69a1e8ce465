"""What pages read of published tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reclake.look.reader import Reader
from reclake.tables import Table


def rows_of(rows: Reader, table: Table, sql: str, columns: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """What SQL says of the table's `rows`; nothing of a table that is not published."""
    if table.name not in rows.published:
        return []
    return rows.query(table, sql, columns=columns.split(), parameters=parameters)
