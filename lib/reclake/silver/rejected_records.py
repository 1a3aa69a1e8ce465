"""silver.rejected_records: what was not kept, and why."""

from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.records.delivery import POINTER, is_kept
from reclake.tables import silver


def rejected_records(
    event_records: DataFrame,
    order_records: DataFrame,
    account_records: DataFrame,
    product_records: DataFrame,
    consent_records: DataFrame,
) -> DataFrame:
    """One row per record that was not kept: the pointer into bronze and the reasons, no content."""
    records = (event_records, order_records, account_records, product_records, consent_records)
    not_kept = (
        of_table.where(~is_kept()).select(F.lit(table.name).alias("record_table"), *POINTER, "record_class", "reasons")
        for table, of_table in zip(silver.RECORDS, records, strict=True)
    )
    return reduce(DataFrame.unionByName, not_kept)
