"""The beginning of a file as text: what kind it is, its encoding and its delimiter. No Spark, and no more than is asked for."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from .encodings import decoded

Kind = Literal["csv", "json_lines", "parquet", "unreadable"]
DELIMITERS = (",", ";", "\t", "|")
_GZIP = b"\x1f\x8b"
_FOREIGN = {
    b"PK\x03\x04": "a zip archive or a workbook (xlsx)", b"%PDF": "a PDF", b"\xd0\xcf\x11\xe0": "an old workbook (xls)",
    b"BZh": "bzip2", b"\x28\xb5\x2f\xfd": "zstd", b"\xfd7zXZ\x00": "xz",
}  # fmt: skip
_MARKUP = (b"<!doctype", b"<html", b"<?xml")

csv.field_size_limit(2**31 - 1)


@dataclass(frozen=True, slots=True)
class Row:
    """One record of the head: the line on which it begins (of Parquet the row), from 1, and its fields as text by name."""

    line: int
    fields: Mapping[str, str | None]
    is_number: frozenset[str] = frozenset()  # fields that are numbers in the file itself, not texts


@dataclass(frozen=True, slots=True)
class Head:
    """What the first bytes of a file show."""

    kind: Kind
    encoding: str = ""  # utf-8, gb18030, utf-16 or latin-1; empty for Parquet
    is_certain: bool = True  # whether the encoding was told by the bytes rather than guessed
    has_mark: bool = False  # a byte order mark
    delimiter: str = ""
    names: tuple[str, ...] = ()
    types: Mapping[str, str] | None = None  # Parquet: the type of each column
    rows: tuple[Row, ...] = ()
    is_whole: bool = True  # whether the head is the whole file
    problem: str = ""  # why nothing more can be said of it


def head_of(path: Path, *, max_bytes: int, max_rows: int, encoding: str | None = None, delimiter: str | None = None) -> Head:
    """The head of a file: at most `max_bytes` bytes of it, unpacked, and `max_rows` records.

    Parameters
    ----------
    encoding, delimiter
        As a source file states them; else they are guessed.
    """
    try:
        with path.open("rb") as file:
            start = file.read(8)
        if start.startswith(b"PAR1"):
            return _parquet_head(path, max_rows=max_rows)
        content, is_whole = _first_bytes(path, max_bytes, is_packed=start.startswith(_GZIP))
    except OSError as error:
        return Head("unreadable", problem=f"cannot be read: {error.strerror or type(error).__name__}")
    except (EOFError, gzip.BadGzipFile, zlib.error):
        return Head("unreadable", problem="is a gzip file that is cut off or damaged")
    except pa.ArrowException:
        return Head("unreadable", problem="begins like Parquet and is cut off or damaged")
    return _text_head(content, is_whole=is_whole, max_rows=max_rows, encoding=encoding, delimiter=delimiter)


def _first_bytes(path: Path, max_bytes: int, *, is_packed: bool) -> tuple[bytes, bool]:
    with path.open("rb") as stored:
        file: Any = gzip.GzipFile(fileobj=stored) if is_packed else stored
        content = file.read(max_bytes)
        return content, not file.read(1)


def _text_head(content: bytes, *, is_whole: bool, max_rows: int, encoding: str | None, delimiter: str | None) -> Head:
    if not content:
        return Head("unreadable", problem="is empty")
    if kind := next((kind for magic, kind in _FOREIGN.items() if content.startswith(magic)), None):
        return Head("unreadable", problem=f"holds {kind}, not text")
    if content.lstrip()[:9].lower().startswith(_MARKUP):
        return Head("unreadable", problem="holds markup (HTML or XML): perhaps a page that asked for a login")
    if not is_whole:
        content = content[: content.rfind(b"\n") + 1] or content  # a line that the head cuts in two says nothing
    text, found = decoded(content, stated=encoding)
    common: dict[str, Any] = {
        "encoding": found.name, "is_certain": found.is_certain, "has_mark": found.has_mark, "is_whole": is_whole,
    }  # fmt: skip
    if text.lstrip()[:1] in ("{", "["):
        return _json_head(text, max_rows=max_rows, **common)
    return _csv_head(text, max_rows=max_rows, stated=delimiter, **common)


def _json_head(text: str, *, max_rows: int, **common: Any) -> Head:
    if text.lstrip()[0] == "[":
        return Head("unreadable", problem="is one JSON array: deliver one object per line (JSON lines)", **common)
    rows, names = [], dict[str, None]()
    for line, written in enumerate(text.split("\n"), start=1):  # U+2028 and its like end no line
        try:
            row = _json_row(line, written)
        except (ValueError, RecursionError):
            continue  # the source says of each line what is wrong with it
        if row is not None:
            rows.append(row)
            names |= dict.fromkeys(row.fields)
        if len(rows) == max_rows:
            break
    if len(rows) == max_rows:
        common["is_whole"] = False
    problem = "" if rows else "holds no JSON object on any line that was read"
    return Head("json_lines", names=tuple(names), rows=tuple(rows), problem=problem, **common)


def _json_row(line: int, written: str) -> Row | None:
    fields = json.loads(written, parse_int=_Written, parse_float=_Written)
    if not isinstance(fields, dict):
        return None
    flat = dict(_flat(fields))
    numbers = frozenset(name for name, value in flat.items() if isinstance(value, _Written))
    return Row(line, {name: _text(value) for name, value in flat.items()}, numbers)


class _Written(str):
    """A number as it was written."""

    __slots__ = ()


def _flat(fields: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Fields of nested objects under names with dots; lists stay as they are."""
    for name, value in fields.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def _csv_head(text: str, *, max_rows: int, stated: str | None, **common: Any) -> Head:
    lines = list(io.StringIO(text, newline=""))  # ends in \n, \r\n or \r: U+2028 and its like end no line
    first = next((n for n, line in enumerate(lines) if line.strip()), 0)
    if lines[first : first + 1] and lines[first].lower().startswith("sep=") and len(lines[first].strip()) == len("sep=") + 1:
        stated, first = stated or lines[first].strip()[-1], first + 1
    delimiter = stated or _delimiter(lines[first : first + 50])
    names: tuple[str, ...] = ()
    rows = list[Row]()
    reader = csv.reader(io.StringIO("".join(lines[first:]), newline=""), delimiter=delimiter)
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if not names:
                names = tuple(cells)  # as they stand there: so an ingest looks for them
            elif len(cells) == len(names) and tuple(cells) != names:
                rows.append(Row(first + reader.line_num - cells_lines(cells), dict(zip(names, cells, strict=True))))
            if len(rows) == max_rows:
                break
    except csv.Error:
        problem = "ends its lines with a carriage return alone, or is no CSV"
    else:
        problem = "" if names else "has no header line"
    if len(rows) == max_rows:
        common["is_whole"] = False
    return Head("csv", delimiter=delimiter, names=names, rows=tuple(rows), problem=problem, **common)


