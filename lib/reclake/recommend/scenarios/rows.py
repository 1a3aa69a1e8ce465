"""Rows of lists as the tables of gold hold them: products by id, reasons in words, price and stock of the day."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from .batches import evidence_relation
from .definition import Scenario
from .reasons import with_reasons

_SHOWN = ("product_id", "category", "product_name", "price_amount", "currency", "stock_status")


def shown_rows(
    lists: DataFrame, products: DataFrame, scenarios: Mapping[str, Scenario], *, due: DataFrame | None = None
) -> DataFrame:
    """The rows of `batches.lists_of` with product_id, reason_en, reason_zh, evidence_relation and the state of the day.

    Parameters
    ----------
    products
        Rows of `products.products_of_the_day`. It is broadcast.
    due
        query_id, product_id, elapsed, usual: what the fact `due` says in numbers.
    """
    names = products.select(F.col("product_id").alias("evidence_product_id"), F.col("product_name").alias("evidence_name"))
    named = (
        lists
        .join(F.broadcast(products.select("place", *_SHOWN)), on="place", how="inner")
        .join(F.broadcast(names), on="evidence_product_id", how="left")
        .withColumn("product", F.coalesce("evidence_name", "evidence_product_id"))
    )
    numbered = named.join(due, on=["query_id", "product_id"], how="left") if due is not None else _without_numbers(named)
    return with_reasons(numbered, scenarios).withColumn("evidence_relation", evidence_relation(F.col("strategy")))


def _without_numbers(rows: DataFrame) -> DataFrame:
    return rows.withColumns(dict.fromkeys(("elapsed", "usual"), F.lit(None).cast("long")))
