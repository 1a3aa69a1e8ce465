"""Where things of a chart lie, so that no two labels overlap."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from .texts import LANGUAGES, Text

SIZE = 14.0  # of letters, in units of the drawing
LINE = 18.0  # from one line of text to the next


def width_of(text: Text | str, size: float = SIZE) -> float:
    """How wide a text is at most, in both languages: Chinese signs are as wide as high, others about 0.62 of it."""
    spoken = [text.of(language) for language in LANGUAGES] if isinstance(text, Text) else [text]
    return max(sum(size if unicodedata.east_asian_width(sign) in "WF" else size * 0.62 for sign in one) for one in spoken)


def spread(wanted: Sequence[float], *, gap: float, low: float, high: float) -> list[float]:
    """Places `gap` apart and as near to the wanted ones as one pass down and one up bring them, in the order of the wanted.

    Examples
    --------
    >>> spread([10, 12, 50], gap=8, low=0, high=52)
    [10, 18, 50]
    >>> spread([50, 51, 10], gap=8, low=0, high=52)
    [44, 52, 10]
    """
    order = sorted(range(len(wanted)), key=lambda n: wanted[n])
    placed = list(wanted)
    edge = low
    for n in order:
        placed[n] = max(wanted[n], edge)
        edge = placed[n] + gap
    edge = high
    for n in reversed(order):
        placed[n] = min(placed[n], edge)
        edge = placed[n] - gap
    return placed


def ticks(highest: float, *, about: int = 4) -> list[int]:
    """Round numbers from 0 to the first at or above `highest`.

    Examples
    --------
    >>> ticks(395), ticks(7), ticks(0)
    ([0, 100, 200, 300, 400], [0, 2, 4, 6, 8], [0, 1])
    """
    step = 1
    while step * about < highest:
        step = _next_step(step)
    last = max(1, -int(-highest // step))
    return [step * n for n in range(last + 1)]


def _next_step(step: int) -> int:
    """1, 2, 5, 10, 20, 50, …"""  # noqa: D400
    return step * 5 // 2 if str(step)[0] == "2" else step * 2