def cells_lines(cells: Sequence[str]) -> int:
    """Line breaks inside the cells of one record."""
    return sum(cell.count("\n") for cell in cells)


def _delimiter(lines: Sequence[str]) -> str:
    """The sign that cuts most lines into the same number of cells, more than one; a comma where none does."""

    def score(sign: str) -> tuple[int, int]:
        counts = [line.count(sign) for line in lines if line.strip()]
        most = counts[0] if counts else 0  # as the header line has it
        return (sum(count == most for count in counts) if most else 0, most)

    return max(DELIMITERS, key=score)


def _parquet_head(path: Path, *, max_rows: int) -> Head:
    file = pq.ParquetFile(path)
    names = tuple(file.schema_arrow.names)
    batch = next(file.iter_batches(batch_size=max_rows, use_threads=False), None)
    values = batch.to_pylist() if batch is not None else []
    is_numeric = [
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind) for kind in file.schema_arrow.types
    ]
    numbers = frozenset(name for name, is_one in zip(names, is_numeric, strict=True) if is_one)
    rows = tuple(
        Row(line, {name: None if value is None else str(value) for name, value in row.items()}, numbers)
        for line, row in enumerate(values, start=1)
    )
    types = dict(zip(names, map(str, file.schema_arrow.types), strict=True))
    return Head("parquet", names=names, types=types, rows=rows, is_whole=len(rows) == file.metadata.num_rows)
