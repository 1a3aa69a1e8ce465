"""The lines of a drafted feed's columns: type, format and spelling by what the values look like."""

from __future__ import annotations

import json
from collections.abc import Iterator

from reclake.records.column_reader import NUMBERS
from reclake.sources.feed import NEEDED
from reclake.sources.mapping import ID_COLUMNS, RECORDS
from reclake.tables.vocabulary import EVENT_TYPES, WORDS

from .fields import FieldSummary
from .guesses import event_of
from .marks import Marks
from .personal import shape

_FIELDS = {field.name: field for table in RECORDS.values() for field in table.fields}
_OF_NAME = {
    "login_account_id": "account", "account_id": "account", "device_id": "device", "product_id": "product",
    "phone_token": "phone", "email_token": "email", "card_token": "card", "union_token": "union",
    **dict.fromkeys(("region", "product_name", *(name for name, field in _FIELDS.items() if field.is_free_text)), "free_text"),
}  # fmt: skip
_OF_TYPE = {"long": "long", "integer": "long", "decimal(18,4)": "decimal", "double": "double", "boolean": "boolean"}
TYPES = {name: _OF_TYPE[field.type] for name, field in _FIELDS.items() if field.type in _OF_TYPE} | _OF_NAME
IDS = ("account", "device", "product")
RECORD_IDS = {noun: (f"{noun.removesuffix('s')}_id",) for noun in RECORDS} | {
    "orders": ("order_id", "line_id"), "accounts": ("account_id", "changed_at"),
}  # fmt: skip
_HELD_IDS = (*ID_COLUMNS, "account_id", "login_account_id", "device_id")
_WORDED = (*WORDS, "currency", "country", "gender", "category", *(name for name, kind in TYPES.items() if kind == "boolean"))
ASK = "# confirm: "


def type_of(column: str) -> str:
    """The type with which a standard column is drafted."""
    return TYPES.get(column, "timestamp" if column.endswith("_at") else "string")


def toml_text(text: str) -> str:
    r"""As a TOML string in one line; what cannot be seen is escaped.

    Examples
    --------
    >>> print(toml_text("a\nb\x7f"), toml_text(" 金额"))
    "a\nb\u007f" " 金额"
    """
    written = json.dumps(text, ensure_ascii=False)
    return "".join(
        sign if sign.isprintable() else f"\\U{ord(sign):08x}" if ord(sign) > 0xFFFF else f"\\u{ord(sign):04x}" for sign in written
    )


def drafted_columns(table: str, columns: dict[str, FieldSummary], marks: Marks) -> Iterator[str]:
    """The lines of the feed's columns; `marks` are those of all numbers of its files."""
    for column, one in columns.items():
        yield f"{column} = {{ {', '.join(_mapping(table, column, one, marks))} }}  {ASK}{_why(column, one)}"
    missing = NEEDED[table] - columns.keys()
    constants = {"channel": "web", "currency": "EUR", "event_type": "view_item", "purpose": "personalisation"}
    for column in sorted(missing):
        if column in constants:
            yield f'{column} = {{ constant = "{constants[column]}", type = "string" }}  {ASK}no field looks like it'
        else:
            yield f"# {column} = {{ from = … }}  is needed, and no field looks like it"


def _mapping(table: str, column: str, one: FieldSummary, marks: Marks) -> Iterator[str]:
    kind = type_of(column)
    yield f"from = {toml_text(one.name)}"
    yield f'type = "{kind}"'
    if kind == "timestamp":
        yield f"format = {toml_text(one.time_format or 'iso')}"
    if kind in NUMBERS:
        yield from _marks(one, marks)
    if one.looks == "fraction of an id" and kind in (*IDS, "string", "long"):
        yield "whole_number = true"
    words = [word for word in one.none_words if word.casefold() in ("0", "-1", "-", "na", "unknown")]
    words += one.zeros if kind in IDS else []
    if words and (kind in IDS or one.looks == "text"):
        yield f"none = [{', '.join(map(toml_text, words))}]"
    if column == "event_type" and one.words and not set(one.words) <= set(EVENT_TYPES):
        named = {word: event for word in one.words if (event := event_of(word)) is not None}
        yield f"map = {{ {', '.join(f'{toml_text(word)} = {toml_text(event)}' for word, event in named.items())} }}"
    if column in NEEDED[table] or column in RECORD_IDS[table]:
        yield "required = true"


def _marks(one: FieldSummary, marks: Marks) -> Iterator[str]:
    """One field shows what 1.234 means in all of them; signs stand in their own field alone."""
    if marks.decimal == ",":
        yield 'decimal_mark = ","'
    if marks.decimal == "," or marks.group:
        yield f"group_mark = {toml_text(marks.group or '.')}"
    if one.marks is not None and one.marks.signs:
        yield f"currency_signs = [{', '.join(map(toml_text, one.marks.signs))}]"


def _why(column: str, one: FieldSummary) -> str:
    looks = {"nothing": "holds nothing in the sample", "fraction of an id": "whole numbers written as 17850.0"}.get(
        one.looks, one.looks
    )
    samples = _samples(column, one)
    parts = [f"{looks}, such as {', '.join(samples)}" if samples else looks]
    if one.words and (unknown := [one.shown(word) for word in one.words if event_of(word) is None]) and column == "event_type":
        parts.append(f"no event of the standard is called {', '.join(unknown)}: map them, or their records are refused")
    if one.is_rounded:
        parts.append("a spreadsheet has rounded long numbers: ids among them are lost, have them exported as text")
    if one.is_ambiguous:
        parts.append("day and month could be the other way round")
    if one.top_share > 0.5 and one.n_distinct > 1:
        parts.append(f"{one.top_share:.0%} of the records hold one value")
    return "; ".join(parts)


def _samples(column: str, one: FieldSummary) -> list[str]:
    """Values of the field as they may stay in a file: of ids and texts their shape, of what people typed nothing."""
    if TYPES.get(column) == "free_text" or (one.looks == "text" and one.is_personal and column not in _WORDED):
        return []
    if one.looks != "text" and column not in _HELD_IDS:
        return list(one.samples)
    return list(one.samples if column in _WORDED else dict.fromkeys(map(shape, one.samples)))
