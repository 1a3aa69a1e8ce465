"""Which days count for an as_of: it is the first day that does not."""

from datetime import date, timedelta

from pyspark.sql import Column
from pyspark.sql import functions as F


def is_in_window(day_column: str, *, as_of: date, days: int) -> Column:
    """Whether the day is one of the `days` days before `as_of`, or any day before it for 0; `as_of` itself is not."""
    day = F.col(day_column)
    before = day < F.lit(as_of)
    return before & (day >= F.lit(as_of - timedelta(days=days))) if days else before


def is_valid_at(as_of: date) -> Column:
    """Whether a dimension's row is what was true at `as_of`: valid_from < as_of ≤ valid_to, or still open."""
    is_open = F.col("valid_to").isNull() | (F.lit(as_of) <= F.col("valid_to"))
    return (F.col("valid_from") < F.lit(as_of)) & is_open
