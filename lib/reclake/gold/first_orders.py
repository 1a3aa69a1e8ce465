"""gold.first_orders: through which channel customers came, and how many of them bought again."""

from datetime import date, timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import Window as W
from pyspark.sql import functions as F

from reclake.behaviour.dimensions import NONE
from reclake.segment.orders import ORDER, order_scope
from reclake.segment.rfm import is_sale
from reclake.segment.small_groups import with_small_groups_joined

WITHIN_DAYS = (30, 60, 90)


def first_orders(people: DataFrame, order_lines: DataFrame, *, as_of: date, shown_days: int, min_group_size: int) -> DataFrame:
    """One row per as_of_date, month and channel of the first order of customers who may be profiled and are no machine.

    To buy again is to order on a later day, at most 30, 60 or 90 days after the first. A customer is open where that has not
    happened and days in which it still can are not past at `as_of`; who is mature has all these days behind them. Channels
    of fewer than `min_group_size` customers are joined as `(others)` within their month; a month of fewer is left out.
    """
    profiled = people.where(F.col("may_be_profiled") & ~F.coalesce("is_machine", F.lit(False))).select(
        "account_id", "customer_id"
    )
    firsts = _first_orders(order_lines.join(profiled, on="account_id", how="inner")).withColumn(
        "month_date", F.trunc("first_day", "month").cast("date")
    )
    shown = firsts.where(F.col("month_date") >= F.lit(as_of - timedelta(days=shown_days)))
    joined = with_small_groups_joined(shown, within=("month_date",), dimensions=("channel",), least=min_group_size)
    counted = joined.groupBy("month_date", "channel").agg(
        F.count("*").alias("n_customers"),
        *(counts for days in WITHIN_DAYS for counts in _counts(days, as_of=as_of)),
    )
    shares = {f"repeat_{days}_share": _share(days) for days in WITHIN_DAYS}
    return counted.where(F.col("n_customers") >= min_group_size).withColumns({"as_of_date": F.lit(as_of), **shares})


def _first_orders(lines: DataFrame) -> DataFrame:
    """One row per customer with a sale (`buyer`): first_day, the channel of the first order, and second_day or null.

    Of several orders on the first day the earliest is the first, and of equal times the first by name.
    """
    sold = (
        lines
        .where(is_sale())
        .withColumn("order_scope", order_scope())
        .groupBy(F.col("customer_id").alias("buyer"), *ORDER)
        .agg(
            F.min("event_date").alias("ordered_day"),
            F.min("ordered_at").alias("ordered_at"),
            F.coalesce(F.min("channel"), F.lit(NONE)).alias("channel"),
        )
        .repartition("buyer")
    )
    first_day = F.min("ordered_day").over(W.partitionBy("buyer"))
    order = F.struct("ordered_day", "ordered_at", *ORDER)
    return (
        sold
        .withColumn("first_day", first_day)
        .groupBy("buyer", "first_day")
        .agg(
            F.min_by("channel", order).alias("channel"),
            F.min(F.when(F.col("ordered_day") > F.col("first_day"), F.col("ordered_day"))).alias("second_day"),
        )
    )


def _counts(days: int, *, as_of: date) -> tuple[Column, ...]:
    is_repeat = F.coalesce(F.date_diff("second_day", "first_day") <= days, F.lit(False))
    is_mature = F.date_add("first_day", days) < F.lit(as_of)
    return (
        F.count_if(is_repeat).alias(f"n_repeat_{days}"),
        F.count_if(~is_repeat & ~is_mature).alias(f"n_open_{days}"),
        F.count_if(is_mature).alias(f"n_mature_{days}"),
        F.count_if(is_repeat & is_mature).alias(f"n_mature_repeat_{days}"),
    )


def _share(days: int) -> Column:
    n_mature = F.col(f"n_mature_{days}")
    return F.when(n_mature > 0, F.col(f"n_mature_repeat_{days}") / n_mature)


def emptiness(people: DataFrame, order_lines: DataFrame, *, as_of: date, shown_days: int, min_group_size: int) -> DataFrame:
    """One row: as_of_date, and the reason why there is no row: too few customers in each month; null for any other."""
    built = first_orders(people, order_lines, as_of=as_of, shown_days=shown_days, min_group_size=1)
    largest = F.max("n_of_month")
    counted = built.groupBy("month_date").agg(F.sum("n_customers").alias("n_of_month")).agg(largest.alias("largest"))
    reason = F.when(F.col("largest") < min_group_size, f"fewer than {min_group_size} customers ordered first in each month shown")
    return counted.select(F.lit(as_of).alias("as_of_date"), reason.alias("reason"))
