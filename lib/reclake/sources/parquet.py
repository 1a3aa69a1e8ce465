"""Rows of a Parquet file as JSON records, so that bronze holds payloads that every parser can read again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from .broken import BrokenFile, LandingLimits, most_unpacked

_ROWS_AT_ONCE = 128  # few, as a page of a few bytes may stand for rows of megabytes


def parquet_rows(content: bytes, *, wanted: set[str], limits: LandingLimits) -> Iterator[bytes]:
    """The rows as JSON objects, one line each, keys in the file's column order.

    Decimals are exact JSON numbers, times ISO 8601 (to the microsecond), binary values hexadecimal.

    Raises
    ------
    BrokenFile
        For no or half a Parquet file, a flipped byte where pages carry checksums, a missing column, or too large pages.
    """
    if content[:4] != b"PAR1":
        raise BrokenFile("is not Parquet")
    try:
        file = pq.ParquetFile(pa.BufferReader(content), page_checksum_verification=True)
        unpacked = sum(file.metadata.row_group(i).total_byte_size for i in range(file.metadata.num_row_groups))
        if unpacked > most_unpacked(len(content), limits):
            raise BrokenFile(f"unpacks to more than {limits.max_unpacked_ratio} times its size")
        if len(set(file.schema_arrow.names)) != len(file.schema_arrow.names):
            raise BrokenFile("its schema names a column twice")
        if missing := sorted(wanted - set(file.schema_arrow.names)):
            raise BrokenFile(f"its schema lacks {missing}")
        n_bytes = 0
        for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE, use_threads=False):
            n_bytes += batch.get_total_buffer_size()
            if n_bytes > most_unpacked(len(content), limits):
                raise BrokenFile(f"unpacks to more than {limits.max_unpacked_ratio} times its size")
            yield from (_as_json(row).encode() for row in _in_microseconds(batch).to_pylist())
    except (pa.ArrowException, OSError, ValueError, OverflowError):  # ValueError: text that is not UTF-8, a year above 9999
        raise BrokenFile("is cut off or damaged: it cannot be read as Parquet") from None


def _in_microseconds(batch: pa.RecordBatch) -> pa.RecordBatch:
    fields = [
        field.with_type(pa.timestamp("us", field.type.tz))
        if pa.types.is_timestamp(field.type) and field.type.unit == "ns"
        else field
        for field in batch.schema
    ]
    columns = [column.cast(field.type, safe=False) for column, field in zip(batch.columns, fields, strict=True)]
    return pa.RecordBatch.from_arrays(columns, schema=pa.schema(fields))


def _as_json(value: Any) -> str:
    """The value as JSON; json.dumps would turn a decimal into a float.

    Examples
    --------
    >>> _as_json({"price": Decimal("2.50"), "at": datetime(2026, 3, 1, 8), "tags": ["a", None]})
    '{"price":2.50,"at":"2026-03-01T08:00:00","tags":["a",null]}'
    """
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(str(key), ensure_ascii=False)}:{_as_json(held)}" for key, held in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(_as_json, value)) + "]"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, (datetime, date, time)):
        return f'"{value.isoformat()}"'
    if isinstance(value, bytes):
        return f'"{value.hex()}"'
    return json.dumps(value if isinstance(value, (int, float, str, type(None))) else str(value), ensure_ascii=False)
