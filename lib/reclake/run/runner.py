"""One run over the whole graph: take in, then every stage; what is stopped stops only what reads it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from reclake import tables
from reclake.errors import ReclakeError, UsageError
from reclake.tables import bronze

from .application import Application
from .ingest import ingest
from .plan import Scope
from .sources_named import require_sources_named
from .stage import build_stage


def scope_of(
    app: Application,
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
    require_sources_named(app)
    days = None
    if first is not None and last is not None:
        days = frozenset(first + timedelta(days=n) for n in range((last - first).days + 1))
    chosen = None
    if table is not None:
        chosen = frozenset({table, *(t.name for t in tables.downstream_of(table))} if downstream else {table})
    end = last or last_delivery_day(app)
    asked = tuple(as_ofs) or ((end + timedelta(days=1),) if end else ())
    return Scope(delivery_days=days, as_ofs=asked, tables=chosen, force=force)


def last_delivery_day(app: Application) -> date | None:
    """The newest delivery day in bronze; None for an empty lake."""
    days = [day for table in bronze.TABLES if table.day_column for day in app.ledger.ever(table)]
    return date.fromisoformat(max(days)) if days else None


def next_as_of(app: Application) -> date:
    """The day after the last delivery day.

    Raises
    ------
    UsageError
        When the lake is empty.
    """
    last = last_delivery_day(app)
    if last is None:
        raise UsageError("the lake is empty", "no delivery in bronze", "reclake run takes files in")
    return last + timedelta(days=1)


def run_graph(
    app: Application,
    *,
    first: date | None = None,
    last: date | None = None,
    as_ofs: Sequence[date] = (),
    stages: Sequence[str] = tables.STAGES,
    table: str | None = None,
    downstream: bool = False,
    folder: str | None = None,
    force: bool = False,
    retries_rejected: bool = False,
) -> dict[str, ReclakeError]:
    """Take in and build what is new or stale; gives table → why it was stopped."""
    stopped: dict[str, ReclakeError] = {}
    days = None if first is None or last is None else [first + timedelta(days=n) for n in range((last - first).days + 1)]
    if "bronze" in stages and table is None:
        stopped |= ingest(app, folder, days=days, retries_rejected=retries_rejected)
    scope = scope_of(app, first=first, last=last, as_ofs=as_ofs, table=table, downstream=downstream, force=force)
    whole_way = tuple(stages) == tables.STAGES
    for stage in stages:
        if stage != "bronze":
            stopped |= build_stage(app, stage, scope, stopped=stopped if whole_way else None)
    return stopped
