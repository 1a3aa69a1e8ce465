"""One standard column of a batch of records: from raw values to texts or times, with the reasons of those that cannot be used.

Whole columns at a time: the usual batch holds one kind of value per column, which one set of types tells.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reclake.records.fields import path_of
from reclake.records.ids import NO_ID, is_floating, is_id, normalised_id, whole_number
from reclake.records.raw_json import Number
from reclake.records.written_numbers import MAYBE_GROUPED, Misread, has_marks, marks_fault, maybe_grouped, plain_number
from reclake.sources.source import ColumnMapping, Feed, Source, time_reader
from reclake.tables.vocabulary import LONGEST_PRODUCT_ID, WORDS

Texts = list[str | None]
Times = list[int | None]  # microseconds since 1970
Report = Callable[[int, str], None]  # row of the batch, reason
Records = Sequence[Mapping[str, Any]]

_NUMBERS = ("long", "decimal", "double")
_KIND = dict.fromkeys(_NUMBERS, "a number") | {"boolean": "true or false"}
_BOOLEAN = {True: "true", False: "false"}
_TRUTHS = {"1": "true", "0": "false"}
NOT_EXACT = "is no exact whole number"
FLOATING = "is a floating-point number, which is no id"


def is_time(mapping: ColumnMapping) -> bool:
    """Whether it is read as a time."""
    return mapping.type in ("timestamp", "date")


def is_typed(mapping: ColumnMapping) -> bool:
    """Whether its text is read as a number or truth value afterwards."""
    return mapping.type in (*_NUMBERS, "boolean")


@dataclass(frozen=True, slots=True)
class ColumnReader:
    """How a standard column is read from the records of one feed."""

    column: str
    feed: Feed
    id_rule: int
    time_zone: str
    is_required: bool

    @property
    def mapping(self) -> ColumnMapping:
        """The feed's mapping of the column."""
        return self.feed.columns[self.column]

    @property
    def is_id(self) -> bool:
        """Whether it holds an id, which has words for none."""
        return is_id(self.column, self.mapping.type)


def reader_of(column: str, feed: Feed, source: Source, *, is_required: bool = False) -> ColumnReader:
    """The reader of a column that the feed maps."""
    return ColumnReader(column, feed, source.id_rule, source.time_zone, is_required or feed.columns[column].required)


def _wants_number(mapping: ColumnMapping) -> bool:
    return mapping.type in _NUMBERS or (mapping.format or "").startswith("epoch_")


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


def _expected(mapping: ColumnMapping) -> str:
    """The fault of a value of another kind."""
    if is_time(mapping):
        return "is not a time: it is text, where a number belongs" if _wants_number(mapping) else "is not a time: it is no text"
    return f"is not {_KIND.get(mapping.type, 'text')}"


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
        fault = f"{reader.column} {_expected(reader.mapping)}"
        for row, value in enumerate(values):
            if value is not None and type(value) not in accepted:
                report(row, fault)
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


def _spelt(texts: Texts, reader: ColumnReader, report: Report) -> Texts:
    """The texts after the normalisation of ids, `whole_number`, `strip_suffix`, `upper`, `lower`, `strip_zeros`."""
    mapping = reader.mapping
    if reader.id_rule == 2 and reader.is_id:
        texts = [text and (normalised_id(text) or None) for text in texts]
    if mapping.whole_number:
        texts = _whole(texts, reader, report)
    if (suffix := mapping.strip_suffix) is not None:
        texts = [text and (text.removesuffix(suffix).strip() or None) for text in texts]
    if mapping.upper:
        texts = [text and text.upper() for text in texts]
    if mapping.lower:
        texts = [text and text.lower() for text in texts]
    if mapping.strip_zeros:
        texts = [text and (text.lstrip("0") or "0") for text in texts]
    return texts


def _whole(texts: Texts, reader: ColumnReader, report: Report) -> Texts:
    found: Texts = []
    for row, text in enumerate(texts):
        whole = text and whole_number(text, is_number=False)
        if text is not None and whole is None:
            report(row, f"{reader.column} {NOT_EXACT}")
        found.append(whole)
    return found


def _without_none(texts: Texts, reader: ColumnReader) -> Texts:
    """The texts without the words that stand for none."""
    words = NO_ID if reader.is_id else frozenset[str]()
    if reader.mapping.none:
        words = words | {word.strip().casefold() for word in reader.mapping.none}
    if not words:
        return texts
    none = {text for text in set(texts) if text is not None and text.casefold() in words}
    return [None if text in none else text for text in texts] if none else texts


