"""silver.products: every product that was described, sold or seen."""

from collections.abc import Mapping
from functools import partial, reduce

from pyspark.sql import DataFrame
from pyspark.sql import Window as W
from pyspark.sql import functions as F

from reclake.records.delivery import DELIVERY_ORDER, delivered, is_kept
from reclake.records.survivorship import survivors
from reclake.records.validity import change_day, states_in_time, with_validity
from reclake.sources.source import Source

STATE = ("product_name", "category", "price_amount", "currency", "is_active", "brand", "variant_of", "list_price_amount")


def products(
    product_records: DataFrame, facts: Mapping[str, DataFrame], *, sources: Mapping[str, Source], timezone: str
) -> DataFrame:
    """One row per product and validity; validity as in `records.validity`.

    Where several feeds tell of one product, its state is put together as in `records.survivorship`.

    A product that order lines or events name before any product record does has a stub from the first day on which it
    was seen (the event day, or the delivery day if that is earlier). Its name is the one that the last delivered line
    with a description gives; it counts as active, since it was just dealt with; category and price are unknown.
    """
    described = product_records.where(is_kept()).select(
        "product_id",
        *STATE,
        "changed_at",
        *DELIVERY_ORDER,
        "source",
        "feed",
        change_day(timezone).alias("valid_from"),
        F.lit(False).alias("is_stub"),
    )
    stubs = _first_seen(facts).withColumns({"is_active": F.lit(True), "is_stub": F.lit(True)})
    states = described.unionByName(stubs, allowMissingColumns=True)
    so_far = states_in_time("product_id").rowsBetween(W.unboundedPreceding, W.currentRow)
    return with_validity(states.withColumns(survivors(sources, "products", so_far)), key=("product_id",), state=STATE)


def _first_seen(facts: Mapping[str, DataFrame]) -> DataFrame:
    """One row per product in a kept fact: valid_from and product_name."""
    named = F.when(F.col("product_name").isNotNull(), delivered())
    return (
        reduce(partial(DataFrame.unionByName, allowMissingColumns=True), (_mentions(records) for records in facts.values()))
        .groupBy("product_id")
        .agg(
            F.min(F.least("event_date", "delivery_day")).alias("valid_from"),
            F.max_by("product_name", named).alias("product_name"),
        )
    )


def _mentions(records: DataFrame) -> DataFrame:
    """One row per product and delivery of kept records, of those that describe it one per description and file."""
    usable = records.where(is_kept() & F.col("product_id").isNotNull())
    if "product_name" not in records.columns:
        return usable.groupBy("product_id", "delivery_day").agg(F.min("event_date").alias("event_date"))
    # Grouped by file first: whole numbers and days aggregate by hash, and little is left to shuffle and sort.
    return usable.groupBy("product_id", "product_name", "delivery_day", "file_digest").agg(
        F.max("position").alias("position"), F.min("event_date").alias("event_date")
    )
