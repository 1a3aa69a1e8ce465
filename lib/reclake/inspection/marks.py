"""The marks with which the numbers of a field are written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_MONEY_SIGN = re.compile(r"[€$£¥￥]|\b[A-Z]{3}\b")
_LIKE_A_NUMBER = re.compile(r"[+-]?\d[\d.,'’ \u00a0\u202f]*([eE][+-]?\d{1,3})?", re.ASCII)
# Decimal and group mark, from the plainest on; of those that read as many values the first is taken.
_WAYS = ((".", ""), (",", ""), (".", ","), (",", "."), (",", " "), (".", " "), (".", "'"), (",", "'"))
_DECIMAL_COMMA = re.compile(r"[+-]?(\d+|\d{1,3}(\.\d{3})+),(\d{1,2}|\d{4,})")
_ANY = {" ": "[ \u00a0\u202f]", "'": "['’]"}
_MOST_DIGITS = 14


def _pattern(decimal: str, group: str) -> re.Pattern[str]:
    mark = re.escape(decimal)
    grouped = rf"[1-9]\d{{0,2}}({_ANY.get(group, re.escape(group))}\d{{3}})+|" if group else ""
    exponent = "" if group else r"([eE][+-]?\d{1,3})?"
    return re.compile(rf"[+-]?({grouped}\d{{1,{_MOST_DIGITS}}})({mark}\d+)?{exponent}", re.ASCII)


_PATTERNS = {way: _pattern(*way) for way in _WAYS}


@dataclass(frozen=True, slots=True)
class Marks:
    """How the numbers of a field are written."""

    decimal: str = "."
    group: str = ""
    signs: tuple[str, ...] = ()  # of currencies, as they stand beside the numbers


def marks_of(values: Sequence[str]) -> Marks | None:
    """The marks that explain most of the values, at least 19 of 20; None if these are no numbers.

    Examples
    --------
    >>> marks_of(["1.234", "12,50"]), marks_of(["$1,234.50", "$3.00"])
    (Marks(decimal=',', group='.', signs=()), Marks(decimal='.', group=',', signs=('$',)))
    >>> marks_of(["tea", "12"])
    """
    signs = tuple(dict.fromkeys(sign for value in values for sign in _MONEY_SIGN.findall(value)))
    plain = [_MONEY_SIGN.sub("", value).strip() for value in values] if signs else list(values)
    enough = 0.95 * len(plain)
    if sum(_LIKE_A_NUMBER.fullmatch(value) is not None for value in plain) < enough:
        return None
    counts: dict[tuple[str, str], int] = {}
    for way, pattern in _PATTERNS.items():
        counts[way] = sum(pattern.fullmatch(value) is not None for value in plain)
        if counts[way] == len(plain):
            break
    best = max(counts, key=lambda way: counts[way])
    if counts[best] >= enough:
        return Marks(*best, signs)
    # Of a field in which people wrote both, a value that can only be a decimal comma tells the others.
    is_mixed = any(_DECIMAL_COMMA.fullmatch(value) for value in plain)
    return Marks(",", ".", signs) if is_mixed and sum(map(_is_written_somehow, plain)) >= enough else None


def _is_written_somehow(value: str) -> bool:
    return any(pattern.fullmatch(value) for pattern in _PATTERNS.values())
