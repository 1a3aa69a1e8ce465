"""States of products as they came, parsed and classified."""

from collections.abc import Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.privacy.pseudonyms import Keys
from reclake.records.raw_records import Limits
from reclake.records.records import classified_records
from reclake.records.typed import with_reasons
from reclake.sources.source import REQUIRED, Source
from reclake.tables.vocabulary import CURRENCY


def _checked(products: DataFrame) -> DataFrame:
    faults = {
        "price_amount is below 0": F.col("price_amount") < 0,
        "list_price_amount is below 0": F.col("list_price_amount") < 0,
        "currency is not ISO 4217": ~F.col("currency").rlike(CURRENCY),
    }
    currency = F.col("currency")
    # What a feed writes instead of a currency is any text: it is not stored.
    return with_reasons(products, faults).withColumn("currency", F.when(currency.rlike(CURRENCY), currency))


def product_records(
    bronze_products: DataFrame, *, sources: Mapping[str, Source], max_record_bytes: int, max_depth: int
) -> DataFrame:
    """One row per record of bronze.products."""
    return classified_records(
        bronze_products,
        "products",
        sources=sources,
        keys=Keys(directory=""),  # products hold nobody's ids
        limits=Limits(max_record_bytes, max_depth),
        timezone=None,
        required=REQUIRED["products"],
        complete=_checked,
    )
