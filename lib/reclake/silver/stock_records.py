"""States of products' stock as they came, parsed and classified."""

from collections.abc import Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.privacy.pseudonyms import Keys
from reclake.records.classify import has_reason
from reclake.records.raw_records import Limits
from reclake.records.records import classified_records
from reclake.records.typed import with_reasons
from reclake.sources.source import REQUIRED, Source

_STATED = ("n_available", "is_in_stock", "is_recalled")


def _complete(stock: DataFrame) -> DataFrame:
    is_silent = F.coalesce(*(F.col(name).cast("string") for name in _STATED)).isNull()
    for name in _STATED:
        is_silent = is_silent & ~has_reason(name)
    judged = with_reasons(stock, {"it states neither stock nor recall": is_silent})
    # Sold before it arrived: nothing is left to sell.
    n_available = F.when(F.col("n_available") < 0, F.lit(0)).otherwise(F.col("n_available"))
    is_in_stock = F.coalesce("is_in_stock", F.col("n_available") > 0)
    return judged.withColumns({"n_available": n_available, "is_in_stock": is_in_stock})


def stock_records(bronze_stock: DataFrame, *, sources: Mapping[str, Source], max_record_bytes: int, max_depth: int) -> DataFrame:
    """One row per record of bronze.stock.

    A record needs a product, and a number of pieces, whether it is in stock, or whether it is recalled.
    """
    return classified_records(
        bronze_stock,
        "stock",
        sources=sources,
        keys=Keys(directory=""),  # stock holds nobody's ids
        limits=Limits(max_record_bytes, max_depth),
        timezone=None,
        required=REQUIRED["stock"],
        complete=_complete,
    )
