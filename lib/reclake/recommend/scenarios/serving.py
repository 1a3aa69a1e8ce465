"""The rules of a list, as a pure function: from a query, the shelf and a block of a scenario to what is shown.

Each rule holds at each position of the chain, because no product reaches the list by another way. It is exact: a link is read in
its order until the list is full. The last link, the order of popularity, is read as far as the customer's own history and the caps
make it necessary, so no customer is joined with the catalogue.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from .definition import BOUGHT, DUE, GOES_WITH, LOOKED_AT, POPULAR_IN, SEEN_WITH, Block, Scenario
from .links import Link, PopularLink
from .shelf import LATELY, Shelf

_OF_LINK = frozenset({BOUGHT, LOOKED_AT, SEEN_WITH, DUE})  # true of a row only where its own link says so


class Candidate(NamedTuple):
    """A product that a link proposes, with what it rests on."""

    place: int
    score: float
    because: str | None = None  # the product that speaks for it
    fact: str | None = None  # what the link knows to be true of it


@dataclass(frozen=True)
class Asked:
    """One query: a customer with what is known of them, a product or a basket. Places are those of the shelf."""

    is_personal: bool = True  # False: nothing that is known of the customer may move the list
    own: Sequence[int] = ()  # the product or basket that is asked about
    seen: Collection[int] = ()
    bought: Mapping[int, int] = field(default_factory=dict)  # place → days since
    shown: Mapping[int, int] = field(default_factory=dict)  # place → days since, of what was not clicked
    recent: Sequence[int] = ()  # what the customer had to do with, the newest first
    groups: Mapping[str, str] = field(default_factory=dict)  # tier and channel, where they are known
    candidates: Mapping[str, Sequence[Candidate]] = field(default_factory=dict)  # key of a link → the best first
    partners: Mapping[int, str] = field(default_factory=dict)  # place → the product that it goes with


NOBODY = Asked(is_personal=False)


class Pick(NamedTuple):
    """One row of a list."""

    place: int
    position: int  # of the link in its chain: 1, 2, …
    score: float
    because: str | None  # the product that speaks most for it, as its link has it
    fact: str | None  # what the row states; None where nothing that is asked for is true
    evidence: str | None  # the product that the fact rests on


def served(asked: Asked, shelf: Shelf, block: Block, *, facts: Sequence[str] = ()) -> list[Pick]:
    """The list: `block.size` products at most, each allowed by every rule.

    Parameters
    ----------
    facts
        What a row may state: the first one that is true of it.
    """
    query = asked if asked.is_personal else NOBODY
    rules = _Rules(query, shelf, block)
    picks: list[Pick] = []
    for position, link in enumerate(block.chain, start=1):
        for candidate in _proposed(query, shelf, link):
            if len(picks) == block.size or rules.is_full:
                return picks
            if rules.admits(candidate.place):
                fact, evidence = _stated(candidate, query, shelf, facts)
                picks.append(Pick(candidate.place, position, candidate.score, candidate.because, fact, evidence))
    return picks


def served_scenarios(
    asked: Asked, shelf: Shelf, scenarios: Mapping[str, Scenario], eligible: Collection[str] = ()
) -> Iterator[tuple[str, str, Pick]]:
    """Scenario, block and row of all lists of one query.

    Of the scenarios that reach out the one of the lowest precedence that has a list is served, and no other.

    Parameters
    ----------
    eligible
        Names of the scenarios with a condition that the customer meets.
    """
    has_reached_out = False
    order = sorted(scenarios, key=lambda name: (scenarios[name].reaches_out, scenarios[name].precedence, name))
    for name in order:
        scenario = scenarios[name]
        if (scenario.eligible and name not in eligible) or (scenario.reaches_out and (has_reached_out or not asked.is_personal)):
            continue
        for block_name, block in scenario.blocks.items():
            picks = served(asked, shelf, block, facts=scenario.facts_of(block))
            has_reached_out |= scenario.reaches_out and bool(picks)
            yield from ((name, block_name, pick) for pick in picks)


def _proposed(query: Asked, shelf: Shelf, link: Link) -> Iterable[Candidate]:
    """What a link proposes, the best first."""
    if not isinstance(link, PopularLink):
        return query.candidates.get(link.key, ())
    if link.scope in ("tier", "channel"):
        return (Candidate(*one) for one in shelf.lists.get(f"{link.scope}/{query.groups.get(link.scope)}", ()))
    if link.scope == "last_7_days":
        return (Candidate(*one) for one in shelf.lists.get(LATELY, ()))
    places: Iterable[int] = shelf.order
    if link.scope in ("category", "last_category"):
        categories = _categories(query, shelf)[: 1 if link.scope == "last_category" else None]
        places = (place for category in categories for place in shelf.by_category.get(category, ()))
    return (Candidate(place, shelf.popularity[place - 1]) for place in places)


def _categories(query: Asked, shelf: Shelf) -> list[str]:
    """The categories at hand, those of the newest products first."""
    named = (shelf.category[place - 1] for place in (*query.own, *query.recent))
    return list(dict.fromkeys(category for category in named if category is not None))


def _stated(candidate: Candidate, query: Asked, shelf: Shelf, facts: Sequence[str]) -> tuple[str | None, str | None]:
    """The first fact that is true of the row, and the product that it rests on."""
    for fact in facts:
        if fact in _OF_LINK and candidate.fact == fact:
            return fact, candidate.because
        if fact == GOES_WITH and candidate.place in query.partners:
            return fact, query.partners[candidate.place]
        if fact == POPULAR_IN and shelf.is_popular_in_category[candidate.place - 1]:
            return fact, None
    return None, None


class _Rules:
    """What may still come onto one list; admitting a product changes it."""

    def __init__(self, query: Asked, shelf: Shelf, block: Block) -> None:
        self._shelf, self._block = shelf, block
        # A variant of what is known or was bought is no news either: all rules ask for the group.
        self._variants = {shelf.variant[place - 1] for place in query.own}
        if block.unseen:
            self._variants.update(shelf.variant[place - 1] for place in query.seen)
        for days_since, least in ((query.bought, block.not_bought_days), (query.shown, block.not_shown_days)):
            self._variants.update(shelf.variant[place - 1] for place, days in days_since.items() if days <= least)
        self._own_categories = frozenset(_categories(Asked(own=query.own), shelf))
        self._n_of: dict[str, int] = {}
        self._n_open = len(shelf.by_category)

    @property
    def is_full(self) -> bool:
        """Whether each category has as many products as it may: reading on would find nothing."""
        return bool(self._block.per_category) and not self._n_open and not self._shelf.has_unsorted

    def admits(self, place: int) -> bool:
        """Take the product onto the list if every rule allows it."""
        shelf, block = self._shelf, self._block
        if not shelf.is_open[place - 1]:
            return False
        category, variant = shelf.category[place - 1], shelf.variant[place - 1]
        if variant in self._variants or not self._fits(category):
            return False
        if category is not None and block.per_category:
            n = self._n_of.get(category, 0)
            if n == block.per_category:
                return False
            self._n_of[category] = n + 1
            self._n_open -= n + 1 == block.per_category
        self._variants.add(variant)
        return True

    def _fits(self, category: str | None) -> bool:
        """Whether the category is as the block asks; one that is not known is neither the same nor surely another."""
        if self._block.category == "any":
            return True
        if self._block.category == "same":
            return category in self._own_categories
        return category not in self._own_categories
