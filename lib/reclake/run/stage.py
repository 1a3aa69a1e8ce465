"""One run order for every table: inputs at fixed versions → builder → gate → one commit → ledger → manifest."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from functools import reduce
from typing import Any
from uuid import uuid4

from pyspark import StorageLevel
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake import tables
from reclake.errors import ContractBroken, GateFailed, Overtaken, ReclakeError, StageStopped, TooMuchRejected
from reclake.lake.claims import ALL_DAYS, Claim
from reclake.lake.digest import DayContent, Digest, contents_by_day
from reclake.lake.ledger import REMOVED, Entry, commit_entry, sequence_of
from reclake.lake.manifest import WITHDRAWN, Published
from reclake.lake.schema import conform
from reclake.lake.store import is_day_of
from reclake.quality.verdict import Finding, Verdict
from reclake.tables import Reads, Table, ops, silver

from .application import Application
from .code import builder_of
from .jobs import counted_jobs
from .plan import Planner, Scope, Work
from .report import TableReport
from .waivers import Waivers

logger = logging.getLogger("reclake")


@dataclass
class StageRun:
    """What one stage holds while it works."""

    app: Application
    stage: str
    planner: Planner
    claim: Claim
    published: Mapping[str, Published]
    versions: dict[str, int]  # table → version to read
    built: dict[str, int] = field(default_factory=dict)  # table → version to publish
    rows: dict[str, int] = field(default_factory=dict)
    gate_rows: list[dict[str, Any]] = field(default_factory=list)
    stopped: dict[str, ReclakeError] = field(default_factory=dict)  # table → what stopped it
    n_entries: int = 0

    def next_sequence(self) -> int:
        """The place of the next ledger entry."""
        self.n_entries += 1
        return sequence_of(self.claim.token, self.n_entries)


@contextmanager
def open_stage(app: Application, stage: str, planner: Planner, claimed: Mapping[str, tuple[str, ...]]) -> Iterator[StageRun]:
    """Claim, read one state of the lake, and at the end record and publish what was built, whatever was stopped."""
    claim = app.claims.take(app.run_id, claimed)
    try:
        app.ledger.load()  # another run may have written between this run's start and its claim
        published = app.manifest.current()
        run = StageRun(app, stage, planner, claim, published, versions={n: p.version for n, p in published.items()})
        _adopt(run)
        try:
            yield run
        finally:
            # Also when the stage breaks off: what was committed until then is published by the next run.
            if run.gate_rows:
                app.store.append(ops.GATE_RESULTS, run.gate_rows)
        app.ledger.save()
        app.claims.require_held(claim)
        app.manifest.publish(run.built, run.rows, run_id=app.run_id, token=claim.token, at=app.clock())
    finally:
        app.claims.release(claim)


def _adopt(run: StageRun) -> None:
    """Take over versions that were gated and committed but not published, because their run ended in between."""
    for table in tables.of_stage(run.stage):
        if (version := _unpublished(run.app, table, run.published)) is not None:
            run.versions[table.name] = run.built[table.name] = version
            run.rows[table.name] = run.app.ledger.n_rows(table)


def _unpublished(app: Application, table: Table, published: Mapping[str, Published]) -> int | None:
    """The version that the ledger knows as built and no manifest names; None if there is none.

    Not simply the newest: commits of maintenance, and those that were put back, carry no entry.
    """
    built = max((entry.version for entry in app.ledger.days(table).values()), default=-1)
    row = published.get(table.name)
    return built if built > (-1 if row is None else row.version) else None


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
    planner = app.planner(scope)
    mine = tables.of_stage(stage)
    blocked = set(stopped) if stopped is not None else _stale_before(planner, stage)
    wanted = _upper_bound(planner, mine)
    published = app.manifest.current()
    wanted |= {table.name: (ALL_DAYS,) for table in mine if _unpublished(app, table, published) is not None}
    if not wanted:
        idle: dict[str, ReclakeError] = {}
        for table in mine:
            if not _is_blocked(app, table, blocked, idle):
                app.reporter.finished(_idle(app, table))
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


def _idle(app: Application, table: Table) -> TableReport:
    """The report of a table that needs no work: what it holds already."""
    entries = app.ledger.days(table)
    outcome = "up to date" if entries else "not fed"
    return TableReport(table.stage, table.name, outcome, n_rows=app.ledger.n_rows(table), n_days=len(entries))


def _is_blocked(app: Application, table: Table, blocked: Set[str], stopped: dict[str, ReclakeError]) -> bool:
    """Whether an input was stopped; then the table is noted as stopped too, and reported."""
    missing = sorted({i.table.name for i in table.inputs} & (blocked | stopped.keys()))
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
    if not work.reasons:
        app.reporter.finished(_idle(app, table))
        return
    app.reporter.started(run.stage, table.name)
    try:
        app.reporter.finished(build_table(run, work))
    except (ContractBroken, GateFailed, TooMuchRejected) as failure:
        run.stopped[table.name] = failure
        app.reporter.finished(TableReport(run.stage, table.name, "stopped", verdict="failed", message=str(failure)))


def build_table(run: StageRun, work: Work) -> TableReport:
    """Build, check and commit the stale days of one table in one pass."""
    app, table = run.app, work.table
    started = time.monotonic()
    with counted_jobs(app.spark, f"{app.run_id}:{table.name}") as jobs:
        frame = conform(_built(run, work), table)
        if table.day_column:
            frame = frame.where(is_day_of(table.day_column, map(date.fromisoformat, work.days)))
        frame = frame.persist(StorageLevel.DISK_ONLY)
        try:
            contents = contents_by_day(frame, table)
            n_rows = sum(content.digest.n_rows for content in contents.values())
            short_days = _short_days(work, contents, app.ledger.days(table))
            min_rows = 0 if work.unfed_days.issuperset(work.days) else None
            gate_row = check(run, table, frame, n_rows=n_rows, days=_named(work.days), short_days=short_days, min_rows=min_rows)
            n_rejected = _require_few_rejected(app, table, frame)
            spend_waiver(run, gate_row)
            version, outcome = _commit(run, work, frame, contents)
        finally:
            frame.unpersist()
    gate_row |= {"n_build_jobs": jobs.total, "build_seconds": time.monotonic() - started, "version": version}
    logger.info("%s: %d rows of %d days, gate %s, version %s", table.name, n_rows, len(work.days), gate_row["verdict"], version)
    return TableReport(
        run.stage,
        table.name,
        outcome,
        n_rows=n_rows,
        n_days=len(work.days),
        n_rejected=n_rejected,
        verdict=gate_row["verdict"],
        n_jobs=jobs.total,
        seconds=time.monotonic() - started,
    )


def _built(run: StageRun, work: Work) -> DataFrame:
    """The builder's frame over all stale days; an as_of table is the union of one call per as_of."""
    app, table = run.app, work.table
    inputs = {i.table.parameter: _input(run, work, n) for n, i in enumerate(table.inputs)}
    options = {key.rpartition(".")[2]: value for key, value in app.parameters(table).items()}
    if "run.earlier" in table.parameters:
        options["earlier"] = _earlier(run, work)
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
    if not run.planner.holds(i.table):
        return run.app.store.empty(i.table)
    version = run.versions[i.table.name]
    row = run.published.get(i.table.name)
    if row is not None and row.version == version:
        run.app.store.require_undamaged(i.table, version=version, n_files=row.n_files, n_bytes=row.n_bytes)
    return run.app.store.read(i.table, version=version, days=run.planner.days_to_read(i, work.days))


