"""From bronze to a records table: what the builders of all of them share."""

from collections.abc import Callable, Mapping
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.privacy.pseudonyms import Keys
from reclake.records.classify import classified, id_scope, missing_ids
from reclake.records.parser import Parsing, parsed
from reclake.records.raw_records import Limits
from reclake.records.typed import beyond_line_amount, typed_records, with_reasons
from reclake.sources.source import RECORDS, Source, mappable

Complete = Callable[[DataFrame], DataFrame]


def stored_columns(source: Source, table: str) -> tuple[str, ...]:
    """The standard columns that the source's feeds of the bronze noun fill and that its records table may hold, in order.

    A channel is read even where the table has none: it is part of an account's id, and ids may be unique within it.
    """
    declared = {field.name for field in RECORDS[table].fields} | {"channel"}
    mapped = {column for feed in source.feeds_of(table).values() for column in feed.columns}
    if table == "orders":
        mapped.add("line_kind")  # a code may tell it
    return tuple(column for column in mappable(table) if column in mapped & declared)


def _of_source(
    bronze: DataFrame, source: Source, table: str, *, keys: Keys, limits: Limits, timezone: str, required: frozenset[str],
    complete: Complete, event_day: str | None,
) -> DataFrame:  # fmt: skip
    parsing = Parsing(source, table, stored_columns(source, table), required, keys, limits)
    records = typed_records(parsed(bronze, parsing), parsing, timezone=timezone)
    declared = RECORDS[table].fields
    if any(field.name == "order_scope" for field in declared):
        records = records.withColumn("order_scope", id_scope(source.feeds_of(table)))
    # What no feed of this source maps is null, so that sources can be put together.
    absent = {f.name: F.lit(None).cast(f.type) for f in declared if f.name not in records.columns and f.type != "array<string>"}
    ready = with_reasons(records.withColumns(absent), missing_ids(source.feeds_of(table)))
    completed = complete(ready)
    if beyond := beyond_line_amount(source, table):
        completed = with_reasons(completed, beyond)
    return classified(completed, source, table, event_day=event_day).select(*(field.name for field in declared))


def classified_records(
    bronze: DataFrame, table: str, *, sources: Mapping[str, Source], keys: Keys, limits: Limits, timezone: str | None,
    required: frozenset[str] = frozenset(), complete: Complete = lambda records: records, event_day: str | None = None,
) -> DataFrame:  # fmt: skip
    """One row per bronze record of the sources that feed the table, each with its class and all its reasons.

    Parameters
    ----------
    bronze
        The bronze table of the noun `table`.
    timezone
        The zone in which days are cut; None: each source's own.
    required
        Columns that no record may lack, whatever the source file says.
    complete
        Adds derived columns to the typed records of one source, and reasons where they cannot be derived.
    event_day
        The column with the day that a record is about, by which it may be late.
    """
    of_sources = [
        _of_source(
            bronze, source, table, keys=keys, limits=limits, timezone=timezone or source.time_zone, required=required,
            complete=complete, event_day=event_day,
        )
        for _, source in sorted(sources.items())
        if source.feeds_of(table)
    ]  # fmt: skip
    if not of_sources:
        nothing = [F.lit(None).cast(field.type).alias(field.name) for field in RECORDS[table].fields]
        return bronze.where(F.lit(False)).select(*nothing)
    return reduce(DataFrame.union, of_sources)
