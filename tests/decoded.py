"""Every file of a folder as searchable bytes: a raw byte search would miss what is compressed."""

import gzip
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq


def decoded_files(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """Path and content of every file: Parquet column by column, gzip unpacked, SQLite dumped, the rest as it is."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path, _content(path)


def _content(path: Path) -> bytes:
    raw = path.read_bytes()
    if raw[:4] == b"PAR1" and raw[-4:] == b"PAR1":
        table = pq.ParquetFile(path)
        values = [
            b"" if value is None else value if isinstance(value, bytes) else str(value).encode()
            for row in table.read().to_pylist()
            for value in row.values()
        ]
        return str(table.metadata).encode() + b"\n".join(values)
    if raw[:2] == b"\x1f\x8b":
        return gzip.decompress(raw)
    if raw[:15] == b"SQLite format 3":
        with sqlite3.connect(path) as database:
            return "\n".join(database.iterdump()).encode()
    return raw
