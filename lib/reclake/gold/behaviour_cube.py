"""gold.behaviour_cube: what customers did, by month and pairs of dimensions."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reclake.behaviour.attributes import customer_attributes, product_attributes
from reclake.behaviour.cube import cells, publishing
from reclake.behaviour.cube.definition import Cube, declared_pairs
from reclake.behaviour.cube.rows import acts_of, cube_rows

_GROUP = ("dimension_a", "dimension_b", "month")


def behaviour_cube(
    people: DataFrame,
    events: DataFrame,
    order_lines: DataFrame,
    customer_segments: DataFrame,
    accounts: DataFrame,
    products: DataFrame,
    customer_numbers: DataFrame,
    *,
    as_of: date,
    cubes: Mapping[str, Cube],
    gap_minutes: int,
    timezone: str,
    reporting_currency: str,
    shown_days: int,
    min_group_size: int,
) -> DataFrame:
    """One row per as_of_date, month, pair of dimensions and pair of values of at least `min_group_size` customers.

    Shown are the months that begin in the `shown_days` days before `as_of`. The dimensions of customers and products are those
    of the as_of in every month, and so is who is one customer: so the bitmaps of two months speak of the same people.
    """
    plan = cells.Plan(declared_pairs(cubes), timezone, gap_minutes)
    acts = acts_of(people, events, order_lines, reporting_currency=reporting_currency).where(_is_shown(as_of, shown_days))
    customers = customer_attributes(people, accounts, customer_segments, as_of=as_of, timezone=timezone)
    numbered = customers.join(customer_numbers, on="customer_id", how="inner")
    rows = cube_rows(acts, numbered, product_attributes(products), dimensions=plan.dimensions, timezone=timezone)

    def count(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return cells.counted(batches, plan)

    def publish(table: pa.Table) -> pa.Table:
        return publishing.published(table, least=min_group_size)

    built = rows.mapInArrow(count, cells.DDL).groupBy(*_GROUP).applyInArrow(publish, publishing.DDL)
    month = F.date_from_unix_date("month")
    return built.select(
        F.lit(as_of).alias("as_of_date"),
        month.alias("month_date"),
        (F.add_months(month, 1) > F.lit(as_of)).alias("is_open"),
        "*",
        F.lit(reporting_currency).alias("currency"),
    )


def _is_shown(as_of: date, shown_days: int) -> Column:
    """Whether the month of the day begins in the days that are shown."""
    return F.trunc("event_date", "month") >= F.lit(as_of - timedelta(days=shown_days))


def emptiness(
    people: DataFrame,
    events: DataFrame,
    order_lines: DataFrame,
    *,
    as_of: date,
    cubes: Mapping[str, Cube],
    reporting_currency: str,
    shown_days: int,
    min_group_size: int,
    **_options: object,
) -> DataFrame:
    """One row: as_of_date, and the reason why there is no row; null if enough customers did something."""
    acts = acts_of(people, events, order_lines, reporting_currency=reporting_currency).where(_is_shown(as_of, shown_days))
    counted = acts.groupBy(F.trunc("event_date", "month")).agg(F.count_distinct("customer_id").alias("n"))
    reason = (
        F
        .when(F.lit(not declared_pairs(cubes)), "conf/cubes declares no pair of dimensions")
        .when(F.col("most").isNull(), f"nobody who may be profiled did anything in the {shown_days} days before")
        .when(F.col("most") < min_group_size, f"fewer than {min_group_size} customers did anything in each month shown")
    )
    return counted.agg(F.max("n").alias("most")).select(F.lit(as_of).alias("as_of_date"), reason.alias("reason"))
