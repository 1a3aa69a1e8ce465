"""silver.interactions: what an account did with a product on a day, machines left out."""

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reclake.records.delivery import delivered
from reclake.sources.source import Source

KIND_OF_EVENT = {"view_item": "view", "add_to_cart": "add_to_cart", "rate": "rating"}


def interactions(events: DataFrame, order_lines: DataFrame, *, sources: Mapping[str, Source]) -> DataFrame:
    """One row per account as seen, product, day and kind.

    Views, additions to the cart and ratings come from events that no machine made; purchases from order lines that are
    sales, a flagged repeat being a line like any other, and from events only where a source delivers no orders. Guests
    and services, which have no account or product, are left out. `rating` is the last one of the day; of one moment,
    the last delivered.
    """
    kind = F.coalesce(
        *(F.when(F.col("event_type") == event, F.lit(kind)) for event, kind in KIND_OF_EVENT.items()),
        F.when((F.col("event_type") == "purchase") & _is_of_source_without_orders(sources), F.lit("purchase")),
    )
    from_events = _moments(
        events.where(~F.col("is_bot") & kind.isNotNull()),
        kind=kind,
        moment=F.col("occurred_at"),
        rating=F.when(F.col("event_type") == "rate", F.col("rating")),
    )
    from_orders = _moments(
        order_lines.where(~F.col("is_return")),
        kind=F.lit("purchase"),
        moment=F.col("ordered_at"),
        rating=F.lit(None).cast("double"),
    )
    rated = F.when(F.col("rating").isNotNull(), F.struct("moment", "delivered"))
    return (
        from_events
        .unionByName(from_orders)
        .groupBy("event_date", "account_id", "product_id", "kind")
        .agg(
            F.count(F.lit(1)).alias("n_events"),
            F.max_by("rating", rated).alias("rating"),
            F.max("moment").alias("last_at"),
        )
    )


def _is_of_source_without_orders(sources: Mapping[str, Source]) -> Column:
    names = sorted(name for name, source in sources.items() if "orders" not in source.tables_fed)
    return F.col("source").isin(names) if names else F.lit(False)


def _moments(facts: DataFrame, *, kind: Column, moment: Column, rating: Column) -> DataFrame:
    is_tied = F.col("account_id").isNotNull() & F.col("product_id").isNotNull()
    return facts.where(is_tied).select(
        "event_date",
        "account_id",
        "product_id",
        kind.alias("kind"),
        moment.alias("moment"),
        rating.alias("rating"),
        delivered().alias("delivered"),
    )
