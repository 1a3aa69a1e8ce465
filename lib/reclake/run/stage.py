"""One run order for every table: inputs at fixed versions → builder → gate → one commit → ledger → manifest."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Set
from dataclasses import replace
from datetime import date
from functools import reduce
from typing import Any

from pyspark import StorageLevel
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake import tables
from reclake.errors import BuildBroken, ContractBroken, GateFailed, ReclakeError, StageStopped, TooMuchRejected
from reclake.lake.claims import ALL_DAYS
from reclake.lake.digest import contents_by_day
from reclake.lake.schema import conform
from reclake.lake.store import is_day_of
from reclake.tables import Reads, Table

from .application import Application
from .code import builder_of
from .commit import commit_days
from .gating import check, reported, require_few_rejected, short_days, spend_waiver, stopped_report
from .jobs import counted_jobs
from .phases import phase
from .plan import Planner, Scope, Work
from .report import TableReport
from .row_faults import faults_of_rows
from .stage_run import StageRun, open_stage, unpublished
from .untaken import untaken_frame

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
    """
    app.ledger.load()  # another run may have built since this one was opened
    planner = app.planner(scope)
    mine = tables.of_stage(stage)
    blocked = set(stopped) if stopped is not None else _stale_before(app.planner(replace(scope, force=False)), stage)
    wanted = _upper_bound(planner, mine)
    published = app.manifest.current()
    wanted |= {table.name: (ALL_DAYS,) for table in mine if unpublished(app, table, published) is not None}
    if not wanted:
        idle: dict[str, ReclakeError] = {}
        for table in mine:
            if not _is_blocked(app, table, blocked, idle):
                app.reporter.finished(_idle(app, planner, table))
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
        if any(i.table.name in wanted for i in table.inputs):
            wanted[table.name] = (ALL_DAYS,)
    return wanted


def _idle(app: Application, planner: Planner, table: Table) -> TableReport:
    """The report of a table that needs no work, or was not asked for: what it holds already."""
    entries = app.ledger.days(table)
    outcome = "not asked for" if not planner.is_asked(table) else "up to date" if entries else "not fed"
    return TableReport(table.stage, table.name, outcome, n_rows=app.ledger.n_rows(table), n_days=len(entries))


def _is_blocked(app: Application, table: Table, blocked: Set[str], stopped: dict[str, ReclakeError]) -> bool:
    """Whether an input that feeds the table was stopped; then the table is noted as stopped too, and reported."""
    missing = sorted({i.table.name for i in table.inputs if i.feeds} & (blocked | stopped.keys()))
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
        app.reporter.finished(_idle(app, run.planner, table))
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
            frame = conform(_built(run, work), table)
        if table.day_column:
            frame = frame.where(is_day_of(table.day_column, map(date.fromisoformat, work.days)))
        frame = frame.persist(StorageLevel.DISK_ONLY)
        try:
            with faults_of_rows(table):
                contents = contents_by_day(frame, table)
            n_rows = sum(content.digest.n_rows for content in contents.values())
            phase("persisted", table.name)
            short = short_days(work, contents, app.ledger.days(table))
            min_rows = 0 if work.unfed_days.issuperset(work.days) else None
            gate_row = check(run, table, frame, n_rows=n_rows, days=_named(work.days), short_days=short, min_rows=min_rows)
            n_rejected, warnings = require_few_rejected(app, table, frame, gate_row)
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
        n_rejected=n_rejected,
        warnings=warnings,
    )


def _built(run: StageRun, work: Work) -> DataFrame:
    """The builder's frame over all stale days; an as_of table is the union of one call per as_of."""
    app, table = run.app, work.table
    inputs = {i.table.parameter: _input(run, work, n) for n, i in enumerate(table.inputs)}
    options = {key.rpartition(".")[2]: value for key, value in app.parameters(table).items()}
    if "run.earlier" in table.parameters:
        options["earlier"] = _earlier(run, work)
    if "run.untaken" in table.parameters:
        options["untaken"] = untaken_frame(app)
    builder = builder_of(table)
    if not table.is_as_of:
        built: DataFrame = builder(**inputs, **options)
        return built
    model = _champion(app, table)
    frames: list[DataFrame] = []
    for as_of in map(date.fromisoformat, work.days):
        if table.model:
            # A model scores only days at or after its training cut.
            options["model"] = model if model is not None and model.cut <= as_of else None
        frames.append(builder(**_until(table, inputs, as_of), as_of=as_of, **options))
    return reduce(DataFrame.unionByName, frames)


def _earlier(run: StageRun, work: Work) -> DataFrame:
    """What the table itself holds of the days so far."""
    version = run.versions.get(work.table.name)
    if version is None:
        return run.app.store.empty(work.table)
    return run.app.store.read(work.table, version=version, days=list(map(date.fromisoformat, work.days)))


def _champion(app: Application, table: Table) -> Any:
    """The model version that the manifest names; None if the table takes none or nothing is promoted yet."""
    version = app.model_version(table.model) if table.model else None
    return None if version is None else app.registry.load(app.spark, str(version))


def _input(run: StageRun, work: Work, number: int) -> DataFrame:
    i = work.table.inputs[number]
    version = run.versions.get(i.table.name)
    if version is None or not run.planner.holds(i.table):  # never built, or not published yet by the run that built it
        return run.app.store.empty(i.table)
    days = run.planner.days_to_read(i, work.days)
    return run.app.read(i.table, version=version, published=run.published, days=days)


def _until(table: Table, inputs: Mapping[str, DataFrame], as_of: date) -> dict[str, DataFrame]:
    """Each input cut to what one as_of reads; validity tables are cut by the builder itself."""
    cut = dict(inputs)
    for i in table.inputs:
        if i.days.reads is Reads.UNTIL_AS_OF and i.table.day_column:
            cut[i.table.parameter] = inputs[i.table.parameter].where(F.col(i.table.day_column) < F.lit(as_of))
        elif i.table.is_as_of:
            cut[i.table.parameter] = inputs[i.table.parameter].where(F.col("as_of_date") == F.lit(as_of))
    return cut


def _named(days: tuple[str, ...]) -> str:
    """The days as an error names them."""
    return days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"


def require_nothing_stopped(stopped: Mapping[str, ReclakeError]) -> None:
    """End a run red when a table was stopped: with exit code 1 after a fault, 4 if a delivery was refused, else 3.

    Raises
    ------
    StageStopped
        When there is one; it names them all.
    """
    if stopped:
        error = StageStopped(
            f"{len(stopped)} tables were not built",
            found="; ".join(f"{name}: {reason.args[1]}" for name, reason in stopped.items()),
            next_step="reclake show ops.gate_results holds every verdict; mend the cause and run the day again",
        )
        codes = {reason.exit_code for reason in stopped.values()}
        error.exit_code = BuildBroken.exit_code if BuildBroken.exit_code in codes else max(codes)
        raise error
