"""Landing files into bronze: each file once, the good ones of a drop even beside bad ones."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

from pyspark import StorageLevel
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.errors import GateFailed, ReclakeError, UsageError
from reclake.lake.claims import ALL_DAYS
from reclake.lake.digest import DayContent, Digest, contents_by_day
from reclake.lake.ledger import Entry, commit_entry
from reclake.sources.intake import Intake, OfferedFile, Waiting, files_to_read, take_in
from reclake.sources.source import Source
from reclake.tables import BY_NAME, Table, bronze

from .application import Application, located, require_sources_named
from .gating import check, reported, spend_waiver, stopped_report
from .jobs import counted_jobs
from .plan import Scope
from .report import TableReport
from .stage_run import StageRun, open_stage, require_as_published, unpublished

logger = logging.getLogger("reclake")
STAGE = "bronze"


def ingest(
    app: Application,
    folder: str | None = None,
    *,
    days: Collection[date] | None = None,
    retries_rejected: bool = False,
) -> dict[str, ReclakeError]:
    """Take in what the enabled sources delivered, one after the other; gives what was stopped.

    The parameters are those of `ingest_source`.

    Raises
    ------
    UsageError
        When the lake holds records of a source that is not enabled, or a folder does not exist.
    """
    require_sources_named(app)  # before bronze changes: what was appended is not undone
    stopped: dict[str, ReclakeError] = {}
    for name in app.settings.sources.enabled:
        stopped |= ingest_source(app, app.sources[name], folder, days=days, retries_rejected=retries_rejected)
    return stopped


def ingest_source(
    app: Application,
    source: Source,
    folder: str | None = None,
    *,
    days: Collection[date] | None = None,
    retries_rejected: bool = False,
) -> dict[str, ReclakeError]:
    """Take the source's complete new files of the delivery days in; gives what was stopped.

    Parameters
    ----------
    folder
        Where the source's files lie; by default `<landing.root>/<source>`.
    days
        Only files delivered for these days; all for None.
    retries_rejected
        Whether files that were refused before are judged again, as the source's mapping was mended.

    Raises
    ------
    UsageError
        When the folder does not exist.
    """
    place = _place(app, source, folder)
    now = app.clock().replace(tzinfo=UTC)  # as file times are
    if not retries_rejected and _is_idle(app, source, place, days=days, now=now):
        return {}
    # Two sources may feed one day of a table, and its ledger entry counts what both brought: one after the other.
    claimed = dict.fromkeys((table.name for table in _fed_by(source)), (ALL_DAYS,))
    with open_stage(app, STAGE, app.planner(Scope()), claimed) as run:
        taken = take_in(
            app.spark,
            source,
            place,
            known=_known(app, source, run.versions, with_rejected=not retries_rejected),
            delivery_days=days,
            limits=app.settings.landing,
            now=now,
            batch_id=app.run_id,
            timezone=app.settings.business.timezone,
        )
        files = taken.files.persist(StorageLevel.DISK_ONLY)
        try:
            _take_up(run, source, taken, files)
        finally:
            files.unpersist()
    return run.stopped


def _place(app: Application, source: Source, folder: str | None) -> str:
    return located(app.home, folder or f"{located(app.home, app.settings.landing.root)}/{source.name}")


def _fed_by(source: Source) -> tuple[Table, ...]:
    """The tables that taking the source in writes."""
    return (bronze.FILES, *(BY_NAME[f"bronze.{noun}"] for noun in source.tables_fed))


def _is_idle(app: Application, source: Source, place: str, *, days: Collection[date] | None, now: datetime) -> bool:
    """Whether nothing is to be taken in and nothing waits to be published: then nothing has to be claimed."""
    published = app.manifest.current()
    if any(unpublished(app, table, published) is not None for table in _fed_by(source)):
        return False
    return not any(_to_read(app, source, place, days=days, now=now))


def _to_read(
    app: Application, source: Source, place: str, *, days: Collection[date] | None, now: datetime
) -> tuple[list[OfferedFile], list[Waiting]]:
    versions = {name: row.version for name, row in app.manifest.current().items()}
    known = _known(app, source, versions, with_rejected=True)
    return files_to_read(app.spark, source, place, known=known, delivery_days=days, now=now)


def files_to_take_in(app: Application, source: Source, *, days: Collection[date] | None = None) -> list[OfferedFile]:
    """The source's complete files that the next run would read; none while its folder is not there."""
    place, now = _place(app, source, None), app.clock().replace(tzinfo=UTC)
    try:
        return _to_read(app, source, place, days=days, now=now)[0]
    except UsageError:
        return []  # nothing was ever delivered; a run says so


