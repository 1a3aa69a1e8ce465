"""Contact data and card numbers taken out of free text.

Masking too much is preferred: a run of 15 to 19 digits is masked whether or not its check digit fits, and a run with
blanks, hyphens, dots or slashes between its digits counts as one number.
"""

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

from reclake.tables.vocabulary import EMAIL_IN_TEXT, MOBILE_IN_TEXT


class _Plain(dict[int, int | str]):
    """Every character as itself, but the digits that `digit_of` knows, and signs of other widths, as in ASCII."""

    def __init__(self, digit_of: Callable[[str, None], int | None]) -> None:
        super().__init__()
        self._digit_of = digit_of

    def __missing__(self, code: int) -> int | str:
        character = chr(code)
        digit = self._digit_of(character, None)
        folded = character if digit is None else str(digit)
        if digit is None and len(normal := unicodedata.normalize("NFKC", character)) == 1 and normal in "+@Xx-./":
            folded = normal
        self[code] = folded
        return folded


_DECIMALS = _Plain(unicodedata.decimal)  # of any script
_DIGITS = _Plain(unicodedata.digit)  # circled and raised ones too, which may also stand beside a number
_NEEDED = re.compile(r"@|\d(?:\D{0,5}\d){6}")  # a cheap look: without this there is nothing to mask
_BETWEEN = r"\s._/\-‐-―\u00ad\u200b-\u200f\u2060\ufeff"  # what people, and editors, put between digits
_GAP = rf"[{_BETWEEN}]{{0,3}}"
_WIDE_GAP = rf"[{_BETWEEN},，、·]{{0,3}}"  # in a number that is recognised by its beginning and length
_PART = r"[^\s@<>(),;:，。；：、（）]"
# Bounded repeats: a megabyte of letters must not make the search quadratic.
_EMAIL = re.compile(rf"{_PART}{{1,64}}\s?@\s?{_PART}{{1,255}}(?<![.])")
_BIRTHDAY = rf"(?:18|19|20)\d\d{_GAP}(?:0[1-9]|1[0-2]){_GAP}(?:0[1-9]|[12]\d|3[01])"
_ID_CARD = re.compile(rf"(?<!\d)[1-9]\d{{5}}{_GAP}{_BIRTHDAY}{_GAP}\d{{3}}[\dXx](?!\d)")
_LONG_NUMBER = re.compile(rf"(?<!\d)\d(?:{_GAP}\d){{14,18}}(?!\d)")
# Chinese mobile, with or without country code
_MOBILE = re.compile(rf"(?<!\d)(?:[(（]?(?:\+|00)?86[)）]?{_GAP})?1{_GAP}[3-9](?:{_WIDE_GAP}\d){{9}}(?!\d)")
# written with a plus and country code
_INTERNATIONAL = re.compile(rf"\+\s?\d(?:[()（）]?{_GAP}[()（）]?\d){{6,14}}(?!\d)")
# with a trunk 0: area code and number
_LANDLINE = re.compile(rf"(?<!\d)[(（]?0\d{{2,4}}[)）]?{_GAP}\d{{3,4}}{_GAP}\d{{3,4}}(?!\d)")
# In this order: a mobile with country code would also be a long number, and an address would take the last digits of a
# number before it and leave the others.
_MASKS = (
    (_ID_CARD, "[id card]"), (_MOBILE, "[phone]"), (_LONG_NUMBER, "[bank card]"), (_INTERNATIONAL, "[phone]"), (_LANDLINE, "[phone]"),
    (_EMAIL, "[email]"),
)  # fmt: skip


# What a gate looks for afterwards, digits of ASCII alone.
_REACHES = ((re.compile(EMAIL_IN_TEXT, re.ASCII), "[email]"), (re.compile(MOBILE_IN_TEXT, re.ASCII), "[phone]"))


def _replaced(text: str, plain: str) -> str:
    found = plain
    for pattern, mask in _MASKS:
        found = pattern.sub(mask, found)
    return text if found == plain else found


def reaches_somebody(text: str) -> bool:
    """Whether a gate would find an e-mail address or mobile number in the text."""
    return any(pattern.search(text) for pattern, _ in _REACHES)


@lru_cache(maxsize=65536)
def masked(text: str) -> str:
    """The text with e-mail addresses, id cards, bank cards and phone numbers replaced by what they are.

    Digits of any script are read as such; circled and raised ones only in what is left then, as they are also written
    beside a number (80m²13800138000). What a gate would still find is masked as well.

    Examples
    --------
    >>> masked("call 138-0013-8000 or mail anna@example.com")
    'call [phone] or mail [email]'
    >>> masked("iPhone 15 128GB")
    'iPhone 15 128GB'
    """
    digits = text if text.isascii() else text.translate(_DIGITS)
    if not _NEEDED.search(digits):
        return text
    found = _replaced(text, text if text.isascii() else text.translate(_DECIMALS))
    if not found.isascii():
        found = _replaced(found, found.translate(_DIGITS))
    if reaches_somebody(found):
        for pattern, mask in _REACHES:
            found = pattern.sub(mask, found)
    return found
