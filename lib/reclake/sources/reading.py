"""What workers do with files: judge them, and split them into rows of bronze."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, timedelta

import pyarrow as pa
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from reclake.tables import Table
from reclake.tables.vocabulary import EARLIEST

from .found import OfferedFile, Waiting
from .landing import changed_meanwhile, read_as_files, still_lying, why_unread
from .line_counts import RECOVERED, LineCounts, Placed, Recovered
from .settings import LandingSettings
from .source import Source
from .split import Opened, opened
from .verdict import Verdict, Zones, verdict

_BYTES_AT_ONCE = 8 << 20  # of records in one Arrow batch
_ROWS_AT_ONCE = 10_000
_LINE_COUNTS = ("n_lines", "n_record_lines", "n_header_lines", "n_blank_lines", "n_recovered")
_VERDICT = pa.schema([
    ("path", pa.string()),
    ("n_bytes", pa.int64()),
    ("modified", pa.int64()),
    ("file_digest", pa.string()),
    ("n_records", pa.int64()),
    ("last_day", pa.date32()),
    ("reason", pa.string()),
    ("note", pa.string()),
    *((name, pa.int64()) for name in _LINE_COUNTS),
])
_VERDICT_DDL = (
    "path string, n_bytes long, modified long, file_digest string, n_records long, last_day date, reason string, note string, "
    + ", ".join(f"{name} long" for name in _LINE_COUNTS)
)

_AHEAD = timedelta(days=2)  # zones lie up to a day apart, and clocks are not exact


@dataclass(frozen=True, slots=True)
class Decided:
    """A file that was judged."""

    file: OfferedFile
    verdict: Verdict
    day: date | None
    replaces_digest: str | None = None

    @property
    def is_empty(self) -> bool:
        """Whether it is good, and rightly without records."""
        return self.verdict.reason is None and self.verdict.n_records == 0


def judge_files(
    spark: SparkSession, source: Source, files: Collection[OfferedFile], limits: LandingSettings, zones: Zones
) -> tuple[list[Decided], list[Waiting]]:
    """The files with their verdicts, and those that could not be read as they were listed.

    Of the latter, those that lie as they lay are refused: no permission, a wrong checksum. Their content may become
    readable without a change of name, size or time, so nothing is noted of them, and each run tries again.
    """
    small = {file.path: file for file in files if 0 < file.n_bytes <= limits.max_file_bytes}
    rows = {row["path"]: row for row in _verdicts(spark, source, small, limits, zones)}
    found, unread = [], []
    for file in files:
        row = rows.get(file.path)
        if file.n_bytes == 0:
            found.append(Decided(file, verdict_of(b"", file, source, limits, zones), file.day))
        elif file.path not in small:
            reason = f"has {file.n_bytes} bytes, more than {limits.max_file_bytes}: deliver it in parts"
            found.append(Decided(file, Verdict(_unread_digest(file), 0, None, reason), file.day))
        elif row is None:
            unread.append(why_unread(spark, file))
        elif (row["n_bytes"], row["modified"]) != (file.n_bytes, file.modified_millis):
            unread.append(changed_meanwhile(file))
        else:
            lines = LineCounts(**{name: row[name] for name in _LINE_COUNTS})
            judged_as = Verdict(row["file_digest"], row["n_records"], row["last_day"], row["reason"], row["note"], lines)
            found.append(Decided(file, judged_as, file.day or judged_as.last_day))
    return found, unread


def _verdicts(
    spark: SparkSession, source: Source, files: Mapping[str, OfferedFile], limits: LandingSettings, zones: Zones
) -> list[Row]:
    def judge(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for i in range(batch.num_rows):
                file = files[batch.column("path")[i].as_py()]
                content, modified = batch.column("content")[i].as_py(), batch.column("modified")[i].as_py()
                found = verdict_of(content, file, source, limits, zones)
                row = {
                    "path": file.path, "n_bytes": len(content), "modified": modified, "file_digest": found.file_digest,
                    "n_records": found.n_records, "last_day": found.last_day, "reason": found.reason, "note": found.note,
                }  # fmt: skip
                row |= {name: getattr(found.lines, name) for name in _LINE_COUNTS}
                yield pa.RecordBatch.from_pylist([row], schema=_VERDICT)

    lying = still_lying(spark, files)
    if not lying:
        return []
    read = read_as_files(spark, lying, lost_is_error=False).select(
        "path", "content", F.unix_millis("modificationTime").alias("modified")
    )
    return read.mapInArrow(judge, _VERDICT_DDL).collect()  # one row per file of this run


def verdict_of(content: bytes, file: OfferedFile, source: Source, limits: LandingSettings, zones: Zones) -> Verdict:
    """The verdict on a file of the source, by its name as well."""
    feed = source.feeds[file.feed]
    found = verdict(content, file.name, feed, arrived_at=file.modified_at, limits=limits, zones=zones, id_rule=source.id_rule)
    if found.reason is None and file.day is None and feed.delivery_day.from_ == "name":
        return Verdict(found.file_digest, 0, None, "its name states no delivery day")
    if found.reason is None and file.day is not None and file.day < EARLIEST:
        return Verdict(found.file_digest, 0, None, f"its name states {file.day}, before anything was collected")
    if found.reason is None and file.day is not None and file.day > file.modified_at.date() + _AHEAD:
        # One name such as 9999-12-31 would drag the newest as_of along, and every event of the file would be in time.
        return Verdict(found.file_digest, 0, None, f"its name states {file.day}, a day after it arrived")
    return found


def read_files(
    spark: SparkSession, source: Source, table: Table, files: Collection[Decided], limits: LandingSettings, batch_id: str
) -> DataFrame:
    """The records of judged files as rows of the bronze table, lazily: each action reads the files again.

    An action raises when a file has changed or vanished since it was judged.
    """
    by_path = {each.file.path: each for each in files}
    schema = _arrow_schema(table)

    def split(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for path, content in _files_in(batches):
            yield from _record_batches(content, by_path[path], source, limits, batch_id, schema)

    read = read_as_files(spark, by_path, lost_is_error=True).select("path", "content")
    return read.mapInArrow(split, ddl(table))


def _files_in(batches: Iterator[pa.RecordBatch]) -> Iterator[tuple[str, bytes]]:
    for batch in batches:
        for i in range(batch.num_rows):
            yield batch.column("path")[i].as_py(), batch.column("content")[i].as_py()


def _record_batches(
    content: bytes, decided: Decided, source: Source, limits: LandingSettings, batch_id: str, schema: pa.Schema
) -> Iterator[pa.RecordBatch]:
    if hashlib.sha256(content).hexdigest() != decided.verdict.file_digest:
        raise RuntimeError(f"the file {decided.file.name} changed after it was judged: run the delivery again")
    feed = source.feeds[decided.file.feed]
    file = opened(content, decided.file.name, feed, limits, id_rule=source.id_rule, is_judged=True)
    same_for_all = {
        "source": source.name,
        "delivery_day": decided.day,
        "file_digest": decided.verdict.file_digest,
        "file_name": decided.file.name,
        "format": feed.format,
        "header": file.header,
        "arrived_at": decided.file.modified_at,
        "replaces_digest": decided.replaces_digest,
        "batch_id": batch_id,
    }
    note, position = decided.verdict.note, 0
    for raws, lines in _in_portions(file):
        n = len(raws)
        columns = {
            "line": pa.array(lines or range(position + 1, position + n + 1), pa.int64()),
            "position": pa.array(range(position, position + n), pa.int64()),
            "raw": pa.array(raws, pa.binary()),
            "content_hash": pa.array([hashlib.sha256(raw).hexdigest() for raw in raws], pa.string()),
            "intake_note": pa.array(_notes(raws, note), pa.string())
            if file.counts.n_recovered
            else pa.repeat(pa.scalar(note, pa.string()), n),
        }
        columns |= {name: pa.repeat(pa.scalar(value, schema.field(name).type), n) for name, value in same_for_all.items()}
        yield pa.RecordBatch.from_arrays([columns[name] for name in schema.names], schema=schema)
        position += n


def _notes(raws: Collection[bytes], note: str | None) -> list[str | None]:
    of_recovered = ";".join(filter(None, (RECOVERED, note)))
    return [of_recovered if isinstance(raw, Recovered) else note for raw in raws]


def _in_portions(file: Opened) -> Iterator[tuple[list[bytes], list[int]]]:
    """Records in lists of bounded number and size, one alone where it is larger than that; and the lines on which they begin.

    A Parquet file has no lines.
    """
    portion: list[bytes] = []
    lines: list[int] = []
    n_bytes, counts, has_lines = 0, file.counts, file.has_lines
    for record in file.records:
        if portion and (n_bytes + len(record) > _BYTES_AT_ONCE or len(portion) == _ROWS_AT_ONCE):
            yield portion, lines
            portion, lines, n_bytes = [], [], 0
        portion.append(record)
        n_bytes += len(record)
        if has_lines:
            lines.append(record.line if isinstance(record, Placed) else counts.n_lines)
    if portion:
        yield portion, lines


def ddl(table: Table) -> str:
    """The declared columns as Spark reads a schema from text."""
    return ", ".join(f"{field.name} {field.type}" for field in table.fields)


def _arrow_schema(table: Table) -> pa.Schema:
    types = {
        "string": pa.string(), "date": pa.date32(), "long": pa.int64(), "binary": pa.binary(), "timestamp": pa.timestamp("us", "UTC"),
    }  # fmt: skip
    return pa.schema([(field.name, types[field.type]) for field in table.fields])


def _unread_digest(file: OfferedFile) -> str:
    """Stands in for the digest of a file that is too large to be read."""
    told = f"unread|{file.name}|{file.n_bytes}|{file.modified_at.astimezone(UTC).isoformat()}"
    return hashlib.sha256(told.encode()).hexdigest()
