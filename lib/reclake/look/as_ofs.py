"""Which as_of a reader of gold is shown."""

from __future__ import annotations

from datetime import date

from reclake.errors import UsageError
from reclake.tables import Table

from .reader import Reader


def as_of_of(reader: Reader, table: Table, asked: date | None) -> date:
    """The as_of that is asked for, or the newest one of the table.

    Raises
    ------
    UsageError
        When the table is not published, or holds no row of it.
    """
    reader.require_published(table)
    rows = reader.query(table, "SELECT DISTINCT as_of_date FROM rows", columns=["as_of_date"])
    held: list[date] = sorted(day for (day,) in rows)
    if asked is None and held:
        return held[-1]
    if asked not in held or asked is None:
        found = f"it has those of {held[0]} to {held[-1]}" if held else "it has none at all"
        raise UsageError(
            f"{table.name} has no rows of {'any as_of' if asked is None else f'the as_of {asked}'}",
            found,
            "name another as_of, or build it: reclake run --as-of DAY; figures of fewer people than privacy.min_group_size are left out",
        )
    return asked
