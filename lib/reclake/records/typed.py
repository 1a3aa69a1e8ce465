"""Parsed texts to the typed columns of a records table, with the reasons of all that cannot be used."""

from collections.abc import Iterable, Mapping
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reclake.records.parser import Parsing
from reclake.records.values import WHAT_IT_IS_NOT, is_ahead, is_outside, is_too_early, typed
from reclake.sources.source import ColumnMapping

# An old membership may be older than the web; it orders nothing.
_MAY_BE_OLD = frozenset({"registered_at"})


def reasons_of(faults: Mapping[str, Column]) -> Column:
    """The reasons that hold, as array<string>; a fault that is null does not hold."""
    return F.array_compact(
        F.array(F.lit(None).cast("string"), *(F.when(fault, F.lit(reason)) for reason, fault in faults.items()))
    )


def with_reasons(records: DataFrame, faults: Mapping[str, Column]) -> DataFrame:
    """The records with the reasons that hold added to `reasons`; nothing is said about a record that could not be read."""
    found = F.when(F.col("fingerprint").isNotNull(), reasons_of(faults)).otherwise(F.array().cast("array<string>"))
    return records.withColumn("reasons", F.concat("reasons", found))


def _mappings(parsing: Parsing, column: str) -> list[tuple[list[str], ColumnMapping]]:
    """The ways in which the source's feeds map the column, each with the feeds that read it so."""
    ways: list[tuple[list[str], ColumnMapping]] = []
    for name, feed in parsing.source.feeds_of(parsing.table).items():
        if (mapping := feed.columns.get(column)) is None:
            continue
        read = (mapping.type, mapping.format, mapping.min, mapping.max)
        for feeds, other in ways:
            if (other.type, other.format, other.min, other.max) == read:
                feeds.append(name)
                break
        else:
            ways.append(([name], mapping))
    return ways


def _of(feeds: Iterable[str]) -> Column:
    return F.col("feed").isin(*feeds)


def _value(parsing: Parsing, column: str) -> Column:
    """The column's value; where feeds differ, each record is read as its feed says."""
    zone, text, ways = parsing.source.time_zone, F.col(f"{column}_text"), _mappings(parsing, column)
    values = [(feeds, typed(text, way.type, form=way.format, zone=zone)) for feeds, way in ways]
    if len(values) == 1:
        return values[0][1]
    return reduce(lambda found, way: F.when(_of(way[0]), way[1]).otherwise(found), values[1:], values[0][1])


def _faults(parsing: Parsing, column: str) -> dict[str, Column]:
    faults: dict[str, Column] = {}
    value, is_written = F.col(column), F.col(f"{column}_text").isNotNull()
    for feeds, way in _mappings(parsing, column):
        reason = f"{column} is not {WHAT_IT_IS_NOT.get(way.type, 'text')}"
        faults[reason] = faults.get(reason, F.lit(False)) | (_of(feeds) & is_written & value.isNull())
        if way.min is not None or way.max is not None:
            reason = f"{column} is outside its limits"
            faults[reason] = faults.get(reason, F.lit(False)) | (_of(feeds) & is_outside(value, low=way.min, high=way.max))
    return faults


def _bounded(records: DataFrame, times: list[str], timezone: str) -> DataFrame:
    """Times that no right clock can have given are refused and null: a wrong year must not reach any window."""
    faults: dict[str, Column] = {}
    usable: dict[str, Column] = {}
    for column in times:
        at = F.col(column)
        ahead = is_ahead(at, F.col("delivery_day"), timezone)
        early = F.lit(False) if column in _MAY_BE_OLD else is_too_early(at, timezone)
        faults |= {f"{column} is in the future": ahead, f"{column} is too long ago": early}
        usable[column] = F.when(~ahead & ~early, at)
    return with_reasons(records, faults).withColumns(usable) if times else records


def typed_records(texts: DataFrame, parsing: Parsing, *, timezone: str) -> DataFrame:
    """The parsed records with typed columns and `reasons`.

    A column keeps null where its value cannot be used. `timezone` cuts the days by which a time is judged against its
    delivery day.
    """
    to_type = [column for column in parsing.columns if parsing.text_name(column) != column]
    records = texts.withColumnRenamed("read_reasons", "reasons").withColumns({name: _value(parsing, name) for name in to_type})
    faults = reduce(lambda found, column: found | _faults(parsing, column), to_type, dict[str, Column]())
    feeds = parsing.source.feeds_of(parsing.table).values()
    times = [c for c in to_type if any(c in feed.columns and feed.columns[c].type == "timestamp" for feed in feeds)]
    checked = _bounded(with_reasons(records, faults) if faults else records, times, timezone)
    return checked.drop(*(f"{column}_text" for column in to_type))
