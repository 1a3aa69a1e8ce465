"""Numbers as people write them, made plain by declared marks; without a declaration the mark is named and nothing guessed."""

import re
import unicodedata
from collections.abc import Callable, Collection
from functools import lru_cache

NO_GROUPS_OF_THREE = "is not grouped in threes"
NOT_WRITTEN_SO = "is not a number with the declared marks"
ZERO_BEFORE_MARK = "begins with 0 before a mark of thousands"
MAYBE_GROUPED = "has a point that may group thousands: its file writes decimal commas"

_BLANKS = " \u00a0\u202f\u2009"
_OTHER_THAN_PLAIN = re.compile(r"[^0-9.+\-eE\n]")  # a number without marks, whatever its type
_GROUPED_BY_POINT = re.compile(r"-?\d{1,3}(\.\d{3})+", re.ASCII)
_GROUP_MARKS = rf"[.,'’_{_BLANKS}]"
_COMMA_ONLY = re.compile(r"[+-]?\d+,\d+", re.ASCII)
_COMMA_OF_THREE = re.compile(r"[+-]?\d{1,3},\d{3}", re.ASCII)
_DECIMAL_COMMA = re.compile(rf"[+-]?\d{{1,3}}({_GROUP_MARKS}\d{{3}})+,\d+", re.ASCII)
_GROUPED = re.compile(rf"[+-]?\d{{1,3}}({_GROUP_MARKS}\d{{3}})+(\.\d+)?", re.ASCII)
_SIGN_AROUND = re.compile(r"([^\d\s+\-.,]{1,4})?\s*([+-]?[\d][\d.,]*)\s*([^\d\s+\-.,]{1,4})?", re.ASCII)


class Misread(Exception):
    """A number that the declared marks do not explain; the message is the reason, without its value."""


def has_marks(texts: Collection[str | None]) -> bool:
    """Whether any of the texts holds a character that a plain number has not; one look for a whole column."""
    return _OTHER_THAN_PLAIN.search("\n".join(filter(None, texts))) is not None


def marks_fault(text: str) -> str | None:
    """Which mark a text that is no plain number has, and what to declare; None for what is no number at all.

    Examples
    --------
    >>> marks_fault("12,50"), marks_fault("€ 3.00"), marks_fault("twelve")
    ('is written with a decimal comma: declare decimal_mark', 'is written with a currency sign: declare currency_signs', None)
    """
    if _COMMA_OF_THREE.fullmatch(text):
        return "is written with a comma: declare it as decimal_mark or group_mark"
    if _COMMA_ONLY.fullmatch(text):
        return "is written with a decimal comma: declare decimal_mark"
    if _DECIMAL_COMMA.fullmatch(text):
        return "is written with a decimal comma and grouped digits: declare decimal_mark and group_mark"
    if _GROUPED.fullmatch(text) and not _GROUPED_BY_POINT.fullmatch(text):
        return "is written with grouped digits: declare group_mark"
    found = _SIGN_AROUND.fullmatch(text)
    if found and any(sign and _is_currency(sign) for sign in (found[1], found[3])):
        return "is written with a currency sign: declare currency_signs"
    return None


def _is_currency(sign: str) -> bool:
    return any(unicodedata.category(c) == "Sc" for c in sign) or (len(sign) == 3 and sign.isascii() and sign.isupper())


def maybe_grouped(text: str) -> bool:
    """Whether a text such as 1.234 could mean 1234, where its file writes decimal commas elsewhere."""
    return _GROUPED_BY_POINT.fullmatch(text) is not None


@lru_cache(maxsize=64)
def plain_number(decimal_mark: str | None, group_mark: str | None, signs: tuple[str, ...]) -> Callable[[str], str]:
    """The function from a number written with these marks to the plain number, cached.

    Group marks stand before every three digits or nowhere, and never behind a 0 that begins the number: 0.125 may be an
    eighth. A point or comma in the place of the decimal mark, before the last one or two digits and nowhere else, can mean
    nothing but the decimals (€ 3.00 in a column of 1.234,56). A currency sign may stand before or after the number.

    Raises
    ------
    Misread
        By the function, for a text that the marks do not explain.

    Examples
    --------
    >>> read = plain_number(",", ".", ("€",))
    >>> [read(text) for text in ("12,50", "1.234,56", "1.234", "€ 3.00", "-0,5 €")]
    ['12.50', '1234.56', '1234', '3.00', '-0.5']
    """
    decimal = re.escape(decimal_mark or ".")
    group = _group_pattern(group_mark)
    shapes = [re.compile(rf"(\d+)(?:{decimal}(\d+))?", re.ASCII)]
    if group:
        shapes.append(re.compile(rf"([1-9]\d{{0,2}}(?:{group}\d{{3}})+)(?:{decimal}(\d+))?", re.ASCII))
    if group_mark in (".", ","):
        shapes.append(re.compile(rf"(\d+){group}(\d{{1,2}})", re.ASCII))
    sign = "|".join(re.escape(sign) for sign in sorted(signs, key=len, reverse=True)) or "(?!)"
    around = re.compile(rf"([-+\u2212]?)\s*(?:{sign})?\s*([-+\u2212]?)\s*(\d.*?)\s*(?:{sign})?", re.DOTALL | re.ASCII)

    @lru_cache(maxsize=1 << 14)
    def plain(text: str) -> str:
        written = around.fullmatch(text)
        if not written or (written[1] and written[2]):
            raise Misread(NOT_WRITTEN_SO)
        found = next((found for shape in shapes if (found := shape.fullmatch(written[3]))), None)
        if not found:
            raise Misread(_fault_of_marks(written[3], group))
        minus = "-" if (written[1] or written[2]) in ("-", "\u2212") else ""
        whole = "".join(filter(str.isdigit, found[1]))
        return f"{minus}{whole}.{found[2]}" if found[2] else f"{minus}{whole}"

    return plain


def _fault_of_marks(digits: str, group: str) -> str:
    """Why digits with marks are no number where `group` is the pattern of the group mark, empty for none."""
    only_marks = not digits.strip(f"0123456789.,'’_{_BLANKS}")
    if not only_marks or not group or not re.search(group, digits):
        return NOT_WRITTEN_SO
    return ZERO_BEFORE_MARK if re.match(rf"0\d{{0,2}}{group}\d{{3}}(?!\d)", digits) else NO_GROUPS_OF_THREE


def _group_pattern(group_mark: str | None) -> str:
    """The mark as a pattern: every blank is a blank, and both apostrophes are one."""
    if group_mark is None:
        return ""
    return f"[{_BLANKS}]" if group_mark == " " else "['’]" if group_mark in "'’" else re.escape(group_mark)
