"""Times as sources write them, as far as the intake needs them: the day of a file's last event."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

_NAMED = ("iso", "epoch_seconds", "epoch_millis")
_TOKENS = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S", "SSS": "%f", "SSSSSS": "%f", "XXX": "%z"}
_LETTERS = re.compile(r"'([^']*)'|([A-Za-z])\2*")


def strptime_format(pattern: str) -> str:
    """The pattern in Python's spelling.

    Raises
    ------
    ValueError
        For a letter that is neither quoted nor one of yyyy MM dd HH mm ss SSS SSSSSS XXX.

    Examples
    --------
    >>> strptime_format("yyyy-MM-dd'T'HH:mm:ss")
    '%Y-%m-%dT%H:%M:%S'
    """

    def translated(found: re.Match[str]) -> str:
        if found.group(1) is not None:
            return found.group(1).replace("%", "%%")
        if found.group(0) not in _TOKENS:
            raise ValueError(f"{found.group(0)!r} is none of {', '.join(_TOKENS)}")
        return _TOKENS[found.group(0)]

    return _LETTERS.sub(translated, pattern.replace("%", "%%"))


def time_format_problem(pattern: str) -> str | None:
    """Why the format of a time cannot be used; None if it can."""
    if pattern in _NAMED:
        return None
    try:
        strptime_format(pattern)
    except ValueError as error:
        return f"format: {error}; or use {', '.join(_NAMED)}"
    return None


def moment(text: str, pattern: str, zone: ZoneInfo) -> datetime | None:
    """The point in time that the text states, in UTC; None if it states none.

    Examples
    --------
    >>> moment("2011-12-09 12:50:00", "yyyy-MM-dd HH:mm:ss", ZoneInfo("Asia/Shanghai"))
    datetime.datetime(2011, 12, 9, 4, 50, tzinfo=datetime.timezone.utc)
    >>> moment("yesterday", "iso", ZoneInfo("UTC"))
    """
    try:
        if pattern in ("epoch_seconds", "epoch_millis"):
            return datetime.fromtimestamp(float(text) / (1000 if pattern == "epoch_millis" else 1), UTC)
        read = datetime.fromisoformat(text) if pattern == "iso" else datetime.strptime(text, strptime_format(pattern))  # noqa: DTZ007
        return (read if read.tzinfo else read.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None
