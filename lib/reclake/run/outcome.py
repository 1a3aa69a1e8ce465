"""What a job tells its scheduler beside the exit code: what became of each table, what is published, what went wrong."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pyspark.sql import Column
from pyspark.sql import functions as F

from reclake.lake.files import Files
from reclake.printable import printable
from reclake.tables import BY_NAME, ops

from .application import Application
from .faults import as_error
from .job_log import LogReporter
from .report import TableReport

_TRY = r"__[0-9]+$"  # what a scheduler adds to a run's id for each of its tries; Java reads it as Python does


def is_try_of(run_id: str, column: str) -> Column:
    """Whether the column names the run or another try of it."""
    return F.regexp_replace(column, _TRY, "") == re.sub(_TRY, "", run_id)


def published_by(app: Application) -> dict[str, int]:
    """Table → version, of what this run or an earlier try of it has published and is still current.

    A try that was killed after its manifest has told nobody: the next one finds nothing to build and tells it for both.
    """
    if app.store.newest(ops.PUBLISHED_VERSIONS) is None:
        return {}
    is_mine = is_try_of(app.run_id, "run_id")
    rows = app.store.read_newest(ops.PUBLISHED_VERSIONS).where(is_mine).select("name", "version").distinct()
    mine = {(row["name"], row["version"]) for row in rows.collect()}
    current = {(name, row.version) for name, row in app.manifest.current().items() if name in BY_NAME}
    return dict(sorted(mine & current))


def report_of(
    run_id: str,
    published: Mapping[str, int],
    reporter: LogReporter,
    error: BaseException | None,
) -> dict[str, Any]:
    """The report as it is written: figures, names, days and messages of ours; no value of the data.

    `error` has the three parts of a ReclakeError, for a fault those that are told of it.
    """
    of_error = None if error is None else dict(zip(("wrong", "found", "next"), map(_shown, as_error(error).args), strict=True))
    return {
        "run_id": run_id,
        "exit_code": 0 if error is None else as_error(error).exit_code,
        "published": dict(published),
        "tables": [_row(report) for report in reporter.tables()],
        "error": of_error,
        "files": dict(sorted(Counter(file["state"] for file in reporter.files).items())),
    }


def _row(report: TableReport) -> dict[str, Any]:
    return {
        "table": report.table,
        "outcome": report.outcome,
        "rows": report.n_rows,
        "days": report.n_days,
        "refused": report.n_rejected,
        "verdict": report.verdict,
        "seconds": round(report.seconds, 1),
        "message": _shown(report.message or "; ".join(report.warnings)),
        "as_ofs": list(report.as_ofs),
        "version": report.version,
    }


def _shown(text: Any) -> str:
    return printable(str(text))


def write_report(app: Application, place: str, reporter: LogReporter, error: BaseException | None) -> None:
    """Write the report as one JSON file at a path or URI that driver and scheduler both see."""
    Files(app.spark).write(place, json.dumps(report_of(app.run_id, published_by(app), reporter, error)))
    reporter.is_written = True


def write_without_spark(place: str, run_id: str, reporter: LogReporter, error: BaseException) -> None:
    """The same where there is no session, or no more: on this machine only, and without what was published before."""
    if "://" in place and not place.startswith("file://"):
        return
    path = Path(place.removeprefix("file://"))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report_of(run_id, {}, reporter, error)), encoding="utf-8")
    reporter.is_written = True
