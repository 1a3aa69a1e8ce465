"""Rules of baskets: which products orders hold beside one product, or beside a pair, more often than chance gives."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.window import Window as W

from reclake.segment.orders import ORDER, order_scope
from reclake.segment.rfm import is_sale

MAX_PRODUCTS = 60  # of one order: it has 34,220 triples; a larger one is a reseller's or a stocktaking, and left out
_RULES_PER_BASKET = 50


def orders_with_products(order_lines: DataFrame, people: DataFrame) -> DataFrame:
    """One row per order of a customer of `people`: customer_id, the columns of ORDER, products (sorted ids, each once).

    Orders of more than MAX_PRODUCTS are left out.

    Parameters
    ----------
    order_lines
        Rows of silver.order_lines.
    people
        account_id, customer_id of those who may be profiled.
    """
    lines = order_lines.where(is_sale() & F.col("product_id").isNotNull() & ~F.col("is_repeat"))
    who = people.select("account_id", "customer_id")
    sold = lines.join(who, on="account_id", how="inner").withColumn("order_scope", order_scope())
    orders = sold.groupBy("customer_id", *ORDER).agg(F.sort_array(F.collect_set("product_id")).alias("products"))
    return orders.where(F.size("products") <= MAX_PRODUCTS)


def ordered_baskets(order_lines: DataFrame, people: DataFrame) -> DataFrame:
    """The same as customer_id, products."""
    return orders_with_products(order_lines, people).select("customer_id", "products")


def basket_rules(orders: DataFrame, *, min_together: int, min_lift: float, min_customers: int, min_group_size: int) -> DataFrame:
    """One row per basket and product: items, product_id, confidence, lift, support; the best of each basket.

    `items` holds one product, or a pair that at least `min_together` orders hold. A rule needs as many orders that hold all of it,
    and a lift of `min_lift`. Baskets and products need `min_group_size` customers, and a rule `min_customers` of them, as the
    pairs of gold.product_relations do: no rule is what one person did.

    Parameters
    ----------
    orders
        Rows of `ordered_baskets`.
    """
    n_all = orders.agg(F.count("*").alias("n_all"))
    many = F.col("n_customers") >= min_group_size
    of_products = _counted(orders.select("customer_id", F.explode("products").alias("product_id")), "product_id", n="n_product")
    n_of = of_products.where(many).drop("n_customers")
    of_pairs = _counted(orders.select("customer_id", F.explode(_pairs()).alias("items")), "items", n="n_basket")
    pairs = of_pairs.where(many & (F.col("n_basket") >= min_together)).drop("n_customers")
    singles = n_of.select(F.array("product_id").alias("items"), F.col("n_product").alias("n_basket"))
    baskets = singles.where(F.col("n_basket") >= min_together).unionByName(pairs)
    large = orders.where(F.size("products") > 2).select("customer_id", "products", F.explode(_pairs()).alias("items"))
    held = large.join(pairs.select("items"), on="items", how="left_semi").select(
        "customer_id", "items", F.explode(F.array_except("products", "items")).alias("product_id")
    )
    beside = orders.select("customer_id", F.explode(_pairs()).alias("pair")).select(
        "customer_id", F.explode(F.array(_beside(0, 1), _beside(1, 0))).alias("one")
    )
    together = _counted(
        held.unionByName(beside.select("customer_id", "one.items", "one.product_id")), "items", "product_id", n="n_together"
    )
    counted = (
        together
        .where((F.col("n_together") >= min_together) & (F.col("n_customers") >= min_customers))
        .join(baskets, on="items", how="inner")
        .join(n_of, on="product_id", how="inner")
        .crossJoin(F.broadcast(n_all))
    )
    confidence = F.col("n_together") / F.col("n_basket")
    rules = counted.select(
        "items",
        "product_id",
        confidence.alias("confidence"),
        (confidence * F.col("n_all") / F.col("n_product")).alias("lift"),
        (F.col("n_together") / F.col("n_all")).alias("support"),
    ).where(F.col("lift") >= min_lift)
    best = W.partitionBy("items").orderBy(F.col("confidence").desc(), F.col("lift").desc(), "product_id")
    return rules.withColumn("rank", F.row_number().over(best)).where(F.col("rank") <= _RULES_PER_BASKET).drop("rank")


def _counted(rows: DataFrame, *keys: str, n: str) -> DataFrame:
    """The keys, in how many orders they are (`n`), and in those of how many customers (n_customers)."""
    of_each = rows.groupBy(*keys, "customer_id").agg(F.count("*").alias("n_orders"))
    return of_each.groupBy(*keys).agg(F.sum("n_orders").alias(n), F.count("*").alias("n_customers"))


def _pairs() -> Column:
    """The pairs of an order's products, each as a sorted list of two."""

    def with_later(product: Column, place: Column) -> Column:
        later = F.slice("products", place + 2, F.size("products"))
        return F.transform(later, lambda other: F.array(product, other))

    return F.flatten(F.transform("products", with_later))


def _beside(one: int, other: int) -> Column:
    """One product of the pair as a basket, and the other beside it."""
    return F.struct(F.array(F.col("pair")[one]).alias("items"), F.col("pair")[other].alias("product_id"))
