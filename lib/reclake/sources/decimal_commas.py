"""Whether a CSV file writes decimals with a comma where its feed does not say so.

Where `12,50` stands in a column, `1.234` in the same column may be a thousand: the file's records are marked, so that no
reader takes it for 1.234.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Sequence

from .csv_records import column_names
from .feed import Feed

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


class CommaSearch:
    """The fields of one file in which a decimal comma was seen."""

    def __init__(self, names: Sequence[str], fields: Collection[str], delimiter: str) -> None:
        self._places = {field: names.index(field) for field in sorted(fields)}
        self._delimiter, self._only_quoted = delimiter, delimiter == ","
        self._seen: set[str] = set()

    def look(self, record: bytes) -> None:
        """Take the record into account."""
        if self._only_quoted and b'"' not in record:  # nearly all records
            return
        if len(self._seen) == len(self._places) or not _COMMA_IN_NUMBER.search(record):
            return
        text = record.decode("utf-8", "replace")
        try:
            cells = column_names(text, self._delimiter) if '"' in text else text.split(self._delimiter)
        except (csv.Error, StopIteration):
            return
        for field, place in self._places.items():
            if field not in self._seen and place < len(cells) and is_decimal_comma(cells[place]):
                self._seen.add(field)

    @property
    def note(self) -> str | None:
        """The fields as bronze's intake_note says them."""
        return f"comma_decimals:{'|'.join(sorted(self._seen))}" if self._seen else None
