"""ops.reconciliation: what came in is accounted for, to the record."""

from collections.abc import Iterator
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reclake.tables import silver

COUNTED = {"n_in": "in", "n_kept": "kept", "n_duplicates": "duplicate", "n_rejected": "rejected", "n_late": "late"}


def reconciliation(
    bronze_events: DataFrame,
    bronze_orders: DataFrame,
    bronze_accounts: DataFrame,
    bronze_products: DataFrame,
    bronze_consents: DataFrame,
    event_records: DataFrame,
    order_records: DataFrame,
    account_records: DataFrame,
    product_records: DataFrame,
    consent_records: DataFrame,
) -> DataFrame:
    """One row per source, records table and delivery day: in = kept + duplicates + rejected + late.

    `n_unaccounted` is what that leaves: positive when records were lost or have an unknown class, negative when records
    came from nowhere. One exchange.
    """
    bronze = (bronze_events, bronze_orders, bronze_accounts, bronze_products, bronze_consents)
    records = (event_records, order_records, account_records, product_records, consent_records)
    entries = (*_entries(bronze, F.lit("in")), *_entries(records, F.col("record_class")))
    counts = (
        reduce(DataFrame.unionByName, entries)
        .groupBy("source", "record_table", "delivery_day")
        .agg(*(F.count_if(F.col("entry") == entry).alias(name) for name, entry in COUNTED.items()))
    )
    accounted = F.col("n_kept") + F.col("n_duplicates") + F.col("n_rejected") + F.col("n_late")
    rejected_share = F.try_divide(F.col("n_rejected"), F.col("n_in"))
    return counts.withColumns({
        "n_unaccounted": F.col("n_in") - accounted,
        "rejected_share": F.coalesce(rejected_share, F.lit(0.0)),
    })


def _entries(frames: tuple[DataFrame, ...], entry: Column) -> Iterator[DataFrame]:
    for table, of_table in zip(silver.RECORDS, frames, strict=True):
        yield of_table.select("source", F.lit(table.name).alias("record_table"), "delivery_day", entry.alias("entry"))
