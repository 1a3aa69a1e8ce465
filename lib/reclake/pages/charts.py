"""Charts as inline SVG: bars, and lines over days. Each mark carries its number as `data-value`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from xml.etree.ElementTree import Element

from .colours import BLUE, RULE
from .elements import Content, element
from .scales import LINE, SIZE, spread, ticks, width_of
from .texts import LANGUAGES, Text
from .values import Few, Value, written

_WIDTH = 520.0
_NAMED_BESIDE = 170.0  # a wider name stands above its bar
_BAR = 20.0
_BETWEEN = 12.0
_WIDE = 600.0  # a drawing beyond it is not made smaller on a narrow screen
_DAY = width_of("2026-03-01", 12)


def drawing(*content: Content, width: float, height: float, name: Text) -> Element:
    """The frame of a chart: as wide as its place, and on a narrow screen no smaller than can be read.

    A drawing that is wider than a screen of a phone can show scrolls by itself. Its name is also that of the picture, for readers
    who hear it.
    """
    spoken = " · ".join(name.of(language) for language in LANGUAGES)
    size = {"viewBox": f"0 0 {width:g} {height:g}", "role": "img", "focusable": "false", "aria_label": spoken}
    box = element("svg", *content, **size, class_="wide" if width > _WIDE else None)
    return element("figure", element("figcaption", name), box, class_="chart")


def label(x: float, y: float, text: Content, *, anchor: str = "start", class_: str | None = None) -> Element:
    """A text of a chart, centred on the line `y`."""
    return element("text", text, x=round(x, 1), y=round(y + SIZE * 0.35, 1), text_anchor=anchor, class_=class_)


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its name, its length, what is written beside it, and its colour."""

    name: Text | str
    n: int | Few
    note: Value = None
    colour: str = BLUE


@dataclass(frozen=True, slots=True)
class Bars:
    """Counts by name, as bars from one edge."""

    name: Text
    bars: tuple[Bar, ...]

    def drawn(self) -> Element:
        """The chart; a count that is not shown has its name and no bar."""
        widest = max((width_of(bar.name) for bar in self.bars), default=0.0)
        is_above = widest > _NAMED_BESIDE
        left = 0.0 if is_above else widest + 12
        above, step = (LINE + 2, LINE + 2 + _BAR + _BETWEEN) if is_above else (0.0, _BAR + _BETWEEN)
        highest = max((bar.n for bar in self.bars if isinstance(bar.n, int)), default=0) or 1
        room = max(_WIDTH - left - max((width_of(_beside(bar)) for bar in self.bars), default=0.0) - 10, 120)
        marks: list[Element] = []
        for place, bar in enumerate(self.bars):
            y = place * step + above + 4
            n = bar.n if isinstance(bar.n, int) else None
            length = room * (n or 0) / highest
            named = (0.0, y - LINE / 2 - 2, "start") if is_above else (left - 12, y + _BAR / 2, "end")
            marks += [
                label(named[0], named[1], bar.name, anchor=named[2]),
                element("rect", x=left, y=y, width=round(length, 1), height=_BAR, rx=2, fill=bar.colour, data_value=n),
                label(left + length + 8, y + _BAR / 2, _beside(bar), class_="value"),
            ]
        width = max(_WIDTH, widest) if is_above else _WIDTH
        return drawing(marks, width=width, height=len(self.bars) * step + 4, name=self.name)


def _beside(bar: Bar) -> str:
    note = written(bar.note)
    return f"{written(bar.n)}" if bar.note is None else f"{written(bar.n)} · {note}"


@dataclass(frozen=True, slots=True)
class Series:
    """One line: its name, colour, and a number per day; None where there is nothing to show."""

    name: Text
    colour: str
    values: tuple[int | Few | None, ...]

    def __post_init__(self) -> None:
        if not self.values:
            raise ValueError(f"a line has no value: {self.name.en}")


@dataclass(frozen=True, slots=True)
class Lines:
    """Numbers over days, a line each, with its name at its end."""

    name: Text
    days: tuple[date, ...]
    series: tuple[Series, ...]

    def __post_init__(self) -> None:
        if uneven := [one.name.en for one in self.series if len(one.values) != len(self.days)]:
            raise ValueError(f"lines with another number of days than {len(self.days)}: {uneven}")

    def drawn(self) -> Element:
        """The chart; what is not shown breaks its line."""
        known = [n for one in self.series for n in one.values if isinstance(n, int)]
        marks = ticks(max(known, default=1))
        top, bottom = 14.0, 14 + max(220.0, len(self.series) * LINE)
        left = max(width_of(f"{marks[-1]:,}") + 10, _DAY / 2)
        names = [f"{written(one.values[-1])}" for one in self.series]
        right = max(width_of(one.name) + width_of(n) + 24 for one, n in zip(self.series, names, strict=True))
        end = left + max(_WIDTH - left - right, 240)

        def x(place: int) -> float:
            span = (self.days[-1] - self.days[0]).days or 1
            return left + (end - left) * (self.days[place] - self.days[0]).days / span

        def y(n: int) -> float:
            return bottom - (bottom - top) * n / marks[-1]

        grid = [_grid(left, end, y(n), f"{n:,}") for n in marks]
        drawn = [_line(one, x, y) for one in self.series]
        ends = [y(n) if isinstance(n := one.values[-1], int) else bottom for one in self.series]
        for one, written_n, place in zip(self.series, names, spread(ends, gap=LINE, low=top, high=bottom), strict=True):
            named = element("text", element("tspan", written_n, class_="value"), " ", one.name)
            named.attrib |= {"x": f"{end + 12:g}", "y": f"{place + SIZE * 0.35:.1f}", "fill": one.colour}
            drawn.append([named])
        days = self._days(x, bottom)
        return drawing(grid, drawn, days, width=end + right, height=bottom + 30, name=self.name)

    def _days(self, x: Callable[[int], float], bottom: float) -> list[Element]:
        """The days below, as many as have room, the last one always."""
        kept: list[Element] = []
        nearest = float("inf")
        for place in reversed(range(len(self.days))):
            at = x(place)
            if nearest - at >= _DAY + 10:
                kept.append(label(at, bottom + 18, self.days[place], anchor="middle", class_="axis"))
                nearest = at
        return kept[::-1]


def _grid(left: float, right: float, y: float, text: str) -> list[Element]:
    line = element("line", x1=left, x2=right, y1=round(y, 1), y2=round(y, 1), stroke=RULE)
    return [line, label(left - 6, y, text, anchor="end", class_="axis")]


def _line(one: Series, x: Callable[[int], float], y: Callable[[int], float]) -> list[Element]:
    """The line in as many pieces as its gaps make, and a point per number."""
    points = [(x(n), y(value), value) for n, value in enumerate(one.values) if isinstance(value, int)]
    pieces: list[list[str]] = [[]]
    for n, value in enumerate(one.values):
        if isinstance(value, int):
            pieces[-1].append(f"{x(n):.1f},{y(value):.1f}")
        elif pieces[-1]:
            pieces.append([])
    lines = [
        element("polyline", points=" ".join(piece), fill="none", stroke=one.colour, stroke_width="2.5")
        for piece in pieces
        if piece
    ]
    dots = [element("circle", cx=round(px, 1), cy=round(py, 1), r=3.5, fill=one.colour, data_value=n) for px, py, n in points]
    return [*lines, *dots]


def total(values: Sequence[int | Few | None]) -> int | None:
    """The sum, where every number is shown: else the hidden one would follow from it."""
    return None if any(isinstance(n, Few) for n in values) else sum(n for n in values if isinstance(n, int))
