"""A scenario as a file of conf/scenarios states it: query, chain, rules, reasons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from string import Formatter
from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt, PositiveInt, StringConstraints, field_validator, model_validator

from reclake.catalogue import Item
from reclake.strict import Name, Strict

from .links import BasketLink, Eligible, Link, ModelLink, PopularLink, RelatedLink, RowsLink

Sentence = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Query = Literal["customer", "last_item", "product", "basket"]
SHOWN_DAYS = 30  # days before the as_of whose impressions a list knows
MOST_POPULAR = 10  # of a category: the first so many of its list in gold.popular_products are "popular in" it
CUSTOMER_QUERIES: tuple[Query, ...] = ("customer", "last_item")

# What counts as success of a row on held-out days, by what the list is made for. docs/scenarios.md says when each is true.
OPENED, BOUGHT_LATER, OPENED_OR_BOUGHT, BOUGHT_AGAIN = "opened", "bought", "opened_or_bought", "bought_again"
OPENED_WITH, ORDERED_WITH = "opened_with", "ordered_with"
_OF_A_CUSTOMER = (OPENED, BOUGHT_LATER, OPENED_OR_BOUGHT, BOUGHT_AGAIN)
LABELS: Mapping[Query, tuple[str, ...]] = {
    "customer": _OF_A_CUSTOMER,
    "last_item": _OF_A_CUSTOMER,
    "product": (OPENED_WITH, ORDERED_WITH),
    "basket": (ORDERED_WITH,),
}

# What a row may state, and the values that its sentence may name. docs/scenarios.md says what makes each of them true.
GOES_WITH, BOUGHT, LOOKED_AT, SEEN_WITH, POPULAR_IN, DUE = "goes_with", "bought", "looked_at", "seen_with", "popular_in", "due"
PLACEHOLDERS: Mapping[str, frozenset[str]] = {
    GOES_WITH: frozenset({"product"}),
    BOUGHT: frozenset({"product"}),
    LOOKED_AT: frozenset({"product"}),
    SEEN_WITH: frozenset({"product"}),
    POPULAR_IN: frozenset({"category"}),
    DUE: frozenset({"elapsed", "usual"}),
}
_OF_CUSTOMERS = {BOUGHT, LOOKED_AT, DUE}


class Reason(Strict):
    """A fact that a row may state, in both languages; `{product}` and the like stand for values."""

    fact: Literal["goes_with", "bought", "looked_at", "seen_with", "popular_in", "due"]
    en: Sentence
    zh: Sentence

    @model_validator(mode="after")
    def names_known_values(self) -> Reason:
        """Refuse a value that the fact does not have, and languages that name different ones."""
        for language in ("en", "zh"):
            named = _values(getattr(self, language), key=language)
            if unknown := named - PLACEHOLDERS[self.fact]:
                known = ", ".join(f"{{{name}}}" for name in sorted(PLACEHOLDERS[self.fact]))
                raise ValueError(f"{language}: {self.fact} has no value {{{min(unknown)}}}; it has {known}")
        if _values(self.en, key="en") != _values(self.zh, key="zh"):
            raise ValueError("en and zh name different values")
        return self


class Block(Strict):
    """One list of a scenario: its chain, and the rules that hold at each position of it."""

    size: Annotated[PositiveInt, Field(le=100)] = 10
    chain: Annotated[tuple[Link, ...], Field(min_length=1, max_length=12)]
    unseen: bool = False  # leave out whatever the customer had to do with before
    not_bought_days: NonNegativeInt = 0  # leave out what they bought in the last so many days
    not_shown_days: Annotated[NonNegativeInt, Field(le=SHOWN_DAYS)] = (
        0  # leave out what they were shown in the last so many days and did not click
    )
    per_category: NonNegativeInt = 0  # products of one category at most; 0: any number
    category: Literal["any", "same", "other"] = "any"  # against the product or basket of the query

    @model_validator(mode="after")
    def links_differ(self) -> Block:
        """Refuse a link that stands twice: the second would find nothing left."""
        keys = [link.key for link in self.chain]
        if twice := [key for n, key in enumerate(keys) if key in keys[:n]]:
            raise ValueError(f"chain names {twice[0]} twice")
        return self


class Scenario(Item):
    """Where it is shown is its name; docs/scenarios.md explains every key."""

    query: Query
    # What counts as success of a row on the held-out days, how many of these there are, and the mean that is taken of it.
    label: Literal["opened", "bought", "opened_or_bought", "bought_again", "opened_with", "ordered_with"]
    within_days: Annotated[PositiveInt, Field(le=90)]
    metric: Literal["ndcg", "recall", "precision", "hit_rate"]
    refresh: Literal["daily"] = "daily"
    blocks: Annotated[Mapping[Name, Block], Field(min_length=1, max_length=4)]
    eligible: Eligible | None = None  # whom it is for; everybody if nothing is stated
    reaches_out: bool = False  # it is sent to people: one of such scenarios at most per customer and as_of
    precedence: PositiveInt = 1  # among scenarios that reach out the lowest comes first
    reasons: tuple[Reason, ...] = ()  # what its rows may state: the first one that is true

    @field_validator("reasons")
    @classmethod
    def states_each_once(cls, value: tuple[Reason, ...]) -> tuple[Reason, ...]:
        """Refuse two sentences for one fact."""
        facts = [reason.fact for reason in value]
        if twice := [fact for n, fact in enumerate(facts) if fact in facts[:n]]:
            raise ValueError(f"reasons state {twice[0]} twice")
        return value

    @property
    def is_of_customers(self) -> bool:
        """Whether its lists are made for customers."""
        return self.query in CUSTOMER_QUERIES

    @property
    def facts(self) -> tuple[str, ...]:
        """What a row may state, in order."""
        return tuple(reason.fact for reason in self.reasons)

    def facts_of(self, block: Block) -> tuple[str, ...]:
        """What a row of the block may state: nothing goes with what it stands in for."""
        return tuple(fact for fact in self.facts if fact != GOES_WITH or block.category != "same")

    @property
    def links(self) -> Iterator[tuple[str, Link]]:
        """Block and link, in order."""
        for name, block in self.blocks.items():
            for link in block.chain:
                yield name, link

    @property
    def models(self) -> frozenset[str]:
        """The models that its chains name."""
        return frozenset(link.model for _, link in self.links if isinstance(link, ModelLink))

    @model_validator(mode="after")
    def is_sound(self) -> Scenario:
        """Refuse what contradicts the query."""
        for name, link in self.links:
            if isinstance(link, BasketLink) and self.query != "basket":
                raise ValueError(f"blocks.{name}.chain: basket is a link of baskets, and the query is a {self.query}")
        if len(self.blocks) > 1 and self.query != "product":
            raise ValueError(f"blocks: a {self.query} has one list, and {', '.join(self.blocks)} are {len(self.blocks)}")
        if self.is_of_customers:
            self._require_sound_lists()
        else:
            self._require_no_customer()
        if self.reaches_out and (self.eligible is None or self.eligible.table != "gold.contact_list"):
            raise ValueError(
                "reaches_out needs eligible.table = 'gold.contact_list': it knows who may be contacted, and how often"
            )
        if self.label not in LABELS[self.query]:
            raise ValueError(f"label: a {self.query} is judged by {' or '.join(LABELS[self.query])}, not by {self.label}")
        return self

    def _require_sound_lists(self) -> None:
        """Of a scenario of customers."""
        allowed = ("last",) if self.query == "last_item" else ("bought", "seen", "last")
        for name, link in self.links:
            if isinstance(link, RelatedLink) and link.to not in allowed:
                words = " or ".join(repr(word) for word in allowed)
                raise ValueError(f"blocks.{name}.chain: related products of a {self.query} need to = {words}")
        for name, block in self.blocks.items():
            if block.category != "any":
                raise ValueError(f"blocks.{name}.category: a {self.query} has no category of its own")
            if block.unseen and self.label == BOUGHT_AGAIN:
                raise ValueError(f"blocks.{name}.unseen leaves out all that could be bought again, and label is {self.label}")
        if SEEN_WITH in self.facts:
            raise ValueError(f"reasons: {SEEN_WITH} is a fact of products, not of a {self.query}")

    def _require_no_customer(self) -> None:
        """Of a scenario of products or baskets."""
        for name, link in self.links:
            of_customers = (
                isinstance(link, ModelLink | RowsLink)
                or (isinstance(link, RelatedLink) and link.to != "query")
                or (isinstance(link, PopularLink) and link.scope in ("tier", "channel"))
            )
            if of_customers:
                raise ValueError(f"blocks.{name}.chain: {link.key} belongs to customers, and the query is a {self.query}")
        for name, block in self.blocks.items():
            if block.unseen or block.not_bought_days or block.not_shown_days:
                raise ValueError(
                    f"blocks.{name}: what was seen, bought or shown belongs to customers, and the query is a {self.query}"
                )
        if stated := _OF_CUSTOMERS & set(self.facts):
            raise ValueError(f"reasons: {min(stated)} is a fact of customers, and the query is a {self.query}")
        if self.eligible or self.reaches_out:
            raise ValueError(f"eligible and reaches_out belong to customers, and the query is a {self.query}")


def _values(text: str, *, key: str) -> set[str]:
    """The names in braces; a sentence is filled by replacing `{name}` alone, so nothing else may stand in braces."""
    try:
        named = {name for _, name, _, _ in Formatter().parse(text) if name is not None}
    except ValueError as error:
        raise ValueError(f"{key}: {error}") from None
    rest = text
    for name in named:
        rest = rest.replace(f"{{{name}}}", "")
    if "{" in rest or "}" in rest:
        raise ValueError(f"{key}: braces hold the name of a value alone, as in {{product}}")
    return named
