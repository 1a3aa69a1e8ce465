"""What was not kept and why: records by reason, each with one of them, and files by name."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from pyspark.sql import functions as F

from reclake import tables
from reclake.inspection.written import written_value
from reclake.tables import bronze, silver

from .application import Application
from .views import Listing, Rows, first_rows, published

REJECTED = "rejected"
_PLACE = ("delivery_day", "file_digest", "position")


def rejected(app: Application, *, limit: int = 50) -> Listing:
    """Records that were not kept, by table, source, class and reason, each with one of them; files that were refused, by name.

    The example is the first delivered: its file and line, and what it wrote in the field that the reason is about, shown so
    that nobody is recognised by it. Each of the two is cut to `limit` rows.
    """
    table, files = silver.REJECTED_RECORDS, published(app, bronze.FILES)
    # Before anything was taken in, files may have been refused.
    records = published(app, table) if table.name in app.manifest.current() else app.store.empty(table)
    counted = (
        records
        .select("record_table", "source", F.explode_outer("reasons").alias("reason"), "record_class", *_PLACE)
        .groupBy("record_table", "source", "record_class", "reason")
        .agg(
            F.count("*").alias("records"),
            F.min("delivery_day").alias("first_day"),
            F.max("delivery_day").alias("last_day"),
            F.min(F.struct(*_PLACE)).alias("example"),
        )
    )
    # A replay takes files in that were refused before, and may refuse the others again.
    taken_in = files.where(F.col("outcome") == "ingested").select("source", "file_digest")
    not_taken_in = files.where(F.col("outcome") == "rejected").join(taken_in, on=["source", "file_digest"], how="left_anti")
    refused = not_taken_in.select(
        F.lit(bronze.FILES.name).alias("record_table"),
        "source",
        F.lit("rejected file").alias("record_class"),
        F.concat_ws(": ", "file_name", "reason").alias("reason"),
        F.lit(0).alias("records"),
        F.col("delivery_day").alias("first_day"),
        F.col("delivery_day").alias("last_day"),
        F.col("file_name").alias("file"),
        F.lit(None).cast("long").alias("line"),
        F.lit(None).cast("string").alias("value"),
    ).distinct()
    in_order = counted.orderBy(F.desc("records"), "record_table", "source", "record_class", "reason")
    reasons = first_rows(
        in_order.select("*", *(F.col(f"example.{name}").alias(f"example_{name}") for name in _PLACE)).drop("example"), limit
    )
    named = first_rows(refused.orderBy("source", "first_day", "reason"), limit)
    return Listing(_with_examples(app, reasons.rows) + named.rows, reasons.n_more + named.n_more)


def _with_examples(app: Application, reasons: Rows) -> Rows:
    """The rows with file, line and value of their example instead of its pointer; empty where the raw record is gone."""
    raw = {name: _raw_records(app, name, reasons) for name in {row["record_table"] for row in reasons}}
    return [_shown(app, row, raw[row["record_table"]].get(_place(row))) for row in reasons]


def _place(row: Mapping[str, Any]) -> tuple[str, str, int]:
    return row["source"], row["example_file_digest"], row["example_position"]


def _shown(app: Application, row: Mapping[str, Any], record: Mapping[str, Any] | None) -> dict[str, Any]:
    shown = {name: value for name, value in row.items() if not name.startswith("example_")}
    shown |= {"file": None, "line": None, "value": None}
    if record is None:
        return shown
    shown |= {"file": record["file_name"], "line": record["line"]}
    source = app.sources.get(row["source"])
    feed = source.feed_of(silver.raw_of(tables.BY_NAME[row["record_table"]]).noun, record["file_name"]) if source else None
    if feed is not None and row["record_class"] == REJECTED:  # of a duplicate or late record no value is wrong
        shown["value"] = written_value(row["reason"] or "", bytes(record["raw"]), record["header"], feed)
    return shown


def _raw_records(app: Application, record_table: str, reasons: Rows) -> dict[tuple[str, str, int], dict[str, Any]]:
    """The raw records of the examples of one records table, by source, file and position: one for each row that is shown."""
    table = silver.raw_of(tables.BY_NAME[record_table])
    current = app.manifest.current()
    mine = [row for row in reasons if row["record_table"] == record_table]
    if table.name not in current:
        return {}
    days = {date.fromisoformat(row["example_delivery_day"]) for row in mine}
    pointers = app.spark.createDataFrame([_place(row) for row in mine], "source string, file_digest string, position long")
    records = app.read(table, version=current[table.name].version, published=current, days=days)
    held = records.join(F.broadcast(pointers.distinct()), on=pointers.columns, how="left_semi")
    rows = held.select(*pointers.columns, "file_name", "line", "header", "raw").collect()
    return {(row["source"], row["file_digest"], row["position"]): row.asDict() for row in rows}
