"""Texts read as times, numbers and truth values, each by an anchored pattern.

Nothing is rounded, coerced or guessed: what does not fit its pattern, or cannot be held exactly, is null and has a reason.
"""

import re
from datetime import date
from decimal import Decimal

from pyspark.sql import Column
from pyspark.sql import functions as F

EARLIEST = date(1990, 1, 1)  # before the public web nothing was collected: an earlier time is a wrong clock
DAYS_AHEAD = 1  # a time may lie this many days after its delivery day: another zone, a late cut

_CLOCK = r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?"
_OFFSET = r"(Z|[+-](0\d|1[0-8]):?[0-5]\d)"
_ISO = rf"^\d{{4}}-\d{{2}}-\d{{2}}[T ]{_CLOCK}{_OFFSET}?$"
_ISO_DATE = r"^\d{4}-\d{2}-\d{2}$"
_LONG = r"^-?\d{1,19}$"
_DECIMAL = r"^-?\d{1,14}(\.\d{1,4}0*)?$"  # decimal(18,4) holds it exactly
_DOUBLE = r"^-?\d{1,400}(\.\d{1,400})?([eE][+-]?\d{1,4})?$"
_EPOCHS = {"epoch_seconds": (r"^\d{1,11}$", F.timestamp_seconds), "epoch_millis": (r"^\d{1,14}$", F.timestamp_millis)}

# The letters that a source file may use; names of months depend on a language.
_LETTERS = re.compile(r"'([^']*)'|([A-Za-z])\2*|.")
_DIGITS = {"yyyy": 4, "MM": 2, "dd": 2, "HH": 2, "mm": 2, "ss": 2, "SSS": 3, "SSSSSS": 6}


def _only(text: Column, pattern: str) -> Column:
    """The text where it fits the whole pattern, else null."""
    # Java's $ also matches before a last line break.
    return F.when(text.rlike(pattern) & ~text.contains("\n"), text)


def anchored(pattern: str) -> str:
    r"""The regular expression that a text of the time pattern fits as a whole.

    Examples
    --------
    >>> anchored("yyyy-MM-dd HH:mm")
    '^\\d{4}\\-\\d{2}\\-\\d{2}\\ \\d{2}:\\d{2}$'
    """

    def translated(found: re.Match[str]) -> str:
        if found[1] is not None:
            return re.escape(found[1])
        if found[0] == "XXX":
            return _OFFSET
        return rf"\d{{{_DIGITS[found[0]]}}}" if found[2] else re.escape(found[0])

    return f"^{_LETTERS.sub(translated, pattern)}$"


def _in_utc(local: Column, zone: str) -> Column:
    """The instant of a local time; null for one that the zone's clocks skip.

    Of a local time that comes twice, when clocks go back, the first is taken: no text can tell which was meant.
    """
    if zone == "UTC":
        return local
    instant = F.to_utc_timestamp(local, zone)
    return F.when(F.from_utc_timestamp(instant, zone) == local, instant)


def timestamp_of(text: Column, form: str, zone: str) -> Column:
    """The UTC instant; null for what is no time in this form.

    Parameters
    ----------
    text
        A time as written.
    form
        "iso", "epoch_seconds", "epoch_millis" or a pattern such as "yyyy-MM-dd HH:mm:ss".
    zone
        The zone of a time without offset.
    """
    if form in _EPOCHS:
        pattern, read = _EPOCHS[form]
        return read(_only(text, pattern).cast("long"))
    fitting = _only(text, _ISO if form == "iso" else anchored(form))
    has_offset = fitting.rlike(rf"{_OFFSET}$")
    if form != "iso":
        parsed = F.try_to_timestamp(fitting, F.lit(form))
        return parsed if "X" in re.sub(r"'[^']*'", "", form) else _in_utc(parsed, zone)
    local = F.try_to_timestamp(F.concat(fitting, F.lit("Z")))  # read as if in UTC, so that the session's zone has no part
    return F.when(has_offset, F.try_to_timestamp(fitting)).otherwise(_in_utc(local, zone))


def date_of(text: Column, form: str) -> Column:
    """The day; null for what is none in this form ("iso" or a pattern)."""
    if form == "iso":
        return _only(text, _ISO_DATE).try_cast("date")
    return F.to_date(F.try_to_timestamp(_only(text, anchored(form)), F.lit(form)))


def long_of(text: Column) -> Column:
    """The whole number; null for a fraction, an exponent, a sign other than minus, or more than 64 bits."""
    return _only(text, _LONG).try_cast("long")


def decimal_of(text: Column) -> Column:
    """The amount as decimal(18,4); null for what it could not hold exactly."""
    return _only(text, _DECIMAL).try_cast("decimal(18,4)")


def double_of(text: Column) -> Column:
    """The number; null for NaN, infinity, and what a double can only hold as infinity."""
    number = _only(text, _DOUBLE).try_cast("double")
    return F.when(F.abs(number) < F.lit(float("inf")), number)


def boolean_of(text: Column) -> Column:
    """Whether it says true; null for anything but true and false."""
    return F.when(text == "true", F.lit(True)).when(text == "false", F.lit(False))


def typed(text: Column, kind: str, *, form: str | None, zone: str) -> Column:
    """The text read as the type of a source file; null where it cannot be."""
    match kind:
        case "timestamp":
            return timestamp_of(text, form or "iso", zone)
        case "date":
            return date_of(text, form or "iso")
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
    "timestamp": "a time",
    "date": "a day",
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


def is_too_early(at: Column, timezone: str) -> Column:
    """Whether a time lies before anything was collected."""
    return business_day(at, timezone) < F.lit(EARLIEST)
