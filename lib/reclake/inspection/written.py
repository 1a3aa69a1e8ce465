"""What a refused record wrote in the field that a reason is about, shown so that nobody is recognised by it."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from reclake.privacy.masking import masked
from reclake.sources.source import ColumnMapping, Feed

from .personal import is_long_number, is_personal, names_a_time, shape, shortened, tells_person

_MASKED = frozenset({"string", "free_text", "product"})
_OF_THINGS = frozenset({"product_name", "category", "event_type", "channel", "purpose", "currency", "country", "line_kind"})
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
    return "" if value is None else shown_value(value, mapping, reason.partition(" ")[0])


def shown_value(value: str, mapping: ColumnMapping, column: str = "") -> str:
    """A value of the column as a person may see it."""
    value, name, is_text = value[: 10 * _SHOWN], mapping.from_ or "", mapping.type in _MASKED
    if tells_person(column, mapping.type) or (is_text and column not in _OF_THINGS and is_personal(name)):
        return shortened(shape(value))
    is_time = mapping.format is not None and (names_a_time(name) or not value.isdigit())
    plain = masked(value) if is_text else value
    is_hidden = not is_time and (is_long_number(plain) or (mapping.type == "string" and len(plain) > _SHOWN))
    return shortened(shape(value) if is_hidden else plain)


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
