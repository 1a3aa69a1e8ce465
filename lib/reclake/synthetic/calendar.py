"""Instants as milliseconds since the epoch, against the company's days."""

from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
_QUARTER = 15 * MINUTE


class _Quarter(NamedTuple):
    """What the instants of a quarter of an hour share: no zone of our days starts an hour or a day within one."""

    day: int
    local_hour: str  # 2026-01-01T09
    local_start: int  # milliseconds since the full hour
    offset: str  # +08:00
    utc_hour: str
    utc_start: int


class Calendar:
    """Days counted from the company's first one, cut in its zone. Made for millions of instants."""

    def __init__(self, first_day: date, zone: str) -> None:
        self.first_day = first_day
        self._zone = ZoneInfo(zone)
        self._quarters: dict[int, _Quarter] = {}

    def start(self, day: int) -> int:
        """First instant of a day, in milliseconds."""
        return round(datetime.combine(self.date(day), time(), self._zone).timestamp()) * SECOND

    def date(self, day: int) -> date:
        """The day's date."""
        return self.first_day + timedelta(days=day)

    def day(self, at: int) -> int:
        """The day of an instant."""
        return self._quarter(at).day

    def hour(self, at: int) -> str:
        """The local hour of an instant: 2026-01-01T09."""
        return self._quarter(at).local_hour

    def with_offset(self, at: int) -> str:
        """ISO 8601 with offset: 2026-01-01T09:00:00.123+08:00."""
        quarter = self._quarter(at)
        return f"{quarter.local_hour}:{_rest(quarter.local_start + at % _QUARTER)}{quarter.offset}"

    def utc(self, at: int) -> str:
        """ISO 8601 in UTC: 2026-01-01T01:00:00.123Z."""
        quarter = self._quarter(at)
        return f"{quarter.utc_hour}:{_rest(quarter.utc_start + at % _QUARTER)}Z"

    def till(self, at: int) -> str:
        """Local time as the tills write it, to the second: 2026-01-01 09:00:00."""
        quarter = self._quarter(at)
        return f"{quarter.local_hour.replace('T', ' ')}:{_rest(quarter.local_start + at % _QUARTER)[:5]}"

    def _quarter(self, at: int) -> _Quarter:
        number = at // _QUARTER
        if (known := self._quarters.get(number)) is not None:
            return known
        utc = datetime.fromtimestamp(number * _QUARTER // SECOND, UTC)
        local = utc.astimezone(self._zone)
        made = _Quarter(
            day=(local.date() - self.first_day).days,
            local_hour=f"{local:%Y-%m-%dT%H}",
            local_start=local.minute * MINUTE,
            offset=local.isoformat()[19:],
            utc_hour=f"{utc:%Y-%m-%dT%H}",
            utc_start=utc.minute * MINUTE,
        )
        self._quarters[number] = made
        return made


def _rest(of_hour: int) -> str:
    """Minutes, seconds and milliseconds: 05:09.123."""
    minute, rest = divmod(of_hour, MINUTE)
    second, millisecond = divmod(rest, SECOND)
    return f"{minute:02d}:{second:02d}.{millisecond:03d}"
