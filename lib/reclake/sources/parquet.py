"""Rows of a Parquet file as JSON records, so that bronze holds payloads that every parser can read again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from itertools import count
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from .broken import BrokenFile, most_unpacked
from .feed import Feed
from .line_counts import LineCounts
from .mapping import is_id
from .settings import LandingSettings

_ROWS_AT_ONCE = 128  # few, as a page of a few bytes may stand for rows of megabytes
_ANNOTATED_TEXT = ("ENUM", "JSON")  # bytes with a text meaning, though Arrow shows them as bytes

BytesAs = Literal["utf-8", "hex"]


def parquet_rows(
    content: bytes, feed: Feed, limits: LandingSettings, counts: LineCounts, *, id_rule: Literal[1, 2]
) -> Iterator[bytes]:
    """The rows as JSON objects, one line each, keys in the file's column order.

    Decimals are exact JSON numbers, times ISO 8601 (to the microsecond). Bytes are what the feed declares where they are
    mapped, else hexadecimal; a row whose bytes are not the UTF-8 that is declared is no UTF-8 either.

    Raises
    ------
    BrokenFile
        For no or half a Parquet file, a flipped byte where pages carry checksums, a missing or doubled mapped column,
        mapped bytes without a declared meaning, floating-point numbers as ids (id rule 2), or too large pages.
    """
    if content[:4] != b"PAR1":
        raise BrokenFile("is not Parquet")
    try:
        file = pq.ParquetFile(pa.BufferReader(content), page_checksum_verification=True)
        unpacked = sum(file.metadata.row_group(i).total_byte_size for i in range(file.metadata.num_row_groups))
        if unpacked > most_unpacked(len(content), limits):
            raise BrokenFile(f"unpacks to more than {limits.max_unpacked_ratio} times its size")
        _require_columns(file, feed, id_rule)
        counts.n_lines = file.metadata.num_rows
        names, meanings = _unique(file.schema_arrow.names), _meanings(file, feed)
        n_bytes = 0
        for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE, use_threads=False):
            n_bytes += batch.get_total_buffer_size()
            if n_bytes > most_unpacked(len(content), limits):
                raise BrokenFile(f"unpacks to more than {limits.max_unpacked_ratio} times its size")
            for row in _in_microseconds(batch, names).to_pylist():
                counts.n_record_lines += 1
                yield _row_as_json(row, meanings).encode("utf-8", "surrogateescape")
        if counts.n_record_lines != counts.n_lines:
            raise BrokenFile(f"is damaged: its footer tells of {counts.n_lines} rows, and it holds {counts.n_record_lines}")
    except (pa.ArrowException, OSError, ValueError, OverflowError):  # ValueError: text that is not UTF-8, a year above 9999
        raise BrokenFile("is cut off or damaged: it cannot be read as Parquet") from None


def _require_columns(file: pq.ParquetFile, feed: Feed, id_rule: Literal[1, 2]) -> None:
    schema = file.schema_arrow
    wanted = {field.split(".")[0] for field in feed.fields_read}
    if doubled := sorted(name for name in wanted if schema.names.count(name) > 1):
        raise BrokenFile(f"its schema names a mapped column twice: {doubled}")
    if missing := sorted(wanted - set(schema.names)):
        raise BrokenFile(f"its schema lacks {missing}")
    annotated = _annotated(file)
    for column, mapping in feed.columns.items():
        kind = _type_at(schema, mapping.from_) if mapping.from_ is not None else None
        if kind is None:
            continue
        if _is_bytes(kind) and feed.binary is None and mapping.from_ not in annotated:
            raise BrokenFile(f"its column {mapping.from_} holds bytes without a text meaning: declare binary in its feed")
        is_an_id = is_id(column, mapping.type)
        if id_rule == 2 and is_an_id and not mapping.whole_number and pa.types.is_floating(kind):
            raise BrokenFile(
                f"its column {mapping.from_} holds floating-point numbers, which are no ids: deliver texts or whole numbers, "
                f"or declare whole_number for {column}"
            )


def _type_at(schema: pa.Schema, path: str) -> pa.DataType | None:
    """The type of the field at the end of a dotted path; None where there is none."""
    first, *rest = path.split(".")
    kind = schema.field(first).type
    for name in rest:
        if not pa.types.is_struct(kind) or kind.get_field_index(name) < 0:
            return None
        kind = kind.field(name).type
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _is_bytes(kind: pa.DataType) -> bool:
    tests = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary, pa.types.is_binary_view)
    return any(test(kind) for test in tests)


def _annotated(file: pq.ParquetFile) -> set[str]:
    """Paths of the columns of bytes that are texts by their annotation."""
    columns = [file.schema.column(i) for i in range(len(file.schema))]
    return {column.path for column in columns if column.logical_type.type in _ANNOTATED_TEXT}


def _meanings(file: pq.ParquetFile, feed: Feed) -> dict[str, BytesAs]:
    """What bytes below the columns are, by name; hexadecimal where none is named."""
    meanings: dict[str, BytesAs] = {path.split(".")[0]: "utf-8" for path in _annotated(file)}
    if feed.binary is not None:
        meanings |= {field.split(".")[0]: feed.binary for field in feed.fields_read - meanings.keys()}
    return meanings


def _unique(names: Sequence[str]) -> list[str]:
    """The names, each once: a doubled one gets a number, as a row of Python cannot hold two."""
    unique: list[str] = []
    for name in names:
        others = (f"{name} ({n})" for n in count(2))
        is_doubled = name in unique
        unique.append(next(other for other in others if other not in {*names, *unique}) if is_doubled else name)
    return unique


def _in_microseconds(batch: pa.RecordBatch, names: Sequence[str]) -> pa.RecordBatch:
    types = [
        pa.timestamp("us", field.type.tz) if pa.types.is_timestamp(field.type) and field.type.unit == "ns" else field.type
        for field in batch.schema
    ]
    columns = [column.cast(kind, safe=False) for column, kind in zip(batch.columns, types, strict=True)]
    return pa.RecordBatch.from_arrays(columns, names=list(names))


def _row_as_json(row: dict[str, Any], meanings: Mapping[str, BytesAs]) -> str:
    fields = (f"{json.dumps(name, ensure_ascii=False)}:{_as_json(held, meanings.get(name, 'hex'))}" for name, held in row.items())
    return "{" + ",".join(fields) + "}"


def _as_json(value: Any, bytes_as: BytesAs = "hex") -> str:
    """The value as JSON; json.dumps would turn a decimal into a float.

    Examples
    --------
    >>> _as_json({"price": Decimal("2.50"), "at": datetime(2026, 3, 1, 8), "tags": ["a", None]})
    '{"price":2.50,"at":"2026-03-01T08:00:00","tags":["a",null]}'
    """
    if isinstance(value, dict):
        return (
            "{"
            + ",".join(f"{json.dumps(str(key), ensure_ascii=False)}:{_as_json(held, bytes_as)}" for key, held in value.items())
            + "}"
        )
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(_as_json(held, bytes_as) for held in value) + "]"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, (datetime, date, time)):
        return f'"{value.isoformat()}"'
    if isinstance(value, bytes):
        text = value.hex() if bytes_as == "hex" else value.decode("utf-8", "surrogateescape")
        return json.dumps(text, ensure_ascii=False)
    return json.dumps(value if isinstance(value, (int, float, str, type(None))) else str(value), ensure_ascii=False)
