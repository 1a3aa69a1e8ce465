"""What is found about one file in a first, light pass: identity, number of records, last day, or why it is refused."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from .broken import BrokenFile
from .csv_records import column_names
from .decimal_commas import CommaSearch, CsvCommaSearch, JsonCommaSearch, fields_with_commas, json_text
from .feed import Feed
from .line_counts import LineCounts
from .settings import LandingSettings
from .split import Opened, opened
from .times import moment


@dataclass(frozen=True, slots=True)
class Verdict:
    """A file's digest and what became of reading it: `reason` is None for a good one."""

    file_digest: str
    n_records: int
    last_day: date | None
    reason: str | None
    note: str | None = None  # of every record of the file, as in bronze's intake_note
    lines: LineCounts = field(default_factory=LineCounts)


@dataclass(frozen=True, slots=True)
class Zones:
    """The zone of times without offset, and the zone in which business days are cut."""

    source: ZoneInfo
    business: ZoneInfo


def verdict(
    content: bytes,
    name: str,
    feed: Feed,
    *,
    arrived_at: datetime,
    limits: LandingSettings,
    zones: Zones,
    id_rule: Literal[1, 2] = 2,
) -> Verdict:
    """Read a whole file once without keeping its records.

    Whatever reading it raises refuses this file, by the kind of the fault: the message of a library may quote a record.

    Raises
    ------
    MemoryError
        When the worker ran out of memory, which says nothing of the file.
    """
    digest = hashlib.sha256(content).hexdigest()
    try:
        file = opened(content, name, feed, limits, id_rule=id_rule)
        n_records, last_day, note = _read_through(file, feed, not_after=arrived_at, zones=zones)
    except MemoryError:
        raise
    except BrokenFile as broken:
        return Verdict(digest, 0, None, str(broken))
    except Exception as fault:  # noqa: BLE001 - one file must not stop the others
        return Verdict(digest, 0, None, f"cannot be read: {type(fault).__name__}")
    if file.counts.n_unaccounted:
        return Verdict(digest, 0, None, f"cannot be read: {file.counts.n_unaccounted} of its lines are not accounted for")
    if n_records and last_day is None and feed.delivery_day.from_ == "last_event":
        return Verdict(digest, 0, None, "holds no usable time, so it has no delivery day")
    return Verdict(digest, n_records, last_day, None, note, file.counts)


def _read_through(file: Opened, feed: Feed, *, not_after: datetime, zones: Zones) -> tuple[int, date | None, str | None]:
    """The number of records, the latest business day in them where it is asked for, and what is noted of all of them."""
    looks: list[Callable[[bytes], None]] = []
    last = None
    if feed.delivery_day.from_ == "last_event":
        last = _LastEvent(feed, file.header, not_after=not_after, zones=zones)
        looks.append(last.look)
    if (commas := _comma_search(file, feed)) is not None:
        looks.append(commas.look)
    if not looks:
        n_records = sum(1 for _ in file.records)
    else:
        n_records, only_quoted = 0, last is None and feed.delimiter == ","  # else a comma ends a field
        for record in file.records:
            n_records += 1
            if only_quoted and b'"' not in record:  # nearly all records
                continue
            for look in looks:
                look(record)
    return n_records, last.day if last else None, commas.note if commas else None


def _comma_search(file: Opened, feed: Feed) -> CommaSearch | None:
    """The search for decimal commas where numbers are texts: in CSV, and in what is read as text."""
    fields = fields_with_commas(feed)
    if fields and file.header is not None:
        return CsvCommaSearch(column_names(file.header, feed.delimiter), fields, feed.delimiter)
    return JsonCommaSearch(fields) if fields and feed.values == "as_text" else None


class _LastEvent:
    """The latest business day in the records that it was shown.

    A time more than a day after the file arrived is a wrong clock: one event of 2099 must not name the delivery.
    """

    def __init__(self, feed: Feed, header: str | None, *, not_after: datetime, zones: Zones) -> None:
        mapping = feed.columns[feed.delivery_day.column or ""]
        self._time_of = _field_reader(feed, header, mapping.from_ or "")
        self._format = mapping.format or "iso"
        self._latest, self._zones = not_after + timedelta(days=1), zones
        self._last: datetime | None = None

    def look(self, record: bytes) -> None:
        """Take the record's time into account."""
        text = self._time_of(record)
        at = moment(text, self._format, self._zones.source) if text else None
        if at is not None and at <= self._latest and (self._last is None or at > self._last):
            self._last = at

    @property
    def day(self) -> date | None:
        return self._last.astimezone(self._zones.business).date() if self._last else None


def _field_reader(feed: Feed, header: str | None, field: str) -> Callable[[bytes], str | None]:
    if header is not None:
        place = column_names(header, feed.delimiter).index(field)
        return lambda record: _csv_field(record, place, feed.delimiter)
    return lambda record: json_text(record, field.split("."))


def _csv_field(record: bytes, place: int, delimiter: str) -> str | None:
    try:
        # Splitting is enough, and quick, where nothing is quoted.
        text = record.decode("utf-8")
        fields = column_names(text, delimiter) if '"' in text else text.split(delimiter)
    except (UnicodeDecodeError, StopIteration, csv.Error):
        return None
    return fields[place].strip() if place < len(fields) else None
