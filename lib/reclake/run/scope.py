"""What a run is asked for, from the days and tables that somebody names; needs no Spark."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from reclake import tables
from reclake.errors import UsageError
from reclake.tables import bronze

from .opened import Opened
from .plan import Scope
from .sources_named import require_sources_named


def scope_of(
    lake: Opened,
    *,
    first: date | None,
    last: date | None,
    as_ofs: Sequence[date] = (),
    table: str | None = None,
    downstream: bool = False,
    force: bool = False,
) -> Scope:
    """The scope of a run over the delivery days first…last, or over everything if they are None.

    As-of tables are built for the day after the last delivery day, unless other as_ofs are named.

    Raises
    ------
    UsageError
        When the days are the wrong way round or the table does not exist.
    """
    if first is not None and last is not None and first > last:
        raise UsageError("the first day comes after the last", f"--from {first} --to {last}", "name them the other way round")
    require_sources_named(lake)
    days = None
    if first is not None and last is not None:
        days = frozenset(first + timedelta(days=n) for n in range((last - first).days + 1))
    chosen = None
    if table is not None:
        chosen = frozenset({table, *(t.name for t in tables.downstream_of(table))} if downstream else {table})
    end = last or last_delivery_day(lake)
    asked = tuple(as_ofs) or ((end + timedelta(days=1),) if end else ())
    return Scope(delivery_days=days, as_ofs=asked, tables=chosen, force=force)


def last_delivery_day(lake: Opened) -> date | None:
    """The newest delivery day in bronze; None for an empty lake."""
    days = [day for table in bronze.TABLES if table.day_column for day in lake.ledger.ever(table)]
    return date.fromisoformat(max(days)) if days else None


def next_as_of(lake: Opened) -> date:
    """The day after the last delivery day.

    Raises
    ------
    UsageError
        When the lake is empty.
    """
    last = last_delivery_day(lake)
    if last is None:
        raise UsageError("the lake is empty", "no delivery in bronze", "reclake run takes files in")
    return last + timedelta(days=1)
