"""What was forecast at the split, beside what came after it: customers of like forecast joined, a bounded number of rows."""

from __future__ import annotations

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from .judging import Buckets, deciles
from .purchases import observed
from .purchasing import PARAMETERS
from .scoring import PURCHASING, SPENDING, with_forecasts

PURCHASES, VALUE = "purchases", "value"
_BUCKETS_PER_E_FOLD = 64  # forecasts of one bucket differ by less than 1/64
_SUM = "decimal(38,10)"  # sums of doubles depend on their order, those of decimals do not


def seen_at_split(bought: DataFrame, calibrated: DataFrame) -> DataFrame:
    """Those who had bought before the split, as `observed` sees them on that day; nobody where no model was judged.

    Parameters
    ----------
    bought
        See `purchases`; the days before the as_of.
    calibrated
        See `at_split`.
    """
    split = calibrated.agg(F.max("split_date").alias("split_date")).where("split_date is not null")
    return observed(bought.crossJoin(F.broadcast(split)), until=F.col("split_date"))


def at_split(value_models: DataFrame) -> DataFrame:
    """Of gold.value_models the parameters that know the days before the split alone, under the names of those that know all.

    One row per currency with a model that was judged on held-out days.
    """
    calibrated = {name: F.col(f"calibration_{name}") for name in (*PARAMETERS, *SPENDING)}
    return value_models.where("calibration_r is not null").select(
        "as_of_date", "currency", "split_date", "model", *(value.alias(name) for name, value in calibrated.items())
    )


def held_out(seen: DataFrame, calibrated: DataFrame) -> DataFrame:
    """One row per measure, unit, order and bucket of customers: n, expected, actual.

    `measure` is purchases (unit purchases), or value (unit a currency; undiscounted, of customers of that currency). `ordered_by` is
    forecast or actual: rows of the one serve calibration, those of the other what a perfect order would have been.

    Parameters
    ----------
    seen
        See `observed`: those who had bought before the split, seen on that day, and what came from then to the as_of.
    calibrated
        See `at_split`.
    """
    of_lake = calibrated.select(F.struct("as_of_date", "split_date", *PURCHASING).alias("one")).agg(F.max("one").alias("one"))
    of_currency = calibrated.select("currency", *SPENDING)
    known = (
        seen
        .crossJoin(F.broadcast(of_lake.where("one is not null")))
        .select(*seen.columns, "one.*")
        .join(F.broadcast(of_currency), on="currency", how="left")
        .withColumn("period_days", F.date_diff("as_of_date", "split_date").cast("double"))
    )
    scored = with_forecasts(known, n_periods=1, discount=0.0, interval_share=0.5)
    value = F.col("value_factor") * (F.col("spend_v") + F.col("repeat_amount").cast("double"))
    measures = F.array(
        _measured(PURCHASES, F.lit(PURCHASES), F.col("expected_purchases"), F.col("n_later").cast("double")),
        _measured(VALUE, F.col("currency"), value, F.col("later_amount").cast("double")),
    )
    rows = scored.select(F.inline(measures)).where("expected is not null")
    orders = F.array(_ordered("forecast", F.col("expected")), _ordered("actual", F.col("actual")))
    return (
        rows
        .select("measure", "unit", "expected", "actual", F.inline(orders))
        .groupBy("measure", "unit", "ordered_by", "bucket")
        .agg(
            F.count("*").alias("n"),
            F.sum(F.col("expected").cast(_SUM)).alias("expected"),
            F.sum(F.col("actual").cast(_SUM)).alias("actual"),
        )
    )


def _measured(measure: str, unit: Column, expected: Column, actual: Column) -> Column:
    named = F.lit(measure).alias("measure"), unit.alias("unit"), expected.alias("expected"), actual.alias("actual")
    return F.struct(*named)


def _ordered(name: str, value: Column) -> Column:
    lowest = F.lit(-(10**6))  # of what is nothing, or less
    bucket = F.when(value > 0, F.floor(F.log(value) * _BUCKETS_PER_E_FOLD).cast("int")).otherwise(lowest)
    return F.struct(F.lit(name).alias("ordered_by"), bucket.alias("bucket"))


def collected_buckets(rows: DataFrame) -> dict[tuple[str, str], tuple[Buckets, Buckets]]:
    """By measure and unit the buckets in order of forecast, and in order of what came: some thousands of rows at most."""
    table = rows.toArrow().sort_by([(name, "ascending") for name in ("measure", "unit", "ordered_by", "bucket")])
    groups = sorted(set(zip(table["measure"].to_pylist(), table["unit"].to_pylist(), strict=True)))
    return {group: (_buckets(table, *group, "forecast"), _buckets(table, *group, "actual")) for group in groups}


def _buckets(table: pa.Table, measure: str, unit: str, ordered_by: str) -> Buckets:
    equal, both = pa.compute.equal, pa.compute.and_
    chosen = both(both(equal(table["measure"], measure), equal(table["unit"], unit)), equal(table["ordered_by"], ordered_by))
    rows = table.filter(chosen)
    columns = [rows[name].cast(pa.float64()).to_numpy() for name in ("n", "expected", "actual")]
    return Buckets(columns[0], columns[1], columns[2])


def decile_rows(buckets: DataFrame, *, min_group_size: int) -> DataFrame:
    """One row per measure, unit and decile of at least `min_group_size` customers: n_customers, expected, actual."""
    rows = [
        (measure, unit, one.decile, one.n_customers // min_group_size * min_group_size, one.expected, one.actual)
        for (measure, unit), (by_forecast, _) in collected_buckets(buckets).items()
        for one in deciles(by_forecast)
        if one.n_customers >= min_group_size
    ]
    ddl = "measure string, unit string, decile int, n_customers long, expected double, actual double"
    return buckets.sparkSession.createDataFrame(rows, ddl)
