"""silver.outreach: contacts that the company made with customers, by event day."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.records.delivery import is_kept


def outreach(outreach_records: DataFrame) -> DataFrame:
    """One row per kept contact; a flagged repeat is a row of its own."""
    return outreach_records.where(is_kept() & F.col("event_date").isNotNull())
