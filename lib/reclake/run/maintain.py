"""Maintenance of the lake: other files and shorter logs, the same rows; readers, plans and rollbacks go on as before.

The log has a line per table with its files and bytes before and after, and one line in the end.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from pyspark.sql import functions as F

from reclake import tables
from reclake.errors import LakeDamaged, Overtaken, StageStopped
from reclake.lake.upkeep import Upkeep
from reclake.tables import gold, models, ops
from reclake.tables.models import Model

from .application import Application
from .expiry import require_raw_records_can_go
from .leftovers import remove_leftovers
from .old_models import remove_old_versions
from .report import TableReport
from .upkeep import HELD, LEFT, MAINTAINED, TableUpkeep

logger = logging.getLogger("reclake")
DAMAGED = "damaged"


def maintain(app: Application, *, only: Collection[str] | None = None, erasing: bool = False) -> list[dict[str, Any]]:
    """Work on every table that exists, one after the other; gives a row of ops.maintenance for each.

    Properties follow the settings, rows go that are beyond the table's retention, small files are joined, and files and
    log entries go that no manifest of the last `lake.keep_manifests_days` needs. A published table is claimed while it is
    worked on, and its new version published; it is left alone when its newest version is not the published one, as the
    next run decides what becomes of that. Where all tables are worked on, so are the models; there and for an erasure, what
    killed exports and trainings left goes too.

    Parameters
    ----------
    only
        Names of tables; all for None.
    erasing
        Remove every file that the newest version does not need, however young: for an erasure. Earlier manifests cannot
        be read afterwards, and readers that are at work break. The runner's own tables are left out: a run may be writing
        them, and they hold no personal data.

    Raises
    ------
    UsageError
        When raw records have a retention that the lake's sources do not allow (`require_raw_records_can_go`).
    LakeDamaged
        When a table is not what was published, once the others have been worked on.
    """
    started = time.monotonic()
    _make_ready(app, only)
    app.ledger.save()  # what a crash left in the log alone, before the log is trimmed
    kept = app.manifest.lowest_kept(app.kept_since())
    rows, damages = [], []
    for work in _works(app, only, erasing=erasing):
        table = work.table
        app.reporter.started(table.stage, table.name)
        try:
            row = work.of_runner() if table in ops.WRITTEN else work.of_published(kept)
        except LakeDamaged as damage:
            damages.append(damage)
            row = work.outcome(DAMAGED)
        rows.append(row)
        app.reporter.finished(
            TableReport(table.stage, table.name, row["outcome"], seconds=row["seconds"], message=work_done(row))
        )
    if only is None or erasing:
        remove_leftovers(app, even_young=erasing)
    if only is None:
        rows.extend(row for model in models.MODELS for row in _of_model(app, model, erasing=erasing))
    logger.info("%s", summary(rows, seconds=time.monotonic() - started))
    if damages:
        raise damages[0]
    return rows


def would_do(app: Application, *, only: Collection[str] | None = None, erasing: bool = False) -> list[dict[str, Any]]:
    """What `maintain` would do with each table as it is now; nothing is written.

    How many files no version needs any more is known when they are removed, and not before.
    """
    _make_ready(app, only)
    kept = app.manifest.lowest_kept(app.kept_since())
    return [work.plan(kept) for work in _works(app, only, erasing=erasing)]


def _make_ready(app: Application, only: Collection[str] | None) -> None:
    app.ledger.load()
    if only is None or any(table.name in only for table in tables.of_stage("bronze")):
        require_raw_records_can_go(app)


def _works(app: Application, only: Collection[str] | None, *, erasing: bool) -> Iterator[TableUpkeep]:
    """One for each table that exists and was asked for."""
    settings = app.settings.maintenance
    upkeep = Upkeep(app.store, max_small_files=settings.max_small_files, small_file_bytes=settings.small_file_bytes)
    for table in tables.TABLES:
        is_asked_for = (only is None or table.name in only) and not (erasing and table in ops.WRITTEN)
        if is_asked_for and app.store.newest(table) is not None:
            yield TableUpkeep(app, upkeep, table, erasing=erasing)


def work_done(row: Mapping[str, Any]) -> str:
    """What maintenance changed of a table: all files in its folder before and after, and what it joined and removed.

    Examples
    --------
    >>> before = {"n_stored_files_before": 12, "n_stored_bytes_before": 4000}
    >>> after = {"n_stored_files_after": 9, "n_stored_bytes_after": 2500}
    >>> work_done({"n_days_compacted": 1, "n_rows_expired": 0, **before, **after})
    '12 -> 9 files, 4,000 -> 2,500 bytes, 1 day joined'
    """
    if "n_stored_files_after" not in row:
        return ""
    parts = [f"{row[f'n_stored_{what}_before']:,} -> {row[f'n_stored_{what}_after']:,} {what}" for what in ("files", "bytes")]
    if n_days := row.get("n_days_compacted"):
        parts.append(f"{n_days:,} {'day' if n_days == 1 else 'days'} joined")
    if n_rows := row.get("n_rows_expired"):
        parts.append(f"{n_rows:,} rows removed by age")
    return ", ".join(parts)


def summary(rows: Sequence[Mapping[str, Any]], *, seconds: float) -> str:
    """What maintenance did in one line: tables by outcome, and how many files and bytes there are less in all folders.

    New files of the log and of joined days count as well, so that a lake whose old files are still kept grows.

    Examples
    --------
    >>> done = {"outcome": "maintained", "n_stored_files_before": 12, "n_stored_bytes_before": 4000}
    >>> summary([done | {"n_stored_files_after": 9, "n_stored_bytes_after": 2500}], seconds=4)
    'maintenance: 1 maintained, 3 files removed, 1,500 bytes freed, 4 s'
    >>> summary([], seconds=0.4)
    'maintenance: nothing to do: there is no table yet, 0 s'
    """
    if not rows:
        return f"maintenance: nothing to do: there is no table yet, {seconds:.0f} s"
    outcomes = Counter(str(row["outcome"]) for row in rows)
    first = (outcome for outcome in (MAINTAINED, HELD, LEFT, DAMAGED) if outcomes[outcome])
    n_files, n_bytes = (
        sum(row[f"n_stored_{what}_before"] - row[f"n_stored_{what}_after"] for row in rows if f"n_stored_{what}_after" in row)
        for what in ("files", "bytes")
    )
    parts = [f"{outcomes[outcome]} {outcome}" for outcome in first]
    parts.append(f"{n_files:,} files removed" if n_files >= 0 else f"{-n_files:,} files more")
    parts.append(f"{n_bytes:,} bytes freed" if n_bytes >= 0 else f"{-n_bytes:,} bytes more")
    return f"maintenance: {', '.join(parts)}, {seconds:.0f} s"


def _of_model(app: Application, model: Model, *, erasing: bool) -> list[dict[str, Any]]:
    """What became of a model's versions, where there are any: its name in the manifest, and the outcome."""
    started = time.monotonic()
    try:
        removed = remove_old_versions(app, model, even_young=erasing)
        outcome = MAINTAINED if removed is not None else None
    except Overtaken:
        removed, outcome = None, HELD
    if not outcome:
        return []
    seconds, message = time.monotonic() - started, f"{len(removed)} versions removed" if removed else ""
    stage = gold.MODEL_METRICS.stage
    app.reporter.finished(TableReport(stage, model.published_name, outcome, seconds=seconds, message=message))
    return [{"table": model.published_name, "outcome": outcome, "seconds": seconds}]


def require_maintained(rows: Sequence[Mapping[str, Any]], *, erasing: bool = False) -> None:
    """End red when a table was not worked on that should have been.

    Raises
    ------
    Overtaken
        When another run held it.
    StageStopped
        When its history was to be erased and is still there.
    """
    by_outcome = {outcome: [row["table"] for row in rows if row["outcome"] == outcome] for outcome in (HELD, LEFT)}
    if held := by_outcome[HELD]:
        raise Overtaken(f"{len(held)} tables were not maintained", f"another run holds {', '.join(held)}", "run it again later")
    if erasing and (left := by_outcome[LEFT]):
        raise StageStopped(
            f"the history of {len(left)} tables is still there",
            f"the newest version is not the published one: {', '.join(left)}",
            f"reclake run, for {gold.MODEL_METRICS.name} reclake train, publishes it or begins anew; then erase again",
        )


def erased_below(app: Application) -> dict[str, int]:
    """Table → the version below which files or log may be gone, as maintenance noted it."""
    noted = app.store.read_newest(ops.MAINTENANCE).groupBy("table").agg(F.max("oldest_version").alias("version"))
    return {row["table"]: row["version"] for row in noted.collect()}
