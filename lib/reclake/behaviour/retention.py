"""Who comes back: cohorts of customers and how many of them are active in the intervals that follow.

Definitions: bounded is active exactly N intervals after the cohort's, unbounded N or later, a bracket in one of several
intervals (PostHog and Amplitude name them so). Stickiness is on how many days of an interval somebody was active.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import Window as W
from pyspark.sql import functions as F

from reclake.behaviour.activity import ACTIVITIES
from reclake.behaviour.calendar import PERIODS, by_period, newest, past_end
from reclake.behaviour.cohort_cells import (
    BOUNDED,
    BRACKET,
    DAYS,
    MOST_UNITS,
    PARTS,
    RECURRING,
    STICKINESS,
    UNBOUNDED,
    brackets_of,
)
from reclake.behaviour.cohorts import DDL, SUMMED, Plan, counted
from reclake.behaviour.dimension_values import value_of
from reclake.behaviour.dimensions import ALL, NOT_KNOWN
from reclake.behaviour.groups_of_people import published_values
from reclake.behaviour.settings import CohortsOfPeriod

COHORT = ("activity", "period", "cohort_kind", "cohort", "dimension", "value")
Followed = Mapping[str, CohortsOfPeriod]


def retained(active: DataFrame, values: DataFrame, *, as_of: date, followed: Followed, least: int) -> DataFrame:
    """One row per cohort of at least `least` customers and cell: n_customers, n_active, revenue_amount, first_amount, is_open.

    A cohort of kind `first` holds those whose first activity of all lies in its interval, one of kind `recurring` everybody
    active in it; beside all of them it is told of those of each value of a dimension. Values of fewer than `least` customers are
    joined, with the next larger one. A cell whose intervals are not all past at `as_of` is open: it counts nobody, and is null.
    Revenue is that of the whole cohort's customers in the interval of a bounded cell; it is null where fewer than `least` of them
    spent, and of single values: the sum less the others would tell what few people spent.

    Parameters
    ----------
    active
        What `behaviour.activity.active_days` gives, of those who are counted.
    values
        What `values_of` gives.
    followed
        By period, how far cohorts are followed.
    """
    cells_filled = _published(_counted(active, values, as_of=as_of, followed=followed), least=least)
    # Everybody is active in the interval that they are of.
    sizes = cells_filled.where((F.col("measure") == BOUNDED) & (F.col("from_interval") == 0)).select(
        *COHORT, F.col("n").alias("n_customers")
    )
    grid = sizes.where(F.col("n_customers") >= least).select(*COHORT, "n_customers", F.inline(_grid(followed)))
    is_asked = (F.col("measure") != STICKINESS) | (F.col("cohort_kind") == RECURRING)
    cells = grid.where(is_asked).join(cells_filled, on=[*COHORT, "measure", "from_interval"], how="left")
    return _measured(cells, as_of=as_of, least=least)


def values_of(customers: DataFrame, dimensions: Sequence[str], *, timezone: str) -> DataFrame:
    """One row per customer: customer_id, and `dim_NAME` for each dimension."""
    named = (F.coalesce(value_of(name, timezone=timezone), F.lit(NOT_KNOWN)).alias(f"dim_{name}") for name in dimensions)
    return customers.select("customer_id", *named)


def _counted(active: DataFrame, values: DataFrame, *, as_of: date, followed: Followed) -> DataFrame:
    """One row per cohort and cell that somebody fills: n, n_spenders, revenue_amount. Unbounded cells count those who end there."""
    dimensions = [name for name in values.columns if name.startswith("dim_")]
    plan = Plan(newest(as_of), followed, [name.removeprefix("dim_") for name in dimensions])
    described = active.join(values, on="customer_id", how="inner") if dimensions else active
    units = F.floor("spend_amount").try_cast("long")  # what does not fit is beyond any column of revenue, as MOST_UNITS is
    days = described.sortWithinPartitions("customer_id").select(
        F.xxhash64("customer_id").alias("customer"),
        (F.array_position(F.array(*map(F.lit, ACTIVITIES)), F.col("activity")) - 1).cast("short").alias("activity"),
        F.unix_date("day").alias("day"),
        F.when(F.col("spend_amount").isNotNull(), F.coalesce(units, F.lit(MOST_UNITS))).alias("units"),
        ((F.col("spend_amount") - F.floor("spend_amount")) * PARTS).cast("int").alias("parts"),
        *dimensions,
    )

    def count(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return counted(batches, plan)

    cells = days.mapInArrow(count, DDL).groupBy(*COHORT, "measure", "from_interval")
    sums = cells.agg(*(F.sum(F.col(name).cast("decimal(38,0)") if name == "units" else name).alias(name) for name in SUMMED))
    amount = F.col("units").cast("decimal(38,4)") + F.col("parts").cast("decimal(38,4)") / PARTS
    is_told = (F.col("n_spenders") > 0) & (F.col("n_beyond") == 0)
    return sums.select(
        *COHORT,
        "measure",
        "from_interval",
        "n",
        "n_spenders",
        F.when(is_told, amount).cast("decimal(38,4)").alias("revenue_amount"),
    )


def _published(filled: DataFrame, *, least: int) -> DataFrame:
    """The counts under the values that are published. A customer has one value of a dimension, so those of joined ones add up."""
    is_size = (F.col("measure") == BOUNDED) & (F.col("from_interval") == 0)
    sizes = filled.where(is_size).select(*COHORT, F.col("n").alias("n_people"))
    shown = published_values(sizes, within=COHORT[:-1], n_people="n_people", least=least)
    return (
        filled
        .join(shown, on=list(COHORT), how="inner")
        .where(F.col("published").isNotNull())
        .drop("value")
        .withColumnRenamed("published", "value")
        .groupBy(*COHORT, "measure", "from_interval")
        .agg(*(F.sum(name).alias(name) for name in ("n", "n_spenders", "revenue_amount")))
    )


def _grid(followed: Followed) -> Column:
    """Every cell of a cohort, by the row's period: (measure, from_interval, to_interval)."""
    arrays = {}
    for period in PERIODS:
        numbers = range(followed[period].intervals + 1)
        cells: dict[str, list[tuple[int, int | None]]] = {
            BOUNDED: [(n, n) for n in numbers],
            UNBOUNDED: [(n, None) for n in numbers],
            BRACKET: list(brackets_of(followed[period])),
            STICKINESS: [(n, n) for n in range(1, DAYS[period] + 1)],
        }
        arrays[period] = F.array(*(_cell(measure, *bounds) for measure, of in cells.items() for bounds in of))
    is_of = F.col("period")
    return F.when(is_of == "day", arrays["day"]).when(is_of == "week", arrays["week"]).otherwise(arrays["month"])


