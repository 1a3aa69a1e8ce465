"""What a day holds, as a number: rows and the sum of their hashes, taken from the persisted frame.

Sums are additive: a day that is appended to needs no second scan, and the rows of a validity table that count at an
as_of are the sum over its change days before it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reclake.tables import Table

WHOLE = "whole"
_MODULUS = 2**64


@dataclass(frozen=True, slots=True)
class Digest:
    """Rows and the sum of their hashes modulo 2⁶⁴.

    Examples
    --------
    >>> str(Digest(2, 7) + Digest(1, -3))
    '3:4'
    >>> Digest.parse("3:4").n_rows
    3
    """

    n_rows: int = 0
    sum: int = 0

    def __post_init__(self) -> None:
        # Two sums that name the same remainder are one digest.
        object.__setattr__(self, "sum", self.sum % _MODULUS)

    def __add__(self, other: Digest) -> Digest:
        return Digest(self.n_rows + other.n_rows, self.sum + other.sum)

    def __str__(self) -> str:
        return f"{self.n_rows}:{self.sum:x}"

    @classmethod
    def parse(cls, text: str) -> Digest:
        """The digest written as text."""
        rows, _, total = text.partition(":")
        return cls(int(rows), int(total, 16))


@dataclass(frozen=True, slots=True)
class DayContent:
    """The digest of one output day, and of its inner days where readers need them apart."""

    digest: Digest
    details: dict[str, Digest] = field(default_factory=dict)


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


def valid_at(content: DayContent, as_of: date) -> Digest:
    """The digest of the rows that count at `as_of`: opened before it, less closed before it."""
    return sum((digest for day, digest in content.details.items() if day < str(as_of)), Digest())
