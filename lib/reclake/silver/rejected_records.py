"""silver.rejected_records: what was not kept, and why."""

from collections.abc import Mapping
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.records.delivery import POINTER, is_kept
from reclake.tables import silver


def rejected_records(records: Mapping[str, DataFrame]) -> DataFrame:
    """One row per record that was not kept: the pointer into bronze and the reasons, no content."""
    not_kept = (
        records[table.noun].where(~is_kept()).select(F.lit(table.name).alias("record_table"), *POINTER, "record_class", "reasons")
        for table in silver.RECORDS
    )
    return reduce(DataFrame.unionByName, not_kept)
