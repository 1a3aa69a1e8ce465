"""One standard column of a batch of records: from raw values to texts or times, with the reasons of those that cannot be used.

Whole columns at a time: the usual batch holds one kind of value per column, which one set of types tells.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from reclake.records.column_reader import NUMBERS, ColumnReader, Report, Texts, Times, is_time
from reclake.records.fields import path_of
from reclake.records.ids import is_floating, whole_number
from reclake.records.raw_json import Number
from reclake.records.spelling import (
    NOT_EXACT,
    of_the_standard,
    plain_numbers,
    renamed,
    spelt,
    without_none,
)  # fmt: skip
from reclake.sources.source import ColumnMapping, Feed, time_reader

Records = Sequence[Mapping[str, Any]]

FLOATING = "is a floating-point number, which is no id"
IS_A_NUMBER = 'is a number: declare values = "as_text"'

_KIND = dict.fromkeys(NUMBERS, "a number") | {"boolean": "true or false"}
_BOOLEAN = {True: "true", False: "false"}
_TRUTHS = {"1": "true", "0": "false"}


def _wants_number(mapping: ColumnMapping) -> bool:
    return mapping.type in NUMBERS or (mapping.format or "").startswith("epoch_")


def _accepted(mapping: ColumnMapping, feed: Feed) -> Collection[type]:
    """The kinds of raw values that are read without coercion.

    A CSV knows only text, a Parquet file has types of its own, and a value that is looked up in `map` is compared as
    written. In JSON a number is no text and a text no number, unless its feed reads all values as text.
    """
    if feed.format == "csv" or mapping.constant is not None:
        return {str}
    if feed.format == "parquet" or feed.values == "as_text" or mapping.map is not None:
        return {str, Number, bool}
    return {Number} if _wants_number(mapping) else {bool} if mapping.type == "boolean" else {str}


def _fault_of_kind(value: Any, reader: ColumnReader) -> str:
    """The fault of a value of a kind that is not accepted."""
    mapping = reader.mapping
    if not is_time(mapping):
        # Under rule 1 the reason stays what it was: lakes of those sources hold it.
        if reader.id_rule == 2 and type(value) is Number and mapping.type not in _KIND:
            return IS_A_NUMBER
        return f"is not {_KIND.get(mapping.type, 'text')}"
    if type(value) is Number:
        return "is not a time: it is a number, where text belongs"
    return "is not a time: it is text, where a number belongs" if type(value) is str else "is not a time"


def _at(fields: Any, path: tuple[str, ...]) -> Any:
    """The value at the end of the path; None where it breaks off, an object where one belongs that is none."""
    for name in path:
        if not isinstance(fields, dict):
            return None if fields is None else {}
        if name not in fields:
            # A name in another case is refused like a value of the wrong kind: an object where none belongs.
            return {} if any(other.casefold() == name.casefold() for other in fields) else None
        fields = fields[name]
    return fields


def _raw_values(records: Records, mapping: ColumnMapping, feed: Feed) -> list[Any]:
    if mapping.from_ is None:
        return [mapping.constant] * len(records)
    path = path_of(mapping.from_, feed)
    if len(path) == 1:
        name = path[0]
        return [fields.get(name) for fields in records]
    return [_at(fields, path) for fields in records]


def _scalars(values: list[Any], reader: ColumnReader, report: Report) -> Texts:
    """The values as trimmed texts, blank ones as None; another kind of value is reported."""
    kinds = set(map(type, values))
    accepted = _accepted(reader.mapping, reader.feed)
    if kinds - {type(None)} - set(accepted):
        for row, value in enumerate(values):
            if value is not None and type(value) not in accepted:
                report(row, f"{reader.column} {_fault_of_kind(value, reader)}")
                values[row] = None
    if bool in kinds:
        values = [_BOOLEAN[value] if type(value) is bool else value for value in values]
    if Number in kinds and (reader.is_id or reader.mapping.whole_number):
        _whole_ids(values, reader, report)
    if str in kinds:
        return [None if value is None else value.strip() or None for value in values]
    return values


def _whole_ids(values: list[Any], reader: ColumnReader, report: Report) -> None:
    """Numbers of JSON or Parquet in a column of ids: one with a fraction or exponent is none, unless declared and exact."""
    if reader.id_rule == 1 and not reader.mapping.whole_number:
        return
    for row, value in enumerate(values):
        if type(value) is Number and is_floating(value):
            whole = whole_number(value, is_number=True) if reader.mapping.whole_number else None
            values[row] = whole
            if whole is None:
                report(row, f"{reader.column} {NOT_EXACT if reader.mapping.whole_number else FLOATING}")


def column_texts(records: Records, reader: ColumnReader, report: Report, *, comma_fields: Sequence[str] = ()) -> Texts:
    """The column's texts before pseudonyms, codes of services too; `report` hears of each value that cannot be used, and of each missing one."""
    mapping, column = reader.mapping, reader.column
    refused: set[int] = set()

    def refuse(row: int, reason: str) -> None:
        refused.add(row)
        report(row, reason)

    texts = _scalars(_raw_values(records, mapping, reader.feed), reader, refuse)
    texts = without_none(spelt(texts, reader, refuse), reader)
    if mapping.type in NUMBERS and reader.feed.columns[column].constant is None:
        texts = plain_numbers(list(texts), reader, comma_fields, refuse)
    if mapping.type == "boolean" and mapping.map is None and reader.feed.values == "as_text":
        texts = [text and _TRUTHS.get(text, text.lower()) for text in texts]
    texts = of_the_standard(list(renamed(texts, column, mapping, refuse)), reader, refuse)
    if reader.is_required and None in texts:
        for row, text in enumerate(texts):
            if text is None and row not in refused:  # what was written but refused has its reason already
                report(row, f"{column} is missing")
    return texts


def column_times(texts: Texts, reader: ColumnReader, report: Report) -> Times:
    """The texts of a time column as microseconds since 1970 in UTC; what is no time is reported with its fault."""
    read = time_reader(reader.mapping.format or "iso", reader.time_zone)
    found = [None if text is None else read(text) for text in texts]
    if str not in set(map(type, found)):
        return found  # type: ignore[return-value]
    times: Times = []
    for row, time in enumerate(found):
        if isinstance(time, str):
            report(row, f"{reader.column} {time}")
        times.append(None if isinstance(time, str) else time)
    return times