def _until(table: Table, inputs: Mapping[str, DataFrame], as_of: date) -> dict[str, DataFrame]:
    """Each input cut to what one as_of reads; validity tables are cut by the builder itself."""
    cut = dict(inputs)
    for i in table.inputs:
        if i.days.reads is Reads.UNTIL_AS_OF and i.table.day_column:
            cut[i.table.parameter] = inputs[i.table.parameter].where(F.col(i.table.day_column) < F.lit(as_of))
        elif i.table.is_as_of:
            cut[i.table.parameter] = inputs[i.table.parameter].where(F.col("as_of_date") == F.lit(as_of))
    return cut


def _short_days(work: Work, contents: Mapping[str, DayContent], before: Mapping[str, Entry]) -> list[str]:
    """Days with fewer rows than the table's floor; a day whose inputs hold nothing any more may be empty.

    An as_of of a table that may be empty may not be so right after one that held rows: people do not vanish overnight.
    """
    held = {day: contents[day].digest.n_rows if day in contents else 0 for day in work.days}
    if work.table.is_as_of:
        so_far = {day: entry.content.digest.n_rows for day, entry in before.items()} | held
        last = {day: max((other for other in so_far if other < day), default="") for day in work.days}
        floors = {day: max(work.table.min_rows, 1 if so_far.get(last[day]) else 0) for day in work.days}
    else:
        floors = dict.fromkeys(work.days, work.table.min_rows)
    return [day for day, n_rows in held.items() if n_rows < floors[day] and day not in work.unfed_days]


