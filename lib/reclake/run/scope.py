"""What a run is asked for, from the days and tables that somebody names; needs no Spark."""

from __future__ import annotations

from collections.abc import Collection, Sequence
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
    only: Collection[str] = (),
    force: bool = False,
) -> Scope:
    """The scope of a run over the delivery days first…last, or over everything if they are None.

    As-of tables are built for the as_ofs that are named; without any, for the day after the newest delivery of these days.
    Where nothing was delivered on any of them, there is no such as_of. Tables are chosen by one name, with or without what
    reads it, or by several (`only`); without any all are meant.

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
    chosen = frozenset(only) or None
    if table is not None:
        chosen = frozenset({table, *(t.name for t in tables.downstream_of(table))} if downstream else {table})
    asked = tuple(as_ofs)
    if not asked and (newest := last_delivery_day(lake, first=first, last=last)):
        asked = (newest + timedelta(days=1),)
    return Scope(delivery_days=days, as_ofs=asked, tables=chosen, force=force)


def last_delivery_day(lake: Opened, *, first: date | None = None, last: date | None = None) -> date | None:
    """The newest delivery day in bronze, from `first` to `last` where they are given; None without a delivery.

    A file without records is a delivery too: a closed shop's day is one that counts.
    """
    days = (date.fromisoformat(day) for table in bronze.FED for day in lake.ledger.ever(table))
    of_records = max((day for day in days if (first is None or day >= first) and (last is None or day <= last)), default=None)
    if of_records is not None and of_records == last:
        return of_records  # no file can be newer
    return max((day for day in (of_records, lake.newest_file_day(first, last)) if day is not None), default=None)


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
