"""Who went where between two days: a ribbon from each group of the one to each of the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from .charts import drawing, label
from .elements import element
from .scales import LINE, spread, width_of
from .texts import Text
from .values import Few

_NODE = 12.0  # width of a group's block
_ROOM = 200.0  # between the blocks
_TALL = 320.0  # of all blocks without the gaps
_GAP = 10.0


@dataclass(frozen=True, slots=True)
class Group:
    """What a group is called, and its colour."""

    name: Text
    colour: str


@dataclass(frozen=True, slots=True)
class Stream:
    """How many went from one group to another, or stayed in one."""

    before: str
    after: str
    n: int | Few


@dataclass(frozen=True, slots=True)
class Flow:
    """The streams between groups, which keep their order on both sides; a count that is not shown has no ribbon.

    A group's number is the sum of its ribbons, so that no hidden count follows from it.
    """

    name: Text
    groups: Mapping[str, Group]
    streams: tuple[Stream, ...]

    def __post_init__(self) -> None:
        if unnamed := {key for one in self.streams for key in (one.before, one.after)} - self.groups.keys():
            raise ValueError(f"groups without a name: {sorted(unnamed)}")

    def drawn(self) -> Element:
        """The chart."""
        order = {key: place for place, key in enumerate(self.groups)}
        shown = {(one.before, one.after): one.n for one in self.streams if isinstance(one.n, int) and one.n}
        pairs = sorted(shown, key=lambda pair: (order[pair[0]], order[pair[1]]))
        before = _sums(pairs, shown, side=0, order=order)
        after = _sums(pairs, shown, side=1, order=order)
        scale = _TALL / (sum(before.values()) or 1)
        n_gaps = max(len(before), len(after), 1) - 1
        left = max((self._width(key, n) for key, n in before.items()), default=0.0)
        right = max((self._width(key, n) for key, n in after.items()), default=0.0)
        starts, ends = _tops(before, scale, n_gaps), _tops(after, scale, n_gaps)
        inner = left + _NODE
        ribbons = self._ribbons(pairs, shown, scale, dict(starts), dict(ends), inner)
        height = _TALL + n_gaps * _GAP + 18
        blocks = [
            *self._blocks(before, starts, scale, left, height, at_left=True),
            *self._blocks(after, ends, scale, inner + _ROOM, height, at_left=False),
        ]
        return drawing(ribbons, blocks, width=inner + _ROOM + _NODE + right, height=height, name=self.name)

    def _width(self, key: str, n: int) -> float:
        return width_of(self.groups[key].name) + width_of(f"{n:,}") + 24

    def _ribbons(
        self,
        pairs: Sequence[tuple[str, str]],
        shown: Mapping[tuple[str, str], int],
        scale: float,
        starts: dict[str, float],
        ends: dict[str, float],
        x: float,
    ) -> list[Element]:
        drawn = []
        middle = x + _ROOM / 2
        for before, after in pairs:
            thick = shown[before, after] * scale
            top, low = starts[before], ends[after]
            path = (
                f"M{x:.1f} {top:.1f} C{middle:.1f} {top:.1f} {middle:.1f} {low:.1f} {x + _ROOM:.1f} {low:.1f} "
                f"V{low + thick:.1f} C{middle:.1f} {low + thick:.1f} {middle:.1f} {top + thick:.1f} {x:.1f} {top + thick:.1f} Z"
            )
            # Who stayed is the ground; who moved stands out.
            drawn.append(
                element(
                    "path",
                    d=path,
                    fill=self.groups[before].colour,
                    fill_opacity=0.16 if before == after else 0.5,
                    data_before=before,
                    data_after=after,
                    data_value=shown[before, after],
                )
            )
            starts[before], ends[after] = top + thick, low + thick
        return drawn

    def _blocks(
        self,
        sums: Mapping[str, int],
        tops: Mapping[str, float],
        scale: float,
        x: float,
        height: float,
        *,
        at_left: bool,
    ) -> list[Element]:
        centres = [tops[key] + n * scale / 2 for key, n in sums.items()]
        places = spread(centres, gap=LINE, low=LINE / 2, high=height - LINE / 2)
        drawn = []
        for (key, n), place in zip(sums.items(), places, strict=True):
            group = self.groups[key]
            drawn.append(element("rect", x=x, y=round(tops[key], 1), width=_NODE, height=round(n * scale, 1), fill=group.colour))
            words = (group.name, " ", element("tspan", n, class_="value"))
            at = x - 8 if at_left else x + _NODE + 8
            drawn.append(label(at, place, words, anchor="end" if at_left else "start"))
        return drawn


def _sums(
    pairs: Sequence[tuple[str, str]], shown: Mapping[tuple[str, str], int], *, side: int, order: Mapping[str, int]
) -> dict[str, int]:
    sums: dict[str, int] = {}
    for pair in sorted(pairs, key=lambda one: order[one[side]]):
        sums[pair[side]] = sums.get(pair[side], 0) + shown[pair]
    return sums


def _tops(sums: Mapping[str, int], scale: float, n_gaps: int) -> dict[str, float]:
    """Where each block begins; the side with fewer blocks has wider gaps, so that both are as tall."""
    gap = _GAP * n_gaps / max(len(sums) - 1, 1)
    tops, edge = {}, 6.0
    for key, n in sums.items():
        tops[key] = edge
        edge += n * scale + gap
    return tops
