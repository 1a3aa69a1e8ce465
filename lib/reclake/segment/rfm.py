"""Recency, frequency and monetary scores: exact mid-rank quintiles."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import Window as W
from pyspark.sql import functions as F

from reclake.tables.line_kinds import SOLD_KINDS

N_SCORES = 5
_BUCKETS_PER_E_FOLD = 64  # values that differ by less than 1/64 of their size may share a bucket


def is_sale() -> Column:
    """Whether an order line sells a product or service for money: gifts, corrections, returns and money of the order do not."""
    is_sold_kind = F.col("line_kind").isNull() | F.col("line_kind").isin(*SOLD_KINDS)
    return ~F.col("is_return") & (F.col("quantity") > 0) & (F.col("line_amount") > 0) & is_sold_kind


def score(n_less: Column, n_equal: Column, n: Column) -> Column:
    """Mid-rank quintile, 1 to 5: p = (less + equal/2)/n and 1 + ⌊5p⌋, in whole numbers, at most 5.

    Equal values get equal scores, so a score that nobody has is right.
    """
    fifths = F.call_function("div", F.lit(N_SCORES) * (2 * n_less + n_equal), 2 * n)
    return F.least(F.lit(N_SCORES).cast("long"), 1 + fifths).cast("int")


def scored_bins(values: DataFrame) -> DataFrame:
    """One row per measure, unit and score that holds values: measure, unit, score, lower, upper, n.

    Exact, and no task holds all customers: they are counted by distinct value, values are cut into buckets of similar
    size, and only the bucket totals (some thousands per measure) are added up in one place.

    Parameters
    ----------
    values
        One row per customer and measure: measure, unit, value (the greater the better; decimal).
    """
    counted = (
        values
        .groupBy("measure", "unit", "value")
        .agg(F.count("*").alias("n_equal"))
        .withColumn("bucket", _bucket(F.col("value")))
        # The join below would add this to one of its sides only, and count everything twice.
        .where(F.col("measure").isNotNull() & F.col("unit").isNotNull() & F.col("bucket").isNotNull())
    )
    in_measure = W.partitionBy("measure", "unit")
    before_bucket = in_measure.orderBy("bucket").rowsBetween(W.unboundedPreceding, -1)
    buckets = (
        counted
        .groupBy("measure", "unit", "bucket")
        .agg(F.sum("n_equal").alias("n_bucket"))
        .select(
            "measure",
            "unit",
            "bucket",
            F.coalesce(F.sum("n_bucket").over(before_bucket), F.lit(0)).alias("n_before"),
            F.sum("n_bucket").over(in_measure).alias("n"),
        )
    )
    before_value = W.partitionBy("measure", "unit", "bucket").orderBy("value").rowsBetween(W.unboundedPreceding, -1)
    n_less = F.col("n_before") + F.coalesce(F.sum("n_equal").over(before_value), F.lit(0))
    return (
        counted
        .join(F.broadcast(buckets), on=["measure", "unit", "bucket"], how="inner")
        .withColumn("score", score(n_less, F.col("n_equal"), F.col("n")))
        .groupBy("measure", "unit", "score")
        .agg(F.min("value").alias("lower"), F.max("value").alias("upper"), F.sum("n_equal").alias("n"))
    )


def _bucket(value: Column) -> Column:
    """A number that never falls when the value rises."""
    size = value.cast("double")
    return (F.signum(size) * F.floor(F.log1p(F.abs(size)) * _BUCKETS_PER_E_FOLD)).cast("long")


def score_in(bins: Column, *, measure: str, unit: Column, value: Column) -> Column:
    """The score of the bin that holds the value; null for null.

    Parameters
    ----------
    bins
        Array of (measure, unit, score, lower, upper).
    """
    holding = F.filter(bins, lambda b: (b["measure"] == measure) & (b["unit"] == unit) & value.between(b["lower"], b["upper"]))
    return F.get(holding, F.lit(0))["score"]