def _cell(measure: str, first: int, last: int | None) -> Column:
    return F.struct(
        F.lit(measure).alias("measure"),
        F.lit(first).cast("int").alias("from_interval"),
        F.lit(last).cast("int").alias("to_interval"),
    )


def _measured(cells: DataFrame, *, as_of: date, least: int) -> DataFrame:
    """The cells with who ended later added up, what is open without a count, and amounts of few people left out."""
    cohort = W.partitionBy(*COHORT)
    from_last = W.partitionBy(*COHORT, "measure").orderBy(F.col("from_interval").desc()).rowsBetween(W.unboundedPreceding, 0)
    n = F.coalesce("n", F.lit(0))
    last = F.when(F.col("measure") == STICKINESS, F.lit(0)).otherwise(F.coalesce("to_interval", "from_interval"))
    is_open = F.col("cohort") + last >= by_period(past_end(as_of), F.col("period"))
    is_of_orders = (F.col("activity") == "order") & (F.col("measure") == BOUNDED) & (F.col("dimension") == ALL)
    n_spenders = F.coalesce("n_spenders", F.lit(0))
    is_shown = is_of_orders & ~F.col("is_open") & ((n_spenders == 0) | (n_spenders >= least))
    is_first = (F.col("measure") == BOUNDED) & (F.col("from_interval") == 0)
    return (
        cells
        .withColumns({
            "is_open": is_open,
            "n_active": F.when(F.col("measure") == UNBOUNDED, F.sum(n).over(from_last)).otherwise(n),
        })
        .withColumns({
            "n_active": F.when(~F.col("is_open"), F.col("n_active")),
            "revenue_amount": F.when(is_shown, F.coalesce("revenue_amount", F.lit(0).cast("decimal(38,4)"))),
        })
        .withColumn("first_amount", F.max(F.when(is_first, F.col("revenue_amount"))).over(cohort))
    )
