"""Names of files, and what they tell: the pattern of their like, their delivery day, a name for their feed."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date
from pathlib import PurePosixPath

_DAYS = (r"(\d{4}-\d{2}-\d{2})", r"(?<!\d)(\d{8})(?!\d)")
_ENDING = re.compile(r"[A-Za-z][A-Za-z0-9]{0,9}")
_DIGITS = re.compile(r"\d[\d\-_.:T]*")
_MOST_STARS = 2  # in a part of a name: a digest has more
_NO_PATTERN = re.compile(r"[\[\]{}*?\\:~%\x00]")  # signs of patterns, and what a pattern may not hold
_LONGEST_NAME = 50
_YEARS = range(1990, 2101)


def pattern_of(name: str) -> str:
    """The pattern that takes the file and its like of other days: letters stay, digits become `*`.

    Examples
    --------
    >>> pattern_of("tills/shop7-2026-02-01.csv.gz"), pattern_of("events.csv"), pattern_of("2026/02/01/clicks.jsonl")
    ('tills/shop*.csv', 'events.csv', '*/*/*/clicks.jsonl')
    >>> pattern_of("README"), pattern_of("2026_orders.csv"), pattern_of("part-00000-1a2b-c3.parquet"), pattern_of("[a].csv")
    ('README', '*orders.csv', 'part-*.parquet', '?a?.csv')
    """
    *folders, last = exact_pattern(name).split("/")
    stem, ending = _in_two(last)
    return "/".join(map(_without_digits, [*folders, stem])) + ending


def exact_pattern(name: str) -> str:
    """The pattern that takes files of this very name; signs that mean something in a pattern become `?`."""
    path = re.sub(r"\.gz$", "", name, flags=re.IGNORECASE)
    stem, ending = _in_two(path)
    return _NO_PATTERN.sub("?", stem) + ending.lower()


def _in_two(name: str) -> tuple[str, str]:
    """What stands before the ending, and the ending with its dot; blank where there is none."""
    stem, dot, ending = name.rpartition(".")
    return (stem, dot + ending) if dot and _ENDING.fullmatch(ending) else (name, "")


def _without_digits(part: str) -> str:
    starred = _DIGITS.sub("*", part)
    return starred if starred.count("*") <= _MOST_STARS else starred[: starred.index("*") + 1]


def day_pattern(names: Collection[str]) -> str | None:
    r"""The regular expression for the delivery day in each of the names; None where one of them states no real day.

    Examples
    --------
    >>> day_pattern(["export_99999999.csv"]), day_pattern(["a-20260201.csv"])
    (None, '(?<!\\d)(\\d{8})(?!\\d)')
    """
    return next((pattern for pattern in _DAYS if all(_states_day(pattern, name) for name in names)), None)


def _states_day(pattern: str, name: str) -> bool:
    found = re.search(pattern, name)
    try:
        return found is not None and date.fromisoformat(found.group(1)).year in _YEARS
    except ValueError:
        return False


def feed_name(file_name: str, table: str, taken: Collection[str]) -> str:
    """A name for the feed: that of its folder, else of its table, with a number where it is taken."""
    folder = PurePosixPath(file_name).parent.name
    name = re.sub(r"[^a-z0-9_]+", "_", folder.lower()).strip("_")[:_LONGEST_NAME]
    base = name if re.fullmatch(r"[a-z][a-z0-9_]*", name) else table
    return next(one for one in (base, *(f"{base}_{n}" for n in range(2, 10_000))) if one not in taken)
