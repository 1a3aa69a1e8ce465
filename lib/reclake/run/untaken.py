"""Files that lie in a landing folder and were not taken in: noted by each run, told wherever somebody looks.

A run notes what it leaves lying once, and again when something in it changes. So the newest listing of a source is what lies
there as far as anybody has looked.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import Window as W
from pyspark.sql import functions as F

from reclake.sources.intake import OfferedFile, Waiting
from reclake.sources.source import Source
from reclake.tables import bronze, ops

from .application import Application
from .untaken_rows import NONE, rows_of, still_holds

logger = logging.getLogger("reclake")


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
    rows = rows_of(source, files)
    app.reporter.untaken(rows)
    newest = [row for row in untaken_files(app, with_empty=True) if row["source"] == source.name]
    now = app.clock()
    if still_holds(newest, rows, now=now):
        return
    nothing = {"source": source.name, "file_name": "", "state": NONE, "reason": "every file was taken in"}
    app.store.append(ops.UNTAKEN_FILES, [row | {"listed_at": now, "run_id": app.run_id} for row in rows or [nothing]])


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
