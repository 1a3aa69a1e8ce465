"""One CSV record under its header, read strictly."""

import csv
from collections.abc import Mapping
from functools import lru_cache
from itertools import count

from reclake.records.raw_json import Unreadable, text_of

# The size of a record is limited by a setting, not by Python's 131,072 characters in a cell.
csv.field_size_limit(2**31 - 1)

NO_HEADER = "its file has no header"
HEADER_TWICE = "its header names a mapped column twice"
NOT_CSV = "it is not one CSV record"
OTHER_LENGTH = "it has another number of cells than its header"


def _cells(text: str, delimiter: str) -> list[str]:
    if '"' not in text and "\n" not in text and "\r" not in text:  # nearly all records
        return text.split(delimiter)
    rows = list(csv.reader([text], delimiter=delimiter, strict=True))
    if len(rows) != 1:
        raise Unreadable(NOT_CSV)
    return rows[0]


@lru_cache(maxsize=256)
def _names(header: str, delimiter: str, mapped: frozenset[str]) -> tuple[str, ...]:
    """The names, each once: a doubled one that nobody maps gets a number, so that its cell stays in the fingerprint."""
    names = _cells(header.removeprefix("\ufeff").rstrip("\r\n"), delimiter)
    if any(names.count(name) > 1 for name in mapped):
        raise Unreadable(HEADER_TWICE)
    taken = set(names)
    for place, name in enumerate(names):
        if name in names[:place]:
            names[place] = next(other for n in count(2) if (other := f"{name} ({n})") not in taken)
            taken.add(names[place])
    return tuple(names)


def csv_record(
    raw: bytes, header: str | None, *, delimiter: str, max_bytes: int, mapped: frozenset[str] = frozenset()
) -> Mapping[str, str]:
    r"""The record's cells by the names in the header; only a name in `mapped` must not come twice.

    Raises
    ------
    Unreadable
        When it is not one record with as many cells as the header, in UTF-8.

    Examples
    --------
    >>> csv_record(b'1,"tea, green"\r\n', "id,name", delimiter=",", max_bytes=99)
    {'id': '1', 'name': 'tea, green'}
    """
    text = text_of(raw, max_bytes=max_bytes).rstrip("\r\n")
    if not header:
        raise Unreadable(NO_HEADER)
    try:
        names, cells = _names(header, delimiter, mapped), _cells(text, delimiter)
    except csv.Error:
        raise Unreadable(NOT_CSV) from None
    if len(cells) != len(names):
        raise Unreadable(OTHER_LENGTH)
    return dict(zip(names, cells, strict=True))
