"""One spelling of an id for every format, and the words that stand for no id.

Rule 2 of a source (`id_rule`) normalises ids before they are compared, stored or hashed: two exports that write one id in
two ways name one account. Letter case, leading zeros and `17850.0` may tell ids apart, so they change by declaration only.
"""

import re
import unicodedata
from decimal import Decimal, InvalidOperation

from reclake.privacy.short_texts import kept_if_short

_ZEROS = "00000000-0000-0000-0000-000000000000"
NO_ID = frozenset({
    "null", "(null)", "<null>", "none", "nil", "\\n", "nan", "n/a", "#n/a", "undefined",
    "<na>", "nat", "(not set)", "(none)", "#nv", "#n/v",
    _ZEROS, f"{{{_ZEROS}}}", _ZEROS.replace("-", ""), f"{{{_ZEROS.replace('-', '')}}}",
})  # fmt: skip
"""What exports write where there is no id, in small letters; an app without consent reports the UUID of zeros."""

_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
# Seen by nobody though their category is a letter's, a mark's or a sign's: fillers, variation selectors, the blank of Braille.
_INVISIBLE = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")
_EXACT = 2**53  # above it a floating-point number has skipped whole numbers
_PLAIN_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?", re.ASCII)
_WITH_EXPONENT = re.compile(r"[+-]?\d+(\.\d*)?[eE][+-]?\d{1,3}", re.ASCII)


@kept_if_short(1 << 16)
def _folded(text: str) -> str:
    visible = "".join(c for c in _INVISIBLE.sub("", text).translate(_WIDE) if unicodedata.category(c) not in ("Cf", "Cc"))
    return unicodedata.normalize("NFC", visible).strip()


def normalised_id(text: str) -> str:
    r"""The id in Unicode NFC, without invisible and control characters, full width folded to ASCII, without blanks around.

    Examples
    --------
    >>> normalised_id("Ａ１２\u200b\x00 "), normalised_id("Mu\u0308ller") == "M\u00fcller"
    ('A12', True)
    """
    return text.strip() if text.isascii() and text.isprintable() else _folded(text)


def is_floating(number: str) -> bool:
    """Whether a number of JSON or Parquet is written with a fraction or an exponent.

    Examples
    --------
    >>> [is_floating(number) for number in ("17850", "17850.0", "1e3")]
    [False, True, True]
    """
    return not number.lstrip("-").isdigit()


def whole_number(text: str, *, is_number: bool) -> str | None:
    """The number without a fraction of zeros; None where a fraction or lost digits would have to be guessed.

    A text that is no number stays as it is. `is_number` says that JSON or Parquet gave a number: only then an exponent is
    exact; a text with one (4.00638E+12) comes from a spreadsheet that has dropped digits.

    Examples
    --------
    >>> [whole_number(text, is_number=False) for text in ("17850.0", "007", "A.0", "17850.5", "4.00638E+12")]
    ['17850', '007', 'A.0', None, None]
    >>> whole_number("1.785e4", is_number=True), whole_number("9007199254740993.0", is_number=True)
    ('17850', None)
    """
    if text.isalnum() and not _WITH_EXPONENT.fullmatch(text):
        return text
    if _WITH_EXPONENT.fullmatch(text):
        return _exact(text) if is_number else None
    if "." not in text or not _PLAIN_NUMBER.fullmatch(text):
        return text
    return _exact(text)


def _exact(text: str) -> str | None:
    try:
        number = Decimal(text)
        is_exact = abs(number) < _EXACT and number == number.to_integral_value()
    except InvalidOperation:
        return None
    return str(int(number)) if is_exact else None
