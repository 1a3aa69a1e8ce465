"""A file's bytes, split into the records it holds: JSON lines, CSV, Parquet, and gzip of the first two.

Pure Python that runs on a worker, in bounded memory. It judges the file, not its records: a line that is no JSON is
still a record, and so is one that cannot be decoded. The records of text files are in UTF-8, whatever the file was in.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from .broken import BrokenFile
from .csv_records import LINE_FEED, CsvLines, without_end
from .feed import Feed
from .line_counts import LineCounts, Placed
from .lines import lines_of
from .parquet import parquet_rows
from .settings import LandingSettings

_SWALLOWED_RECORDS = 4  # a quote that is open for longer than that many of the largest records is never closed


@dataclass(frozen=True, slots=True)
class Opened:
    """A file whose start was understood; reading on may still raise BrokenFile."""

    header: str | None  # the header line of a CSV file
    records: Iterator[bytes]  # a `Recovered` is one that a quote without end had swallowed
    counts: LineCounts  # whole when the last record was read
    has_lines: bool = True  # False for Parquet


def opened(
    content: bytes, name: str, feed: Feed, limits: LandingSettings, *, id_rule: Literal[1, 2] = 2, is_judged: bool = False
) -> Opened:
    """The records of a file, lazily, without their line ends; one that was judged good is read without some checks.

    Raises
    ------
    BrokenFile
        Here or while the records are read: cut off, not what its name says, in another encoding, too large when unpacked,
        or empty where that is not declared.
    """
    counts = LineCounts()
    if not content:
        if not feed.may_be_empty:
            raise BrokenFile("is empty")
        return Opened(None, iter(()), counts)
    if feed.format == "parquet":
        return Opened(None, parquet_rows(content, feed, limits, counts, id_rule=id_rule), counts, has_lines=False)
    lines = lines_of(content, name, feed.encoding, limits, counts, is_judged=is_judged)
    if feed.format == "json_lines":
        return Opened(None, _json_records(lines, counts, may_be_empty=feed.may_be_empty), counts)
    return _opened_csv(CsvLines(lines, feed.delimiter, _SWALLOWED_RECORDS * limits.max_record_bytes, counts), feed)


def _json_records(lines: Iterator[bytes], counts: LineCounts, *, may_be_empty: bool) -> Iterator[bytes]:
    seen_object, n_records, blank = False, 0, []
    for line in lines:
        if seen_object and line[-1] == LINE_FEED:  # nearly all lines
            n_records += 1
            yield line[:-2] if line.endswith(b"\r\n") else line[:-1]
            continue
        record = without_end(line)
        if not seen_object:
            if may_be_empty and not n_records and not record.strip(b" \t"):
                blank.append(record)  # no record as long as nothing follows
                continue
            seen_object = record.lstrip(b" \t").startswith(b"{")
        if not line.endswith(b"\n") and not _is_whole_json(record):
            raise BrokenFile("is cut off: its last line has no end and is not whole")
        if blank:
            yield from (Placed.at(record, line) for line, record in enumerate(blank, start=1))
            n_records, blank = len(blank), []
        n_records += 1
        yield record
    counts.n_record_lines, counts.n_blank_lines = n_records, len(blank)
    if not (counts.n_lines or may_be_empty):
        raise BrokenFile("is empty")
    if not seen_object and (n_records or not may_be_empty):
        raise BrokenFile("holds no JSON object on any line")


def _is_whole_json(record: bytes) -> bool:
    try:
        json.loads(record, parse_int=str, parse_float=str)  # as text: a number too long for Python is not cut off
    except RecursionError:
        return True  # too deep, which is a matter of the record
    except ValueError:
        return False
    return True


def _opened_csv(lines: CsvLines, feed: Feed) -> Opened:
    start = lines.header()
    if start is None and feed.may_be_empty:
        return Opened(None, iter(()), lines.counts)
    if start is None and not lines.counts.n_blank_lines:
        raise BrokenFile("is empty")
    if start is None:
        raise BrokenFile("has no header line: all its lines are blank")
    try:
        header = start.decode("utf-8")
        names, *more = csv.reader(io.StringIO(header, newline=""), delimiter=feed.delimiter)
    except UnicodeDecodeError:
        hint = ': declare encoding = "gb18030" or "latin-1" in its feed' if feed.encoding is None else ""
        raise BrokenFile(f"has no header line in {feed.encoding or 'UTF-8'}{hint}") from None
    except csv.Error:
        raise BrokenFile("has no header line that can be read") from None
    if more:
        raise BrokenFile("ends its lines with a carriage return alone")
    _require_columns(names, feed)
    return Opened(header, lines.records(start, len(names)), lines.counts)


def _require_columns(names: list[str], feed: Feed) -> None:
    """What nobody maps may be missing or doubled: spreadsheets add columns without a name."""
    wanted = feed.fields_read
    if missing := sorted(wanted - set(names)):
        what = (
            "has no header line: its first line names none of the columns" if len(missing) == len(wanted) else "its header lacks"
        )
        raise BrokenFile(f"{what} {missing}")
    if doubled := sorted(name for name in wanted if names.count(name) > 1):
        raise BrokenFile(f"its header names a mapped column twice: {doubled}")
