"""The content of days, taken from a persisted frame: rows and the sum of their hashes."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reclake.tables import Table

from .digest import WHOLE, DayContent, Digest


def row_hash(table: Table, *, without: tuple[str, ...] = ()) -> Column:
    """The hash of a row's columns but those that say which run wrote it."""
    left_out = {*table.run_columns, *without}
    hashed = [f for f in table.fields if f.name not in left_out]
    # Spark's hash passes over nulls: without knowing where they stand, a value that moved to the next column would not show.
    nulls = [F.col(f.name).isNull() for f in hashed if not f.required]
    return F.xxhash64(*[F.col(f.name) for f in hashed], *nulls).cast("decimal(38,0)")


def contents_by_day(frame: DataFrame, table: Table) -> dict[str, DayContent]:
    """The content of every output day in the frame, keyed by ISO date or 'whole'; one Spark aggregation.

    Collected is a row per day and inner day: hundreds to thousands, never per record.
    """
    if table.is_validity:
        return {WHOLE: _validity_content(frame, table)}
    if table.day_column is None:
        row = frame.agg(F.count("*"), F.sum(row_hash(table))).collect()[0]
        return {WHOLE: DayContent(Digest(row[0], int(row[1] or 0)))}
    inner = _inner_day(table)
    grouped = frame.groupBy(F.col(table.day_column).alias("day"), inner.alias("inner_day"))
    contents: dict[str, DayContent] = {}
    for row in grouped.agg(F.count("*").alias("n"), F.sum(row_hash(table)).alias("total")).collect():
        digest = Digest(row["n"], int(row["total"]))
        before = contents.get(str(row["day"]), DayContent(Digest()))
        details = before.details | ({str(row["inner_day"]): digest} if row["inner_day"] else {})
        contents[str(row["day"])] = DayContent(before.digest + digest, details)
    return contents


def _inner_day(table: Table) -> Column:
    """The event day of a kept record: what readers by event day take from a delivery."""
    if table.source_day_column is None:
        return F.lit(None).cast("date")
    return F.when(F.col("record_class") == "kept", F.col(table.source_day_column))


def _validity_content(frame: DataFrame, table: Table) -> DayContent:
    signed = frame.select(
        row_hash(table).alias("row"),
        row_hash(table, without=("valid_to",)).alias("open_row"),
        F.explode(
            F.array(
                F.struct(F.col("valid_from").alias("day"), F.lit(1).alias("sign")),
                F.struct(F.col("valid_to").alias("day"), F.lit(-1).alias("sign")),
            )
        ).alias("change"),
    )
    rows = (
        signed
        .where(F.col("change.day").isNotNull())
        .groupBy(F.col("change.day").alias("day"))
        .agg(
            F.sum("change.sign").alias("n"),
            F.sum(F.col("change.sign") * F.col("open_row")).alias("total"),
            F.sum(F.when(F.col("change.sign") == 1, 1).otherwise(0)).alias("n_rows"),
            F.sum(F.when(F.col("change.sign") == 1, F.col("row")).otherwise(0)).alias("row_total"),
        )
        .collect()
    )
    whole = sum((Digest(row["n_rows"], int(row["row_total"])) for row in rows), Digest())
    return DayContent(whole, {str(row["day"]): Digest(row["n"], int(row["total"])) for row in rows})
