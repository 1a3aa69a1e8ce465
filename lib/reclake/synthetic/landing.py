"""Lines in order become whole files: each is written under a hidden name and then renamed.

Paths are local folders or URIs that pyarrow opens from a worker (hdfs://, s3://, gs://, …), so no driver passes on data.
"""

import gzip
import hashlib
import json
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.fs
import pyarrow.parquet

from .truth import SCHEMAS

TRUTH = "truth:"  # first part of a file's name where it belongs to the truth

_PRODUCTS = pa.schema({
    "sku": pa.string(), "title": pa.string(), "category": pa.string(), "price": pa.float64(), "ccy": pa.string(),
    "on_sale": pa.bool_(), "updated_at": pa.string(),
})  # fmt: skip


def opened(folder: str) -> tuple[pyarrow.fs.FileSystem, str]:
    """The file system of a folder or URI, and the path on it."""
    if "://" not in folder:
        return pyarrow.fs.LocalFileSystem(), folder
    return pyarrow.fs.FileSystem.from_uri(folder.replace("s3a://", "s3://", 1))  # type: ignore[no-any-return]


def put(folder: str, name: str, content: bytes, *, attempt: str = "driver") -> None:
    """Make the file below the folder appear at once and whole; one of that name is replaced."""
    files, root = opened(folder)
    target = PurePosixPath(root) / name
    hidden = target.with_name(f".{target.name}.{attempt}.tmp")
    files.create_dir(str(target.parent), recursive=True)
    with files.open_output_stream(str(hidden), compression=None) as out:
        out.write(content)
    files.move(str(hidden), str(target))


class _Parts(Protocol):
    def add(self, payload: bytes) -> None: ...
    def content(self) -> bytes: ...


class _Text:
    """Lines, each with its end; the digest of a file must not depend on when it was made."""

    def __init__(self, header: bytes | None, *, is_packed: bool) -> None:
        self._lines = [header] if header is not None else []
        self._is_packed = is_packed

    def add(self, payload: bytes) -> None:
        self._lines.append(payload)

    def content(self) -> bytes:
        whole = b"".join(line + b"\n" for line in self._lines)
        return gzip.compress(whole, compresslevel=6, mtime=0) if self._is_packed else whole


class _Parquet:
    def __init__(self, schema: pa.Schema) -> None:
        self._schema = schema
        self._rows: list[dict[str, Any]] = []

    def add(self, payload: bytes) -> None:
        self._rows.append(json.loads(payload))

    def content(self) -> bytes:
        sink = pa.BufferOutputStream()
        pyarrow.parquet.write_table(pa.Table.from_pylist(self._rows, schema=self._schema), sink)
        return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]


def _parts(file: str, headers: dict[str, bytes]) -> _Parts:
    if file.startswith(TRUTH):
        return _Parquet(SCHEMAS[file.removeprefix(TRUTH).split("/")[0]])
    if file.endswith(".parquet"):
        return _Parquet(_PRODUCTS)
    return _Text(headers.get("/".join(file.split("/")[:2])), is_packed=file.endswith(".gz"))


PLANTED = pa.struct({"position": pa.int64(), "kind": pa.string(), "expected": pa.string(), "record_id": pa.string()})
FILE_SCHEMA = pa.schema({
    "file_name": pa.string(), "file_digest": pa.string(), "record_table": pa.string(), "delivery_day": pa.date32(),
    "n_records": pa.int64(), "n_kept": pa.int64(), "n_duplicate": pa.int64(), "n_rejected": pa.int64(), "n_late": pa.int64(),
    "planted": pa.list_(PLANTED),
})  # fmt: skip
_CLASSES = ("kept", "duplicate", "rejected", "late")


class FileMaker:
    """One file of which the lines come in order."""

    def __init__(self, file: str, table: str, delivery_day: object, headers: dict[str, bytes]) -> None:
        self.file = file
        self._table, self._delivery_day = table, delivery_day
        self._parts = _parts(file, headers)
        self._classes = dict.fromkeys(_CLASSES, 0)
        self._planted: list[dict[str, Any]] = []
        self._position = 0

    def add(self, payload: bytes, kind: str | None, expected: str, record_id: str) -> None:
        """The next line."""
        self._parts.add(payload)
        self._classes[expected] += 1
        if kind is not None:
            self._planted.append({"position": self._position, "kind": kind, "expected": expected, "record_id": record_id})
        self._position += 1

    def finish(self, folder: str, truth_folder: str, *, attempt: str) -> Iterator[dict[str, Any]]:
        """Write it; yields what the truth says of a landing file, nothing for a file of the truth."""
        content = self._parts.content()
        if self.file.startswith(TRUTH):
            put(truth_folder, self.file.removeprefix(TRUTH), content, attempt=attempt)
            return
        put(folder, self.file, content, attempt=attempt)
        counts = {f"n_{name}": n for name, n in self._classes.items()}
        yield {
            "file_name": self.file, "file_digest": hashlib.sha256(content).hexdigest(), "record_table": self._table,
            "delivery_day": self._delivery_day, "n_records": self._position, **counts, "planted": self._planted,
        }  # fmt: skip
