"""gold.basket_recommendations: what completes a cart."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.recommend.scenarios.baskets import basket_rules, ordered_baskets
from reclake.recommend.scenarios.batches import lists_of
from reclake.recommend.scenarios.candidates import gathered, links_of, related_to_query
from reclake.recommend.scenarios.definition import Scenario
from reclake.recommend.scenarios.links import BasketLink, RelatedLink
from reclake.recommend.scenarios.products import above_chance, popularity_of_all, products_of_the_day, reason_for_no_list
from reclake.recommend.scenarios.rows import shown_rows
from reclake.recommend.settings import RecommendationsSettings

_N_BLOCKS = 8  # of baskets
_RULE = BasketLink(link="basket")


def basket_recommendations(
    people: DataFrame,
    order_lines: DataFrame,
    products: DataFrame,
    stock: DataFrame,
    product_relations: DataFrame,
    popular_products: DataFrame,
    *,
    as_of: date,
    scenarios: Mapping[str, Scenario],
    limits: RecommendationsSettings,
    min_customers: int,
    min_group_size: int,
) -> DataFrame:
    """One row per scenario that asks for baskets, basket and rank of a product that completes it.

    Baskets are each product that may be shown, and each pair that enough orders and customers hold and a rule begins with: a cart
    of more products is answered by those of its parts. What is in the basket, its variants and, where the block asks for another category,
    whatever could take its place never stand on the list.
    """
    asked = {name: one for name, one in scenarios.items() if one.query == "basket"}
    shelf = products_of_the_day(products, stock, popularity_of_all(popular_products), popular_products)
    opened = shelf.where("is_open").select("product_id", "place")
    orders = ordered_baskets(order_lines, people.where("may_be_profiled"))
    floors = dict(min_customers=min_customers, min_group_size=min_group_size)
    rules = basket_rules(orders, min_together=limits.min_together, min_lift=limits.min_lift, **floors)
    rules = rules.withColumn("query_id", F.to_json("items"))
    pairs = rules.where(F.size("items") > 1).select("items", "query_id").distinct()
    singles = opened.select(F.array("product_id").alias("items")).select("items", F.to_json("items").alias("query_id"))
    own = singles.unionByName(pairs).select("query_id", "items", F.explode("items").alias("product_id"))
    in_stock = own.join(F.broadcast(opened), on="product_id", how="inner")
    # A basket with a product that may not be shown any more is no basket that a shop can hold.
    baskets = in_stock.groupBy("query_id", "items").agg(F.sort_array(F.collect_list("place")).alias("own"))
    whole = baskets.where(F.size("own") == F.size("items"))
    links = [link for link in links_of(asked.values()).values() if isinstance(link, RelatedLink)]
    is_strong = above_chance(min_together=limits.min_together, min_lift=limits.min_lift)
    related = related_to_query(own.select("query_id", "product_id"), product_relations, opened, links, is_strong=is_strong)
    by_rule = rules.join(F.broadcast(opened), on="product_id", how="inner").select(
        "query_id",
        F.lit(_RULE.key).alias("link"),
        "place",
        F.col("confidence").alias("score"),
        *(F.lit(None).cast("string").alias(name) for name in ("because", "fact")),
    )
    queries = whole.select("query_id", F.lit(True).alias("is_personal"), "own", F.size("items").cast("long").alias("n_products"))
    filled = queries.join(gathered([related, by_rule]), on="query_id", how="left")
    rows = shown_rows(lists_of(filled, shelf, asked, n_blocks=_N_BLOCKS), shelf, asked)
    figures = rules.select("query_id", "product_id", "confidence", "lift", "support", F.lit(_RULE.strategy).alias("strategy"))
    return (
        rows
        .join(figures, on=["query_id", "product_id", "strategy"], how="left")
        .join(queries.select("query_id", "n_products"), on="query_id", how="inner")
        .withColumns({"as_of_date": F.lit(as_of), "basket": F.col("query_id")})
    )


def emptiness(
    products: DataFrame, stock: DataFrame, *, as_of: date, scenarios: Mapping[str, Scenario], **_options: object
) -> DataFrame:
    """One row: as_of_date, and the reason why no basket can have a list; null if one could."""
    is_asked = any(one.query == "basket" for one in scenarios.values())
    return reason_for_no_list(products, stock, as_of=as_of, query="basket", is_asked=is_asked)
