"""What customers did day by day, and what was known of them at any of the last days."""

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import Window as W
from pyspark.sql import functions as F

# What is known of a customer after a day: counts up to and with it.
STATE = ("day", "first_order_date", "n_orders", "last_order_date", "n_visits", "last_visit_date")


def activity(purchases: DataFrame, visits: DataFrame, channels: DataFrame, *, since: date) -> DataFrame:
    """One row per customer with a purchase: customer_id, channels, states.

    `states` are structs of STATE, one for each day from `since` on which something was done and one for all before, by day.
    Visits count from the day of the first purchase on: before it there is no customer to come back. One shuffle.

    Parameters
    ----------
    purchases
        One row per order: customer_id, day.
    visits
        One row per visit that bought nothing: customer_id, day.
    channels
        One row per customer: customer_id, channels.
    """
    none, one = F.lit(0), F.lit(1)
    done = purchases.select("customer_id", "day", one.alias("n_orders"), none.alias("n_visits")).unionByName(
        visits.select("customer_id", "day", none.alias("n_orders"), one.alias("n_visits"))
    )
    by_day = (
        done
        .repartition("customer_id")
        .groupBy("customer_id", "day")
        .agg(F.sum("n_orders").alias("n_orders_of_day"), F.sum("n_visits").alias("n_visits_of_day"))
    )
    in_order = W.partitionBy("customer_id").orderBy("day")
    so_far = in_order.rowsBetween(W.unboundedPreceding, W.currentRow)
    ordered_on = F.when(F.col("n_orders_of_day") > 0, F.col("day"))
    counted = by_day.withColumns({
        "first_order_date": F.min(ordered_on).over(so_far),
        "n_orders": F.sum("n_orders_of_day").over(so_far),
        "last_order_date": F.max(ordered_on).over(so_far),
        "next_day": F.lead("day").over(in_order),
    }).where("n_orders > 0")
    visited_on = F.when(F.col("n_visits_of_day") > 0, F.col("day"))
    states = counted.withColumns({
        "n_visits": F.sum("n_visits_of_day").over(so_far),
        "last_visit_date": F.max(visited_on).over(so_far),
    }).where(F.coalesce(F.col("next_day") >= F.lit(since), F.lit(True)))
    listed = F.sort_array(F.collect_list(F.struct(*STATE))).alias("states")
    return states.groupBy("customer_id").agg(listed).join(channels, on="customer_id", how="left")


def visits_of(sessions: DataFrame, people: DataFrame) -> DataFrame:
    """One row per visit of a customer that bought nothing: customer_id, day."""
    looked = sessions.where(F.col("n_purchases") == 0).select("account_id", F.col("session_date").alias("day"))
    return looked.join(people.select("account_id", "customer_id"), on="account_id", how="inner").select("customer_id", "day")


def channels_of(people: DataFrame) -> DataFrame:
    """One row per customer: customer_id, channels, which are those of their accounts, sorted: app+web."""
    of_customer = F.array_sort(F.collect_set("channel"))
    return people.groupBy("customer_id").agg(F.array_join(of_customer, "+").alias("channels"))


def state_at(states: Column, day: Column) -> Column:
    """What was known of the customer at the start of `day`; null before the first purchase."""
    return F.try_element_at(F.filter(states, lambda state: state["day"] < day), F.lit(-1))
