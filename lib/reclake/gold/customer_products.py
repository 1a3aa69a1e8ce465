"""gold.customer_products: what each customer buys most."""

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import Window as W
from pyspark.sql import functions as F

from reclake.segment.orders import ORDER, order_scope
from reclake.segment.rfm import is_sale


def customer_products(people: DataFrame, order_lines: DataFrame, *, as_of: date, n: int) -> DataFrame:
    """One row per as_of_date, customer who may be profiled and is no machine, and rank: the `n` products of the most orders.

    Of products of as many orders that of more pieces comes first, then the one bought last, then the first by id.
    """
    profiled = people.where(F.col("may_be_profiled") & ~F.coalesce("is_machine", F.lit(False))).select(
        "account_id", "customer_id"
    )
    sold = order_lines.where(is_sale() & F.col("product_id").isNotNull()).join(profiled, on="account_id", how="inner")
    bought = (
        sold
        .withColumn("order_scope", order_scope())
        .groupBy("customer_id", "product_id", *ORDER)
        .agg(F.sum("quantity").alias("n_pieces"), F.max("event_date").alias("last_order_date"))
        .repartition("customer_id")
        .groupBy("customer_id", "product_id")
        .agg(
            F.count("*").alias("n_orders"),
            F.sum("n_pieces").alias("n_pieces"),
            F.max("last_order_date").alias("last_order_date"),
        )
    )
    most = W.partitionBy("customer_id").orderBy(
        F.col("n_orders").desc(), F.col("n_pieces").desc(), F.col("last_order_date").desc(), "product_id"
    )
    ranked = bought.withColumn("rank", F.row_number().over(most)).where(F.col("rank") <= n)
    return ranked.withColumn("as_of_date", F.lit(as_of))
