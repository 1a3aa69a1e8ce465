"""Raw records to texts of the standard columns, in one pass of Arrow batches through Python.

What is read here never coerces: a record is one complete standard JSON object or CSV row, or it is refused with the
reason. Ids leave as pseudonyms, contacts as tokens, free text masked: a plain one never reaches a frame.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, StringType, StructType

from reclake.privacy.pseudonyms import Keys
from reclake.records.columns import column_texts, is_typed, sealed
from reclake.records.fields import fingerprint, path_of, shapes, without
from reclake.records.raw_csv import csv_record
from reclake.records.raw_json import Unreadable, json_object
from reclake.sources.source import Feed, Source

POINTER = ("source", "delivery_day", "file_digest", "position")
NO_FEED = "no feed of its source takes its file name"
_READ = (*POINTER, "file_name", "header", "raw")
_NOTHING: Mapping[str, Any] = {}
# As many records' fields as stay in the processor's cache: 20,000 at once took 1.4 times as long.
_ROWS_AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest record that is read."""

    max_record_bytes: int = 1_048_576
    max_depth: int = 32


@dataclass(frozen=True, slots=True)
class Parsing:
    """What a worker needs to know to read the records of one source's table."""

    source: Source
    table: str  # bronze noun
    columns: tuple[str, ...]  # standard columns to fill
    required: frozenset[str]  # those that no record may lack, whatever the source file says
    keys: Keys
    limits: Limits

    def text_name(self, column: str) -> str:
        """The column's name in the parsed frame: one that is still to be typed keeps its own name free."""
        feeds = self.source.feeds_of(self.table).values()
        return f"{column}_text" if any(column in f.columns and is_typed(f.columns[column]) for f in feeds) else column


class Batch:
    """The records of one feed in one Arrow batch; rows are counted from 0."""

    def __init__(self, n_rows: int) -> None:
        self.records: list[Mapping[str, Any]] = [_NOTHING] * n_rows
        self.reasons: list[list[str]] = [[] for _ in range(n_rows)]
        self.fingerprints: list[str | None] = [None] * n_rows

    def report(self, row: int, reason: str) -> None:
        """Note a reason; of an unreadable record nothing more is said."""
        if self.fingerprints[row] is not None:
            self.reasons[row].append(reason)


def _reader(feed: Feed, limits: Limits) -> Callable[[bytes, str | None], Mapping[str, Any]]:
    if feed.format == "csv":
        mapped, longest = feed.fields_read, limits.max_record_bytes
        return lambda raw, header: csv_record(raw, header, delimiter=feed.delimiter, mapped=mapped, max_bytes=longest)
    return lambda raw, header: json_object(raw, max_bytes=limits.max_record_bytes, max_depth=limits.max_depth)


def read_batch(
    raws: Sequence[bytes], headers: Sequence[str | None], feed: Feed, columns: Collection[str], limits: Limits
) -> Batch:
    """The records' fields, fingerprints and structural reasons."""
    batch, read = Batch(len(raws)), _reader(feed, limits)
    shape_of = shapes(feed, [column for column in columns if column in feed.columns])
    nested_transport = [path for name in feed.transport if len(path := path_of(name, feed)) > 1]
    for row, (raw, header) in enumerate(zip(raws, headers, strict=True)):
        try:
            fields = read(raw, header)
        except Unreadable as refused:
            batch.reasons[row].append(str(refused))
            continue
        shape, payload = shape_of(tuple(fields)), fields
        for path in nested_transport:
            payload = without(payload, path)
        batch.fingerprints[row] = fingerprint(payload, shape)
        batch.reasons[row].extend(shape.faults)
        batch.records[row] = fields
    return batch


def _texts(batch: Batch, feed: Feed, parsing: Parsing) -> dict[str, list[str | None]]:
    """The texts by standard column, sealed."""
    plain = {}
    for column in parsing.columns:
        if column in feed.columns:
            is_required = column in parsing.required or feed.columns[column].required
            plain[column] = column_texts(batch.records, column, feed, batch.report, is_required=is_required)
    for column in sorted(parsing.required - set(feed.columns)):
        for row in range(len(batch.records)):
            batch.report(row, f"{column} is missing")
    nothing: list[str | None] = [None] * len(batch.records)
    texts = {}
    for column in parsing.columns:
        texts[column] = nothing
        if column in plain:
            mapping = feed.columns[column]
            scopes = plain.get(mapping.scope, nothing)
            texts[column] = sealed(plain[column], column, mapping, parsing.keys, parsing.source.name, scopes, batch.report)
    return _only_of_readable(texts, batch)


