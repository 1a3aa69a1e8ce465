"""What a refused record wrote in the field that a reason is about, shown so that nobody is recognised by it."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from reclake.privacy.masking import masked
from reclake.sources.source import ColumnMapping, Feed

_BY_SHAPE = frozenset({"account", "device", "phone", "email"})
_MASKED = frozenset({"string", "free_text", "product"})
_SHOWN = 60  # characters


def written_value(reason: str, raw: bytes, header: str | None, feed: Feed) -> str:
    """The value that the reason speaks of; of a reason about the whole record, its beginning by shape. Empty for a missing one.

    A reason begins with the standard column that it is about. Ids and contact data are shown by their shape (every digit as
    9, every letter as a), texts with contact data masked, numbers and times as written.
    """
    mapping = feed.columns.get(reason.partition(" ")[0])
    text = raw.decode("utf-8", "replace")
    if mapping is None or mapping.from_ is None:
        return "" if mapping is not None else shortened(shape(text))
    value = _field(text, header, mapping.from_, feed)
    return "" if value is None else shown_value(value, mapping)


def shown_value(value: str, mapping: ColumnMapping) -> str:
    """A value of the column as a person may see it."""
    if mapping.type in _BY_SHAPE or (mapping.format is None and mapping.type == "string" and len(value) > _SHOWN):
        return shortened(shape(value))
    return shortened(masked(value) if mapping.type in _MASKED else value)


def shape(text: str) -> str:
    """The text with every digit as 9 and every letter as a.

    Examples
    --------
    >>> shape("Anna.Li@example.com, 138 0013")
    'aaaa.aa@aaaaaaa.aaa, 999 9999'
    """
    return "".join("9" if sign.isdigit() else "a" if sign.isalpha() else sign for sign in text)


def shortened(text: str) -> str:
    """At most 60 characters in one line, control characters as escapes."""
    plain = "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text)
    return plain if len(plain) <= _SHOWN else f"{plain[: _SHOWN - 1]}…"


def _field(text: str, header: str | None, name: str, feed: Feed) -> str | None:
    if feed.format == "csv":
        names, cells = (next(csv.reader(io.StringIO(line or ""), delimiter=feed.delimiter), []) for line in (header, text))
        return dict(zip(names, cells, strict=False)).get(name)
    try:
        value: Any = json.loads(text, parse_int=str, parse_float=str, parse_constant=str)
        for part in name.split("."):
            value = value[part]
    except (ValueError, RecursionError, LookupError, TypeError):
        return None
    return value if isinstance(value, str) or value is None else json.dumps(value, ensure_ascii=False)
