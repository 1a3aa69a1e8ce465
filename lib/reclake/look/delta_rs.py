"""Tables read by delta-rs and Arrow: the log by the one, the pages of its files by the other; no JVM."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError
from pyarrow import fs, parquet

from reclake.errors import LakeDamaged, ServiceDown, UsageError
from reclake.lake.commits import Size
from reclake.tables import Table

from .small_files import LocalFiles, StoredFiles

DayIsRead = Callable[[date | None], bool]  # whether the rows of a value of the day column are read
_ROWS_AT_ONCE = 32_768
FEWER_ROWS = "a data file gives fewer rows than it says"
_TYPES: dict[str, pa.DataType] = {
    "string": pa.string(),
    "integer": pa.int32(),
    "long": pa.int64(),
    "double": pa.float64(),
    "float": pa.float32(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
    "binary": pa.binary(),
    "array<string>": pa.list_(pa.string()),
}


def arrow_type(declared: str) -> pa.DataType:
    """The Arrow type of a declared one; times are UTC and carry no zone, as everywhere in Python here."""
    if declared.startswith("decimal"):
        precision, scale = declared[len("decimal(") : -1].split(",")
        return pa.decimal128(int(precision), int(scale))
    return _TYPES[declared]


@dataclass(frozen=True, slots=True)
class DataFile:
    """One data file of a version, and the day of its folder as Arrow holds it: a new value of Arrow would import pandas."""

    path: str
    n_bytes: int
    day: pa.Scalar | None


@dataclass(frozen=True)
class Snapshot:
    """One version of one table: its files, and how they are read."""

    table: Table
    path: str
    delta: DeltaTable

    @cached_property
    def files(self) -> list[DataFile]:
        """Every data file."""
        actions = pa.RecordBatchReader.from_stream(self.delta.get_add_actions()).read_all()
        paths, sizes = actions.column("path").to_pylist(), actions.column("size_bytes").to_pylist()
        if "partition" not in actions.column_names:
            return [DataFile(path, n_bytes, None) for path, n_bytes in zip(paths, sizes, strict=True)]
        days = (folder[self.table.day_column] for folder in actions.column("partition"))
        return [DataFile(path, n_bytes, day) for path, n_bytes, day in zip(paths, sizes, days, strict=True)]

    @property
    def size(self) -> Size:
        """Files and bytes."""
        return _size(self.files)

    def size_of(self, day_is_read: DayIsRead | None) -> Size:
        """Files and bytes of those days alone."""
        return _size(self._of_days(day_is_read))

    def _of_days(self, day_is_read: DayIsRead | None) -> list[DataFile]:
        return [file for file in self.files if file.day is None or day_is_read is None or day_is_read(file.day.as_py())]

    @cached_property
    def columns(self) -> dict[str, pa.DataType]:
        """The stored columns and their types; times without a zone."""
        fields = json.loads(self.delta.schema().to_json())["fields"]
        return {field["name"]: _stored_type(field["type"]) for field in fields}

    def batches(self, columns: Sequence[str], day_is_read: DayIsRead | None) -> pa.RecordBatchReader:
        """The columns of all rows, or of those days alone; null where a column was declared since.

        Parameters
        ----------
        day_is_read
            Whether the rows of a value of the day column are read; all for None.
        """
        declared = {f.name: arrow_type(f.type) for f in self.table.fields}
        schema = pa.schema([pa.field(name, self.columns.get(name, declared[name])) for name in columns])
        return pa.RecordBatchReader.from_batches(schema, self._batches(self._of_days(day_is_read), schema))

    def _batches(self, files: Iterable[DataFile], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        """The pages of the files, each compared with its checksum.

        Every page is read: the bounds by which a filter might pass over some have no checksum (docs/decisions/0031).
        """
        system, prefix = _file_system(self.path)
        for file in files:
            with system.open_input_file(f"{prefix}{file.path}") as opened:
                pages = parquet.ParquetFile(opened, coerce_int96_timestamp_unit="us", page_checksum_verification=True)
                held = [name for name in schema.names if name in pages.schema_arrow.names]
                n_left = pages.metadata.num_rows
                for batch in pages.iter_batches(_ROWS_AT_ONCE, columns=held):
                    n_left -= batch.num_rows
                    yield _conformed(batch, schema, self.table.day_column, file.day)

                # A page's head has no checksum: one of a kind that Arrow does not know is passed over without a word.
                if n_left:
                    raise pa.ArrowInvalid(FEWER_ROWS)


def _size(files: Sequence[DataFile]) -> Size:
    return Size(len(files), sum(file.n_bytes for file in files))


def _conformed(batch: pa.RecordBatch, schema: pa.Schema, day_column: str | None, day: pa.Scalar | None) -> pa.RecordBatch:
    """The batch in the schema: its day is that of the file's folder, and what the file does not hold is null."""
    held = set(batch.schema.names)

    def column(field: pa.Field) -> pa.Array:
        if field.name in held:
            return batch.column(field.name).cast(field.type)
        if field.name == day_column:
            return pa.repeat(day, batch.num_rows)
        return pa.nulls(batch.num_rows, field.type)

    return pa.RecordBatch.from_arrays([column(field) for field in schema], schema=schema)


