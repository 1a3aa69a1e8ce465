"""The products of a day as lists need them: place, whether they may be shown, category, name, price and stock."""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reclake.recommend.catalogue import active_products
from reclake.recommend.popularity import popular_products

from .shelf import LATELY

IN_STOCK, NOT_COUNTED = "in_stock", "not_counted"
_GROUP = "array<struct<list:string,rank:int,score:double>>"


def open_products(products: DataFrame, stock: DataFrame) -> DataFrame:
    """product_id: each product that may be shown, once: not off sale, not out of stock, not recalled.

    A product whose stock nobody counts may be shown. Both frames hold what is valid at the as_of.
    """
    is_closed = F.coalesce("is_recalled", F.lit(False)) | ~F.coalesce("is_in_stock", F.lit(True))
    return active_products(products).join(stock.where(is_closed).select("product_id"), on="product_id", how="left_anti")


def products_of_the_day(products: DataFrame, stock: DataFrame, popularity: DataFrame, popular: DataFrame) -> DataFrame:
    """One row per product, on sale or not: what the rules and the rows of a list need of it.

    product_id, place (1, 2, … by popularity, ties by product_id), popularity, is_open, category, variant, product_name,
    price_amount, currency, stock_status, and popular_in: the lists of gold.popular_products that it stands on.

    Parameters
    ----------
    products, stock
        What is valid at the as_of.
    popularity
        product_id, popularity: by which places are given; 0 for others.
    popular
        Rows of gold.popular_products of the as_of.
    """
    is_shown = open_products(products, stock).withColumn("is_open", F.lit(True))
    counted = stock.where("is_in_stock").select("product_id", F.lit(IN_STOCK).alias("stock_status"))
    on_lists = (
        popular
        .withColumn(
            "list",
            F.when(F.col("kind") == "decayed", F.concat_ws("/", "scope", "value")).otherwise(F.concat_ws("/", "scope", "kind")),
        )
        .where(((F.col("kind") == "decayed") & F.col("scope").isin("category", "channel", "tier")) | (F.col("list") == LATELY))
        .groupBy("product_id")
        .agg(F.collect_list(F.struct("list", "rank", "score")).alias("popular_in"))
    )
    described = products.select(
        "product_id",
        "category",
        F.coalesce("variant_of", "product_id").alias("variant"),
        "product_name",
        "price_amount",
        "currency",
    )
    shelf = (
        described
        .join(popular_products(products, popularity), on="product_id", how="inner")
        .join(is_shown, on="product_id", how="left")
        .join(counted, on="product_id", how="left")
        .join(on_lists, on="product_id", how="left")
        .withColumns({
            "is_open": F.coalesce("is_open", F.lit(False)),
            "stock_status": F.coalesce("stock_status", F.lit(NOT_COUNTED)),
            "popular_in": F.coalesce("popular_in", F.array()).cast(_GROUP),
        })
    )
    # Lists read the shelf again and again, and its plan would stand in theirs each time: planning took most of their seconds.
    return shelf.localCheckpoint()


def reason_for_no_list(products: DataFrame, stock: DataFrame, *, as_of: date, query: str, is_asked: bool) -> DataFrame:
    """One row: as_of_date, and the reason why no product or basket can have a list; null if one could.

    Parameters
    ----------
    query
        What a scenario would ask for, as the reason names it.
    is_asked
        Whether a scenario does.
    """
    catalogue = products.select("product_id", F.coalesce("variant_of", "product_id").alias("variant"))
    opened = catalogue.join(open_products(products, stock), on="product_id", how="left_semi")
    counts = opened.agg(F.count_distinct("variant").alias("n_products"))
    reason = (
        F
        .when(~F.lit(is_asked), f"no scenario asks for {query}s")
        .when(F.col("n_products") == 0, "nothing is on sale")
        .when(F.col("n_products") == 1, "one product alone is on sale")
    )
    return counts.select(F.lit(as_of).alias("as_of_date"), reason.alias("reason"))


def above_chance(*, min_together: int, min_lift: float) -> Column:
    """Whether a row of gold.product_relations rests on enough orders and more of them than chance gives."""
    return (F.col("n_together") >= min_together) & (F.col("lift") >= min_lift)


def popularity_of_all(popular: DataFrame) -> DataFrame:
    """product_id, popularity: the score in gold.popular_products, of all customers or of the product's category.

    The two are the same weight, added up over all customers; the list of a category reaches farther down than that of all.
    """
    of_all = popular.where(F.col("scope").isin("all", "category") & (F.col("kind") == "decayed"))
    return of_all.groupBy("product_id").agg(F.max("score").alias("popularity"))
