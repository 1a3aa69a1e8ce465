"""Files that lie in a landing folder and were not taken in: noted by each run, told wherever somebody looks.

A run notes what it leaves lying once, and again when something in it changes. So the newest listing of a source is what lies
there as far as anybody has looked.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import Window as W
from pyspark.sql import functions as F

from reclake.sources.landing import UntakenFile
from reclake.sources.source import RECORDS, Source
from reclake.tables import ops

from .application import Application

logger = logging.getLogger("reclake")
NONE = "none"  # the state of the one row of a listing in which every file was taken in
_RENEWED_DAYS = 30  # a listing that still holds is noted again after this, long before its rows expire


def note_untaken(app: Application, source: Source, files: Collection[UntakenFile]) -> None:
    """Note what a run left lying in the source's landing folder, if it differs from the newest listing; report it in any case."""
    rows = [_row(source, file) for file in files]
    for row in rows:
        logger.warning("file %s of source %s is %s: %s", row["file_name"], source.name, row["state"], row["reason"])
    app.reporter.untaken(rows)
    newest = [row for row in untaken_files(app, with_empty=True) if row["source"] == source.name]
    now = app.clock()
    if not rows and all(row["state"] == NONE for row in newest):
        return
    if _same(rows, newest) and now - max(row["listed_at"] for row in newest) < timedelta(days=_RENEWED_DAYS):
        return
    nothing = {"source": source.name, "file_name": "", "state": NONE, "reason": "every file was taken in"}
    app.store.append(ops.UNTAKEN_FILES, [row | {"listed_at": now, "run_id": app.run_id} for row in rows or [nothing]])


def untaken_files(app: Application, *, with_empty: bool = False) -> list[dict[str, Any]]:
    """The files of the newest listing of each enabled source, by source and name.

    Parameters
    ----------
    with_empty
        Whether a listing in which every file was taken in gives its one row.
    """
    rows = _newest(app).orderBy("source", "file_name").collect()  # a row per file that lies there
    return [row.asDict() for row in rows if with_empty or row["state"] != NONE]


def untaken_frame(app: Application) -> DataFrame:
    """The same as a frame, for ops.freshness."""
    return _newest(app).where(F.col("state") != NONE)


def _newest(app: Application) -> DataFrame:
    rows = app.store.read_newest(ops.UNTAKEN_FILES).where(F.col("source").isin(sorted(app.sources)))
    return rows.withColumn("newest", F.max("listed_at").over(W.partitionBy("source"))).where("listed_at = newest").drop("newest")


def _row(source: Source, file: UntakenFile) -> dict[str, Any]:
    feed = source.feeds.get(file.feed or "")
    return {
        "source": source.name,
        "file_name": file.file_name,
        "state": file.state,
        "reason": file.reason,
        "feed": file.feed,
        "record_table": RECORDS[feed.table].name if feed else None,
        "delivery_day": file.day,
        "n_bytes": file.n_bytes,
        "modified_at": file.modified_at,
    }


def _same(rows: Collection[Mapping[str, Any]], noted: Collection[Mapping[str, Any]]) -> bool:
    """Whether both say the same of the same files; the reason may tell an age, which grows."""

    def known(row: Mapping[str, Any]) -> tuple[Any, ...]:
        at: datetime | None = row["modified_at"]
        return row["file_name"], row["state"], row["n_bytes"], at.replace(tzinfo=None) if at else None

    return {known(row) for row in rows} == {known(row) for row in noted}
