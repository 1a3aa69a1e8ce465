"""silver.stock: which products can be sold, and which were called back."""

from collections.abc import Mapping

from pyspark.sql import DataFrame
from pyspark.sql import Window as W
from pyspark.sql import functions as F

from reclake.records.delivery import DELIVERY_ORDER, is_kept
from reclake.records.survivorship import survivors
from reclake.records.validity import change_day, states_in_time, with_validity
from reclake.sources.source import Source

_STATE = ("is_in_stock", "n_available", "is_recalled")


def stock(stock_records: DataFrame, *, sources: Mapping[str, Source], timezone: str) -> DataFrame:
    """One row per product and validity; validity as in `records.validity`.

    A warehouse may tell of pieces and another system of recalls: where several feeds, of one source or of several, tell of one product, its
    state is put together as in `records.survivorship`. Who says nothing of a recall has none.
    """
    stated = stock_records.where(is_kept()).select(
        "product_id",
        *_STATE,
        "changed_at",
        *DELIVERY_ORDER,
        "source",
        "feed",
        change_day(timezone).alias("valid_from"),
        F.lit(False).alias("is_stub"),
    )
    so_far = states_in_time("product_id").rowsBetween(W.unboundedPreceding, W.currentRow)
    together = stated.withColumns(survivors(sources, "stock", so_far))
    decided = together.withColumn("is_recalled", F.coalesce("is_recalled", F.lit(False)))
    return with_validity(decided, key=("product_id",), state=_STATE)