def _named(days: tuple[str, ...]) -> str:
    """The days as an error names them."""
    return days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"


def check(
    run: StageRun,
    table: Table,
    frame: DataFrame,
    *,
    n_rows: int,
    days: str = "",
    short_days: Sequence[str] = (),
    min_rows: int | None = None,
) -> dict[str, Any]:
    """The gate's verdict as a row of ops.gate_results; raises when it stops the table and no waiver lets it through.

    Parameters
    ----------
    short_days
        Days below the table's floor.
    min_rows
        The floor on all rows where it differs from the suite's.

    Raises
    ------
    GateFailed
        When the gate did not pass, for whatever reason.
    """
    app = run.app
    verdict = app.gate.check(table, frame, n_rows=n_rows, min_rows=min_rows)
    if short_days:
        short = f"{len(short_days)} days fall short, first {', '.join(short_days[:3])}"
        verdict = verdict.also(Finding.failed("every day has at least one row", n_bad=None, n_rows=n_rows, message=short))
    row = gate_row_of(app, table, verdict, n_rows=n_rows)
    run.gate_rows.append(row)
    if verdict.blocks:
        waiver = Waivers(app.store, app.clock).find(table) if verdict.is_waivable else None
        if waiver is None:
            raise verdict.failure(days=days)
        row |= {"verdict": "waived", "waiver_id": waiver}
    return row


def spend_waiver(run: StageRun, gate_row: Mapping[str, Any]) -> None:
    """Use up the waiver that lets a table through, once nothing else can stop its commit."""
    if (waiver := gate_row["waiver_id"]) is not None:
        Waivers(run.app.store, run.app.clock).spend(waiver, run_id=run.app.run_id)


def gate_row_of(app: Application, table: Table, verdict: Verdict, *, n_rows: int) -> dict[str, Any]:
    """A verdict as a row of ops.gate_results, before anything is committed."""
    return {
        "run_id": app.run_id,
        "table": table.name,
        "checked_at": app.clock(),
        "verdict": verdict.verdict,
        "n_expectations": verdict.n_expectations,
        "n_failed": verdict.n_failed,
        "findings": verdict.stored(),
        "n_rows": n_rows,
        "n_jobs": verdict.n_jobs,
        "seconds": verdict.seconds,
        "n_build_jobs": 0,
        "build_seconds": 0.0,
        "version": None,
        "waiver_id": None,
    }


def _require_few_rejected(app: Application, table: Table, frame: DataFrame) -> int:
    """Rejected and late rows of a records table; stops it when a delivery was refused beyond its source's limit.

    Raises
    ------
    TooMuchRejected
        When a source's share of rejected records on a delivery day is above its limit.
    """
    if table not in silver.RECORDS:
        return 0
    is_refused = F.col("record_class").isin("rejected", "late")
    counted = frame.groupBy("source", "delivery_day").agg(F.count("*").alias("n"), F.count_if(is_refused).alias("refused"))
    total = 0
    for row in counted.collect():
        share = app.sources[row["source"]].max_rejected_share
        limit = app.settings.run.max_rejected_share if share is None else share
        if row["refused"] > limit * row["n"]:
            raise TooMuchRejected(
                f"{table.name} {row['delivery_day']}: too much of source {row['source']} is refused",
                found=f"{row['refused']:,} of {row['n']:,} records; at most {limit:.0%} may be",
                next_step="look at the delivery or its mapping, then run the day again; or raise max_rejected_share of the source",
            )
        total += row["refused"]
    return total


def _commit(run: StageRun, work: Work, frame: DataFrame, contents: Mapping[str, DayContent]) -> tuple[int, str]:
    """Commit the days whose content changed; the others get a ledger entry only."""
    app, table = run.app, work.table
    app.claims.require_held(run.claim)
    before = app.ledger.days(table)
    found = {day: contents.get(day, DayContent(Digest())) for day in work.days}
    changed = [day for day, content in found.items() if day not in before or before[day].content != content]
    unchanged = [day for day in work.days if day not in changed]
    app.ledger.add(_entry(run, work, day, "unchanged", before[day].version, found[day]) for day in unchanged)
    if not changed:
        return run.versions[table.name], "unchanged"
    _restore_if_rolled_back(run, table)
    entries = [_entry(run, work, day, "build", -1, found[day]) for day in changed]
    ride = commit_entry(uuid4().hex, entries)
    if table.write == "replace_days":
        days = [date.fromisoformat(day) for day in changed]
        kept = frame if not unchanged else frame.where(is_day_of(str(table.day_column), days))
        version = app.store.replace_days(table, kept, days=days, entry=ride)
    else:
        version = app.store.replace_whole(table, frame, entry=ride)
    try:
        _require_all_written(run, table, version, sum(found[day].digest.n_rows for day in changed))
        app.claims.require_held(run.claim)  # the claim may have gone while the commit was made
    except Overtaken:
        _put_back(run, table, version, _against_newer(run, table, version, entries))
        raise
    except ReclakeError:
        _put_back(run, table, version, entries)
        raise
    app.ledger.add(_entry(run, work, entry.day, "build", version, entry.content, sequence=entry.sequence) for entry in entries)
    run.versions[table.name] = run.built[table.name] = version
    run.rows[table.name] = app.ledger.n_rows(table)
    return version, "built"


