"""Contact data and card numbers taken out of free text.

Masking too much is preferred: a run of 15 to 19 digits is masked whether or not its check digit fits, and a run with
blanks, hyphens, dots or slashes between its digits counts as one number.
"""

import re
import unicodedata
from functools import lru_cache


class _Plain(dict[int, int | str]):
    """Every character as itself, but digits of any script or shape, and signs of other widths, as in ASCII."""

    def __missing__(self, code: int) -> int | str:
        character = chr(code)
        digit = unicodedata.digit(character, None)
        folded = character if digit is None else str(digit)
        if digit is None and len(normal := unicodedata.normalize("NFKC", character)) == 1 and normal in "+@Xx-./":
            folded = normal
        self[code] = folded
        return folded


_PLAIN = _Plain()
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


@lru_cache(maxsize=65536)
def masked(text: str) -> str:
    """The text with e-mail addresses, id cards, bank cards and phone numbers replaced by what they are.

    Examples
    --------
    >>> masked("call 138-0013-8000 or mail anna@example.com")
    'call [phone] or mail [email]'
    >>> masked("iPhone 15 128GB")
    'iPhone 15 128GB'
    """
    plain = text if text.isascii() else text.translate(_PLAIN)
    if not _NEEDED.search(plain):
        return text
    found = plain
    for pattern, mask in _MASKS:
        found = pattern.sub(mask, found)
    return text if found == plain else found
