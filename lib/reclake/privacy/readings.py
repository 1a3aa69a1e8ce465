"""A text as a person reads it: decoded, every digit as in ASCII, and for each character where it was written.

This is the one definition of a digit. The mask looks through all readings; the gate reads the stored text with the digits
of ASCII alone, which are a part of every reading.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

_ENCODED = re.compile(r"(?:%[0-9A-Fa-f]{2})+|&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z]{2,8});")
_ROUNDS = 3  # a link within a link is encoded twice


class _Folded(dict[int, int | str]):
    """Every character as itself, but the digits that `digit_of` knows, and letters and signs of other widths, as in ASCII."""

    def __init__(self, digit_of: Callable[[str, None], int | None]) -> None:
        super().__init__()
        self._digit_of = digit_of

    def __missing__(self, code: int) -> int | str:
        character = chr(code)
        digit = self._digit_of(character, None)
        folded = character if digit is None else str(digit)
        normal = unicodedata.normalize("NFKC", character)
        if digit is None and len(normal) == 1 and normal.isascii() and normal.isprintable() and not normal.isdigit():
            folded = normal
        self[code] = folded
        return folded


_DECIMALS = _Folded(unicodedata.decimal)  # of any script
_DIGITS = _Folded(unicodedata.digit)  # circled, raised and lowered ones too, which may also stand beside a number
# As numbers are read out one by one; 幺, 洞, 拐 and 勾 are what 1, 0, 7 and 9 are called on the telephone.
_READ_AS = {
    "0": "〇零○洞", "1": "一壹幺", "2": "二贰", "3": "三叁", "4": "四肆", "5": "五伍", "6": "六陆", "7": "七柒拐", "8": "八捌", "9": "九玖勾",
}  # fmt: skip
NUMERALS = "".join(_READ_AS.values())
_NUMERALS = {ord(sign): digit for digit, signs in _READ_AS.items() for sign in signs} | {
    ord("O"): "0", ord("o"): "0", ord("I"): "1", ord("l"): "1",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reading:
    """A text decoded once, with the place at which each of its characters, and its end, was written."""

    text: str
    places: Sequence[int]

    def decimals(self) -> str:
        """With the decimal digits of every script as in ASCII; as long as the text."""
        return self.text if self.text.isascii() else self.text.translate(_DECIMALS)

    def digits(self) -> str:
        """With circled, raised and lowered digits as in ASCII, too; as long as the text."""
        return self.text if self.text.isascii() else self.text.translate(_DIGITS)

    def numerals(self) -> str:
        """With Chinese numerals and the letters O, I and l as digits, too; as long as the text."""
        return self.digits().translate(_NUMERALS)


def folded(text: str) -> str:
    """The text with all digits, and signs of other widths, as in ASCII; as long as the text."""
    return text if text.isascii() else text.translate(_DIGITS)


def reading(text: str) -> Reading:
    """The text without URL encoding and HTML entities, also where it was encoded more than once.

    Examples
    --------
    >>> reading("a%2540b").text, reading("1%20&#50;").text, list(reading("1%202").places)
    ('a@b', '1 2', [0, 1, 4, 5])
    """
    places: Sequence[int] = range(len(text) + 1)
    for _ in range(_ROUNDS):
        if not _ENCODED.search(text):
            break
        text, places = _decoded(text, places)
    return Reading(text, places)


def _decoded(text: str, places: Sequence[int]) -> tuple[str, Sequence[int]]:
    characters: list[str] = []
    found: list[int] = []
    end = 0
    for match in _ENCODED.finditer(text):
        characters.append(text[end : match.start()])
        found.extend(places[end : match.start()])
        for character, place in _characters(match[0]):
            characters.append(character)
            found.append(places[match.start() + place])
        end = match.end()
    characters.append(text[end:])
    found.extend(places[end:])
    return "".join(characters), found


def _characters(code: str) -> Iterator[tuple[str, int]]:
    """The characters of a run of encoded ones, and where in it each begins."""
    if code[0] == "&":
        plain = html.unescape(code)
        # An entity of no name, or of two characters, stays as it is.
        yield from ((plain, 0),) if len(plain) == 1 else ((character, n) for n, character in enumerate(code))
        return
    place = 0
    for character in bytes.fromhex(code.replace("%", "")).decode("utf-8", "replace"):
        yield character, min(place, len(code) - 3)
        place += 3 * (len(character.encode()) if character != "\ufffd" else 1)