def _stored_type(stored: Any) -> pa.DataType:
    """The Arrow type of one that a Delta schema names."""
    if isinstance(stored, dict):
        return pa.list_(_stored_type(stored["elementType"]))
    return arrow_type(stored)


class DeltaRs:
    """Opens versions of tables by delta-rs."""

    def __init__(self, root: str) -> None:
        self._root = root
        self.files: StoredFiles | LocalFiles = LocalFiles() if _is_local(root) else StoredFiles(_file_system(root)[0], root)

    def snapshot(self, table: Table, path: str, version: int) -> Snapshot:
        """The table at a version.

        Raises
        ------
        LakeDamaged
            When the table has not come to this version, or its log cannot be read.
        UsageError
            When the table uses a feature of Delta that this reader does not know.
        """
        try:
            delta = DeltaTable(_uri(path), version=version, skip_stats=True)
            require_plain(table, delta)
        except (DeltaError, TableNotFoundError) as error:
            raise self._why_not_read(table, path, version, error) from error
        return Snapshot(table, path, delta)

    def _why_not_read(self, table: Table, path: str, version: int, error: Exception) -> Exception:
        try:
            names = self.files.names(f"{path}/_delta_log")
        except OSError as failure:
            return ServiceDown(
                "the lake cannot be reached", f"{self._root}: {type(failure).__name__}", "see that its storage answers"
            )
        versions = [int(name[:20]) for name in names if len(name) == 25 and name.endswith(".json") and name[:20].isdigit()]
        newest = max(versions, default=None)
        if newest is not None and newest >= version:
            return LakeDamaged(
                f"{table.name} version {version} cannot be read from its log",
                found=type(error).__name__,
                next_step="restore the table's folder from backup",
            )
        return LakeDamaged(
            f"{table.name} version {version} was published and is not there",
            found="no table" if newest is None else f"the newest version is {newest}",
            next_step="restore the table's folder from a backup that is no older than that of ops, or roll back",
        )


def require_plain(table: Table, delta: DeltaTable) -> None:
    """Stop at a table whose rows are more than what stands in its files.

    Raises
    ------
    UsageError
        When the table asks its readers for more than version 1 of Delta.
    """
    protocol = delta.protocol()
    features = sorted(map(str, protocol.reader_features or ()))
    if protocol.min_reader_version > 1:
        raise UsageError(
            f"{table.name} cannot be read without Spark",
            f"reader version {protocol.min_reader_version} of Delta"
            + (f" with {', '.join(features)}" if features else "; reclake writes version 1"),
            "take back what changed the table's properties, or read it with Spark",
        )


def _is_local(path: str) -> bool:
    return "://" not in path or path.startswith("file://")


def _uri(path: str) -> str:
    return path.replace("s3a://", "s3://", 1) if path.startswith("s3a://") else path


@lru_cache(maxsize=256)
def _file_system(path: str) -> tuple[fs.FileSystem, str]:
    """The file system of a table's folder, and what stands before a file's name there."""
    if _is_local(path):
        return fs.LocalFileSystem(), path.removeprefix("file://").rstrip("/") + "/"
    from deltalake.fs import DeltaStorageHandler

    return fs.PyFileSystem(DeltaStorageHandler(_uri(path))), ""