def _take_up(run: StageRun, source: Source, taken: Intake, files: DataFrame) -> None:
    decided = files.select("file_digest", "feed", "outcome", "file_name", "reason").collect()  # one row per file of this run
    for row in decided:
        if row["outcome"] == "rejected":
            logger.warning("file %s of source %s is rejected: %s", row["file_name"], source.name, row["reason"])
    for file in (*taken.waiting, *taken.skipped):
        logger.info("file %s of source %s %s", file.file_name, source.name, file.reason)
    for noun, records in taken.records.items():
        table = BY_NAME[f"bronze.{noun}"]
        feeds = source.feeds_of(noun)
        digests = sorted(row["file_digest"] for row in decided if row["feed"] in feeds and row["outcome"] == "ingested")
        if not digests:
            run.app.reporter.finished(TableReport(STAGE, table.name, "up to date"))
            continue
        _append_or_stop(run, table, records, batch=_batch(digests), source=source)
    if decided and not run.stopped:
        batch = _batch([f"{row['file_digest']}{row['file_name']}{row['outcome']}" for row in decided])
        _append_or_stop(run, bronze.FILES, files, batch=batch, source=source)


def _append_or_stop(run: StageRun, table: Table, records: DataFrame, *, batch: str, source: Source) -> None:
    run.app.reporter.started(STAGE, table.name)
    try:
        run.app.reporter.finished(_append(run, table, records, batch=batch, source=source))
    except GateFailed as failure:
        run.stopped[table.name] = failure
        run.app.reporter.finished(stopped_report(run, table, failure))


def _append(run: StageRun, table: Table, records: DataFrame, *, batch: str, source: Source) -> TableReport:
    """Gate and append the records of this run's files, and tell the ledger what their days hold now."""
    app = run.app
    started = time.monotonic()
    with counted_jobs(app.spark, f"{app.run_id}:{table.name}") as jobs:
        frame = records.persist(StorageLevel.DISK_ONLY)
        try:
            contents = contents_by_day(frame, table)
            n_rows = sum(content.digest.n_rows for content in contents.values())
            gate_row = check(run, table, frame, n_rows=n_rows)
            app.claims.require_held(run.claim)
            require_as_published(run, table)
            spend_waiver(run, gate_row)
            entries = [_entry(run, table, day, content, source) for day, content in sorted(contents.items())]
            version = app.store.append_new(table, frame, batch=batch, entry=commit_entry(uuid4().hex, entries))
        finally:
            frame.unpersist()
    if version is not None:
        app.ledger.add(Entry.of_row({**entry.row(), "version": version}) for entry in entries)
        run.versions[table.name] = run.built[table.name] = version
        run.rows[table.name] = app.ledger.n_rows(table)
    return reported(
        table,
        gate_row,
        outcome="built" if version is not None else "unchanged",
        version=version,
        jobs=jobs,
        seconds=time.monotonic() - started,
        n_days=len(contents),
    )


def _entry(run: StageRun, table: Table, day: str, added: DayContent, source: Source) -> Entry:
    """What the day holds after the append: digests are sums, so nothing is scanned again."""
    before = run.app.ledger.days(table).get(day)
    digest = (before.content.digest if before else Digest()) + added.digest
    digests = run.app.digests(table)
    versions: dict[str, Any] = {**(before.input_versions if before else {}), f"source:{source.name}": 0}
    return Entry(
        table=table.name,
        day=day,
        sequence=run.next_sequence(),
        kind="build",
        version=-1,
        run_id=run.app.run_id,
        token=run.claim.token,
        recorded_at=run.app.clock(),
        content=DayContent(digest),
        code_digest=digests.code,
        settings_digest=digests.settings,
        suite_digest=digests.suite,
        input_versions=versions,
    )


def _known(app: Application, source: Source, versions: Mapping[str, int], *, with_rejected: bool) -> DataFrame | None:
    """Files decided on before, and those of runs that ended between taking records in and noting their files."""
    names = ["source", "file_digest", "file_name", "arrived_at"]
    known = None
    # Asked of the ledger, too: a run that was opened before another published knows nothing yet, and must not seem idle.
    if app.ledger.days(bronze.FILES) and bronze.FILES.name in versions:
        files = app.store.read(bronze.FILES, version=versions[bronze.FILES.name])
        known = files.where(F.col("source") == source.name).select(*names, "n_bytes", "outcome", "batch_id")
    noted = set() if known is None else {row["batch_id"] for row in known.select("batch_id").distinct().collect()}
    for noun in source.tables_fed:
        table = BY_NAME[f"bronze.{noun}"]
        if table.name in versions and (unnoted := sorted(app.ledger.runs(table) - noted)):
            records = app.store.read(table, version=versions[table.name])
            of_source = (F.col("source") == source.name) & F.col("batch_id").isin(unnoted)
            files = records.where(of_source).select(*names, "batch_id").distinct()
            files = files.withColumns({"n_bytes": F.lit(None).cast("long"), "outcome": F.lit("ingested")})
            known = files if known is None else known.unionByName(files)
    return known if known is None or with_rejected else known.where(F.col("outcome") == "ingested")


def _batch(digests: list[str]) -> str:
    return hashlib.sha256("".join(sorted(digests)).encode()).hexdigest()[:32]
