"""The shared input of tables about behaviour: what each customer did, in order."""

from collections.abc import Mapping
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.records.delivery import DELIVERY_ORDER
from reclake.segment.rfm import is_sale

from .attributes import customer_attributes, product_attributes
from .dimension_values import value_of
from .dimensions import DIMENSIONS, Needs
from .funnels.definition import Funnel
from .kinds import ORDER
from .paths.definition import Paths
from .units import unit_as_seen

IN_ORDER = ("customer_id", "occurred_at", *DELIVERY_ORDER)
_TOLD = (
    "customer_id", "kind", "occurred_at", "event_date", "channel", "source", "product_id", "rating", "is_logged_in", "unit",
    *DELIVERY_ORDER,
)  # fmt: skip


def histories(
    people: DataFrame,
    events: DataFrame,
    order_lines: DataFrame,
    accounts: DataFrame,
    customer_segments: DataFrame,
    products: DataFrame,
    *,
    as_of: date,
    funnels: Mapping[str, Funnel],
    paths: Mapping[str, Paths],
    timezone: str,
) -> DataFrame:
    """One row per event, or order line that sells, of a customer who may be profiled; machines are left out.

    customer_id, kind (the event's type, or `order`), occurred_at, event_date, channel, source, product_id, rating,
    is_logged_in (null of order lines), unit (a digest of the source and the device or account as seen; null of order lines,
    which belong to no device) and the order of delivery, which breaks ties of time. Beside them `dim_NAME` for each dimension
    by which a funnel or paths are broken down, and which needs more than that: the client of an event, and customers and products as
    known at `as_of`.

    The rows of a customer lie in one partition, in the order of IN_ORDER: whoever reads them needs no further exchange or
    sort. An account counts for the customer that it belongs to at `as_of`; on a device that several people share each event
    is that of the account that was logged in, else of the device.
    """
    asked = {name for one in funnels.values() for name in one.breakdowns}
    asked |= {name for one in paths.values() for name in one.breakdowns}
    brought = tuple(one for one in DIMENSIONS if one.name in asked and one.needs is not Needs.NOTHING)
    profiled = people.where(F.col("may_be_profiled") & ~F.coalesce("is_machine", F.lit(False))).select(
        "account_id", "customer_id"
    )
    if any(one.needs is Needs.CUSTOMER for one in brought):
        attributes = customer_attributes(people, accounts, customer_segments, as_of=as_of, timezone=timezone)
        profiled = profiled.join(attributes, on="customer_id", how="left")
    acts = _acts(events, order_lines).join(profiled, on="account_id", how="inner")
    if any(one.needs is Needs.PRODUCT for one in brought):
        acts = acts.join(product_attributes(products), on="product_id", how="left")
    return (
        acts
        .select(*_TOLD, *(value_of(one.name, timezone=timezone).alias(f"dim_{one.name}") for one in brought))
        .repartition("customer_id")
        .sortWithinPartitions(*IN_ORDER)
    )


def _acts(events: DataFrame, order_lines: DataFrame) -> DataFrame:
    """Events and order lines by account. What nobody asks for, as the name of the client, is read by no plan."""
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
        "user_agent",
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
        F.lit(None).cast("string").alias("user_agent"),
        *DELIVERY_ORDER,
    )
    return seen.unionByName(ordered)
