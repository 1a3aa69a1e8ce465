"""The day on which a file was delivered, and the times in it that no right clock can have given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from reclake.records.column_reader import Report
from reclake.records.values import DAYS_AHEAD, EARLIEST_MEMBERSHIP
from reclake.tables.vocabulary import EARLIEST

_MAY_BE_OLD = frozenset({"registered_at"})  # an impossible one costs itself alone
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Delivery:
    """When a file was delivered, as far as it is known."""

    day: date | None  # of a file that is read in part, and states no day in its name, the last day that was seen
    latest: date | None  # the last day that it can be; None if nothing is known
    zone: ZoneInfo  # in which days are cut

    def day_of(self, micros: int) -> date:
        """The business day of a time; one beyond Python's calendar is its last or first."""
        try:
            return (_EPOCH + timedelta(microseconds=micros)).astimezone(self.zone).date()
        except OverflowError:
            return date.max if micros > 0 else date.min


def bounded(times: Sequence[int | None], column: str, delivery: Delivery, hear: Report, *, note: Report) -> list[int | None]:
    """The times without those that are in the future, or too long ago; each such is reported."""
    earliest = EARLIEST_MEMBERSHIP if column in _MAY_BE_OLD else EARLIEST
    last = None if delivery.latest is None else delivery.latest + timedelta(DAYS_AHEAD)
    usable: list[int | None] = []
    for row, time in enumerate(times):
        day = None if time is None else delivery.day_of(time)
        if day is not None and last is not None and day > last:
            hear(row, f"{column} is in the future")
            time = None
        elif day is not None and day < earliest:
            (note if column in _MAY_BE_OLD else hear)(row, f"{column} is too long ago")
            time = None
        usable.append(time)
    return usable
