"""Intervals of the calendar: days, weeks from Monday and months, numbered so that neighbours differ by one."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from pyspark.sql import Column
from pyspark.sql import functions as F

PERIODS = ("day", "week", "month")
_FIRST_DAY = date(1970, 1, 1)
_FIRST_MONDAY = date(1969, 12, 29)


def interval_of(day: date, period: str) -> int:
    """The number of the interval that holds a day.

    Examples
    --------
    >>> interval_of(date(2026, 3, 1), "week") + 1 == interval_of(date(2026, 3, 2), "week")
    True
    >>> interval_of(date(2026, 1, 1), "month") - interval_of(date(2025, 12, 31), "month")
    1
    """
    if period == "month":
        return 12 * day.year + day.month - 1
    return (day - _FIRST_DAY).days if period == "day" else (day - _FIRST_MONDAY).days // 7


def first_day_of(interval: int, period: str) -> date:
    """The day on which an interval begins.

    Examples
    --------
    >>> first_day_of(interval_of(date(2026, 3, 1), "week"), "week"), first_day_of(interval_of(date(2026, 3, 9), "month"), "month")
    (datetime.date(2026, 2, 23), datetime.date(2026, 3, 1))
    """
    if period == "month":
        return date(interval // 12, interval % 12 + 1, 1)
    return _FIRST_DAY + timedelta(days=interval) if period == "day" else _FIRST_MONDAY + timedelta(weeks=interval)


def interval(day: Column, period: str) -> Column:
    """`interval_of` as an expression, an integer."""
    if period == "month":
        return 12 * F.year(day) + F.month(day) - 1
    since = F.date_diff(day, F.lit(_FIRST_DAY if period == "day" else _FIRST_MONDAY))
    return since if period == "day" else F.floor(since / 7).cast("int")


def first_day(interval: Column, period: Column) -> Column:
    """`first_day_of` as an expression, of a column of intervals and one of their periods."""
    of_month = F.make_date(F.floor(interval / 12).cast("int"), F.pmod(interval, F.lit(12)) + 1, F.lit(1))
    of_week = F.date_add(F.lit(_FIRST_MONDAY), 7 * interval)
    return F.when(period == "month", of_month).when(period == "week", of_week).otherwise(F.date_add(F.lit(_FIRST_DAY), interval))


def by_period(values: Mapping[str, Any], period: Column) -> Column:
    """The value that each row's period has."""
    return F.element_at(F.create_map(*(F.lit(each) for pair in values.items() for each in pair)), period)


def past_end(as_of: date) -> dict[str, int]:
    """By period the first interval that is not past at the as_of, which itself does not count."""
    return {period: interval_of(as_of, period) for period in PERIODS}


def newest(as_of: date) -> dict[str, int]:
    """By period the interval of the last day that counts; it may still be going on."""
    return {period: interval_of(as_of - timedelta(days=1), period) for period in PERIODS}
