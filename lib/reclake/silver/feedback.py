"""silver.feedback: kept reviews and messages of service chats by event day, masked."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.records.delivery import is_kept


def feedback(feedback_records: DataFrame) -> DataFrame:
    """One row per kept review, or message of a service chat; a flagged repeat is a row of its own."""
    return feedback_records.where(is_kept() & F.col("event_date").isNotNull())
