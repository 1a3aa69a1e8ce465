"""One run order for every table: inputs at fixed versions → builder → gate → one commit → ledger → manifest."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Set
from dataclasses import replace
from datetime import date

from pyspark import StorageLevel

from reclake import tables
from reclake.errors import BuildBroken, ContractBroken, GateFailed, ReclakeError, StageStopped, TooMuchRejected
from reclake.lake.claims import ALL_DAYS
from reclake.lake.contents import contents_by_day
from reclake.lake.schema import conform
from reclake.lake.store import is_day_of
from reclake.tables import Table, silver

from .application import Application
from .building import built, reasons_for_nothing
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

logger = logging.getLogger("reclake")


def build_stage(
    app: Application, stage: str, scope: Scope, *, stopped: Mapping[str, ReclakeError] | None = None
) -> dict[str, ReclakeError]:
    """Build what can be built of a stage, publish it as one manifest, and give what was stopped.

    Parameters
    ----------
    stopped
        Tables of earlier stages that were stopped; without it they are found by being stale.

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
    blocked = set(stopped) if stopped is not None else _stale_before(app.planner(replace(scope, force=False)), stage)
    wanted = _upper_bound(planner, mine)
    published = app.manifest.current()
    wanted |= {table.name: (ALL_DAYS,) for table in mine if app.ledger.unpublished(table, published) is not None}
    if not wanted:
        idle: dict[str, ReclakeError] = {}
        for table in mine:
            if not _is_blocked(app, table, blocked, idle):
                app.reporter.finished(idle_report(app.ledger, planner, table))
        return idle
    with open_stage(app, stage, planner, wanted) as run:
        for table in mine:
            _build_or_stop(run, table, blocked)
    return run.stopped


def _stale_before(planner: Planner, stage: str) -> set[str]:
    """Tables of earlier stages that still have work in scope: something stopped them."""
    earlier = [table for s in tables.STAGES[: tables.STAGES.index(stage)] for table in tables.of_stage(s)]
    return {table.name for table in earlier if planner.work(table).reasons}


def _upper_bound(planner: Planner, mine: tuple[Table, ...]) -> dict[str, tuple[str, ...]]:
    """Days that the stage may write: stale ones now, and all of what reads a stale table of the same stage."""
    wanted: dict[str, tuple[str, ...]] = {}
    for table in mine:
        if work := planner.work(table).days:
            wanted[table.name] = work
        if any(i.table.name in wanted for i in table.reads):
            wanted[table.name] = (ALL_DAYS,)
    return wanted


def _is_blocked(app: Application, table: Table, blocked: Set[str], stopped: dict[str, ReclakeError]) -> bool:
    """Whether an input that feeds the table was stopped; then the table is noted as stopped too, and reported."""
    missing = sorted({i.table.name for i in table.reads if i.feeds} & (blocked | stopped.keys()))
    if missing:
        told = f"it reads {', '.join(missing)}"
        stopped[table.name] = StageStopped(f"{table.name} is not built", told, "mend what stopped these, then run again")
        app.reporter.finished(TableReport(table.stage, table.name, "not built", message=told))
    return bool(missing)


def _build_or_stop(run: StageRun, table: Table, blocked: Set[str]) -> None:
    app = run.app
    if _is_blocked(app, table, blocked, run.stopped):
        return
    work = run.planner.work(table)
    if work.kept:
        logger.info("%d days of %s stay as they are: raw records that they read are gone", len(work.kept), table.name)
    if not work.reasons:
        app.reporter.finished(idle_report(app.ledger, run.planner, table))
        return
    app.reporter.started(run.stage, table.name)
    try:
        app.reporter.finished(build_table(run, work))
    except (BuildBroken, ContractBroken, GateFailed, TooMuchRejected) as failure:
        run.stopped[table.name] = failure
        app.reporter.finished(stopped_report(run, table, failure))


def build_table(run: StageRun, work: Work) -> TableReport:
    """Build, check and commit the stale days of one table in one pass."""
    app, table = run.app, work.table
    started = time.monotonic()
    with counted_jobs(app.spark, f"{app.run_id}:{table.name}") as jobs:
        with faults_of_rows(table):
            frame = conform(built(run, work, builder_of(table)), table)
        if table.day_column:
            frame = frame.where(is_day_of(table.day_column, map(date.fromisoformat, work.days)))
        frame = frame.persist(StorageLevel.DISK_ONLY)
        try:
            with faults_of_rows(table):
                contents = contents_by_day(frame, table)
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
            frame.unpersist()
    logger.info("%s: %d rows of %d days, gate %s, version %s", table.name, n_rows, len(work.days), gate_row["verdict"], version)
    for warning in warnings:
        logger.warning("%s: %s", table.name, warning)
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


def _named(days: tuple[str, ...]) -> str:
    """The days as an error names them."""
    return days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
