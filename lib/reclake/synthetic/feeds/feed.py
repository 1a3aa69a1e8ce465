"""A feed: what it tells of a slot, and what of the company as a whole."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import pyarrow as pa

from reclake.synthetic.around import Bot
from reclake.synthetic.draws import Draws
from reclake.synthetic.facts import Order, Story, World
from reclake.synthetic.record import Record


@dataclass(frozen=True, slots=True)
class Slot:
    """All that one number stands for: a person's story, and what is made beside it."""

    number: int
    story: Story
    walk_ins: tuple[Order, ...]
    bots: tuple[Bot, ...]


def nothing_of_slot(_world: World, _slot: Slot) -> Iterator[Record]:
    """For feeds of the company as a whole."""
    return iter(())


def nothing_of_company(_world: World) -> Iterator[Record]:
    """For feeds that tell of people only."""
    return iter(())


class FeedTruth(NamedTuple):
    """What is true of a feed's records beyond what other tables of the truth tell: a table named after the feed."""

    schema: pa.Schema
    of_slot: Callable[[World, Slot], Iterator[dict[str, Any]]] | None = None
    of_company: Callable[[World], Iterator[dict[str, Any]]] | None = None


@dataclass(frozen=True, slots=True)
class Feed:
    """Where records come from. `of_company` must not grow with the number of people."""

    name: str
    of_slot: Callable[[World, Slot], Iterator[Record]] = nothing_of_slot
    of_company: Callable[[World], Iterator[Record]] = nothing_of_company
    is_dirty: bool = True
    truth: FeedTruth | None = None


def received(world: World, draws: Draws, at: int) -> int:
    """When a record of that instant arrives if all goes well."""
    latency = draws.log_normal(world.settings.collection.latency_median_seconds, world.settings.collection.latency_sigma)
    return at + max(int(latency * 1000), 1)
