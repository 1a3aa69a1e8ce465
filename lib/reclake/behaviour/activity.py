"""On which days customers were active: what retention and the life cycle are counted from."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reclake.behaviour.calendar import PERIODS, interval
from reclake.segment.orders import orders_of

ANY, ORDER = "any", "order"  # any: a session or an order
ACTIVITIES = (ANY, ORDER)


def active_days(people: DataFrame, sessions: DataFrame, order_lines: DataFrame, *, reporting_currency: str) -> DataFrame:
    """One row per customer, activity and day on which it was: customer_id, activity, day, spend_amount, may_be_profiled.

    An order is active on the day of its first sale line, and spends in the reporting currency; a session on its first day.
    Machines are no customers. The rows are partitioned by customer.
    """
    known = people.where(~F.coalesce("is_machine", F.lit(False))).select("account_id", "customer_id", "may_be_profiled")
    visits = sessions.join(known, on="account_id", how="inner").select(
        "customer_id", "may_be_profiled", F.col("session_date").alias("day"), *_activities(ANY)
    )
    ordered = _ordered(order_lines.join(known, on="account_id", how="inner"), reporting_currency)
    customers = known.select("customer_id", "may_be_profiled").distinct()
    bought = ordered.join(customers, on="customer_id", how="inner").select(
        "customer_id", "may_be_profiled", "day", *_activities(*ACTIVITIES, spend=F.col("spend_amount"))
    )
    return (
        visits
        .unionByName(bought)
        .repartition("customer_id")
        .groupBy("customer_id", "may_be_profiled", "activity", "day")
        .agg(F.sum("spend_amount").alias("spend_amount"))
    )


def _activities(*names: str, spend: Column | None = None) -> list[Column]:
    """The activity that a row speaks for, one row for each; the spend is that of orders."""
    amount = F.lit(None) if spend is None else spend
    return [
        F.inline(
            F.array(
                *(
                    F.struct(
                        F.lit(name).alias("activity"),
                        (amount if name == ORDER else F.lit(None)).cast("decimal(38,4)").alias("spend_amount"),
                    )
                    for name in names
                )
            )
        )
    ]


def _ordered(lines: DataFrame, reporting_currency: str) -> DataFrame:
    """One row per customer, order and currency with a sale: customer_id, day, and spend_amount in the reporting currency."""
    spend = F.when(F.col("currency") == reporting_currency, F.col("spend_amount"))
    return (
        orders_of(lines)
        .where(F.col("ordered_day").isNotNull())
        .select("customer_id", F.col("ordered_day").alias("day"), spend.alias("spend_amount"))
    )


def n_left_out(active: DataFrame, *, group_size: int) -> DataFrame:
    """One row per activity: customers with it who may not be profiled, rounded down to whole groups."""
    left_out = active.where(~F.col("may_be_profiled")).select("customer_id", "activity").distinct()
    n = F.count("*")
    return left_out.groupBy("activity").agg((n - n % group_size).alias("n_left_out"))


def active_intervals(active: DataFrame) -> DataFrame:
    """One row per customer, activity, period and interval: spend_amount, and n_days active in it.

    Intervals are the numbers of `behaviour.calendar`. Partitioned by customer, as `active` is.
    """
    day = F.col("day")
    cells = F.array(*(F.struct(F.lit(p).alias("period"), interval(day, p).alias("interval")) for p in PERIODS))
    return (
        active
        .select("customer_id", "activity", "spend_amount", F.inline(cells))
        .groupBy("customer_id", "activity", "period", "interval")
        .agg(F.sum("spend_amount").alias("spend_amount"), F.count("*").cast("int").alias("n_days"))
    )