def _only_of_readable(texts: dict[str, list[str | None]], batch: Batch) -> dict[str, list[str | None]]:
    """Constants and defaults say nothing about a record that could not be read."""
    if None in batch.fingerprints:
        for column, values in texts.items():
            texts[column] = [value if mark else None for value, mark in zip(values, batch.fingerprints, strict=True)]
    return texts


def _of_feed(arrived: pa.RecordBatch, name: str | None, parsing: Parsing) -> pa.RecordBatch:
    """The parsed records of one feed; without a feed each is refused."""
    n_rows = arrived.num_rows
    feed = parsing.source.feeds[name] if name is not None else None
    if feed is None:
        batch = Batch(n_rows)
        batch.reasons = [[NO_FEED]] * n_rows
        texts: dict[str, list[str | None]] = {column: [None] * n_rows for column in parsing.columns}
    else:
        raws, headers = arrived.column("raw").to_pylist(), arrived.column("header").to_pylist()
        batch = read_batch(raws, headers, feed, parsing.columns, parsing.limits)
        texts = _texts(batch, feed, parsing)
    return pa.RecordBatch.from_arrays(
        [
            *(arrived.column(pointer) for pointer in POINTER),
            pa.array([name] * n_rows, pa.string()),
            pa.array(batch.reasons, pa.list_(pa.string())),
            pa.array(batch.fingerprints, pa.string()),
            *(pa.array(texts[column], pa.string()) for column in parsing.columns),
        ],
        names=[*POINTER, "feed", "read_reasons", "fingerprint", *map(parsing.text_name, parsing.columns)],
    )


def _by_feed(arrived: pa.RecordBatch, source: Source, table: str) -> Iterator[tuple[str | None, pa.RecordBatch]]:
    """The batch cut by the feed that its files came through: usually one piece."""
    files = arrived.column("file_name").dictionary_encode()
    names = [source.feed_name(file, table) for file in files.dictionary.to_pylist()]
    if len(set(names)) == 1:
        yield names[0], arrived
        return
    rows: dict[str | None, list[int]] = {}
    for row, file in enumerate(files.indices.to_pylist()):
        rows.setdefault(names[file], []).append(row)
    for name, chosen in rows.items():
        yield name, arrived.take(pa.array(chosen))


def parsed_batches(arrived: pa.RecordBatch, parsing: Parsing) -> Iterator[pa.RecordBatch]:
    """The records of a batch of bronze rows, parsed, in smaller batches of one feed each."""
    for name, of_feed in _by_feed(arrived, parsing.source, parsing.table):
        for start in range(0, of_feed.num_rows, _ROWS_AT_ONCE):
            yield _of_feed(of_feed.slice(start, _ROWS_AT_ONCE), name, parsing)


def parsed(bronze: DataFrame, parsing: Parsing) -> DataFrame:
    """One row per record of the source, refused ones too: pointer, feed, `read_reasons`, `fingerprint`, texts.

    `fingerprint` is null where the record could not be read, and then all texts are. A column that is no text in the end
    is called `<column>_text`.
    """

    def parse(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for arrived in batches:
            yield from parsed_batches(arrived, parsing)

    schema = StructType([bronze.schema[name] for name in POINTER]).add("feed", StringType())
    schema.add("read_reasons", ArrayType(StringType())).add("fingerprint", StringType())
    for column in parsing.columns:
        schema.add(parsing.text_name(column), StringType())
    return bronze.where(F.col("source") == parsing.source.name).select(*_READ).mapInArrow(parse, schema)


def plain_texts(
    arrived: pa.RecordBatch, sources: Mapping[str, Source], table: str, columns: Collection[str], limits: Limits
) -> dict[str, list[str | None]]:
    """The unsealed texts of standard columns, row by row of the batch: for the worker that encrypts them."""
    texts: dict[str, list[str | None]] = {column: [None] * arrived.num_rows for column in columns}
    raws, headers = arrived.column("raw").to_pylist(), arrived.column("header").to_pylist()
    places = zip(arrived.column("source").to_pylist(), arrived.column("file_name").to_pylist(), strict=True)
    rows: dict[tuple[str, str], list[int]] = {}
    for row, place in enumerate(places):
        rows.setdefault(place, []).append(row)
    for (source, file_name), chosen in rows.items():
        feed = sources[source].feed_of(table, file_name) if source in sources else None
        mapped = [column for column in columns if feed is not None and column in feed.columns]
        if feed is None or not mapped:
            continue
        batch = read_batch([raws[row] for row in chosen], [headers[row] for row in chosen], feed, mapped, limits)
        for column in mapped:
            found = column_texts(batch.records, column, feed, batch.report, is_required=False)
            for row, text in zip(chosen, found, strict=True):
                texts[column][row] = text
    return texts
