"""What pages read of published tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from reclake.look.conditions import Condition
from reclake.look.reader import Reader
from reclake.tables import Table


def rows_of(
    rows: Reader, table: Table, sql: str, columns: str, parameters: Sequence[Any] = (), where: Sequence[Condition] = ()
) -> list[tuple[Any, ...]]:
    """What SQL says of the table's `rows`; nothing of a table that is not published."""
    if table.name not in rows.published:
        return []
    return rows.query(table, sql, columns=columns.split(), parameters=parameters, where=where)


def at_as_of(rows: Reader, table: Table, sql: str, columns: str, as_of: date, *parameters: Any) -> list[tuple[Any, ...]]:
    """The same of one as_of alone, which is the first parameter of the SQL: files of others are not opened."""
    only = [Condition("as_of_date", "=", (as_of,))]
    return rows_of(rows, table, sql, f"{columns} as_of_date", [as_of, *parameters], only)
