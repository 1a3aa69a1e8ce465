"""Landing files into bronze: each file once, the good ones of a drop even beside bad ones."""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

from pyspark import StorageLevel
from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from reclake.errors import GateFailed, ReclakeError, UsageError
from reclake.lake.claims import ALL_DAYS
from reclake.lake.manifest import Published
from reclake.sources.intake import Intake, OfferedFile, Waiting, files_to_read, take_in
from reclake.sources.source import Source
from reclake.tables import BY_NAME, Table, bronze, of_stage

from .append import append_records
from .application import Application, located
from .expiry import open_from, require_raw_records_can_go
from .gating import stopped_report
from .id_rules import require_rules_can_change
from .plan import Scope
from .report import TableReport, idle_report
from .sources_named import require_sources_named
from .stage_run import StageRun, open_stage
from .untaken import note_untaken
from .waits import STOPPED

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
        When the lake holds records of a source that is not enabled, a folder does not exist, or one folder is named for
        several sources: each would take in whatever its patterns match.
    """
    if folder is not None and len(app.settings.sources.enabled) > 1:
        raise UsageError(
            "one landing folder cannot be that of several sources",
            f"enabled are {', '.join(app.settings.sources.enabled)}",
            "name the source it belongs to: --source NAME, or set landing.root and leave --landing out",
        )
    require_sources_named(app)  # before bronze changes: what was appended is not undone
    stopped: dict[str, ReclakeError] = {}
    for name in app.settings.sources.enabled:
        stopped |= ingest_source(app, app.sources[name], folder, days=days, retries_rejected=retries_rejected)
    fed = {table.name for name in app.settings.sources.enabled for table in _fed_by(app.sources[name])}
    _report_idle(app, [table for table in of_stage(STAGE) if table.name not in fed])
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
    app.ledger.load()  # another run may have taken in since this one was opened
    require_raw_records_can_go(app)
    require_rules_can_change(app.ledger, {source.name: source})
    place = _place(app, source, folder)
    now = app.clock().replace(tzinfo=UTC)  # as file times are
    if not retries_rejected and not _waits_to_be_published(app, source):
        to_read, offered, left = _to_read(app, source, place, app.manifest.current(), days=days, now=now)
        if not to_read:  # nothing has to be claimed
            _report_idle(app, _fed_by(source))
            note_untaken(app, source, offered, left)
            return {}
    # Two sources may feed one day of a table, and its ledger entry counts what both brought: one after the other.
    claimed = dict.fromkeys((table.name for table in _fed_by(source)), (ALL_DAYS,))
    with open_stage(app, STAGE, app.planner(Scope()), claimed) as run:
        taken = take_in(
            app.spark,
            source,
            place,
            known=_known(app, source, run.versions, run.published, with_rejected=not retries_rejected),
            delivery_days=days,
            limits=app.settings.landing,
            now=now,
            batch_id=app.run_id,
            timezone=app.settings.business.timezone,
            open_from=open_from(app),
        )
        files = taken.files.persist(StorageLevel.DISK_ONLY)
        try:
            _take_up(run, source, taken, files)
        finally:
            files.unpersist()
    note_untaken(app, source, taken.offered, taken.waiting)
    return run.stopped


def _place(app: Application, source: Source, folder: str | None) -> str:
    return located(app.home, folder or f"{located(app.home, app.settings.landing.root)}/{source.name}")


def _fed_by(source: Source) -> tuple[Table, ...]:
    """The tables that taking the source in writes."""
    return (bronze.FILES, *(BY_NAME[f"bronze.{noun}"] for noun in source.tables_fed))


def _waits_to_be_published(app: Application, source: Source) -> bool:
    """Whether an earlier run took something in and did not come to publish it."""
    published = app.manifest.current()
    return any(app.ledger.unpublished(table, published) is not None for table in _fed_by(source))


def _to_read(
    app: Application,
    source: Source,
    place: str,
    published: Mapping[str, Published],
    *,
    days: Collection[date] | None,
    now: datetime,
) -> tuple[list[OfferedFile], list[OfferedFile], list[Waiting]]:
    versions = {name: row.version for name, row in published.items()}
    known = _known(app, source, versions, published, with_rejected=True)
    return files_to_read(app.spark, source, place, known=known, delivery_days=days, now=now)


def _report_idle(app: Application, idle: Sequence[Table]) -> None:
    """Report tables for which nothing was delivered: what they hold already."""
    for table in idle:
        app.reporter.finished(idle_report(app.ledger, table))


def _take_up(run: StageRun, source: Source, taken: Intake, files: DataFrame) -> None:
    decided = files.select("feed", "outcome", "file_name", "reason", "n_records").collect()  # one row per file of this run
    for row in decided:
        if row["outcome"] == "ingested" and row["n_records"] == 0:
            logger.info("file %s of source %s holds no records, and is taken in as empty", row["file_name"], source.name)
    for file in taken.skipped:  # those that were refused before are named with all that lie there
        level = logging.WARNING if file.is_misplaced else logging.INFO
        logger.log(level, "file %s of source %s %s", file.file_name, source.name, file.reason)
    for table in _fed_by(source)[1:]:
        feeds = source.feeds_of(table.noun)
        # A file that rightly holds no record is noted among the files, and there is nothing to append of it.
        is_fed = any(row["feed"] in feeds and row["outcome"] == "ingested" and row["n_records"] for row in decided)
        if table.noun not in taken.records or not is_fed:
            run.app.reporter.finished(idle_report(run.app.ledger, table))
            continue
        _append_or_stop(run, table, taken.records[table.noun], source=source)
    _note_files(run, source, files, decided)


def _note_files(run: StageRun, source: Source, files: DataFrame, decided: Sequence[Row]) -> None:
    """Write what was decided on each file, unless a table was stopped: then the files are judged again by the next run."""
    refused = [row for row in decided if row["outcome"] == "rejected"]
    if stopped := sorted(run.stopped):
        for row in refused:
            logger.warning("file %s of source %s is refused: %s", row["file_name"], source.name, row["reason"])
        why = f"waits for {', '.join(stopped)}, which {STOPPED}"
        run.app.reporter.finished(TableReport(STAGE, bronze.FILES.name, "not built", message=why))
    elif decided:
        _append_or_stop(run, bronze.FILES, files, source=source, n_refused=len(refused))
    else:
        run.app.reporter.finished(idle_report(run.app.ledger, bronze.FILES))


def _append_or_stop(run: StageRun, table: Table, records: DataFrame, *, source: Source, n_refused: int = 0) -> None:
    run.app.reporter.started(STAGE, table.name)
    started = time.monotonic()
    try:
        run.app.reporter.finished(replace(append_records(run, table, records, source=source), n_rejected=n_refused))
    except GateFailed as failure:
        run.stopped[table.name] = failure
        run.app.reporter.finished(stopped_report(run, table, failure, seconds=time.monotonic() - started))


def _known(
    app: Application, source: Source, versions: Mapping[str, int], published: Mapping[str, Published], *, with_rejected: bool
) -> DataFrame | None:
    """Files decided on before, and those of runs that ended between taking records in and noting their files."""
    names = ["source", "file_digest", "file_name", "delivery_day", "arrived_at"]
    known = None
    if bronze.FILES.name in versions:
        files = app.read(bronze.FILES, version=versions[bronze.FILES.name], published=published)
        known = files.where(F.col("source") == source.name).select(*names, "n_bytes", "outcome", "batch_id")
    noted = set() if known is None else {row["batch_id"] for row in known.select("batch_id").distinct().collect()}
    for noun in source.tables_fed:
        table = BY_NAME[f"bronze.{noun}"]
        if table.name in versions and (unnoted := sorted(app.ledger.runs(table) - noted)):
            records = app.read(table, version=versions[table.name], published=published)
            of_source = (F.col("source") == source.name) & F.col("batch_id").isin(unnoted)
            files = records.where(of_source).select(*names, "batch_id").distinct()
            files = files.withColumns({"n_bytes": F.lit(None).cast("long"), "outcome": F.lit("ingested")})
            known = files if known is None else known.unionByName(files)
    return known if known is None or with_rejected else known.where(F.col("outcome") == "ingested")
