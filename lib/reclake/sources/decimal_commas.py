"""Whether a file writes decimals with a comma where its feed does not say so.

Where `12,50` stands in a column, `1.234` in the same column may be a thousand: the file's records are marked, so that no
reader takes it for 1.234.
"""

from __future__ import annotations

import csv
import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Sequence
from typing import Any

from .csv_records import column_names
from .feed import Feed
from .mapping import field_in_note

_NUMBERS = ("long", "decimal", "double")
_COMMA_IN_NUMBER = re.compile(rb"\d,\d")
_LONGEST = 64  # characters of a field that may be a number
# One or two decimals, or four and more; or three behind groups, a zero or four digits. 1,234 alone may be a thousand.
_DECIMAL_COMMA = re.compile(
    r"[^\d,.]*(?:\d+,(?:\d{1,2}|\d{4,})|\d{1,3}(?:[.\s'’\u00a0\u202f]\d{3})+,\d+|(?:0|\d{4,}),\d{3})[^\d,.]*", re.ASCII
)  # fmt: skip


def fields_with_commas(feed: Feed) -> set[str]:
    """The raw fields of the feed in which a decimal comma would be a surprise: numbers without a declared decimal mark."""
    mapped = feed.columns.values()
    return {m.from_ for m in mapped if m.from_ is not None and m.type in _NUMBERS and m.decimal_mark is None}


def is_decimal_comma(text: str) -> bool:
    """Whether the text is a number with a decimal comma, maybe with a sign or currency around it.

    Examples
    --------
    >>> [is_decimal_comma(text) for text in ("12,50", "€ 1.234,56", "-0,125 EUR", "1,234", "1,234.50", "1.234", "tea, 2")]
    [True, True, True, False, False, False, False]
    """
    return len(text) <= _LONGEST and _DECIMAL_COMMA.fullmatch(text) is not None


class CommaSearch(ABC):
    """The fields of one file in which a decimal comma was seen."""

    def __init__(self, fields: Collection[str]) -> None:
        self._unseen, self._seen = sorted(fields), set[str]()

    def look(self, record: bytes) -> None:
        """Take the record into account."""
        if not self._unseen or not _COMMA_IN_NUMBER.search(record):  # nearly all records
            return
        texts = self._texts(record)
        if found := {field for field in self._unseen if is_decimal_comma(texts(field))}:
            self._seen |= found
            self._unseen = [field for field in self._unseen if field not in found]

    @abstractmethod
    def _texts(self, record: bytes) -> Callable[[str], str]:
        """The text of each field; an empty one for what is no text."""

    @property
    def note(self) -> str | None:
        """The fields as bronze's intake_note says them."""
        return f"comma_decimals:{'|'.join(map(field_in_note, sorted(self._seen)))}" if self._seen else None


class CsvCommaSearch(CommaSearch):
    """The search in a CSV file."""

    def __init__(self, names: Sequence[str], fields: Collection[str], delimiter: str) -> None:
        super().__init__(fields)
        self._places = {field: names.index(field) for field in fields}
        self._delimiter, self._only_quoted = delimiter, delimiter == ","

    def look(self, record: bytes) -> None:
        """Take the record into account."""
        if not self._only_quoted or b'"' in record:  # else a comma ends a field
            super().look(record)

    def _texts(self, record: bytes) -> Callable[[str], str]:
        text, places = record.decode("utf-8", "replace"), self._places
        try:
            cells = column_names(text, self._delimiter) if '"' in text else text.split(self._delimiter)
        except (csv.Error, StopIteration):
            cells = []
        return lambda field: cells[places[field]] if places[field] < len(cells) else ""


class JsonCommaSearch(CommaSearch):
    """The search in JSON, whose numbers may be texts; rows of Parquet are JSON, too."""

    def _texts(self, record: bytes) -> Callable[[str], str]:
        fields = _json(record)
        return lambda field: _text_at(fields, field.split(".")) or ""


def json_text(record: bytes, path: Sequence[str]) -> str | None:
    """The text, or number as it is written, at the end of the path; None where there is none."""
    return _text_at(_json(record), path)


def _json(record: bytes) -> Any:
    try:
        return json.loads(record, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        return None


def _text_at(value: Any, path: Sequence[str]) -> str | None:
    try:
        for name in path:
            value = value[name]
    except (LookupError, TypeError):
        return None
    return value if isinstance(value, str) else None
