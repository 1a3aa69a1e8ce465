"""One run over the whole graph: take in, then every stage; what is stopped stops only what reads it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, timedelta

from reclake import tables
from reclake.errors import ReclakeError

from .application import Application
from .ingest import ingest
from .scope import last_delivery_day, next_as_of, scope_of
from .stage import build_stage

__all__ = ["last_delivery_day", "next_as_of", "run_graph", "scope_of"]


def run_graph(
    app: Application,
    *,
    first: date | None = None,
    last: date | None = None,
    as_ofs: Sequence[date] = (),
    stages: Sequence[str] = tables.STAGES,
    table: str | None = None,
    downstream: bool = False,
    only: Collection[str] = (),
    folder: str | None = None,
    force: bool = False,
    retries_rejected: bool = False,
) -> dict[str, ReclakeError]:
    """Take in and build what is new or stale; gives table → why it was stopped.

    Tables are chosen by one name, with or without what reads it, or by several (`only`); without any all are meant.
    """
    stopped: dict[str, ReclakeError] = {}
    days = None if first is None or last is None else [first + timedelta(days=n) for n in range((last - first).days + 1)]
    if "bronze" in stages and table is None:
        stopped |= ingest(app, folder, days=days, retries_rejected=retries_rejected)
    scope = scope_of(app, first=first, last=last, as_ofs=as_ofs, table=table, downstream=downstream, only=only, force=force)
    whole_way = tuple(stages) == tables.STAGES
    for stage in stages:
        if stage != "bronze":
            stopped |= build_stage(app, stage, scope, stopped=stopped if whole_way else None)
    return stopped
