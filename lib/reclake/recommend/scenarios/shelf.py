"""The products of a day as the rules see them: arrays by place, the place of a product being its number by popularity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

LATELY = "all/last_7_days"  # the list of what was popular in the last days alone


@dataclass(frozen=True)
class Shelf:
    """All products that are known, on sale or not; place 1 is the most popular one and stands at position 0 of each array."""

    is_open: Sequence[bool]  # on sale, in stock and not recalled
    category: Sequence[str | None]
    variant: Sequence[str]  # the group that a product is a variant of; its own id where it is none
    popularity: Sequence[float]
    is_popular_in_category: Sequence[bool]  # whether "popular in <category>" is true of it
    lists: Mapping[str, Sequence[tuple[int, float]]] = field(default_factory=dict)  # tier/new → places and scores, best first

    @cached_property
    def order(self) -> list[int]:
        """The places that may be shown, the most popular first."""
        return [n + 1 for n, is_open in enumerate(self.is_open) if is_open]

    @cached_property
    def by_category(self) -> dict[str, list[int]]:
        """The same for each category."""
        places: dict[str, list[int]] = {}
        for place in self.order:
            if (category := self.category[place - 1]) is not None:
                places.setdefault(category, []).append(place)
        return places

    @cached_property
    def has_unsorted(self) -> bool:
        """Whether a product that may be shown has no category: a cap per category never fills it."""
        return any(self.category[place - 1] is None for place in self.order)
