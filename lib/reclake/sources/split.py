"""A file's bytes, split into the records it holds: JSON lines, CSV as in RFC 4180, Parquet, and gzip of the first two.

Pure Python that runs on a worker, in bounded memory: a compressed file is unpacked piece by piece and refused as soon
as it grows too large. It judges the file, not its records: a line that is no JSON is still a record.

References
----------
Shafranovich, Y. (2005). Common Format and MIME Type for CSV Files. RFC 4180, section 2.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from .broken import BrokenFile, LandingLimits, most_unpacked
from .feed import Feed
from .parquet import parquet_rows

# Python's own limit of 131,072 characters in a CSV field is none of ours.
csv.field_size_limit(2**31 - 1)

_BOM = b"\xef\xbb\xbf"
_GZIP = b"\x1f\x8b"
_OTHER_KINDS = {
    b"PAR1": "Parquet", _GZIP: "gzip", b"PK\x03\x04": "a zip archive", b"BZh": "bzip2", b"\x28\xb5\x2f\xfd": "zstd",
    b"\xfd7zXZ\x00": "xz", b"%PDF": "PDF", b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Opened:
    """A file whose start was understood; reading on may still raise BrokenFile."""

    header: str | None  # the header line of a CSV file
    records: Iterator[bytes]


def opened(content: bytes, name: str, feed: Feed, limits: LandingLimits) -> Opened:
    """The records of a file, lazily, without their line ends.

    Raises
    ------
    BrokenFile
        Here or while the records are read: empty, cut off, not what its name says, or too large when unpacked.
    """
    if not content:
        raise BrokenFile("is empty")
    if feed.format == "parquet":
        wanted = {field.split(".")[0] for field in _fields_read(feed)}
        return Opened(None, parquet_rows(content, wanted=wanted, limits=limits))
    lines = _lines(content, name, limits)
    if feed.format == "json_lines":
        return Opened(None, _json_records(lines))
    return _opened_csv(lines, feed, longest=limits.max_file_bytes)


def column_names(header: str, delimiter: str) -> list[str]:
    """The names in a header line of a CSV file."""
    return next(csv.reader(io.StringIO(header, newline=""), delimiter=delimiter))


def _n_rows(text: str, delimiter: str) -> int:
    return sum(1 for _ in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


def _fields_read(feed: Feed) -> set[str]:
    return {mapping.from_ for mapping in feed.columns.values() if mapping.from_ is not None}


def _lines(content: bytes, name: str, limits: LandingLimits) -> Iterator[bytes]:
    """Lines with their ends, unpacked where the content is gzip."""
    is_packed = content.startswith(_GZIP)
    if is_packed != name.lower().endswith(".gz"):
        raise BrokenFile("is gzip, but its name does not say so" if is_packed else "is named .gz, but is no gzip")
    most = most_unpacked(len(content), limits) if is_packed else len(content)
    longest = min(limits.max_file_bytes, most)
    stream: gzip.GzipFile | io.BytesIO = gzip.GzipFile(fileobj=io.BytesIO(content)) if is_packed else io.BytesIO(content)
    n_bytes = 0
    try:
        while line := stream.readline(longest + 1):
            if n_bytes == 0 and (kind := _other_kind(line)):
                raise BrokenFile(f"holds {kind}, not text")
            n_bytes += len(line)
            if n_bytes > most:
                raise BrokenFile(f"unpacks to more than {limits.max_unpacked_ratio} times its size")
            if len(line) > longest:
                raise BrokenFile(f"holds a record of more than {longest} bytes")
            yield line
    except EOFError:
        raise BrokenFile("is cut off: its gzip stream has no end") from None
    except (gzip.BadGzipFile, zlib.error):
        raise BrokenFile("is damaged: its gzip stream cannot be unpacked") from None
    if n_bytes == 0:
        raise BrokenFile("is empty")


def _other_kind(start: bytes) -> str | None:
    return next((kind for magic, kind in _OTHER_KINDS.items() if start.startswith(magic)), None)


def _without_end(line: bytes) -> bytes:
    return line.removesuffix(b"\n").removesuffix(b"\r")


def _json_records(lines: Iterator[bytes]) -> Iterator[bytes]:
    seen_object = False
    for line in lines:
        record = _without_end(line)
        seen_object = seen_object or record.lstrip(b" \t").startswith(b"{")
        if not line.endswith(b"\n") and not _is_whole_json(record):
            raise BrokenFile("is cut off: its last line has no end and is not whole")
        yield record
    if not seen_object:
        raise BrokenFile("holds no JSON object on any line")


def _is_whole_json(record: bytes) -> bool:
    try:
        json.loads(record, parse_int=str, parse_float=str)  # as text: a number too long for Python is not cut off
    except RecursionError:
        return True  # too deep, which is a matter of the record
    except ValueError:
        return False
    return True


def _opened_csv(lines: Iterator[bytes], feed: Feed, *, longest: int) -> Opened:
    records = _csv_records(lines, feed.delimiter, longest=longest)
    try:
        header = _without_end(next(records)).removeprefix(_BOM).decode("utf-8")
        names = column_names(header, feed.delimiter)
        if _n_rows(header, feed.delimiter) > 1:
            raise BrokenFile("ends its lines with a carriage return alone")
    except (UnicodeDecodeError, csv.Error, StopIteration):
        raise BrokenFile("has no header line in UTF-8") from None
    wanted = _fields_read(feed)
    if missing := sorted(wanted - set(names)):
        what = (
            "has no header line: its first line names none of the columns" if len(missing) == len(wanted) else "its header lacks"
        )
        raise BrokenFile(f"{what} {missing}")
    if len(set(names)) != len(names):
        raise BrokenFile("its header names a column twice")
    return Opened(header, _whole_csv_records(records, len(names), feed.delimiter))


def _whole_csv_records(records: Iterator[bytes], n_columns: int, delimiter: str) -> Iterator[bytes]:
    for record in records:
        whole = _without_end(record)
        if not record.endswith(b"\n") and _n_fields(whole, delimiter) != n_columns:
            raise BrokenFile("is cut off: its last line has no end and too few or too many fields")
        yield whole


def _n_fields(record: bytes, delimiter: str) -> int:
    return len(column_names(record.decode("utf-8", "replace"), delimiter))


def _csv_records(lines: Iterator[bytes], delimiter: str, *, longest: int) -> Iterator[bytes]:
    """Records with their line ends; a line break inside quotes belongs to the record."""
    mark = delimiter.encode()
    pending: list[bytes] = []
    n_bytes = 0
    for line in lines:
        if not pending and b'"' not in line:  # nearly all lines
            yield line
            continue
        is_open = _ends_in_quotes(line, mark, is_open=bool(pending))
        pending.append(line)
        n_bytes += len(line)
        if n_bytes > longest:
            raise BrokenFile(f"holds a record of more than {longest} bytes")
        if not is_open:
            yield b"".join(pending)
            pending, n_bytes = [], 0
    if pending:
        raise BrokenFile("is cut off: it ends inside a quoted field")


def _ends_in_quotes(line: bytes, mark: bytes, *, is_open: bool) -> bool:
    """Whether the line ends inside a quoted field; a quote within an unquoted field is an ordinary character.

    Examples
    --------
    >>> [_ends_in_quotes(line, b",", is_open=False) for line in (b'a,"b', b'a,"b ""c"",', b'a,6" nail', b'a,"b",c')]
    [True, True, False, False]
    """
    at, end = 0, len(line)
    while at < end:
        if is_open:
            closing = line.find(b'"', at)
            if closing < 0:
                return True
            if line[closing + 1 : closing + 2] == b'"':
                at = closing + 2
                continue
            is_open, at = False, closing + 1
        elif line[at : at + 1] == b'"':  # here a field begins
            is_open, at = True, at + 1
        else:
            following = line.find(mark, at)
            at = end if following < 0 else following + 1
    return is_open
