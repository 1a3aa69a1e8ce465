"""Order lines as they came, parsed and classified."""

from collections.abc import Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.privacy.pseudonyms import Keys
from reclake.records.raw_records import Limits
from reclake.records.records import classified_records
from reclake.records.typed import with_reasons
from reclake.records.values import business_day
from reclake.sources.source import REQUIRED, Source
from reclake.tables.line_kinds import LINE_KINDS, PRODUCT, REDUCING_KINDS, SOLD_KINDS
from reclake.tables.vocabulary import CURRENCY


def _completed(lines: DataFrame, timezone: str) -> DataFrame:
    quantity, price, kind = F.col("quantity"), F.col("unit_price_amount"), F.col("line_kind")
    exact = (quantity.cast("decimal(19,0)") * price).try_cast("decimal(18,4)")
    derived = {
        "event_date": business_day(F.col("ordered_at"), timezone),
        "line_amount": exact,
        "is_return": quantity < 0,
        "product_id": F.when(kind == PRODUCT, F.col("product_id")),
    }
    faults = {
        "quantity is 0": quantity == 0,
        "line_kind is not a known kind": ~kind.isin(*LINE_KINDS),
        "unit_price_amount is not above 0": kind.isin(*SOLD_KINDS) & (price <= 0),
        "unit_price_amount is below 0": ~kind.isin(*SOLD_KINDS, *REDUCING_KINDS) & (price < 0),
        "line_amount is too large": quantity.isNotNull() & price.isNotNull() & F.col("line_amount").isNull(),
        "currency is not ISO 4217": ~F.col("currency").rlike(CURRENCY),
    }
    # What a feed writes instead of a kind is any text: it is not stored.
    # The same holds for a currency.
    currency = F.col("currency")
    stored = {
        "line_kind": F.when(kind.isin(*LINE_KINDS), kind),
        "currency": F.when(currency.rlike(CURRENCY), currency),
    }
    return with_reasons(lines.withColumns(derived), faults).withColumns(stored)


def order_records(
    bronze_orders: DataFrame,
    *,
    sources: Mapping[str, Source],
    timezone: str,
    id_key_id: str,
    directory: str,
    max_record_bytes: int,
    max_depth: int,
) -> DataFrame:
    """One row per record of bronze.orders: a line of an order or till receipt.

    A negative quantity is a return. A line without account is a guest's and kept. A product or service without price
    above 0, or anything with quantity 0, is a stock correction and rejected; lines of the other kinds may cost nothing, and
    vouchers, discounts and roundings less than that. Only a product keeps its product_id.
    """
    return classified_records(
        bronze_orders,
        "orders",
        sources=sources,
        keys=Keys(directory, id_key_id=id_key_id),
        limits=Limits(max_record_bytes, max_depth),
        timezone=timezone,
        required=REQUIRED["orders"],
        complete=lambda lines: _completed(lines, timezone),
        event_day="event_date",
    )