def _restore_if_rolled_back(run: StageRun, table: Table) -> None:
    """Bring a table back to its published version, or to nothing, before it is written again after a rollback."""
    store, row = run.app.store, run.app.manifest.last(table.name)
    if row is None or row.kind != "rollback" or table.name in run.built:
        return
    if row.version != WITHDRAWN:
        if store.newest(table) != row.version:
            store.restore(table, version=row.version)
    elif _last_token(run, table) <= row.token:  # else a run on other days has begun anew already
        store.replace_whole(table, store.empty(table), entry={"commit_id": uuid4().hex})


def _last_token(run: StageRun, table: Table) -> int:
    """The fencing token of the newest commit that built anything; -1 without one."""
    log, path = run.app.store.log, run.app.store.path(table)
    for version in reversed(log.versions(path)):
        if entries := log.commit(path, version).user_metadata.get("ledger"):
            return int(entries[0]["token"])
    return -1


def _against_newer(run: StageRun, table: Table, version: int, entries: Sequence[Entry]) -> list[Entry]:
    """Days that a newer run had written before this commit; the others it may have taken over, or will write itself."""
    run.app.ledger.load()
    now = run.app.ledger.days(table)
    return [e for e in entries if e.day in now and now[e.day].token > e.token and now[e.day].version < version]


def _put_back(run: StageRun, table: Table, version: int, entries: Sequence[Entry]) -> None:
    """Undo a commit that must not be published: its days hold again what they held in the version before."""
    if not entries:
        return
    store, ledger = run.app.store, run.app.ledger
    before = ledger.days(table)
    if table.write == "replace_days":
        days = [date.fromisoformat(entry.day) for entry in entries]
        held = store.read(table, version=version - 1, days=days) if version else store.empty(table)
        store.replace_days(table, held, days=days, entry={"commit_id": uuid4().hex})
    else:
        held = store.read(table, version=version - 1) if version else store.empty(table)
        store.replace_whole(table, held, entry={"commit_id": uuid4().hex})
    # Entries ride in the refused commit: later ones must say that it does not count.
    ledger.add(
        replace(before[entry.day], sequence=run.next_sequence())
        if entry.day in before
        else replace(entry, kind=REMOVED, content=DayContent(Digest()), version=version, sequence=run.next_sequence())
        for entry in entries
    )
    ledger.save()


def _require_all_written(run: StageRun, table: Table, version: int, n_rows: int) -> None:
    """Refuse to publish a commit that holds other rows than the gate counted: a lost block may be computed anew."""
    written = run.app.store.log.commit(run.app.store.path(table), version).n_output_rows
    if written is not None and written != n_rows:
        raise GateFailed(
            f"{table.name}: version {version} holds other rows than its gate judged",
            found=f"{written:,} rows written, {n_rows:,} judged",
            next_step="run again; if it comes back, the builder is not deterministic",
        )


def _entry(
    run: StageRun, work: Work, day: str, kind: str, version: int, content: DayContent, *, sequence: int | None = None
) -> Entry:
    digests = run.app.digests(work.table)
    return Entry(
        table=work.table.name,
        day=day,
        sequence=run.next_sequence() if sequence is None else sequence,
        kind=kind,
        version=version,
        run_id=run.app.run_id,
        token=run.claim.token,
        recorded_at=run.app.clock(),
        content=content,
        code_digest=digests.code,
        settings_digest=digests.settings,
        suite_digest=digests.suite,
        input_digests=work.input_digests[day],
        input_versions={i.table.name: run.versions.get(i.table.name) for i in work.table.inputs},
    )


def require_nothing_stopped(stopped: Mapping[str, ReclakeError]) -> None:
    """End a run red when a table was stopped: with exit code 4 if a delivery was refused, else 3.

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
        error.exit_code = max(reason.exit_code for reason in stopped.values())
        raise error
