"""What a job tells its scheduler beside the exit code: which tables its run has published."""

from __future__ import annotations

import json
import re
from typing import Any

from pyspark.sql import Column
from pyspark.sql import functions as F

from reclake.lake.files import Files
from reclake.tables import BY_NAME, ops

from .application import Application

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


def write_report(app: Application, place: str, *, exit_code: int) -> None:
    """Write what the run published as one JSON file at a path or URI that driver and scheduler both see."""
    told: dict[str, Any] = {"run_id": app.run_id, "exit_code": exit_code, "published": published_by(app)}
    Files(app.spark).write(place, json.dumps(told))
