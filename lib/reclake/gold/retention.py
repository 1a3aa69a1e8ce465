"""gold.retention: how many customers of a cohort are active later, and what they spend."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.behaviour.activity import active_days, n_left_out
from reclake.behaviour.attributes import customer_attributes
from reclake.behaviour.calendar import PERIODS, first_day
from reclake.behaviour.retention import retained, values_of
from reclake.behaviour.settings import CohortsSettings


def retention(
    people: DataFrame,
    sessions: DataFrame,
    order_lines: DataFrame,
    accounts: DataFrame,
    customer_segments: DataFrame,
    *,
    as_of: date,
    cohorts: CohortsSettings,
    breakdowns: Sequence[str],
    reporting_currency: str,
    min_group_size: int,
    timezone: str,
) -> DataFrame:
    """One row per as_of_date, activity, period, kind of cohort, its first day, breakdown value, measure and cell.

    Customers who may be profiled count; how many others were active is told in n_left_out. Cohorts of fewer than
    `min_group_size` customers are left out. Definitions: reclake.behaviour.retention.
    """
    active = active_days(people, sessions, order_lines, reporting_currency=reporting_currency)
    followed = {period: getattr(cohorts, period) for period in PERIODS}
    customers = customer_attributes(people, accounts, customer_segments, as_of=as_of, timezone=timezone)
    values = values_of(customers, breakdowns, timezone=timezone)
    cells = retained(active.where("may_be_profiled"), values, as_of=as_of, followed=followed, least=min_group_size)
    left_out = n_left_out(active, group_size=min_group_size)
    first, amount = F.col("first_amount"), F.col("revenue_amount")
    return cells.join(F.broadcast(left_out), on="activity", how="left").withColumns({
        "as_of_date": F.lit(as_of),
        "start_date": first_day(F.col("cohort"), F.col("period")),
        "active_share": F.col("n_active") / F.col("n_customers"),
        # greatest() passes over a null, and a cell that is not over has earned no 0.
        "revenue_ratio": F.when((first > 0) & amount.isNotNull(), F.greatest(amount, F.lit(0)) / first).cast("double"),
        "revenue_amount": amount.try_cast("decimal(18,4)"),
        "currency": F.lit(reporting_currency),
        "n_left_out": F.coalesce("n_left_out", F.lit(0)),
    })


def emptiness(
    people: DataFrame,
    sessions: DataFrame,
    order_lines: DataFrame,
    accounts: DataFrame,
    customer_segments: DataFrame,
    *,
    as_of: date,
    min_group_size: int,
    **settings: Any,
) -> DataFrame:
    """One row: as_of_date, and the reason why there is no row: too few customers in each cohort; null for any other."""
    built = retention(people, sessions, order_lines, accounts, customer_segments, as_of=as_of, min_group_size=1, **settings)
    counted = built.agg(F.max("n_customers").alias("largest"))
    reason = F.when(F.col("largest") < min_group_size, f"each cohort has fewer than {min_group_size} customers")
    return counted.select(F.lit(as_of).alias("as_of_date"), reason.alias("reason"))
