"""A record on its way to a landing file, and how its channel writes it."""

import csv
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from .calendar import Calendar
from .facts import World

Body = dict[str, Any]
_encoded = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How one channel of a feed writes its records: all that the file and the planting of dirt need to know."""

    feed: str  # folder below the landing folder
    channel: str  # folder below that
    table: str  # bronze noun that it feeds
    extension: str  # jsonl, jsonl.gz, csv or parquet
    transport: Callable[[Calendar, int], Body]  # fields that say how it travelled, from the instant of arrival
    id_field: str = ""  # the field that makes the record's id new
    required: tuple[str, ...] = ()
    number_field: str = ""
    bad_numbers: Mapping[str, Any] | None = None  # kind → value that is refused
    time_field: str = ""  # of dated records: they can be late
    written_time: Callable[[Calendar, int], Any] = Calendar.with_offset
    altered: Callable[[Body], Body] | None = None  # the same record with other content
    altered_is: str = "rejected"  # what the pipeline should make of that
    header: tuple[str, ...] = ()  # csv only

    @property
    def is_json(self) -> bool:
        """Whether a record is a JSON object."""
        return self.extension.startswith("jsonl")


@dataclass(frozen=True, slots=True)
class Record:
    """A record before it is written."""

    shape: Shape
    name: str  # unique in its shape: names its draws, and orders records of one instant
    at: int  # when it happened
    received: int  # when it arrived
    body: Body


class Line(NamedTuple):
    """A line of a file, with what the pipeline should make of it."""

    file: str
    received: int
    tie: str
    payload: bytes
    table: str
    delivery_day: int
    kind: str | None  # of planted and moved lines
    expected: str  # kept, duplicate, rejected or late
    record_id: str


def written(world: World, shape: Shape, body: Body, received: int) -> bytes:
    """The record as it stands in the file, without line end."""
    whole = body | shape.transport(world.calendar, received)
    if shape.is_json or shape.extension == "parquet":
        return json_line(whole)
    return csv_line([whole.get(column) for column in shape.header])


def json_line(body: Body) -> bytes:
    """One line of JSON."""
    return _encoded(body).encode()


def csv_line(values: list[Any] | tuple[Any, ...]) -> bytes:
    """One line of CSV; None is an empty field.

    Examples
    --------
    >>> csv_line(["a", None, "b, c"]).decode()
    'a,,"b, c"'
    """
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(["" if value is None else value for value in values])
    return out.getvalue().encode()


def line(
    world: World, record: Record, payload: bytes, received: int, number: int, *, kind: str | None, expected: str, slot: int
) -> Line:
    """The line in the file of its delivery day: the business day on which it arrived."""
    shape, calendar = record.shape, world.calendar
    day = calendar.day(received)
    bucket = slot // world.settings.customers_per_file
    part = f"-{bucket:05d}" if world.settings.n_customers > world.settings.customers_per_file else ""
    file = f"{shape.feed}/{shape.channel}/{calendar.date(day)}{part}.{shape.extension}"
    return Line(file, received, f"{record.name}/{number}", payload, shape.table, day, kind, expected, record.name)
