"""Times as sources write them: one reader for the day of a file and for the times of its records.

A text becomes microseconds since 1970 in UTC, or the fault for which it is none. Nothing is guessed: a local time that
the zone's clocks skip is refused, of one that comes twice the first is taken, and more than six decimals of a second are
cut.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from .clocks import MICROS, MINUTE, day_number, offset_seconds, zone_minute, zone_offsets
from .time_faults import NOT_A_TIME, fault_of_number, fault_of_text, not_in_zone

Reader = Callable[[str], int | str]  # microseconds, or the fault

# By name: the most digits that are read, and the microseconds of one unit.
_EPOCHS = {"epoch_seconds": (11, 1_000_000), "epoch_millis": (14, 1000), "epoch_micros": (17, 1), "epoch_nanos": (20, 0.001)}
_NAMED = ("iso", *_EPOCHS)
_OFFSET = r"[Zz]|UTC|[+-](?:0\d|1[0-8])(?::?[0-5]\d)?"
_ISO = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ]([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:[.,](\d{1,9}))?)?" + f"(?: ?({_OFFSET}))?", re.ASCII
)
_LETTERS = re.compile(r"'([^']*)'|([A-Za-z])\2*|.", re.DOTALL)
_BLANK = "[ \u00a0\u202f]"  # before am and pm, current software writes one that breaks no line
_HOUR = r"(?P<H>[01]\d|2[0-3])"
_TOKENS = {
    "yyyy": r"(?P<y>\d{4})", "MM": r"(?P<M>\d\d)", "dd": r"(?P<d>\d\d)", "HH": _HOUR, "mm": r"(?P<m>[0-5]\d)", "ss": r"(?P<s>[0-5]\d)",
    "M": r"(?P<M>\d\d?)", "d": r"(?P<d>\d\d?)", "H": r"(?P<H>2[0-3]|[01]?\d)", "m": r"(?P<m>[0-5]?\d)", "s": r"(?P<s>[0-5]?\d)",
    "hh": r"(?P<h>0[1-9]|1[0-2])", "h": r"(?P<h>1[0-2]|0?[1-9])", "a": r"(?P<a>[AaPp])\.?[Mm]\.?",
    **{"S" * n: rf"(?P<S>\d{{{n}}})" for n in range(1, 10)},
    **{"X" * n: f"(?P<X>{_OFFSET})" for n in range(1, 4)},
}  # fmt: skip
_DAY = 86_400
_SECONDS = {f":{second:02d}": second * MICROS for second in range(60)}
_REMEMBERED = 1 << 17


def _compiled(pattern: str) -> re.Pattern[str]:
    """The regular expression that a text of the pattern fits as a whole.

    Raises
    ------
    ValueError
        For an unknown letter, one that comes twice, or a pattern that states no day.
    """
    seen: list[str] = []

    def translated(found: re.Match[str]) -> str:
        if found[2] is None:
            return re.escape(found[0] if found[1] is None else found[1]).replace(r"\ ", _BLANK)
        if found[0] not in _TOKENS:
            raise ValueError(f"{found[0]!r} is none of {', '.join(token for token in _TOKENS if token[0] not in 'SX')}, S…, X…")
        seen.append(found[2])
        return _TOKENS[found[0]]

    compiled = _LETTERS.sub(translated, pattern)
    if len(set(seen)) != len(seen):
        raise ValueError("a letter comes twice")
    if missing := {"y", "M", "d"} - set(seen):
        raise ValueError(f"it lacks {', '.join(sorted(missing))}, so that it states no day")
    if ("h" in seen) != ("a" in seen) or ("h" in seen and "H" in seen):
        raise ValueError("hours of twelve (h) need a, and a needs them")
    return re.compile(compiled, re.ASCII)


def time_format_problem(pattern: str) -> str | None:
    """Why the format of a time cannot be used; None if it can."""
    if pattern in _NAMED:
        return None
    try:
        _compiled(pattern)
    except ValueError as error:
        return f"format: {error}; or use {', '.join(_NAMED)}"
    return None


def _written_epoch(name: str) -> Reader:
    most, unit = _EPOCHS[name]
    written = re.compile(
        rf"(\d{{1,{most}}})(?:\.(\d{{1,9}}))?" if name == "epoch_seconds" else rf"(\d{{1,{most}}})(?:\.0{{1,9}})?()", re.ASCII
    )

    scale = int(unit)

    def read(text: str) -> int | str:
        if scale and len(text) <= most and text.isdigit() and text.isascii():
            return int(text) * scale
        found = written.fullmatch(text)
        if found is None:
            return fault_of_number(text, name)
        if not scale:
            return int(found[1]) // 1000
        return int(found[1]) * scale + int((found[2] or "").ljust(6, "0")[:6])

    return read


def _micros(local: int, fraction: str | None, offset: str | None, zone: str) -> int | str:
    """The microseconds of a local second since 1970 that is so far east, or in the zone; or the fault."""
    east = zone_offsets(zone)(local) if offset is None else offset_seconds(offset)
    if east is None:
        return not_in_zone(zone) if offset is None else NOT_A_TIME
    return (local - east) * MICROS + (int(fraction.ljust(6, "0")[:6]) if fraction else 0)


def _written_iso(zone: str) -> Reader:
    # Records share minutes, fractions of three digits and offsets: to remember those is six times as fast as the pattern.
    minutes: dict[str, tuple[int, int | None]] = {}  # microseconds as of UTC, and as of the zone
    rests: dict[str, tuple[int, int]] = {}  # microseconds to add, and which of the two they are added to

    def read(text: str) -> int | str:
        minute, second, rest = minutes.get(text[:16]), _SECONDS.get(text[16:19]), rests.get(text[19:])
        if minute is None or second is None or rest is None or (base := minute[rest[1]]) is None:
            return slowly(text)
        return base + second + rest[0]

    def slowly(text: str) -> int | str:
        found = _ISO.fullmatch(text)
        if found is None:
            return fault_of_text(text, "iso")
        day, hour, minute, second, fraction, offset = found.groups()
        days = day_number(day[:4], day[5:7], day[8:])
        if days is None:
            return fault_of_text(text, "iso")
        local = days * _DAY + int(hour) * 3600 + int(minute) * MINUTE
        micros = _micros(local + int(second or 0), fraction, offset, zone)
        if second is not None and isinstance(micros, int) and max(len(minutes), len(rests)) < _REMEMBERED:
            minutes[text[:16]] = (local * MICROS, zone_minute(local, zone))
            rests[text[19:]] = (_micros(0, fraction, offset or "Z", zone), 1 if offset is None else 0)  # type: ignore[assignment]
        return micros

    return read


def _written_as(pattern: str, zone: str) -> Reader:
    written = _compiled(pattern)
    ends_in_seconds = pattern.endswith(":ss") and not {"S", "X"} & set(pattern)
    minutes: dict[str, int] = {}  # as above

    def read(text: str) -> int | str:
        minute, second = minutes.get(text[:-3]), _SECONDS.get(text[-3:])
        return slowly(text) if minute is None or second is None else minute + second

    def slowly(text: str) -> int | str:
        found = written.fullmatch(text)
        if found is None:
            return fault_of_text(text, pattern)
        parts = found.groupdict()
        days = day_number(parts["y"], parts["M"], parts["d"])
        if days is None:
            return fault_of_text(text, pattern)
        hour = int(parts.get("H") or 0)
        if "h" in parts:
            hour = int(parts["h"]) % 12 + (12 if parts["a"] in "Pp" else 0)
        local = days * _DAY + hour * 3600 + int(parts.get("m") or 0) * MINUTE
        if ends_in_seconds and len(minutes) < _REMEMBERED and (known := zone_minute(local, zone)) is not None:
            minutes[text[:-3]] = known
        return _micros(local + int(parts.get("s") or 0), parts.get("S"), parts.get("X"), zone)

    return read


@lru_cache(maxsize=256)
def time_reader(pattern: str, zone: str) -> Reader:
    """The function from a text to microseconds since 1970 in UTC, or to the fault as it stands behind a column's name.

    Parameters
    ----------
    pattern
        "iso", "epoch_seconds", "epoch_millis", "epoch_micros", "epoch_nanos" or a pattern such as "dd.MM.yyyy HH:mm".
    zone
        The zone of a time without offset.

    Examples
    --------
    >>> read = time_reader("dd.MM.yyyy HH:mm", "Europe/Berlin")
    >>> read("01.02.2026 10:00"), read("29.03.2026 02:30")
    (1769936400000000, 'is not a time: the clocks of Europe/Berlin skip it')
    """
    if pattern in _EPOCHS:
        return _written_epoch(pattern)
    return _written_iso(zone) if pattern == "iso" else _written_as(pattern, zone)


def moment(text: str, pattern: str, zone: ZoneInfo) -> datetime | None:
    """The point in time that the text states, in UTC; None if it states none.

    Examples
    --------
    >>> moment("2011-12-09 12:50:00", "yyyy-MM-dd HH:mm:ss", ZoneInfo("Asia/Shanghai"))
    datetime.datetime(2011, 12, 9, 4, 50, tzinfo=datetime.timezone.utc)
    >>> moment("yesterday", "iso", ZoneInfo("UTC"))
    """
    read = time_reader(pattern, zone.key)(text)
    try:
        return None if isinstance(read, str) else datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=read)
    except OverflowError:  # beyond the year 9999
        return None
