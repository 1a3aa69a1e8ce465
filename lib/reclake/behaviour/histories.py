"""The shared input of tables about behaviour: what each customer did, in order."""

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.records.delivery import DELIVERY_ORDER
from reclake.segment.rfm import is_sale

from .kinds import ORDER
from .units import unit_as_seen

IN_ORDER = ("customer_id", "occurred_at", *DELIVERY_ORDER)


def histories(people: DataFrame, events: DataFrame, order_lines: DataFrame, *, as_of: date) -> DataFrame:
    """One row per event, or order line that sells, of a customer who may be profiled; machines are left out.

    customer_id, kind (the event's type, or `order`), occurred_at, event_date, channel, source, product_id, rating,
    is_logged_in (null of order lines), unit (a digest of the source and the device or account as seen; null of order lines,
    which belong to no device) and the order of delivery, which breaks ties of time.

    The rows of a customer lie in one partition, in the order of IN_ORDER: whoever reads them needs no further exchange or
    sort. An account counts for the customer that it belongs to at `as_of`; on a device that several people share each event
    is that of the account that was logged in, else of the device.
    """
    del as_of  # the inputs are cut by it
    profiled = people.where(F.col("may_be_profiled") & ~F.coalesce("is_machine", F.lit(False))).select(
        "account_id", "customer_id"
    )
    seen = events.where(~F.col("is_bot")).select(
        "account_id",
        F.col("event_type").alias("kind"),
        "occurred_at",
        "event_date",
        "channel",
        "source",
        "product_id",
        "rating",
        F.col("login_account_id").isNotNull().alias("is_logged_in"),
        F.xxhash64("source", unit_as_seen()).alias("unit"),
        *DELIVERY_ORDER,
    )
    ordered = order_lines.where(is_sale()).select(
        "account_id",
        F.lit(ORDER).alias("kind"),
        F.col("ordered_at").alias("occurred_at"),
        "event_date",
        "channel",
        "source",
        "product_id",
        F.lit(None).cast("double").alias("rating"),
        F.lit(None).cast("boolean").alias("is_logged_in"),
        F.lit(None).cast("long").alias("unit"),
        *DELIVERY_ORDER,
    )
    return (
        seen
        .unionByName(ordered)
        .join(profiled, on="account_id", how="inner")
        .drop("account_id")
        .repartition("customer_id")
        .sortWithinPartitions(*IN_ORDER)
    )
