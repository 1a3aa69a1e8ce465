"""What somebody asks of a table's rows, checked before anything is opened."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from reclake.tables import Table

from .conditions import columns_of, conditions_of, require_column
from .listings import Asked, at_as_of


def asked(
    table: Table, *, where: Iterable[str], as_of: date | None, columns: Iterable[str], sort: Iterable[str], limit: int
) -> Asked:
    """The options of one listing.

    Raises
    ------
    UsageError
        When one names a column that cannot be shown, or a value that is not of its type.
    """
    conditions = conditions_of(table, where)
    if as_of is not None:
        conditions = (*conditions, *at_as_of(table, as_of))
    chosen = tuple(columns_of(table, list(columns)))
    return Asked(table, conditions, chosen, tuple(_orders(table, sort)), limit)


def _orders(table: Table, sort: Iterable[str]) -> Iterable[tuple[str, bool]]:
    """Columns, and whether each is descending."""
    for name in (name.strip() for text in sort for name in text.split(",") if name.strip()):
        column = name.removeprefix("-")
        require_column(table, column, option=f"--sort {name}")
        yield column, name.startswith("-")
