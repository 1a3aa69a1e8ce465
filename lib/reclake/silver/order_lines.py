"""silver.order_lines: kept order lines by event day."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.records.delivery import is_kept


def order_lines(order_records: DataFrame) -> DataFrame:
    """One row per kept order line, sale or return, of a customer or a guest; a flagged repeat is a line of its own."""
    return order_records.where(is_kept() & F.col("event_date").isNotNull())
