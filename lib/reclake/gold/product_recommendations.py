"""gold.product_recommendations: what the page of every product shows beside it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.recommend.scenarios.batches import lists_of
from reclake.recommend.scenarios.candidates import gathered, links_of, related_to_query
from reclake.recommend.scenarios.definition import Scenario
from reclake.recommend.scenarios.links import RelatedLink
from reclake.recommend.scenarios.products import above_chance, popularity_of_all, products_of_the_day, reason_for_no_list
from reclake.recommend.scenarios.rows import shown_rows
from reclake.recommend.settings import RecommendationsSettings

_N_BLOCKS = 8  # of products


def product_recommendations(
    products: DataFrame,
    stock: DataFrame,
    product_relations: DataFrame,
    popular_products: DataFrame,
    *,
    as_of: date,
    scenarios: Mapping[str, Scenario],
    limits: RecommendationsSettings,
) -> DataFrame:
    """One row per scenario that asks for products, block, product and rank of a product beside it.

    Every product of the day has a page, also one that is sold out or recalled: whoever comes there looks for something else. What stands
    beside it may be shown. A product never stands beside itself or its variants. What is popular comes after what is related, so a product that nobody
    knows yet has a full page too.
    """
    asked = {name: one for name, one in scenarios.items() if one.query == "product"}
    shelf = products_of_the_day(products, stock, popularity_of_all(popular_products), popular_products)
    opened = shelf.where("is_open").select("product_id", "place")
    pages = shelf.select(F.col("product_id").alias("query_id"), "product_id", "place")
    links = [link for link in links_of(asked.values()).values() if isinstance(link, RelatedLink)]
    is_strong = above_chance(min_together=limits.min_together, min_lift=limits.min_lift)
    related = related_to_query(pages.drop("place"), product_relations, opened, links, is_strong=is_strong)
    queries = pages.select("query_id", F.lit(True).alias("is_personal"), F.array("place").alias("own")).join(
        gathered([related]), on="query_id", how="left"
    )
    rows = shown_rows(lists_of(queries, shelf, asked, n_blocks=_N_BLOCKS), shelf, asked)
    return rows.withColumns({
        "as_of_date": F.lit(as_of),
        "recommended_product_id": F.col("product_id"),
        "product_id": F.col("query_id"),
    })


def emptiness(
    products: DataFrame, stock: DataFrame, *, as_of: date, scenarios: Mapping[str, Scenario], **_options: object
) -> DataFrame:
    """One row: as_of_date, and the reason why no product can have a list; null if one could."""
    is_asked = any(one.query == "product" for one in scenarios.values())
    return reason_for_no_list(products, stock, as_of=as_of, query="product", is_asked=is_asked)
