"""How a sum came about: a bar for each part, from where the one before it ended, and a bar for the sum."""

from __future__ import annotations

from dataclasses import dataclass
from xml.etree.ElementTree import Element

from .charts import drawing, label
from .colours import BLUE, GREEN, RED, RULE
from .elements import element
from .scales import width_of
from .texts import Text
from .values import Value, written

_WIDTH = 520.0
_LEAST_ROOM = 140.0  # for the bars, however long the names are
_BAR = 18.0
_STEP = 30.0
_BESIDE = 10.0


@dataclass(frozen=True, slots=True)
class Addend:
    """One part of the sum: its name, how much it adds or takes off, and what stands behind it."""

    name: Text | str
    value: float
    note: Value = None


@dataclass(frozen=True, slots=True)
class Waterfall:
    """The parts of a sum in their order: what adds to it goes right, what takes off goes left, and each has its number.

    Raises
    ------
    ValueError
        When there is no part.
    """

    name: Text
    addends: tuple[Addend, ...]
    total: Text

    def __post_init__(self) -> None:
        if not self.addends:
            raise ValueError(f"a waterfall has no part: {self.name.en}")

    def drawn(self) -> Element:
        """The chart."""
        ends = [0.0]
        for addend in self.addends:
            ends.append(ends[-1] + addend.value)
        low, high = min(ends), max(ends)
        rows = [*self.addends, Addend(self.total, ends[-1])]
        starts = [*ends[:-1], 0.0]
        left = max(width_of(row.name) for row in rows) + _BESIDE
        right = max(width_of(_beside(row)) for row in rows) + _BESIDE
        room = max(_WIDTH - left - right, _LEAST_ROOM)
        scale = room / ((high - low) or 1.0)
        marks: list[Element] = []
        for place, (row, start) in enumerate(zip(rows, starts, strict=True)):
            y = place * _STEP + 6
            begin = left + (min(start, start + row.value) - low) * scale
            colour = BLUE if place == len(self.addends) else GREEN if row.value >= 0 else RED
            width = max(abs(row.value) * scale, 1.0)
            marks += [
                label(left - _BESIDE, y + _BAR / 2, row.name, anchor="end"),
                element(
                    "rect",
                    x=round(begin, 1),
                    y=y,
                    width=round(width, 1),
                    height=_BAR,
                    rx=2,
                    fill=colour,
                    data_value=float(row.value),
                ),
                label(left + room + _BESIDE, y + _BAR / 2, _beside(row), class_="value"),
            ]
        height = len(rows) * _STEP + 6
        at_zero = round(left - low * scale, 1)
        zero = element("line", x1=at_zero, x2=at_zero, y1=0, y2=height, stroke=RULE)
        return drawing(zero, marks, width=left + room + right, height=height, name=self.name)


def _beside(row: Addend) -> Text | str:
    number = f"{row.value:+,.1f}".replace("-", "\N{MINUS SIGN}")
    if row.note is None:
        return number
    note = written(row.note)
    return Text(f"{number} · {note.en}", f"{number} · {note.zh}") if isinstance(note, Text) else f"{number} · {note}"
