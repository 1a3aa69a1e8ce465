"""gold.lifecycle: how many customers are new, active and gone, and how they move."""

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.behaviour.activity import active_days, active_intervals, n_left_out
from reclake.behaviour.calendar import PERIODS
from reclake.behaviour.lifecycle import by_day, by_interval
from reclake.behaviour.settings import CohortsSettings


def lifecycle(
    people: DataFrame,
    sessions: DataFrame,
    order_lines: DataFrame,
    *,
    as_of: date,
    cohorts: CohortsSettings,
    min_group_size: int,
) -> DataFrame:
    """One row per as_of_date, activity, state_kind, period, its first day, state and the state before.

    Customers who may be profiled count; how many others were active is told in n_left_out. An activity of fewer than
    `min_group_size` customers altogether is left out. Definitions: reclake.behaviour.lifecycle.
    """
    active = active_days(people, sessions, order_lines, reporting_currency="")
    left_out = n_left_out(active, group_size=min_group_size)
    counted = active.where("may_be_profiled")
    followed = {period: getattr(cohorts, period) for period in PERIODS}
    states = by_interval(active_intervals(counted), as_of=as_of, followed=followed).unionByName(
        by_day(counted, as_of=as_of, n_days=cohorts.day.shown)
    )
    known = counted.select("customer_id", "activity").distinct().groupBy("activity").agg(F.count("*").alias("n_known"))
    enough = known.where(F.col("n_known") >= min_group_size)
    return (
        states
        .join(F.broadcast(enough), on="activity", how="left_semi")
        .join(F.broadcast(left_out), on="activity", how="left")
        .withColumns({"as_of_date": F.lit(as_of), "n_left_out": F.coalesce("n_left_out", F.lit(0))})
    )


def emptiness(
    people: DataFrame,
    sessions: DataFrame,
    order_lines: DataFrame,
    *,
    as_of: date,
    cohorts: CohortsSettings,
    min_group_size: int,
) -> DataFrame:
    """One row: as_of_date, and the reason why there is no row: too few customers; null if there are enough, or none."""
    active = active_days(people, sessions, order_lines, reporting_currency="").where("may_be_profiled")
    counted = active.agg(F.count_distinct("customer_id").alias("n_known"))
    is_few = (F.col("n_known") > 0) & (F.col("n_known") < min_group_size)
    reason = F.when(is_few, f"fewer than {min_group_size} customers who may be profiled were ever active")
    return counted.select(F.lit(as_of).alias("as_of_date"), reason.alias("reason"))
