"""What a source would refuse of a file, found with the readers that an ingest and the records tables use."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from reclake.records.batch import Batch
from reclake.records.raw_records import Limits, read_batch
from reclake.sources.broken import BrokenFile
from reclake.sources.found import OfferedFile
from reclake.sources.line_counts import RECOVERED, Placed, Recovered
from reclake.sources.reading import verdict_of
from reclake.sources.settings import LandingSettings
from reclake.sources.source import RECORDS, Feed, Source
from reclake.sources.split import opened
from reclake.sources.verdict import Zones

from .days import Delivery
from .judgement import columns_read, judge
from .written import written_value

_CUT_BY_BUSINESS = {
    noun for noun, table in RECORDS.items() if table.source_day_column
}  # the days of the others: in their source's zone
_ENDING = re.compile(r"\.gz$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason for which a file, or records of it, would be refused; the first place where it holds."""

    file_name: str
    reason: str
    n_records: int  # 0: the file as a whole
    line: int | None = None
    value: str = ""


def refusals_of(
    path: Path, name: str, feed_name: str, source: Source, limits: LandingSettings, **how: Any
) -> list[Refusal] | None:
    """As `judged`; whatever goes wrong with the file is a problem of this file alone."""
    try:
        return judged(path, name, feed_name, source, limits, **how)
    except MemoryError:
        raise
    except Exception as fault:  # noqa: BLE001 - one file must not stop the others, and its message may quote a record
        return [Refusal(name, f"cannot be judged: {type(fault).__name__}", 0)]


def judged(
    path: Path, name: str, feed_name: str, source: Source, limits: LandingSettings, *, n_records: int, n_bytes: int, timezone: str
) -> list[Refusal] | None:
    """The reasons for which the file as a whole, or else records of its beginning, would be refused, each once.

    None for a file that is too large to be judged by its beginning.

    Parameters
    ----------
    n_records
        Records that are judged one by one.
    n_bytes
        Of a larger text file so much of its beginning is judged, of a larger Parquet file nothing.
    timezone
        The zone of the business, in which days are cut.
    """
    feed, status = source.feeds[feed_name], path.stat()
    if status.st_size > limits.max_file_bytes:
        return [Refusal(name, f"has {status.st_size} bytes, more than {limits.max_file_bytes}: deliver it in parts", 0)]
    try:
        content, judged_name = _content(path, name, feed, n_bytes)
    except OSError as error:
        return [Refusal(name, f"cannot be read: {error.strerror or type(error).__name__}", 0)]
    if content is None:
        return None
    at, day = datetime.fromtimestamp(status.st_mtime, UTC), feed.delivery_day.day_of(name)
    file = OfferedFile(str(path), judged_name, len(content), at, feed_name, day)
    business = ZoneInfo(source.business.timezone or timezone)
    verdict = verdict_of(content, file, source, limits, Zones(source.zone, business))
    if verdict.reason is not None:
        return [Refusal(name, verdict.reason, 0)]
    last = day or verdict.last_day
    is_known = day is not None or len(content) == status.st_size
    delivery = Delivery(last, last if is_known else at.date(), business if feed.table in _CUT_BY_BUSINESS else source.zone)
    readers = _Readers(source, feed, limits, n_records, delivery)
    return _of_records(content, judged_name, name, readers, note=verdict.note)


def _content(path: Path, name: str, feed: Feed, n_bytes: int) -> tuple[bytes | None, str]:
    """The content to judge, and the name that fits it: of a large text file its first whole lines, unpacked."""
    if path.stat().st_size <= n_bytes:
        return path.read_bytes(), name
    if feed.format == "parquet" or feed.encoding == "utf-16":
        return None, name
    with path.open("rb") as stored:
        try:
            start = gzip.GzipFile(fileobj=stored).read(n_bytes) if _ENDING.search(name) else stored.read(n_bytes)
        except (EOFError, gzip.BadGzipFile, zlib.error):
            return path.read_bytes(), name  # the verdict says what is wrong with it
    return start[: start.rfind(b"\n") + 1], _ENDING.sub("", name)


@dataclass(frozen=True, slots=True)
class _Readers:
    source: Source
    feed: Feed
    limits: LandingSettings
    n_records: int  # at most, of each file
    delivery: Delivery


def _of_records(content: bytes, judged_name: str, name: str, readers: _Readers, *, note: str | None) -> list[Refusal]:
    source, feed, limits = readers.source, readers.feed, readers.limits
    file = opened(content, judged_name, feed, limits, id_rule=source.id_rule, is_judged=True)
    raws: list[bytes] = []
    lines: list[int] = []
    try:
        for raw in islice(file.records, readers.n_records):
            raws.append(raw)
            lines.append(raw.line if isinstance(raw, Placed) else file.counts.n_lines if file.has_lines else len(raws))
    except BrokenFile as broken:
        return [Refusal(name, str(broken), 0)]
    batch = read_batch(raws, [file.header] * len(raws), feed, columns_read(feed, source), Limits(limits.max_record_bytes))
    batch.take_notes([";".join(filter(None, (RECOVERED if isinstance(raw, Recovered) else None, note))) for raw in raws])
    judge(batch, feed, source, readers.delivery)
    found: dict[str, Refusal] = {}
    for row, reason in _said(batch):
        first = found.get(reason)
        if first is None:
            found[reason] = Refusal(name, reason, 1, lines[row], written_value(reason, raws[row], file.header, feed))
        else:
            found[reason] = Refusal(name, reason, first.n_records + 1, first.line, first.value)
    return list(found.values())


def _said(batch: Batch) -> Iterator[tuple[int, str]]:
    """Row and reason of whatever is refused, and of what costs its value alone."""
    for row, reasons in enumerate(batch.reasons):
        yield from ((row, reason) for reason in dict.fromkeys(reasons))
    for row, notes in enumerate(batch.notes):
        yield from ((row, f"{note} (the record is kept)") for note in notes or ())
