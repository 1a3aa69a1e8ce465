"""silver.impressions: what lists showed, by the day on which it was shown, with what followed."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reclake.records.delivery import POINTER, delivered, is_kept

_OF_SHOWN = (
    "shown_at", "received_at", "channel", "account_id", "login_account_id", "device_id", "product_id", "scenario", "strategy",
    "model_version", "arm", "propensity",
)  # fmt: skip
_LIST = ("source", "event_date", "list_id", "list_position")


def impressions(impression_records: DataFrame) -> DataFrame:
    """One row per list and position that was shown: what was shown is as the first delivered record says.

    Clicks and orders count for the list and position that they name, whatever account they came with; where the list was
    not delivered as shown they have no row. A flagged repeat counts once.
    """
    kept = impression_records.where(is_kept() & F.col("event_date").isNotNull() & ~F.col("is_repeat"))
    pointer = [name for name in POINTER if name not in _LIST]
    shown = F.min_by(F.struct(*pointer, *_OF_SHOWN), F.when(_is("shown"), delivered()))
    order = F.min(F.when(_is("ordered"), F.struct("occurred_at", "order_id")))
    together = kept.groupBy(*_LIST).agg(
        shown.alias("shown"),
        F.count_if(_is("clicked")).alias("n_clicks"),
        F.min(F.when(_is("clicked"), F.col("occurred_at"))).alias("clicked_at"),
        order.alias("order"),
    )
    was_shown = together.where(F.col("shown").isNotNull())
    return was_shown.select(
        *_LIST,
        "shown.*",
        "n_clicks",
        "clicked_at",
        F.col("order.occurred_at").alias("ordered_at"),
        F.col("order.order_id").alias("order_id"),
    )


def _is(action: str) -> Column:
    return F.col("list_action") == F.lit(action)
