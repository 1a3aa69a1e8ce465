"""The rows that a cube counts: events and order lines of customers who may be profiled, with the values of all dimensions."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import Window as W
from pyspark.sql import functions as F

from reclake.behaviour.dimension_values import value_of
from reclake.behaviour.kinds import ORDER as ORDER_LINE
from reclake.behaviour.units import unit_as_seen
from reclake.segment.orders import ORDER, order_scope, spent
from reclake.segment.rfm import is_sale

from .cells import PARTS


def cube_rows(
    acts: DataFrame, customers: DataFrame, products: DataFrame, *, dimensions: Sequence[str], timezone: str
) -> DataFrame:
    """One row per act with `customer` (its number), `moment`, `day`, `month`, `unit`, `order`, `is_sale`, `amount` and `dim_…`.

    The rows of a customer lie in one partition, in order of time.

    Parameters
    ----------
    acts
        What `acts_of` gives.
    customers
        What `behaviour.attributes` gives of customers, with their numbers.
    products
        What it gives of products.
    """
    described = acts.join(customers, on="customer_id", how="inner").join(products, on="product_id", how="left")
    return (
        described
        .select(
            F.col("customer_number").alias("customer"),
            F.unix_micros("occurred_at").alias("moment"),
            F.unix_date("event_date").alias("day"),
            F.unix_date(F.trunc("event_date", "month")).alias("month"),
            "unit",
            "order",
            "is_sale",
            (F.col("amount") * PARTS).cast("long").alias("amount"),
            *(value_of(name, timezone=timezone).alias(f"dim_{name}") for name in dimensions),
        )
        .repartition("customer")
        .sortWithinPartitions("customer", "moment")
    )


def acts_of(people: DataFrame, events: DataFrame, order_lines: DataFrame, *, reporting_currency: str) -> DataFrame:
    """One row per event, and per line that adds to the revenue of an order; of customers who may be profiled, no machines.

    What an order is, and what it spends, is as in gold.sales: it counts on the day of its first sale line, in the first of its
    channels by name. `amount` is in the reporting currency, and null of what was paid in another one.
    """
    profiled = people.where(F.col("may_be_profiled") & ~F.coalesce("is_machine", F.lit(False))).select(
        "account_id", "customer_id"
    )
    seen = (
        events
        .where(~F.col("is_bot"))
        .join(profiled, on="account_id", how="inner")
        .select(
            "customer_id",
            "occurred_at",
            "event_date",
            "channel",
            "source",
            F.col("event_type").alias("kind"),
            "product_id",
            F.col("login_account_id").isNotNull().alias("is_logged_in"),
            "user_agent",
            F.xxhash64("source", unit_as_seen()).alias("unit"),
            F.lit(None).cast("long").alias("order"),
            F.lit(False).alias("is_sale"),
            F.lit(None).cast("decimal(18,4)").alias("amount"),
        )
    )
    return seen.unionByName(_ordered(order_lines.join(profiled, on="account_id", how="inner"), reporting_currency))


def _ordered(lines: DataFrame, reporting_currency: str) -> DataFrame:
    """The lines of orders with a sale, each at the moment of the order's first sale line."""
    of_order = W.partitionBy("customer_id", *ORDER)
    first: dict[str, Column] = {
        name: F.min(F.when(F.col("is_sale"), F.col(of))).over(of_order)
        for name, of in {"day": "event_date", "moment": "ordered_at"}.items()
    }
    dated = (
        lines
        .withColumns({"order_scope": order_scope(), "is_sale": is_sale(), "spent": spent()})
        .withColumns({**first, "of_channel": F.min("channel").over(of_order)})
        .where(F.col("day").isNotNull() & F.col("spent").isNotNull())
    )
    return dated.select(
        "customer_id",
        F.col("moment").alias("occurred_at"),
        F.col("day").alias("event_date"),
        F.col("of_channel").alias("channel"),
        "source",
        F.lit(ORDER_LINE).alias("kind"),
        "product_id",
        F.lit(None).cast("boolean").alias("is_logged_in"),
        F.lit(None).cast("string").alias("user_agent"),
        F.lit(None).cast("long").alias("unit"),
        F.xxhash64("customer_id", *ORDER).alias("order"),
        "is_sale",
        F.when(F.col("currency") == reporting_currency, F.col("spent")).alias("amount"),
    )
