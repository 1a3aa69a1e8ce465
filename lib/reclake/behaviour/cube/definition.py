"""A cube as a file states it: pairs of dimensions that are counted together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, field_validator

from reclake.behaviour.dimensions import BY_NAME
from reclake.catalogue import Item
from reclake.errors import SettingsInvalid

if TYPE_CHECKING:
    Dimension = str
else:
    Dimension = Literal[tuple(BY_NAME)]
Pair = tuple[Dimension, Dimension]

MOST_PAIRS = 40


class Cube(Item):
    """Pairs of dimensions; which of a pair comes first does not matter."""

    pairs: Annotated[tuple[Pair, ...], Field(min_length=1, max_length=MOST_PAIRS)]

    @field_validator("pairs")
    @classmethod
    def are_different(cls, pairs: tuple[Pair, ...]) -> tuple[Pair, ...]:
        """Refuse a dimension beside itself, and a pair that stands twice."""
        for n, pair in enumerate(pairs):
            if pair[0] == pair[1]:
                raise ValueError(f"{pair[0]} stands beside itself; name two dimensions")
            if any(set(pair) == set(other) for other in pairs[:n]):
                raise ValueError(f"{pair[0]} and {pair[1]} stand twice")
        return pairs


def declared_pairs(cubes: Mapping[str, Cube]) -> tuple[Pair, ...]:
    """The pairs of all cubes, each once: in the order of names, and within a pair too.

    Raises
    ------
    SettingsInvalid
        When all files together declare more pairs than a cube may hold.
    """
    pairs = {(min(pair), max(pair)) for cube in cubes.values() for pair in cube.pairs}
    if len(pairs) > MOST_PAIRS:
        raise SettingsInvalid(
            "the cube would hold too many pairs of dimensions",
            f"{len(pairs)} pairs in conf/cubes, where {MOST_PAIRS} are allowed",
            "leave pairs out that nobody asks for: each costs about as much as the others",
        )
    return tuple(sorted(pairs))
