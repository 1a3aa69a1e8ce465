"""Parsed texts to the typed columns of a records table, with the reasons of all that cannot be used."""

from collections.abc import Iterable, Mapping
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reclake.records.parser import Parsing
from reclake.records.values import (
    EARLIEST_MEMBERSHIP,
    WHAT_IT_IS_NOT,
    is_ahead,
    is_outside,
    is_too_early,
    typed,
)
from reclake.sources.source import ColumnMapping, Source
from reclake.tables.vocabulary import EARLIEST

# An old membership may be older than the web; it orders nothing, and one that is impossible costs itself alone.
_MAY_BE_OLD = frozenset({"registered_at"})
_NO_TEXTS = "array<string>"

Faults = dict[str, Column]


def reasons_of(faults: Mapping[str, Column]) -> Column:
    """The reasons that hold, as array<string>; a fault that is null does not hold."""
    return F.array_compact(
        F.array(F.lit(None).cast("string"), *(F.when(fault, F.lit(reason)) for reason, fault in faults.items()))
    )


def _found(faults: Mapping[str, Column]) -> Column:
    """The reasons that hold; nothing is said about a record that could not be read."""
    return F.when(F.col("fingerprint").isNotNull(), reasons_of(faults)).otherwise(F.array().cast(_NO_TEXTS))


def with_reasons(records: DataFrame, faults: Mapping[str, Column]) -> DataFrame:
    """The records with the reasons that hold added to `reasons`; nothing is said about a record that could not be read."""
    return records.withColumn("reasons", F.concat("reasons", _found(faults)))


def with_notes(records: DataFrame, faults: Mapping[str, Column]) -> DataFrame:
    """The records with what holds added to `notes`, sorted; null where nothing is noted."""
    if not faults:
        return records
    noted = F.concat(F.coalesce("notes", F.array().cast(_NO_TEXTS)), _found(faults))
    return records.withColumn("notes", F.when(F.size(noted) > 0, F.array_sort(F.array_distinct(noted))))


def _mappings(parsing: Parsing, column: str) -> list[tuple[list[str], ColumnMapping]]:
    """The ways in which the source's feeds map the column, each with the feeds that read it so."""
    ways: list[tuple[list[str], ColumnMapping]] = []
    for name, feed in parsing.source.feeds_of(parsing.table).items():
        if (mapping := feed.columns.get(column)) is None:
            continue
        read = (mapping.type, mapping.limits_of(column), mapping.drops(column))
        for feeds, other in ways:
            if (other.type, other.limits_of(column), other.drops(column)) == read:
                feeds.append(name)
                break
        else:
            ways.append(([name], mapping))
    return ways


def _of(feeds: Iterable[str]) -> Column:
    return F.col("feed").isin(*feeds)


def _value(parsing: Parsing, column: str) -> Column:
    """The column's value; where feeds differ, each record is read as its feed says."""
    text = F.col(f"{column}_text")
    values = [(feeds, typed(text, way.type)) for feeds, way in _mappings(parsing, column)]
    if len(values) == 1:
        return values[0][1]
    return reduce(lambda found, way: F.when(_of(way[0]), way[1]).otherwise(found), values[1:], values[0][1])


def _highest_year(column: str, value: Column) -> Column:
    """Nobody is born after the day on which it was stated."""
    return value > F.year("delivery_day") if column == "birth_year" else F.lit(False)


def _judged(parsing: Parsing, column: str, faults: Faults, notes: Faults) -> Column:
    """The column's value; what is wrong with it goes to `faults`, or to `notes` where it is left out and the record kept."""
    value, is_written, is_dropped = F.col(column), F.col(f"{column}_text").isNotNull(), F.lit(False)
    for feeds, way in _mappings(parsing, column):
        low, high = way.limits_of(column)
        unreadable = {f"{column} is not {WHAT_IT_IS_NOT.get(way.type, 'text')}": is_written & value.isNull()}
        outside = F.lit(False)
        if low is not None or high is not None:
            outside = is_outside(value, low=low, high=high) | _highest_year(column, value)
            unreadable[f"{column} is outside its limits"] = outside
        heard = notes if way.drops(column) else faults
        for reason, fault in unreadable.items():
            heard[reason] = heard.get(reason, F.lit(False)) | (_of(feeds) & fault)
        if way.drops(column):
            is_dropped = is_dropped | (_of(feeds) & F.coalesce(outside, F.lit(False)))
    return F.when(~is_dropped, value) if notes else value


def _bounded(records: DataFrame, times: list[str], parsing: Parsing, timezone: str) -> DataFrame:
    """Times that no right clock can have given are refused and null: a wrong year must not reach any window."""
    faults: Faults = {}
    notes: Faults = {}
    usable: dict[str, Column] = {}
    for column in times:
        at = F.col(column)
        ahead = is_ahead(at, F.col("delivery_day"), timezone)
        early = is_too_early(at, timezone, earliest=EARLIEST_MEMBERSHIP if column in _MAY_BE_OLD else EARLIEST)
        usable[column] = F.when(~ahead & ~early, at)
        drops = _of([name for feeds, way in _mappings(parsing, column) if way.drops(column) for name in feeds])
        for reason, fault in ((f"{column} is in the future", ahead), (f"{column} is too long ago", early)):
            noted = drops | F.lit(column in _MAY_BE_OLD and fault is early)
            faults[reason], notes[reason] = fault & ~noted, fault & noted
    return with_notes(with_reasons(records, faults), notes).withColumns(usable) if times else records


def typed_records(parsed: DataFrame, parsing: Parsing, *, timezone: str) -> DataFrame:
    """The parsed records with typed columns, `reasons` and `notes`.

    A column keeps null where its value cannot be used. `timezone` cuts the days by which a time is judged against its
    delivery day.
    """
    to_type = [column for column in parsing.columns if parsing.text_name(column) != column]
    records = parsed.withColumnRenamed("read_reasons", "reasons").withColumns({name: _value(parsing, name) for name in to_type})
    faults: Faults = {}
    notes: Faults = {}
    values = {}
    for column in to_type:
        of_column: Faults = {}
        values[column] = _judged(parsing, column, faults, of_column)
        notes |= of_column
    told = with_notes(with_reasons(records, faults) if faults else records, notes)
    usable = told.withColumns(values) if notes else told
    times = [column for column in parsing.columns if parsing.is_time(column)]
    return _bounded(usable, times, parsing, timezone).drop(*(f"{column}_text" for column in to_type))


def beyond_line_amount(source: Source, table: str) -> Faults:
    """The fault of order lines whose amount is beyond what their feed allows, up or down."""
    if table != "orders":
        return {}
    most = F.lit(None).cast("double")
    for name, feed in source.feeds_of(table).items():
        most = F.when(F.col("feed") == name, F.lit(float(feed.max_line_amount))).otherwise(most)
    return {"line_amount is outside its limits": F.abs(F.col("line_amount").cast("double")) > most}
