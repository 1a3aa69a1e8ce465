"""How many products the rules leave for a query: counted by categories, apart from the way by which lists are made.

What is left of a category is what it offers less what is left out of it, and a cap holds it down. So a customer costs as much as the
categories of their own history, and no customer is joined with the catalogue.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from .definition import Block

_NO_CATEGORY = "\0"  # joins as a value; an empty text is a category as any other
_GROUP = ("category", "variant")


def offered(shelf: DataFrame) -> DataFrame:
    """One row per category and variant group of which a product may be shown: category (_NO_CATEGORY for none), variant.

    Parameters
    ----------
    shelf
        Rows of `products.products_of_the_day`.
    """
    return shelf.where("is_open").select(_category(), "variant").distinct()


def _category() -> Column:
    return F.coalesce("category", F.lit(_NO_CATEGORY)).alias("category")


def left_for_customers(customers: DataFrame, blocked: DataFrame, shelf: DataFrame, block: Block) -> DataFrame:
    """One row per customer: query_id, n_left.

    Parameters
    ----------
    customers
        query_id.
    blocked
        query_id, product_id: what the rules of the block leave out for whom, each with all its variants.
    """
    groups = offered(shelf)
    by_category = groups.groupBy("category").agg(F.count("*").alias("n_groups"))
    everything = by_category.agg(F.coalesce(F.sum(_capped(F.col("n_groups"), block)), F.lit(0)).alias("n_everything"))
    variants = shelf.select("product_id", "variant")  # a product that is sold out still stands for those that are not
    gone = (
        blocked
        .join(F.broadcast(variants), on="product_id", how="inner")
        .select("query_id", "variant")
        .distinct()
        .join(F.broadcast(groups), on="variant", how="inner")
        .groupBy("query_id", "category")
        .agg(F.count("*").alias("n_gone"))
        .join(F.broadcast(by_category), on="category", how="inner")
    )
    lost = _capped(F.col("n_groups"), block) - _capped(F.col("n_groups") - F.col("n_gone"), block)
    losses = gone.groupBy("query_id").agg(F.sum(lost).alias("n_lost"))
    joined = customers.join(losses, on="query_id", how="left").crossJoin(F.broadcast(everything))
    return joined.select("query_id", (F.col("n_everything") - F.coalesce("n_lost", F.lit(0))).alias("n_left"))


def left_for_products(own: DataFrame, shelf: DataFrame, block: Block) -> DataFrame:
    """One row per product or basket: query_id, n_left.

    Parameters
    ----------
    own
        query_id, product_id: what is asked about.
    """
    groups = offered(shelf)
    by_category = groups.groupBy("category").agg(F.count("*").alias("n_groups"))
    everything = by_category.agg(F.coalesce(F.sum(_capped(F.col("n_groups"), block)), F.lit(0)).alias("n_everything"))
    placed = shelf.select("product_id", _category(), "variant").join(
        groups.select(*_GROUP, F.col("variant").alias("offered")), on=list(_GROUP), how="left"
    )
    of_queries = (
        own
        .join(F.broadcast(placed), on="product_id", how="inner")
        .groupBy("query_id", "category")
        .agg(F.count_distinct("offered").alias("n_own"))  # of a product that is sold out there may be nothing to leave out
        .join(F.broadcast(by_category), on="category", how="left")
    )
    n_groups = F.coalesce("n_groups", F.lit(0))
    without_own = _capped(n_groups - F.col("n_own"), block)
    is_known = F.col("category") != _NO_CATEGORY
    in_own = F.when(is_known | (block.category == "any"), without_own).otherwise(0)
    # Of another category: the whole of an own one goes; of products without a category the own ones alone.
    lost = _capped(n_groups, block) - F.when(is_known & F.lit(block.category == "other"), 0).otherwise(without_own)
    summed = of_queries.groupBy("query_id").agg(F.sum(in_own).alias("n_in_own"), F.sum(lost).alias("n_lost"))
    joined = summed.crossJoin(F.broadcast(everything))
    left = F.col("n_in_own") if block.category == "same" else F.col("n_everything") - F.col("n_lost")
    return joined.select("query_id", left.alias("n_left"))


def _capped(n: Column, block: Block) -> Column:
    """What a category can give at most; products without a category have no cap."""
    if not block.per_category:
        return n
    return F.when(F.col("category") == _NO_CATEGORY, n).otherwise(F.least(n, F.lit(block.per_category)))
