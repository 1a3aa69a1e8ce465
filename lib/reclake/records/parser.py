"""Raw records to texts of the standard columns, in one pass of Arrow batches through Python.

What is read here never coerces: a record is one complete standard JSON object or CSV row, or it is refused with the
reason. Ids leave as pseudonyms, contacts as tokens, free text masked: a plain one never reaches a frame.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, StringType, StructType, TimestampType

from reclake.privacy.pseudonyms import Keys
from reclake.records.batch import Batch, counted_from, one_by_one
from reclake.records.column_reader import Report, Texts, Times, is_time, is_typed, reader_of
from reclake.records.columns import column_texts, column_times
from reclake.records.raw_records import NAMED_BY, Limits, read_batch
from reclake.records.sealing import sealed
from reclake.records.spelling import line_kinds, services_of, without_services
from reclake.sources.source import ColumnMapping, Feed, Source

POINTER = ("source", "delivery_day", "file_digest", "position")
NO_FEED = "no feed of its source takes its file name"
_READ = (*POINTER, "file_name", "header", "raw", "intake_note")
_TIME = pa.timestamp("us", "UTC")
# As many records' fields as stay in the processor's cache: 20,000 at once took 1.4 times as long.
_ROWS_AT_ONCE = 2000


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
        return f"{column}_text" if any(is_typed(mapping) for mapping in self._mappings(column)) else column

    def is_time(self, column: str) -> bool:
        """Whether the parsed frame holds the column as a timestamp."""
        return any(is_time(mapping) for mapping in self._mappings(column))

    def _mappings(self, column: str) -> Iterator[ColumnMapping]:
        return (feed.columns[column] for feed in self.source.feeds_of(self.table).values() if column in feed.columns)


def _hear(batch: Batch, column: str, feed: Feed) -> Report:
    """Who hears of a value that cannot be used: the reasons of its record, or its notes where only the value is lost."""
    return batch.note if feed.columns[column].drops(column) else batch.report


def unsealed(batch: Batch, column: str, feed: Feed, source: Source, *, is_required: bool) -> Texts:
    """The column's texts, unsealed."""
    reader, commas = reader_of(column, feed, source, is_required=is_required), batch.comma_fields

    def work(rows: slice, report: Report) -> Texts:
        return column_texts(batch.records[rows], reader, report, comma_fields=commas[rows] if commas else ())

    return one_by_one(work, len(batch.records), column, _hear(batch, column, feed))


def _values(batch: Batch, feed: Feed, parsing: Parsing) -> dict[str, Texts | Times]:
    """The values by standard column as they may leave the parser: times, and texts that are sealed."""
    mapped = [column for column in parsing.columns if column in feed.columns]
    n_rows, source = len(batch.records), parsing.source
    plain = {column: unsealed(batch, column, feed, source, is_required=column in parsing.required) for column in mapped}
    for column in sorted(parsing.required - set(feed.columns)):
        for row in range(n_rows):
            batch.report(row, f"{column} is missing")
    nothing: Texts = [None] * n_rows
    values: dict[str, Texts | Times] = dict.fromkeys(parsing.columns, nothing)
    codes = plain.get("product_id", nothing)
    services = services_of(codes, feed.columns["product_id"]) if "product_id" in plain else frozenset()
    if services:
        plain["product_id"] = without_services(codes, services)
    for column in mapped:
        values[column] = _ready(plain[column], column, feed, parsing, plain.get(feed.columns[column].scope, nothing), batch)
    if "line_kind" in parsing.columns:
        values["line_kind"] = line_kinds(plain.get("line_kind", nothing), codes, services)
    return _only_of_readable(values, batch, feed)


def _ready(texts: Texts, column: str, feed: Feed, parsing: Parsing, scopes: Texts, batch: Batch) -> Texts | Times:
    mapping, source, hear = feed.columns[column], parsing.source, _hear(batch, column, feed)
    if is_time(mapping):
        reader = reader_of(column, feed, source)
        return one_by_one(lambda rows, report: column_times(texts[rows], reader, report), len(texts), column, hear)

    def seal(rows: slice, report: Report) -> Texts:
        return sealed(
            texts[rows], column, mapping, parsing.keys, source.name, scopes[rows], report, counted_from(rows, batch.note)
        )

    return one_by_one(seal, len(texts), column, hear)


def _only_of_readable(values: dict[str, Texts | Times], batch: Batch, feed: Feed) -> dict[str, Texts | Times]:
    """Constants and defaults say nothing about a record that could not be read; whose it is may be known all the same."""
    if None not in batch.fingerprints:
        return values
    unread = [row for row, mark in enumerate(batch.fingerprints) if mark is None]
    for column, found in values.items():
        values[column] = found = list(found)  # type: ignore[assignment]
        for row in unread:
            if row not in batch.named or column not in NAMED_BY.get(feed.table, ()):
                found[row] = None
    return values


def _of_feed(arrived: pa.RecordBatch, name: str | None, parsing: Parsing) -> pa.RecordBatch:
    """The parsed records of one feed; without a feed each is refused."""
    n_rows = arrived.num_rows
    feed = parsing.source.feeds[name] if name is not None else None
    if feed is None:
        batch = Batch(n_rows)
        batch.reasons = [[NO_FEED]] * n_rows
        nothing: Texts = [None] * n_rows
        values: dict[str, Texts | Times] = dict.fromkeys(parsing.columns, nothing)
    else:
        raws, headers = arrived.column("raw").to_pylist(), arrived.column("header").to_pylist()
        batch = read_batch(raws, headers, feed, parsing.columns, parsing.limits)
        if "intake_note" in arrived.schema.names:
            batch.take_notes(arrived.column("intake_note").to_pylist())
        values = _values(batch, feed, parsing)
    return pa.RecordBatch.from_arrays(
        [
            *(arrived.column(pointer) for pointer in POINTER),
            pa.array([name] * n_rows, pa.string()),
            pa.array(batch.reasons, pa.list_(pa.string())),
            pa.array(batch.notes, pa.list_(pa.string())),
            pa.array(batch.fingerprints, pa.string()),
            *(pa.array(values[column], _TIME if parsing.is_time(column) else pa.string()) for column in parsing.columns),
        ],
        names=[*POINTER, "feed", "read_reasons", "notes", "fingerprint", *map(parsing.text_name, parsing.columns)],
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
    """One row per record of the source, refused ones too: pointer, feed, `read_reasons`, `notes`, `fingerprint`, columns.

    `fingerprint` is null where the record could not be read, and then all columns are but those that say whose a consent is. A column that becomes a number or
    truth value is called `<column>_text`.
    """

    def parse(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for arrived in batches:
            yield from parsed_batches(arrived, parsing)

    schema = StructType([bronze.schema[name] for name in POINTER]).add("feed", StringType())
    schema.add("read_reasons", ArrayType(StringType())).add("notes", ArrayType(StringType())).add("fingerprint", StringType())
    for column in parsing.columns:
        schema.add(parsing.text_name(column), TimestampType() if parsing.is_time(column) else StringType())
    read = [name for name in _READ if name in bronze.columns]
    return bronze.where(F.col("source") == parsing.source.name).select(*read).mapInArrow(parse, schema)


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
            found = unsealed(batch, column, feed, sources[source], is_required=False)
            for row, text in zip(chosen, found, strict=True):
                texts[column][row] = text
    return texts
