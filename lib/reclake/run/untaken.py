"""Files that lie in a landing folder and were not taken in: noted by each run, told wherever somebody looks.

A run notes what it leaves lying once, and again when something in it changes. So the newest listing of a source is what lies
there as far as anybody has looked.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import Window as W
from pyspark.sql import functions as F

from reclake.sources.intake import OfferedFile, Waiting
from reclake.sources.sorting import finished_name
from reclake.sources.source import RECORDS, Source
from reclake.tables import bronze, ops

from .application import Application

logger = logging.getLogger("reclake")
NONE = "none"  # the state of the one row of a listing in which every file was taken in
_RENEWED_DAYS = 30  # a listing that still holds is noted again after this, long before its rows expire


def note_untaken(app: Application, source: Source, offered: Collection[OfferedFile], left: Collection[Waiting]) -> None:
    """Note what a run left lying in the source's landing folder, if it differs from the newest listing; report it in any case.

    Parameters
    ----------
    offered
        The complete files of its feeds: those that bronze.files says are refused are told.
    left
        Files that wait, cannot be read, or that no feed takes.
    """
    files = [*left, *_refused(app, source, offered)]
    rows = [_row(source, file) for file in sorted(files, key=lambda file: file.file_name)]
    app.reporter.untaken(rows)
    newest = [row for row in untaken_files(app, with_empty=True) if row["source"] == source.name]
    now = app.clock()
    is_known = {_known(row) for row in rows} == {_known(row) for row in newest if row["state"] != NONE}
    if is_known and (not rows or now - newest[0]["listed_at"] < timedelta(days=_RENEWED_DAYS)):
        return
    nothing = {"source": source.name, "file_name": "", "state": NONE, "reason": "every file was taken in"}
    app.store.append(ops.UNTAKEN_FILES, [row | {"listed_at": now, "run_id": app.run_id} for row in rows or [nothing]])


def _known(row: Mapping[str, Any]) -> tuple[str, str, str]:
    """What makes a file another one to tell: of one that waits its reason tells an age, which only grows."""
    return row["file_name"], row["state"], "" if row["state"] == "waiting" else row["reason"]


def _refused(app: Application, source: Source, offered: Collection[OfferedFile]) -> list[Waiting]:
    """The offered files that lie as they lay when they were refused, with the reason of then."""
    published = app.manifest.current()
    if not offered or bronze.FILES.name not in published:
        return []
    lying = app.spark.createDataFrame(
        [(file.name, file.n_bytes, file.modified_millis) for file in offered], "file_name string, n_bytes long, modified long"
    )
    decided = app.read(bronze.FILES, version=published[bronze.FILES.name].version, published=published)
    of_source = decided.where(F.col("source") == source.name).withColumn("modified", F.unix_millis("arrived_at"))
    # A file that a replay took in after it was refused has both outcomes.
    outcomes = of_source.join(F.broadcast(lying), on=lying.columns, how="left_semi").groupBy("file_name")
    reasons = outcomes.agg(F.bool_or(F.col("outcome") == "ingested").alias("is_in"), F.max("reason").alias("reason"))
    rows = reasons.where(~F.col("is_in")).collect()  # a row per refused file that still lies there
    return [Waiting(row["file_name"], row["reason"], "refused") for row in rows]


def untaken_files(app: Application, *, with_empty: bool = False) -> list[dict[str, Any]]:
    """The files of the newest listing of each enabled source, by source and name.

    Parameters
    ----------
    with_empty
        Whether a listing in which every file was taken in gives its one row.
    """
    rows = _newest(app).orderBy("source", "file_name").collect()  # a row per file that lies there
    return [row.asDict() for row in rows if with_empty or row["state"] != NONE]


def _newest(app: Application) -> DataFrame:
    rows = app.store.read_newest(ops.UNTAKEN_FILES).where(F.col("source").isin(sorted(app.sources)))
    return rows.withColumn("newest", F.max("listed_at").over(W.partitionBy("source"))).where("listed_at = newest").drop("newest")


def _row(source: Source, file: Waiting) -> dict[str, Any]:
    name = source.feed_name(finished_name(file.file_name)) if file.state != "unmatched" else None
    feed = source.feeds[name] if name is not None else None
    return {
        "source": source.name,
        "file_name": file.file_name,
        "state": file.state,
        "reason": file.reason,
        "feed": name,
        "record_table": RECORDS[feed.table].name if feed else None,
        "delivery_day": feed.delivery_day.day_of(file.file_name) if feed else None,
    }
