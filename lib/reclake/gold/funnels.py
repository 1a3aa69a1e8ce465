"""gold.funnels: how many go on from step to step, by period of entry and breakdown."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import Window as W
from pyspark.sql import functions as F

from reclake.behaviour.funnels.definition import Funnel
from reclake.behaviour.funnels.names import n_steps, step_names
from reclake.behaviour.funnels.tally import (
    CUSTOMERS,
    EXCLUDED,
    LOST,
    LOST_CUSTOMERS,
    OPEN,
    STEP_SECONDS,
    TIMED_CUSTOMERS,
    TOTAL_SECONDS,
    UNITS,
)
from reclake.behaviour.groups_of_people import published_values
from reclake.tables.vocabulary import EARLIEST

PLACE = ("funnel", "period", "first_day", "dimension")
_QUANTILES = {"p25": 0.25, "median": 0.5, "p75": 0.75, "p90": 0.9}


def funnels(
    funnel_counts: DataFrame, *, as_of: date, funnels: Mapping[str, Funnel], min_group_size: int, window_days: int
) -> DataFrame:
    """One row per as_of_date, funnel, period, breakdown value and step, of at least `min_group_size` customers who entered.

    What a unit, an entry and a chain are is told in docs/funnels.md.
    """
    measures = (UNITS, CUSTOMERS, LOST_CUSTOMERS, STEP_SECONDS, TOTAL_SECONDS, TIMED_CUSTOMERS)
    told = _of_published_values(funnel_counts.where(F.col("measure").isin(*measures)), least=min_group_size)
    by_step = told.withColumn("at", F.explode(_steps(funnels)))
    counted = by_step.groupBy(*PLACE, "value", "at").agg(*_counts(), *_times(min_group_size))
    in_order = W.partitionBy(*PLACE, "value").orderBy("at")
    return counted.select(
        F.lit(as_of).alias("as_of_date"),
        "funnel",
        "period",
        _first_date(as_of, window_days).alias("entry_date"),
        "dimension",
        "value",
        F.col("at").alias("step"),
        step_names(funnels)[F.col("funnel")][F.col("at") - 1].alias("step_name"),
        *(c for c in counted.columns if c not in {*PLACE, "value", "at"}),
        F
        .when(F.col("at") == 1, F.lit(1.0))
        .otherwise(_share("n_reached", F.lag("n_reached").over(in_order)))
        .alias("step_share"),
        _share("n_reached", F.col("n_entered")).alias("overall_share"),
        _share("n_mature_reached", F.col("n_mature")).alias("mature_share"),
        (_is_told_whole(as_of, window_days) & (F.col("n_mature") == F.col("n_entered"))).alias("is_final"),
    )


def _of_published_values(counts: DataFrame, *, least: int) -> DataFrame:
    """The counts under the values that are published."""
    people = counts.where(F.col("measure") == CUSTOMERS)
    values = published_values(people, within=PLACE, n_people="n", least=least)
    return (
        counts
        .join(values, on=[*PLACE, "value"], how="inner")
        .where(F.col("published").isNotNull())
        .drop("value")
        .withColumnRenamed("published", "value")
    )


def _steps(funnels: Mapping[str, Funnel]) -> Column:
    """The steps that a row of counts tells of: its own, or all of the funnel."""
    is_of_step = F.col("measure").isin(LOST_CUSTOMERS, STEP_SECONDS, TOTAL_SECONDS, TIMED_CUSTOMERS)
    return F.when(is_of_step, F.array("step")).otherwise(F.sequence(F.lit(1), n_steps(funnels)[F.col("funnel")]))


def _counts() -> list[Column]:
    is_units = F.col("measure") == UNITS
    is_kept = is_units & (F.col("fate") != EXCLUDED)
    has_reached = is_kept & (F.col("step") >= F.col("at"))
    is_last = is_units & (F.col("step") == F.col("at"))
    conditions = {
        "n_entered": is_units,
        "n_customers": F.col("measure") == CUSTOMERS,
        "n_reached": has_reached,
        "n_lost": is_last & (F.col("fate") == LOST),
        "n_open": is_last & (F.col("fate") == OPEN),
        "n_excluded": is_last & (F.col("fate") == EXCLUDED),
        "n_lost_customers": F.col("measure") == LOST_CUSTOMERS,
        "n_mature": is_units & F.col("is_mature"),
        "n_mature_reached": has_reached & F.col("is_mature"),
    }
    return [F.sum(F.when(is_met, F.col("n")).otherwise(F.lit(0))).alias(name) for name, is_met in conditions.items()]


def _times(least: int) -> list[Column]:
    """Mean and quantiles of the times since the step before and since entry."""
    n_timed = F.sum(F.when(F.col("measure") == TIMED_CUSTOMERS, F.col("n")))
    found: list[Column] = []
    for name, measure in (("step", STEP_SECONDS), ("total", TOTAL_SECONDS)):
        is_counted = (F.col("measure") == measure) & F.col("seconds").isNotNull()
        is_summed = (F.col("measure") == measure) & F.col("seconds").isNull()
        total, n = (F.sum(F.when(is_summed, F.col(of))) for of in ("microseconds", "n"))
        at = F.percentile(
            F.when(is_counted, F.col("seconds")),
            F.array(*map(F.lit, _QUANTILES.values())),
            F.when(is_counted, F.col("n")).otherwise(0),
        )
        shown: Callable[[Column], Column] = lambda value: F.when(n_timed >= least, value)  # noqa: E731
        found.append(shown(F.round(total / n / 1_000_000, 3)).alias(f"{name}_seconds_mean"))
        found += [shown(at[i].cast("double")).alias(f"{name}_seconds_{quantile}") for i, quantile in enumerate(_QUANTILES)]
    return found


def _share(part: str, whole: Column) -> Column:
    return F.when(whole > 0, F.col(part) / whole)


def _first_date(as_of: date, window_days: int) -> Column:
    """The first day of the period."""
    first = as_of - timedelta(days=window_days) if window_days else EARLIEST
    return F.when(F.col("period") == "window", F.lit(first)).otherwise(F.date_from_unix_date("first_day"))


def _is_told_whole(as_of: date, window_days: int) -> Column:
    """Whether every day of the period lies before the as_of, and in the window."""
    first = F.date_from_unix_date("first_day")
    begins = first >= F.lit(as_of - timedelta(days=window_days)) if window_days else F.lit(True)
    return (F.col("period") != "week") | (begins & (F.date_add(first, 7) <= F.lit(as_of)))


def emptiness(
    funnel_counts: DataFrame, *, as_of: date, funnels: Mapping[str, Funnel], min_group_size: int, window_days: int
) -> DataFrame:
    """One row: as_of_date, and the reason why no funnel is told; null if enough customers entered one."""
    del window_days
    n_customers = F.max(F.when(F.col("measure") == CUSTOMERS, F.col("n")))
    reason = (
        F
        .when(F.lit(not funnels), "conf/funnels holds no funnel")
        .when(n_customers.isNull(), "nobody who may be profiled entered a funnel in the window")
        .when(n_customers < min_group_size, f"fewer than {min_group_size} customers entered any funnel in the window")
    )
    return funnel_counts.agg(reason.alias("reason")).select(F.lit(as_of).alias("as_of_date"), "reason")
