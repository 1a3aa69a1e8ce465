"""Columns of Arrow as arrays of numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from .sittings import Longs

_TYPES = {
    pa.string(): "string",
    pa.int32(): "int",
    pa.int64(): "long",
    pa.bool_(): "boolean",
    pa.list_(pa.int64()): "array<long>",
}


def ddl_of(schema: pa.Schema) -> str:
    """The schema as Spark writes one.

    Raises
    ------
    KeyError
        When a column is of another type.
    """
    return ", ".join(f"{column.name} {_TYPES[column.type]}" for column in schema)


def longs(table: pa.Table, name: str) -> Longs:
    """A column of whole numbers or flags; 0 for null."""
    column = table.column(name).cast(pa.int64())
    return np.asarray((column.fill_null(0) if column.null_count else column).to_numpy(), dtype=np.int64)


def coded(table: pa.Table, name: str) -> tuple[Longs, list[Any]]:
    """A column as places in the list of its values; null has one too."""
    words = table.column(name).combine_chunks().dictionary_encode(null_encoding="encode")
    if isinstance(words, pa.ChunkedArray):
        words = words.combine_chunks()
    return np.asarray(words.indices.to_numpy(), dtype=np.int64), words.dictionary.to_pylist()
