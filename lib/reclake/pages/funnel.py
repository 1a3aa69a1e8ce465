"""A funnel: a bar per step as long as those who reached it, and behind it those who did not go on from the step before."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from xml.etree.ElementTree import Element

from .charts import drawing, label
from .colours import BLUE, GREY, PURPLE, RED
from .elements import element
from .scales import width_of
from .texts import Text
from .values import Share, written

_WIDTH = 480.0
_BAR = 20.0
_NAME = 22.0  # height of the line above a bar
_LEFT = 20.0  # height of the line below it, which says who went no further
_BETWEEN = 10.0
_KEY = 26.0
_MARK = 10.0
_SMALL = 12.0

_REACHED = Text("reached the step", "到达该步")
_LOST = Text("lost before it", "此前流失")
_STILL_OPEN = Text("still open", "尚在窗口内")
_EXCLUDED = Text("excluded", "被排除")
_GO_ON = Text("{share} go on · {lost} lost · {open} still open", "{share} 继续 · {lost} 流失 · {open} 尚在窗口内")
_KEY_OF = ((_REACHED, BLUE), (_LOST, RED), (_STILL_OPEN, GREY), (_EXCLUDED, PURPLE))


@dataclass(frozen=True, slots=True)
class FunnelStep:
    """One step: units that reached it, and of these, who went no further and has no time left, or still has."""

    name: str
    n_reached: int
    n_lost: int
    n_open: int


@dataclass(frozen=True, slots=True)
class FunnelBars:
    """The steps of a funnel from top to bottom.

    Parameters
    ----------
    n_excluded
        Units that entered and were dropped; they are in no step.

    Raises
    ------
    ValueError
        When there is no step, or those of one step are not those of the next and those who went no further.
    """

    name: Text
    steps: tuple[FunnelStep, ...]
    n_excluded: int = 0

    def __post_init__(self) -> None:
        if not self.steps:
            raise ValueError(f"a funnel has no step: {self.name.en}")
        for one, following in pairwise(self.steps):
            if one.n_reached != following.n_reached + one.n_lost + one.n_open:
                raise ValueError(
                    f"{one.n_reached:,} who reached {one.name} are not {following.n_reached:,} + {one.n_lost:,} + {one.n_open:,}"
                )

    @property
    def n_entered(self) -> int:
        """All units that the shares are of."""
        return self.steps[0].n_reached + self.n_excluded

    def drawn(self) -> Element:
        """The chart: bars on one scale, whose parts add up to the bar above."""
        figures = [f"{one.n_reached:,} · {written(Share(one.n_reached / (self.n_entered or 1)))}" for one in self.steps]
        width = max(_WIDTH, *(width_of(one.name) + width_of(n) + 12 for one, n in zip(self.steps, figures, strict=True)))
        scale = width / (self.n_entered or 1)
        key, y = self._key(width)
        marks = [*key]
        before = FunnelStep("", self.n_entered, 0, 0)
        for place, (step, figure) in enumerate(zip(self.steps, figures, strict=True)):
            marks += [
                label(0, y + _NAME / 2, step.name),
                label(width, y + _NAME / 2, figure, anchor="end", class_="value"),
            ]
            y += _NAME
            excluded = self.n_excluded if place == 0 else 0
            parts = ((step.n_reached, BLUE), (before.n_lost, RED), (before.n_open, GREY), (excluded, PURPLE))
            marks += _bar(parts, scale, y)
            y += _BAR
            if place + 1 < len(self.steps):
                said = _gone_on(step, self.steps[place + 1])
                marks.append(label(0, y + _LEFT / 2, said, class_="axis"))
                y += _LEFT
            y += _BETWEEN
            before = step
        return drawing(marks, width=width, height=y, name=self.name)

    def _key(self, width: float) -> tuple[list[Element], float]:
        """Which colour is what, of those that the chart has, and where the key ends; it takes a line more where one is full."""
        has = (True, any(one.n_lost for one in self.steps), any(one.n_open for one in self.steps), self.n_excluded > 0)
        marks: list[Element] = []
        x, y = 0.0, 0.0
        for (name, colour), is_there in zip(_KEY_OF, has, strict=True):
            if not is_there:
                continue
            wide = _MARK + 6 + width_of(name, _SMALL) + 16
            if x and x + wide > width:
                x, y = 0.0, y + _KEY * 0.75
            marks += [
                element("rect", x=x, y=y + _KEY / 2 - _MARK / 2, width=_MARK, height=_MARK, fill=colour),
                label(x + _MARK + 6, y + _KEY / 2, name, class_="axis"),
            ]
            x += wide
        return marks, y + _KEY + 4


def _bar(parts: tuple[tuple[int, str], ...], scale: float, y: float) -> list[Element]:
    marks, x = [], 0.0
    for n, colour in parts:
        if n:
            marks.append(element("rect", x=round(x, 1), y=y, width=round(n * scale, 1), height=_BAR, fill=colour, data_value=n))
        x += n * scale
    return marks


def _gone_on(step: FunnelStep, following: FunnelStep) -> Text:
    share = written(Share(following.n_reached / (step.n_reached or 1)))
    return _GO_ON.filled(share=share, lost=f"{step.n_lost:,}", open=f"{step.n_open:,}")
