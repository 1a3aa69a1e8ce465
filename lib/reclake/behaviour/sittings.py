"""Where sessions begin, read from arrays: the rule of `behaviour.sessions` for rows that Python holds already.

A test holds the two to each other. Whoever reads histories in one pass finds sessions here without a sort of its own in Spark.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

Longs = NDArray[np.int64]
Flags = NDArray[np.bool_]

_EPOCH = date(1970, 1, 1)
_MINUTE = 60_000_000  # microseconds


def midnights(days: Longs, timezone: str) -> Longs:
    """The moments, in microseconds, at which business days begin; days count from 1970-01-01."""
    if not len(days):
        return np.empty(0, dtype=np.int64)
    first, zone = int(days.min()), ZoneInfo(timezone)
    known = [_midnight(_EPOCH + timedelta(days=day), zone) for day in range(first, int(days.max()) + 1)]
    return np.array(known, dtype=np.int64)[days - first]


def _midnight(day: date, zone: ZoneInfo) -> int:
    at = datetime.combine(day, time(0), zone).astimezone(UTC)
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def session_starts(unit: Longs, moment: Longs, day: Longs, *, gap_minutes: int, timezone: str) -> Flags:
    """Whether each row begins a session of its unit; rows lie in the order of unit, moment and ingest.

    A pause longer than the gap begins one, and so does each midnight around a day that is active from end to end without one.
    """
    n = len(unit)
    if not n:
        return np.empty(0, dtype=np.bool_)
    gap = gap_minutes * _MINUTE
    is_new_unit = np.append(True, unit[1:] != unit[:-1])
    is_new_day = is_new_unit | np.append(True, day[1:] != day[:-1])
    pause = np.append(0, np.diff(moment))

    begins = np.flatnonzero(is_new_day)
    ends = np.append(begins[1:], n) - 1
    pause_of_day = np.where(is_new_day, 0, pause)
    full = moment[begins] - midnights(day[begins], timezone) <= gap
    full &= midnights(day[begins] + 1, timezone) - moment[ends] <= gap
    full &= np.maximum.reduceat(pause_of_day, begins) <= gap
    is_full_day = np.repeat(full, np.diff(np.append(begins, n)))
    was_full_day = np.append(False, is_full_day[:-1])
    begins_one: Flags = is_new_unit | (pause > gap) | (is_new_day & (is_full_day | was_full_day))
    return begins_one
