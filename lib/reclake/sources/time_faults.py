"""Why a text is no time: which of the usual faults it is, said without the text itself."""

from __future__ import annotations

import re
from datetime import date

NOT_A_TIME = "is not a time"

_EPOCH_UNITS = {
    "epoch_seconds": "seconds",
    "epoch_millis": "milliseconds",
    "epoch_micros": "microseconds",
    "epoch_nanos": "nanoseconds",
}
_DIGITS_OF_TODAY = {10: "seconds", 13: "milliseconds", 16: "microseconds", 19: "nanoseconds"}
_NEGATIVE = re.compile(r"-\d+(\.\d+)?", re.ASCII)
_WITH_FRACTION = re.compile(r"\d+\.\d+", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?", re.ASCII)
_PARTS = re.compile(
    r"(\d{1,4})([-/.])(\d{1,2})\2(\d{1,4})(?:(?:[Tt]|[ \u00a0\u202f]+)(\d{1,2}):(\d{1,2})(?::(\d{1,2}))?(.*))?",
    re.ASCII | re.DOTALL,
)
_EAST_ASIAN = str.maketrans({"年": "-", "月": "-", "日": " ", "년": "-", "월": "-", "일": " "})


def not_a_time(why: str) -> str:
    """The fault as it stands behind the name of its column."""
    return f"{NOT_A_TIME}: {why}"


def not_in_zone(zone: str) -> str:
    """The fault of a local time that does not exist."""
    return not_a_time(f"the clocks of {zone} skip it")


def fault_of_number(text: str, name: str) -> str:
    """Why the text is no number of this epoch.

    Examples
    --------
    >>> fault_of_number("1769940000000", "epoch_seconds"), fault_of_number("2026-02-01T10:00:00Z", "epoch_millis")
    ('is not a time: it counts milliseconds, not seconds', 'is not a time: it is written out, where milliseconds belong')
    """
    unit = _EPOCH_UNITS[name]
    if text.isascii() and text.isdigit():
        counted = next((other for n, other in _DIGITS_OF_TODAY.items() if abs(len(text) - n) <= 1), None)
        return not_a_time(f"it counts {counted}, not {unit}") if counted not in (None, unit) else NOT_A_TIME
    if _NEGATIVE.fullmatch(text):
        return not_a_time("it is negative, so before 1970")
    if unit != "seconds" and _WITH_FRACTION.fullmatch(text):
        return not_a_time(f"it has a fraction, where whole {unit} belong")
    return not_a_time(f"it is written out, where {unit} belong") if _parts_of(text) else NOT_A_TIME


def fault_of_text(text: str, pattern: str) -> str:
    """Why the text is no time of this pattern, or none in ISO 8601.

    Examples
    --------
    >>> fault_of_text("2026-02-01 24:00:00", "iso"), fault_of_text("02/13/2026 10:00:00", "dd/MM/yyyy HH:mm:ss")
    ('is not a time: its hour is 24', 'is not a time: its day and month stand in another order than in dd/MM/yyyy HH:mm:ss')
    """
    if _NUMBER.fullmatch(text):
        is_of_digits = pattern != "iso" and pattern.isalpha()
        if not is_of_digits:
            return not_a_time("it is a number, as epochs and spreadsheets count times")
        text = _with_marks(text, pattern) or text
    found = _parts_of(text)
    if found is None:
        return not_a_time(f"it is not written as {pattern}") if _NUMBER.fullmatch(text) else NOT_A_TIME
    why = _wrong_day((found[1], found[3], found[4]), pattern) or _wrong_clock(found, pattern)
    return not_a_time(why or f"it is not written as {'ISO 8601' if pattern == 'iso' else pattern}")


def _parts_of(text: str) -> re.Match[str] | None:
    """Day and clock of a text that looks like a time, in any order."""
    return _PARTS.fullmatch(text.translate(_EAST_ASIAN).rstrip(" "))


def _with_marks(digits: str, pattern: str) -> str | None:
    """The digits of a pattern without marks, with marks between them; None where they are not as many.

    Examples
    --------
    >>> _with_marks("20260201240000", "yyyyMMddHHmmss"), _with_marks("01022026", "ddMMyyyy"), _with_marks("2026", "yyyyMMdd")
    ('2026-02-01 24:00:00', '01-02-2026', None)
    """
    if len(digits) != len(pattern):
        return None
    day, clock = (
        [digits[found.start() : found.end()] for found in re.finditer(rf"([{letters}])\1*", pattern)]
        for letters in ("yMd", "HhmsS")
    )
    if not clock:
        return "-".join(day)
    return f"{'-'.join(day)} {':'.join([*clock, '00'][: max(2, len(clock))])}"


def _order(pattern: str) -> str:
    """The letters y, M and d as the pattern has them."""
    return "yMd" if pattern == "iso" else "".join(dict.fromkeys(re.findall(r"[yMd]", re.sub(r"'[^']*'", "", pattern))))


def _wrong_day(parts: tuple[str, str, str], pattern: str) -> str | None:
    if all(len(part) <= 2 for part in parts):
        return "its year has two digits"
    shown = "ISO 8601" if pattern == "iso" else pattern
    order = _order(pattern)
    year_place = 0 if len(parts[0]) > 2 else 2
    if order[year_place] != "y":
        return f"its year, month and day stand in another order than in {shown}"
    numbers = dict(zip(order, map(int, parts), strict=True))
    if _exists(numbers["y"], numbers["M"], numbers["d"]):
        return None
    if year_place == 2 and _exists(numbers["y"], numbers["d"], numbers["M"]):
        return f"its day and month stand in another order than in {shown}"
    return "its month or day does not exist"


def _exists(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def _wrong_clock(found: re.Match[str], pattern: str) -> str | None:
    hour, minute, second = found[5], found[6], found[7]
    if hour is None:
        has_clock = pattern == "iso" or re.search(r"[Hh]", re.sub(r"'[^']*'", "", pattern))
        return "it is a day without a time of day" if has_clock else None
    if int(hour) == 24:
        return "its hour is 24"
    if second is not None and int(second) == 60:
        return "its second is 60"
    return "its hour, minute or second does not exist" if max(int(minute), int(second or 0)) > 59 or int(hour) > 24 else None
