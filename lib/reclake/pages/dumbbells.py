"""Two numbers per name on one scale, with a line between them: what was expected, and what came."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from .charts import drawing, label
from .colours import BLUE, MUTED, ORANGE, RULE
from .elements import element
from .scales import width_of
from .texts import Text
from .values import Value, written

_WIDTH = 520.0
_LEAST_ROOM = 160.0  # for the scale, however long the names are
_STEP = 26.0
_KEY = 26.0  # height of the line that says which mark is which
_BESIDE = 12.0
_MARK = 5.0


@dataclass(frozen=True, slots=True)
class Dumbbell:
    """One name with both numbers; `low` and `high` are the ends of the second one's interval."""

    name: Text | str
    first: float
    second: float
    low: float | None = None
    high: float | None = None
    note: Value = None


def _short(number: float) -> Value:
    return round(number, 2)


@dataclass(frozen=True, slots=True)
class Dumbbells:
    """A row per name: a ring for the first number, a dot for the second, its interval as a thin line; both beside it as `shown_as` says.

    Raises
    ------
    ValueError
        When there is no row.
    """

    name: Text
    first: Text
    second: Text
    rows: tuple[Dumbbell, ...]
    shown_as: Callable[[float], Value] = _short

    def __post_init__(self) -> None:
        if not self.rows:
            raise ValueError(f"a chart of two numbers per name has no name: {self.name.en}")

    def drawn(self) -> Element:
        """The chart; its scale begins at nought, or at the least number below it."""
        numbers = [n for row in self.rows for n in (row.first, row.second, row.low, row.high) if n is not None]
        low, high = min(0.0, *numbers), max(0.0, *numbers)
        left = max(width_of(row.name) for row in self.rows) + _BESIDE
        right = max(width_of(self._beside(row)) for row in self.rows) + _BESIDE
        room = max(_WIDTH - left - right, _LEAST_ROOM)
        scale = room / ((high - low) or 1.0)
        marks = self._key(left)
        for place, row in enumerate(self.rows):
            y = _KEY + place * _STEP + _STEP / 2
            first, second = (left + (n - low) * scale for n in (row.first, row.second))
            marks.append(element("line", x1=left, x2=left + room, y1=y, y2=y, stroke=RULE))
            if row.low is not None and row.high is not None:
                ends = (round(left + (n - low) * scale, 1) for n in (row.low, row.high))
                marks.append(element("line", x1=next(ends), x2=next(ends), y1=y, y2=y, stroke=BLUE, stroke_width="2"))
            marks += [
                label(left - _BESIDE, y, row.name, anchor="end"),
                _ring(first, y, row.first),
                _dot(second, y, row.second),
                label(left + room + _BESIDE, y, self._beside(row), class_="value"),
            ]
        return drawing(marks, width=left + room + right, height=_KEY + len(self.rows) * _STEP + 4, name=self.name)

    def _beside(self, row: Dumbbell) -> str:
        both = f"{written(self.shown_as(row.first))} | {written(self.shown_as(row.second))}"
        return both if row.note is None else f"{both} · {written(row.note)}"

    def _key(self, left: float) -> list[Element]:
        """Which mark is which, above the rows."""
        y = _KEY / 2
        second_at = left + width_of(self.first) + 40
        return [
            _ring(left, y, None), label(left + 12, y, self.first, class_="axis"),
            _dot(second_at, y, None), label(second_at + 12, y, self.second, class_="axis"),
        ]  # fmt: skip


def _ring(x: float, y: float, value: float | None) -> Element:
    return element("circle", cx=round(x, 1), cy=y, r=_MARK, fill="none", stroke=ORANGE, stroke_width="2.5", data_value=value)


def _dot(x: float, y: float, value: float | None) -> Element:
    return element("circle", cx=round(x, 1), cy=y, r=_MARK, fill=BLUE, stroke=MUTED, stroke_width="0", data_value=value)
