"""Values that a source file states itself: each must be one that a record could hold, or it spoils every record."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator

from reclake.tables.line_kinds import LINE_KINDS
from reclake.tables.vocabulary import CURRENCY, NUMBER_PATTERNS, WORDS

from .mapping import NUMBERS, ColumnMapping
from .times import time_reader

_CURRENCY = re.compile(CURRENCY.removesuffix(r"\z"))
_KNOWN = {**WORDS, "line_kind": LINE_KINDS}
_TRUTHS = ("true", "false")
# What nobody may be taken to have said.
_NEVER_BY_DEFAULT = {"is_granted": "a grant", "is_phone_verified": "verified", "is_email_verified": "verified"}
_MARKS = frozenset("+-\u2212,'’_")  # of numbers; a point may end a sign such as kr.

Fault = Callable[[str], str | None]


def stated_problems(column: str, mapping: ColumnMapping, *, is_as_text: bool) -> Iterator[str]:
    """What is wrong with the constant, default and words of the mapping of a standard column.

    `is_as_text` says that the feed reads its values as text, truth values too.
    """
    fault_of = _fault_of_word(column) or _fault_of_value(column, mapping)
    yield from _constant_problems(mapping, fault_of, is_as_text=is_as_text)
    stated = {"map": (mapping.map or {}).values(), "one_of": mapping.one_of or ()}
    for key, words in stated.items():
        yield from _each(key, words, fault_of)
    if mapping.default is not None:
        yield from _each("default", (mapping.default,), fault_of)
    if mapping.default == "true" and (what := _NEVER_BY_DEFAULT.get(column)):
        yield f"default 'true' reads an answer that is missing or unknown as {what}"
    for word in mapping.none:
        if not word.strip():
            yield f"none {word!r} is blank, which is none without being named"
    for sign in mapping.currency_signs:
        if _is_no_sign(sign):
            yield f"currency_signs {sign!r} is no sign: it needs a letter or a currency symbol, without digits and marks of numbers"


def unknown_events(names: Iterable[str]) -> Iterator[str]:
    """What is wrong with names of standard event types."""
    yield from _each("automatic_events", names, _fault_of_word("event_type"))


def _each(key: str, words: Iterable[str], fault_of: Fault | None) -> Iterator[str]:
    for word in dict.fromkeys(words):
        if fault_of is not None and (fault := fault_of(word)):
            yield f"{key} {word!r} {fault}"


def _constant_problems(mapping: ColumnMapping, fault_of: Fault | None, *, is_as_text: bool) -> Iterator[str]:
    constant = mapping.constant
    if constant is None:
        return
    if not constant.strip():
        yield "constant is blank"
    elif mapping.map is not None:
        if _spelt(constant, mapping) not in mapping.map and mapping.default is None:
            yield f"constant {constant!r} is not in its map"
    elif mapping.type == "boolean" and is_as_text and constant.strip().lower() in (*_TRUTHS, "1", "0"):
        return
    elif fault_of is not None and (fault := fault_of(_spelt(constant, mapping))):
        yield f"constant {constant!r} {fault}"


def _spelt(constant: str, mapping: ColumnMapping) -> str:
    """The constant as it stands before `map`."""
    text = constant.strip()
    if mapping.whole_number:
        text = re.sub(r"(?<=\d)\.0*$", "", text)
    text = text.removesuffix(mapping.strip_suffix or "").strip()
    text = text.upper() if mapping.upper else text.lower() if mapping.lower else text
    return text.lstrip("0") or "0" if mapping.strip_zeros else text


def _fault_of_word(column: str) -> Fault | None:
    """The look at a word of a column that holds only the standard's; None for another column."""
    if column == "currency":
        return lambda word: None if _CURRENCY.fullmatch(word) else "is not ISO 4217: three capital letters"
    if (known := _KNOWN.get(column)) is None:
        return None
    return lambda word: None if word in known else f"is not one of the standard's: {', '.join(known)}"


def _fault_of_value(column: str, mapping: ColumnMapping) -> Fault | None:
    """The look at a text of a column that is read as another type; None for a column of texts."""
    if mapping.type in NUMBERS:
        return lambda text: _fault_of_number(text, column, mapping)
    if mapping.type == "boolean":
        return lambda text: None if text in _TRUTHS else "is not true or false"
    if mapping.type in ("timestamp", "date") and mapping.format is not None:
        return lambda text: _fault_of_time(text, mapping.format or "iso")
    return None


def _fault_of_number(text: str, column: str, mapping: ColumnMapping) -> str | None:
    is_number = re.fullmatch(NUMBER_PATTERNS[mapping.type], text, re.ASCII) and "\n" not in text
    if not is_number or abs(float(text)) == float("inf") or (mapping.type == "long" and not -(2**63) <= int(text) < 2**63):
        return f"is no {mapping.type}"
    low, high = mapping.limits_of(column)
    number = float(text)
    return "is outside its limits" if (low is not None and number < low) or (high is not None and number > high) else None


def _fault_of_time(text: str, pattern: str) -> str | None:
    try:
        found = time_reader(pattern, "UTC")(text)
    except ValueError:  # a wrong format has its own fault
        return None
    return found if isinstance(found, str) else None


def _is_no_sign(sign: str) -> bool:
    kinds = [unicodedata.category(letter) for letter in sign]
    is_named = any(kind[0] == "L" or kind == "Sc" for kind in kinds)
    return not is_named or any(kind[0] == "N" for kind in kinds) or not _MARKS.isdisjoint(sign)