def _renamed(texts: Texts, column: str, mapping: ColumnMapping, report: Report) -> Texts:
    """The texts after `map` and `default`."""
    names, default = mapping.map, mapping.default
    if names is None:
        return texts if default is None else [default if text is None else text for text in texts]
    if default is None:
        for row, text in enumerate(texts):
            if text is not None and text not in names:
                report(row, f"{column} is not a known value")
    return [default if text is None else names.get(text, default) for text in texts]


def _of_the_standard(texts: Texts, reader: ColumnReader, report: Report) -> Texts:
    """The texts that `one_of` and the vocabulary of the standard allow; others are reported."""
    limited = (
        (reader.mapping.one_of, "is not one of the allowed values"),
        (WORDS.get(reader.column), "is not one of the standard's"),
    )
    for allowed, fault in limited:
        if allowed is not None and not set(texts) <= {None, *allowed}:
            for row, text in enumerate(texts):
                if text is not None and text not in allowed:
                    report(row, f"{reader.column} {fault}")
                    texts[row] = None
    if reader.mapping.type == "product":
        for row, text in enumerate(texts):
            if text is not None and len(text) > LONGEST_PRODUCT_ID:
                report(row, f"{reader.column} is longer than {LONGEST_PRODUCT_ID} characters")
                texts[row] = None
    return texts


def _plain_numbers(texts: Texts, reader: ColumnReader, comma_fields: Sequence[str], report: Report) -> Texts:
    """Numbers without marks; one whose marks are not declared, or not in their places, is reported.

    `comma_fields` holds, per record, the raw fields in which its file writes a decimal comma; no rows for none at all.
    """
    mapping, column = reader.mapping, reader.column
    if mapping.decimal_mark or mapping.group_mark or mapping.currency_signs:
        read = plain_number(mapping.decimal_mark, mapping.group_mark, mapping.currency_signs)
        for row, text in enumerate(texts):
            try:
                texts[row] = text and read(text)
            except Misread as fault:
                report(row, f"{column} {fault}")
                texts[row] = None
        return texts
    if has_marks(texts):
        for row, text in enumerate(texts):
            if text is not None and (marks := marks_fault(text)):
                report(row, f"{column} {marks}")
                texts[row] = None
    for row, fields in enumerate(comma_fields):
        if (text := texts[row]) and maybe_grouped(text) and mapping.from_ in fields.split("|"):
            report(row, f"{column} {MAYBE_GROUPED}")
            texts[row] = None
    return texts


def _without_services(texts: Texts, mapping: ColumnMapping) -> Texts:
    if not mapping.not_products:
        return texts
    services = {text for text in set(texts) if text is not None and mapping.is_service(text)}
    return [None if text in services else text for text in texts] if services else texts


def column_texts(records: Records, reader: ColumnReader, report: Report, *, comma_fields: Sequence[str] = ()) -> Texts:
    """The column's texts before pseudonyms; `report` hears of each value that cannot be used, and of each missing one."""
    mapping, column = reader.mapping, reader.column
    refused: set[int] = set()

    def refuse(row: int, reason: str) -> None:
        refused.add(row)
        report(row, reason)

    texts = _scalars(_raw_values(records, mapping, reader.feed), reader, refuse)
    texts = _without_none(_spelt(texts, reader, refuse), reader)
    if mapping.type in _NUMBERS and reader.feed.columns[column].constant is None:
        texts = _plain_numbers(list(texts), reader, comma_fields, refuse)
    if mapping.type == "boolean" and reader.feed.values == "as_text":
        texts = [text and _TRUTHS.get(text, text.lower()) for text in texts]
    texts = _of_the_standard(list(_renamed(texts, column, mapping, refuse)), reader, refuse)
    if reader.is_required and None in texts:
        for row, text in enumerate(texts):
            if text is None and row not in refused:  # what was written but refused has its reason already
                report(row, f"{column} is missing")
    return _without_services(texts, mapping)


def column_times(texts: Texts, reader: ColumnReader, report: Report) -> Times:
    """The texts of a time column as microseconds since 1970 in UTC; what is no time is reported with its fault."""
    read = time_reader(reader.mapping.format or "iso", reader.time_zone)
    times: Times = []
    for row, text in enumerate(texts):
        found = None if text is None else read(text)
        if isinstance(found, str):
            report(row, f"{reader.column} {found}")
            found = None
        times.append(found)
    return times
