"""One JSON object, read strictly: what a lenient parser changes or drops without a word is refused with a reason.

Numbers keep their exact text, so money never passes through a float.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from json.encoder import encode_basestring
from json.scanner import make_scanner
from typing import Any

NOT_UTF8 = "it is not valid UTF-8"
EMPTY = "it is empty"
TOO_LARGE = "it is too large"
TOO_DEEP = "it is nested too deep"
NOT_JSON = "it is not one JSON object"
TEXT_AFTER = "text follows its JSON object"
TWICE = "it names a field twice"
NOT_FINITE = "it holds NaN or Infinity"
NOT_UNICODE = "it holds half a character"

# A string without an end runs to the end of the text: else every quote in it would be looked at once more.
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[\[{]|[\]}]', re.DOTALL)


class Unreadable(Exception):
    """A record whose bytes are not one record; the message is the reason, without a word of its content."""


class Number(str):
    """A JSON number as it was written."""

    __slots__ = ()


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise Unreadable(TWICE)
    return fields


def _no_constant(name: str) -> None:
    raise Unreadable(NOT_FINITE)


_BLANKS = " \t\n\r"  # what JSON allows around a value
# The scanner itself, without the steps in Python that JSONDecoder.decode takes around it.
_SCAN: Callable[[str, int], tuple[Any, int]] = make_scanner(
    # The type stubs take the scanner for its own argument.
    json.JSONDecoder(object_pairs_hook=_object, parse_float=Number, parse_int=Number, parse_constant=_no_constant)  # type: ignore[arg-type]
)


def _is_deeper(text: str, max_depth: int) -> bool:
    depth = 0
    for match in _STRING_OR_BRACKET.finditer(text):
        found = match[0]
        if found in "[{":
            depth += 1
            if depth > max_depth:
                return True
        elif found in "]}":
            depth -= 1
    return False


def text_of(raw: bytes, *, max_bytes: int) -> str:
    """The record's text.

    Raises
    ------
    Unreadable
        When it is too large, not UTF-8 or blank.
    """
    if len(raw) > max_bytes:
        raise Unreadable(TOO_LARGE)
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise Unreadable(NOT_UTF8) from None
    if not text or text.isspace():
        raise Unreadable(EMPTY)
    return text


def json_object(raw: bytes, *, max_bytes: int, max_depth: int) -> dict[str, Any]:
    """The fields of the record; every number in it is a `Number`.

    Raises
    ------
    Unreadable
        When it is anything but one complete standard JSON object in UTF-8 without a byte order mark.

    Examples
    --------
    >>> json_object(b'{"price": 12.50, "name": "tea"}', max_bytes=99, max_depth=9)
    {'price': '12.50', 'name': 'tea'}
    """
    text = text_of(raw, max_bytes=max_bytes)
    # Counting brackets is a hundred times cheaper than following them, and nearly always enough.
    if text.count("{") + text.count("[") > max_depth and _is_deeper(text, max_depth):
        raise Unreadable(TOO_DEEP)
    trimmed = text.strip(_BLANKS)
    try:
        fields, end = _SCAN(trimmed, 0)
    except (json.JSONDecodeError, StopIteration):
        raise Unreadable(NOT_JSON) from None
    except RecursionError:
        raise Unreadable(TOO_DEEP) from None
    if end != len(trimmed):
        raise Unreadable(TEXT_AFTER)
    if type(fields) is not dict:
        raise Unreadable(NOT_JSON)
    if ("\\ud" in text or "\\uD" in text) and _has_half_character(fields):
        raise Unreadable(NOT_UNICODE)
    return fields


def _unambiguous(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    doubtful = {name for name, value in pairs if fields.setdefault(name, value) != value}
    return {name: value for name, value in fields.items() if name not in doubtful}


_SCAN_LOOSELY: Callable[[str, int], tuple[Any, int]] = make_scanner(
    json.JSONDecoder(object_pairs_hook=_unambiguous, parse_float=Number, parse_int=Number, parse_constant=lambda name: None)  # type: ignore[arg-type]
)


def what_it_names(raw: bytes, refused: Unreadable) -> dict[str, Any]:
    """Of a refused record the fields that are beyond doubt, to tell whose it is; none where no object can be made out.

    A field that stands there twice with different values is left out, NaN and Infinity are null, and text behind the object
    is passed over. Nothing of it may be stored as a fact.

    Examples
    --------
    >>> what_it_names(b'{"who": "17", "granted": true, "granted": false}', Unreadable(TWICE))
    {'who': '17'}
    """
    if str(refused) not in (TWICE, NOT_FINITE, TEXT_AFTER):
        return {}
    try:
        fields, _ = _SCAN_LOOSELY(raw.decode().strip(_BLANKS), 0)
    except (json.JSONDecodeError, StopIteration, RecursionError):
        return {}
    return fields if type(fields) is dict and not _has_half_character(fields) else {}


def _has_half_character(fields: dict[str, Any]) -> bool:
    """Whether an escaped surrogate stands alone: it could not be stored."""
    try:
        canonical(fields).encode()
    except UnicodeEncodeError:
        return True
    return False


def canonical_fields(fields: Mapping[str, Any], names: Iterable[tuple[str, str]]) -> str:
    """The named fields as the inside of a canonical object; each name comes with its own canonical text and a colon."""
    # Most values are texts and numbers; asking `canonical` for each would double the time.
    return ",".join([
        prefix
        + (_quoted(value) if (kind := type(value := fields[name])) is str else value if kind is Number else canonical(value))
        for name, prefix in names
    ])


def canonical(value: Any) -> str:
    """The value as JSON with sorted keys; numbers as they were written.

    Examples
    --------
    >>> canonical({"b": [Number("1.0"), "1.0"], "a": None})
    '{"a":null,"b":[1.0,"1.0"]}'
    """
    kind = type(value)
    if kind is str:
        return _quoted(value)
    if kind is Number:
        return str.__str__(value)
    if kind is dict:
        return "{" + ",".join([f"{_quoted(key)}:{canonical(value[key])}" for key in sorted(value)]) + "}"
    if kind is list:
        return "[" + ",".join([canonical(item) for item in value]) + "]"
    return "null" if value is None else "true" if value else "false"


_quoted: Callable[[str], str] = encode_basestring
