"""One run order for every table: inputs at fixed versions → builder → gate → one commit → ledger → manifest."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from functools import reduce

from pyspark import StorageLevel
from pyspark.sql import DataFrame

from reclake import tables
from reclake.errors import BuildBroken, ContractBroken, GateFailed, ReclakeError, TooMuchRejected
from reclake.lake.claims import ALL_DAYS
from reclake.lake.contents import contents_by_day
from reclake.lake.digest import DayContent
from reclake.lake.schema import conform
from reclake.lake.store import is_day_of
from reclake.tables import Table, silver

from .application import Application
from .building import built_in_parts, reasons_for_nothing
from .code import builder_of
from .commit import commit_days
from .few_rejected import require_few_rejected
from .gating import check, noted, nothing_on, reported, short_days, spend_waiver, stopped_report
from .id_rules import require_rules_can_change
from .jobs import counted_jobs
from .phases import phase
from .plan import Planner, Scope, Work
from .report import TableReport, idle_report
from .row_faults import faults_of_rows
from .stage_run import StageRun, open_stage
from .waits import STOPPED, Root, not_built, roots_before, roots_of

logger = logging.getLogger("reclake")


def build_stage(
    app: Application, stage: str, scope: Scope, *, stopped: Mapping[str, ReclakeError] | None = None
) -> dict[str, ReclakeError]:
    """Build what can be built of a stage, publish it as one manifest, and give what was stopped.

    Parameters
    ----------
    stopped
        Tables of earlier stages that this run did not build; without it they are found by being stale.

    Raises
    ------
    Overtaken
        When another run holds the days or has written them since.
    UsageError
        When a source states another rule for its ids, and raw records that it would need are gone.
    """
    app.ledger.load()  # another run may have built since this one was opened
    if stage == silver.EVENT_RECORDS.stage:
        require_rules_can_change(app.ledger, app.sources)
    planner = app.planner(scope)
    mine = tables.of_stage(stage)
    unforced = app.planner(replace(scope, force=False))
    roots = roots_of(stopped) if stopped is not None else roots_before(app, unforced, stage)
    wanted = _upper_bound(planner, mine)
    published = app.manifest.current()
    wanted |= {table.name: (ALL_DAYS,) for table in mine if app.ledger.unpublished(table, published) is not None}
    if not wanted:
        idle: dict[str, ReclakeError] = {}
        for table in mine:
            if not _waits(app, planner, table, scope, roots, idle):
                app.reporter.finished(idle_report(app.ledger, table, is_asked=planner.is_asked(table)))
        return idle
    with open_stage(app, stage, planner, wanted) as run:
        for table in mine:
            if not _waits(app, planner, table, scope, roots, run.stopped):
                _build_or_stop(run, table)
            if table.name in run.stopped and table.name not in roots:
                roots[table.name] = Root(table.name, STOPPED)
    return run.stopped


def _upper_bound(planner: Planner, mine: tuple[Table, ...]) -> dict[str, tuple[str, ...]]:
    """Days that the stage may write: stale ones now, and all of what reads a stale table of the same stage."""
    wanted: dict[str, tuple[str, ...]] = {}
    for table in mine:
        if work := planner.work(table).days:
            wanted[table.name] = work
        if any(i.table.name in wanted for i in table.reads):
            wanted[table.name] = (ALL_DAYS,)
    return wanted


def _waits(
    app: Application, planner: Planner, table: Table, scope: Scope, roots: dict[str, Root], stopped: dict[str, ReclakeError]
) -> bool:
    """Whether an input that feeds the table is held up: then it is noted and reported as not built, if it was asked for."""
    error = not_built(table, roots, scope)
    if error is None:
        return False
    roots[table.name] = error.root
    if not planner.is_asked(table):
        app.reporter.finished(idle_report(app.ledger, table, is_asked=False))
        return True
    stopped[table.name] = error
    app.reporter.finished(TableReport(table.stage, table.name, "not built", message=error.args[1]))
    return True


def _build_or_stop(run: StageRun, table: Table) -> None:
    app = run.app
    work = run.planner.work(table)
    if work.kept:
        logger.info("%d days of %s stay as they are: raw records that they read are gone", len(work.kept), table.name)
    if not work.reasons:
        app.reporter.finished(idle_report(app.ledger, table, is_asked=run.planner.is_asked(table)))
        return
    app.reporter.started(run.stage, table.name)
    started = time.monotonic()
    try:
        app.reporter.finished(build_table(run, work))
    except (BuildBroken, ContractBroken, GateFailed, TooMuchRejected) as failure:
        run.stopped[table.name] = failure
        seconds = time.monotonic() - started
        app.reporter.finished(stopped_report(run, table, failure, seconds=seconds, n_days=len(work.days)))


def build_table(run: StageRun, work: Work) -> TableReport:
    """Build, check and commit the stale days of one table in one pass."""
    app, table = run.app, work.table
    started = time.monotonic()
    with counted_jobs(app.spark, f"{app.run_id}:{table.name}") as jobs:
        parts: list[DataFrame] = []
        try:
            with faults_of_rows(table):
                contents = _persisted(run, work, parts)
            frame = reduce(DataFrame.unionByName, parts)
            n_rows = sum(content.digest.n_rows for content in contents.values())
            phase("persisted", table.name)
            short = short_days(work, contents, app.ledger.days(table))
            with faults_of_rows(table):
                reasons = reasons_for_nothing(run, work, short)
            short = [day for day in short if day not in reasons]
            min_rows = 0 if work.unfed_days.issuperset(work.days) else None
            gate_row = check(run, table, frame, n_rows=n_rows, days=_named(work.days), short_days=short, min_rows=min_rows)
            n_rejected, warnings = require_few_rejected(run, table, frame, gate_row)
            warnings += noted(gate_row, [nothing_on(day, reason) for day, reason in sorted(reasons.items())])
            phase("gated", table.name)
            spend_waiver(run, gate_row)
            version, outcome = commit_days(run, work, frame, contents)
        finally:
            for part in parts:
                part.unpersist()
    seconds = time.monotonic() - started
    return reported(
        table,
        gate_row,
        outcome=outcome,
        version=version,
        jobs=jobs,
        seconds=seconds,
        n_days=len(work.days),
        as_ofs=work.days if table.is_as_of else (),
        n_rejected=n_rejected,
        warnings=warnings,
    )


def _persisted(run: StageRun, work: Work, parts: list[DataFrame]) -> dict[str, DayContent]:
    """The content of every stale day; the frames that hold them, computed one after the other, are added to `parts`."""
    table, contents = work.table, dict[str, DayContent]()
    for built in built_in_parts(run, work, builder_of(table)):
        frame = conform(built, table)
        if table.day_column:
            frame = frame.where(is_day_of(table.day_column, map(date.fromisoformat, work.days)))
        parts.append(frame.persist(StorageLevel.DISK_ONLY))
        contents |= contents_by_day(parts[-1], table)
    return contents


def _named(days: tuple[str, ...]) -> str:
    """The days as an error names them."""
    return days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
