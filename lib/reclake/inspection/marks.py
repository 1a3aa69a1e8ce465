"""The marks with which the numbers of a field are written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_MONEY_SIGN = re.compile(r"[€$£¥￥]|\b[A-Z]{3}\b")
_LIKE_A_NUMBER = re.compile(r"[+-]?\d[\d.,'’ \u00a0\u202f]*", re.ASCII)
# Decimal and group mark, from the plainest on; of those that read as many values the first is taken.
_WAYS = ((".", ""), (",", ""), (".", ","), (",", "."), (",", " "), (".", " "), (".", "'"), (",", "'"))
_ANY = {" ": "[ \u00a0\u202f]", "'": "['’]"}
_MOST_DIGITS = 14


def _pattern(decimal: str, group: str) -> re.Pattern[str]:
    mark = re.escape(decimal)
    grouped = rf"[1-9]\d{{0,2}}({_ANY.get(group, re.escape(group))}\d{{3}})+|" if group else ""
    return re.compile(rf"[+-]?({grouped}\d{{1,{_MOST_DIGITS}}})({mark}\d+)?", re.ASCII)


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
    return Marks(*best, signs) if counts[best] >= enough else None
