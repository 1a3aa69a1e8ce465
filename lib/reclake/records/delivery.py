"""Order and fate of delivered records."""

from pyspark.sql import Column
from pyspark.sql import functions as F

POINTER = ("source", "delivery_day", "file_digest", "position")
DELIVERY_ORDER = ("delivery_day", "file_digest", "position")


def is_kept() -> Column:
    """Whether the record was kept; a flagged repeat was."""
    return F.col("record_class") == F.lit("kept")


def is_rejected() -> Column:
    """Whether the record was refused: its content cannot be trusted, or not be read."""
    return F.col("record_class") == F.lit("rejected")


def delivered() -> Column:
    """The record's place in the order of delivery, which breaks every tie."""
    return F.struct(*DELIVERY_ORDER)
