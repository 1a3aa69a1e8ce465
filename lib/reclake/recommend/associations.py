"""What goes with, and follows, what: counts of orders and steps, and how sure they are.

References
----------
Agrawal, Imieliński, Swami: Mining Association Rules between Sets of Items in Large Databases, 1993 (support, confidence);
Brin, Motwani, Ullman, Tsur: Dynamic Itemset Counting and Implication Rules for Market Basket Data, 1997 (lift, there interest).
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import Window as W
from pyspark.sql import functions as F

from reclake.behaviour.units import unit_as_seen
from reclake.records.delivery import DELIVERY_ORDER
from reclake.segment.orders import ORDER, order_scope
from reclake.segment.rfm import is_sale
from reclake.segment.wilson import wilson

_MICROSECONDS_PER_MINUTE = 60_000_000


def orders(people: DataFrame, order_lines: DataFrame, *, max_products: int) -> DataFrame:
    """One row per order with a sale of a customer of `people`: customer_id, ordered_at, the order's key, products.

    `products` holds the products that were sold, sorted; the first `max_products` of an order of more.

    Parameters
    ----------
    people
        account_id, customer_id of those who count.
    """
    sold = order_lines.where(is_sale() & F.col("product_id").isNotNull()).join(people, on="account_id", how="inner")
    return (
        sold
        .withColumn("order_scope", order_scope())
        .groupBy("customer_id", *ORDER)
        .agg(
            F.min("ordered_at").alias("ordered_at"),
            F.slice(F.array_sort(F.collect_set("product_id")), 1, max_products).alias("products"),
        )
    )


def bought_together(placed: DataFrame) -> DataFrame:
    """The orders as steps: customer_id, before, after, each holding all products of the order."""
    return placed.select("customer_id", F.col("products").alias("before"), F.col("products").alias("after"))


def bought_next(placed: DataFrame) -> DataFrame:
    """One step per order and the customer's next one: customer_id, before, after."""
    in_order = W.partitionBy("customer_id").orderBy("ordered_at", *ORDER)
    steps = placed.select("customer_id", F.col("products").alias("before"), F.lead("products").over(in_order).alias("after"))
    return steps.where(F.col("after").isNotNull())


def seen_next(people: DataFrame, events: DataFrame, *, gap_minutes: int) -> DataFrame:
    """One step per product that a customer of `people` looked at and the next other one in the session: customer_id, before, after.

    A pause longer than the gap ends a session, as does another device. Machines are left out.
    """
    views = events.where(~F.col("is_bot") & (F.col("event_type") == "view_item") & F.col("product_id").isNotNull())
    seen = views.join(people, on="account_id", how="inner").withColumn("unit", unit_as_seen())
    in_order = W.partitionBy("customer_id", "source", "unit").orderBy("occurred_at", *DELIVERY_ORDER)
    pause = F.unix_micros(F.lead("occurred_at").over(in_order)) - F.unix_micros("occurred_at")
    steps = seen.select("customer_id", "product_id", F.lead("product_id").over(in_order).alias("following"), pause.alias("pause"))
    is_step = (F.col("pause") <= gap_minutes * _MICROSECONDS_PER_MINUTE) & (F.col("following") != F.col("product_id"))
    return steps.where(is_step).select("customer_id", F.array("product_id").alias("before"), F.array("following").alias("after"))


def associations(steps: DataFrame) -> DataFrame:
    """One row per product and other product that follows it in a step.

    product_id, related_product_id; n_together, n_product, n_related, n_all: steps; n_customers: customers who have the pair.

    Parameters
    ----------
    steps
        customer_id, before, after: arrays of products. It is read four times.
    """
    product, related = F.col("product_id"), F.col("related_product_id")
    paired = steps.select("customer_id", F.explode("before").alias("product_id"), "after").select(
        "customer_id", "product_id", F.explode("after").alias("related_product_id")
    )
    together = (
        paired
        .where(product != related)
        .groupBy("product_id", "related_product_id", "customer_id")
        .agg(F.count("*").alias("n"))
        .groupBy("product_id", "related_product_id")
        .agg(F.sum("n").alias("n_together"), F.count("*").alias("n_customers"))
    )
    of_product = steps.select(F.explode("before").alias("product_id")).groupBy("product_id").agg(F.count("*").alias("n_product"))
    of_related = (
        steps
        .select(F.explode("after").alias("related_product_id"))
        .groupBy("related_product_id")
        .agg(F.count("*").alias("n_related"))
    )
    return (
        together
        .join(F.broadcast(of_product), on="product_id", how="inner")
        .join(F.broadcast(of_related), on="related_product_id", how="inner")
        .crossJoin(F.broadcast(steps.agg(F.count("*").alias("n_all"))))
    )


def confidence() -> Column:
    """Share of the steps with the product that hold the related one, 0–1."""
    return F.col("n_together") / F.col("n_product")


def chance() -> Column:
    """Share of all steps that hold the related one, 0–1: what the confidence is where the two have nothing to do with each other."""
    return F.col("n_related") / F.col("n_all")


def beyond_chance() -> Column:
    """Lower end of the 95 % interval of the confidence, less chance: above 0 where the pair is no accident."""
    return wilson(F.col("n_together"), F.col("n_product"))[0] - chance()


def customers_of_products(rows: DataFrame) -> DataFrame:
    """One row per product: product_id, n_product_customers, of rows with customer_id and product_id."""
    return (
        rows.select("customer_id", "product_id").distinct().groupBy("product_id").agg(F.count("*").alias("n_product_customers"))
    )
