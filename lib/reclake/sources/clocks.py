"""Days and clocks: which days exist, how far east an offset or a zone is, which local times the clocks skip."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

MINUTE = 60  # seconds
MICROS = 1_000_000  # of a second

_START = date(1970, 1, 1).toordinal()
_LOCAL_START = datetime(1970, 1, 1)  # noqa: DTZ001 - a local time


@lru_cache(maxsize=1 << 14)
def day_number(year: str, month: str, day: str) -> int | None:
    """Days since 1970; None for a day that does not exist."""
    try:
        return date(int(year), int(month), int(day)).toordinal() - _START
    except ValueError:
        return None


@lru_cache(maxsize=256)
def offset_seconds(offset: str) -> int | None:
    """East of Greenwich; None beyond 18 hours."""
    if offset[0] in "ZzU":
        return 0
    digits = offset[1:].replace(":", "")
    seconds = int(digits[:2]) * 3600 + int(digits[2:] or 0) * MINUTE
    return None if seconds > 18 * 3600 else -seconds if offset[0] == "-" else seconds


@lru_cache(maxsize=64)
def zone_offsets(zone: str) -> Callable[[int], int | None]:
    """The function from a local second since 1970 to the zone's offset; None for one that its clocks skip."""
    rules = ZoneInfo(zone)

    def exact(second: int) -> int | None:
        at = (_LOCAL_START + timedelta(seconds=second)).replace(tzinfo=rules)
        first, second_time = at.utcoffset() or timedelta(), at.replace(fold=1).utcoffset() or timedelta()
        return None if first < second_time else int(first.total_seconds())

    @lru_cache(maxsize=1 << 16)
    def of_minute(minute: int) -> tuple[int | None, bool]:
        begin = exact(minute * MINUTE)
        return begin, begin == exact(minute * MINUTE + 59)

    def offset(second: int) -> int | None:
        of_all, is_for_all = of_minute(second // MINUTE)
        return of_all if is_for_all else exact(second)  # some clocks were set forward by 44:30

    return (lambda second: 0) if zone == "UTC" else offset


def zone_minute(local: int, zone: str) -> int | None:
    """Microseconds of a local minute in UTC; None where not all of its seconds have one offset."""
    offset = zone_offsets(zone)
    east = offset(local)
    return None if east is None or east != offset(local + 59) else (local - east) * MICROS
