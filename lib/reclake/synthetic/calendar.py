"""Instants as milliseconds since the epoch, against the company's days."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class Calendar:
    """Days counted from the company's first one, cut in its zone."""

    def __init__(self, first_day: date, zone: str) -> None:
        self.first_day = first_day
        self._zone = ZoneInfo(zone)
        self._days: dict[int, int] = {}  # by quarter of an hour, as no zone starts its day within one

    def start(self, day: int) -> int:
        """First instant of a day, in milliseconds."""
        return round(datetime.combine(self.date(day), time(), self._zone).timestamp()) * SECOND

    def date(self, day: int) -> date:
        """The day's date."""
        return self.first_day + timedelta(days=day)

    def day(self, at: int) -> int:
        """The day of an instant."""
        quarter = at // (15 * MINUTE)
        if quarter not in self._days:
            self._days[quarter] = (self.local(at).date() - self.first_day).days
        return self._days[quarter]

    def local(self, at: int) -> datetime:
        """Wall clock time in the company's zone."""
        return datetime.fromtimestamp(at // SECOND, self._zone).replace(microsecond=at % SECOND * 1000)

    def with_offset(self, at: int) -> str:
        """ISO 8601 with offset: 2026-01-01T09:00:00.123+08:00."""
        return self.local(at).isoformat(timespec="milliseconds")

    def utc(self, at: int) -> str:
        """ISO 8601 in UTC: 2026-01-01T01:00:00.123Z."""
        told = datetime.fromtimestamp(at // SECOND, UTC).replace(microsecond=at % SECOND * 1000)
        return told.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def till(self, at: int) -> str:
        """Local time as the tills write it, to the second: 2026-01-01 09:00:00."""
        return self.local(at).strftime("%Y-%m-%d %H:%M:%S")
