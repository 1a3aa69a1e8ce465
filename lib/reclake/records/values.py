"""Texts read as numbers and truth values, each by an anchored pattern, and times judged by their day.

Nothing is rounded, coerced or guessed: what does not fit its pattern, or cannot be held exactly, is null and has a reason.
"""

from datetime import date
from decimal import Decimal

from pyspark.sql import Column
from pyspark.sql import functions as F

from reclake.tables.vocabulary import EARLIEST
from reclake.tables.vocabulary import NUMBER_PATTERNS as NUMBER_PATTERNS

EARLIEST_MEMBERSHIP = date(1900, 1, 1)  # an earlier one is a placeholder such as 0001-01-01
DAYS_AHEAD = 1  # a time may lie this many days after its delivery day: another zone, a late cut


def _only(text: Column, pattern: str) -> Column:
    """The text where it fits the whole pattern, else null."""
    # Java's $ also matches before a last line break.
    return F.when(text.rlike(pattern) & ~text.contains("\n"), text)


def long_of(text: Column) -> Column:
    """The whole number; null for a fraction, an exponent, a sign other than minus, or more than 64 bits."""
    return _only(text, NUMBER_PATTERNS["long"]).try_cast("long")


def decimal_of(text: Column) -> Column:
    """The amount as decimal(18,4); null for what it could not hold exactly."""
    return _only(text, NUMBER_PATTERNS["decimal"]).try_cast("decimal(18,4)")


def double_of(text: Column) -> Column:
    """The number; null for NaN, infinity, and what a double can only hold as infinity."""
    number = _only(text, NUMBER_PATTERNS["double"]).try_cast("double")
    return F.when(F.abs(number) < F.lit(float("inf")), number)


def boolean_of(text: Column) -> Column:
    """Whether it says true; null for anything but true and false."""
    return F.when(text == "true", F.lit(True)).when(text == "false", F.lit(False))


def typed(text: Column, kind: str) -> Column:
    """The text read as the type of a source file; null where it cannot be."""
    match kind:
        case "long":
            return long_of(text)
        case "decimal":
            return decimal_of(text)
        case "double":
            return double_of(text)
        case "boolean":
            return boolean_of(text)
    return text


WHAT_IT_IS_NOT = {
    "long": "a whole number",
    "decimal": "an amount of at most 4 decimals",
    "double": "a finite number",
    "boolean": "true or false",
}


def is_outside(value: Column, *, low: float | None, high: float | None) -> Column:
    """Whether a number is below `low` or above `high`; the limits themselves are inside."""
    below = F.lit(False) if low is None else value < F.lit(Decimal(str(low)))
    above = F.lit(False) if high is None else value > F.lit(Decimal(str(high)))
    return below | above


def business_day(at: Column, timezone: str) -> Column:
    """The business day of an instant."""
    return F.to_date(F.from_utc_timestamp(at, timezone))


def is_ahead(at: Column, delivery_day: Column, timezone: str) -> Column:
    """Whether a time lies more than a day after its delivery day: no clock was right that said so."""
    return business_day(at, timezone) > F.date_add(delivery_day, DAYS_AHEAD)


def is_too_early(at: Column, timezone: str, *, earliest: date = EARLIEST) -> Column:
    """Whether a time lies before anything was collected, or before `earliest`."""
    return business_day(at, timezone) < F.lit(earliest)
