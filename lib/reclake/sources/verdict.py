"""What is found about one file in a first, light pass: identity, number of records, last day, or why it is refused."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from .broken import BrokenFile, LandingLimits
from .feed import Feed
from .split import column_names, opened
from .times import moment


@dataclass(frozen=True, slots=True)
class Verdict:
    """A file's digest and what became of reading it: `reason` is None for a good one."""

    file_digest: str
    n_records: int
    last_day: date | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Zones:
    """The zone of times without offset, and the zone in which business days are cut."""

    source: ZoneInfo
    business: ZoneInfo


def verdict(content: bytes, name: str, feed: Feed, *, arrived_at: datetime, limits: LandingLimits, zones: Zones) -> Verdict:
    """Read a whole file once without keeping its records."""
    digest = hashlib.sha256(content).hexdigest()
    try:
        file = opened(content, name, feed, limits)
        if feed.delivery_day.from_ != "last_event":
            return Verdict(digest, sum(1 for _ in file.records), None, None)
        n_records, last_day = _count_and_last_day(file.records, feed, file.header, not_after=arrived_at, zones=zones)
        return Verdict(digest, n_records, last_day, None if last_day else "holds no usable time, so it has no delivery day")
    except BrokenFile as broken:
        return Verdict(digest, 0, None, str(broken))


def _count_and_last_day(
    records: Iterable[bytes], feed: Feed, header: str | None, *, not_after: datetime, zones: Zones
) -> tuple[int, date | None]:
    """The number of records and the latest business day in them.

    A time more than a day after the file arrived is a wrong clock: one event of 2099 must not name the delivery.
    """
    mapping = feed.columns[feed.delivery_day.column or ""]
    time_of = _field_reader(feed, header, mapping.from_ or "")
    n_records, last = 0, None
    for record in records:
        n_records += 1
        text = time_of(record)
        at = moment(text, mapping.format or "iso", zones.source) if text else None
        if at is not None and at <= not_after + timedelta(days=1) and (last is None or at > last):
            last = at
    return n_records, last.astimezone(zones.business).date() if last else None


def _field_reader(feed: Feed, header: str | None, field: str) -> Callable[[bytes], str | None]:
    if header is not None:
        place = column_names(header, feed.delimiter).index(field)
        return lambda record: _csv_field(record, place, feed.delimiter)
    return lambda record: _json_field(record, field.split("."))


def _csv_field(record: bytes, place: int, delimiter: str) -> str | None:
    try:
        # Splitting is enough, and quick, where nothing is quoted.
        text = record.decode("utf-8")
        fields = column_names(text, delimiter) if '"' in text else text.split(delimiter)
    except (UnicodeDecodeError, StopIteration):
        return None
    return fields[place].strip() if place < len(fields) else None


def _json_field(record: bytes, path: list[str]) -> str | None:
    try:
        value = json.loads(record, parse_int=str, parse_float=str)
        for key in path:
            value = value[key]
    except (ValueError, RecursionError, LookupError, TypeError):
        return None
    return value if isinstance(value, str) else None
