"""A funnel as a file states it: steps, their order, the window and what is counted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, NonNegativeInt, StringConstraints, field_validator, model_validator

from reclake.behaviour.dimensions import ANONYMOUS, BY_NAME, LOGGED_IN, WEEKDAYS, require_apart
from reclake.behaviour.kinds import KINDS, NUMBERS, ORDER, TEXTS, Number, Text
from reclake.catalogue import Item
from reclake.strict import Name, Strict, near
from reclake.tables.vocabulary import CHANNELS

# A checker of types takes no list of words that it cannot see.
if TYPE_CHECKING:
    Kind = str
    Dimension = str
else:
    Kind = Literal[KINDS]
    Dimension = Literal[tuple(BY_NAME)]
Word = Annotated[str, StringConstraints(min_length=1, max_length=4096)]

MAX_STEPS = 12
MAX_SECONDS = 366 * 86_400


# The words of properties that have a few.
_WORDS: Mapping[str, tuple[str, ...]] = {"channel": CHANNELS, "login": (LOGGED_IN, ANONYMOUS), "weekday": WEEKDAYS}


class Asked(Strict):
    """A condition on one property of an event; exactly one question is asked."""

    property: Text | Number
    one_of: tuple[Word, ...] = ()
    none_of: tuple[Word, ...] = ()  # also true where the property is not known
    at_least: float | None = None
    at_most: float | None = None
    is_known: bool | None = None

    @model_validator(mode="after")
    def is_one_question(self) -> Asked:
        """Refuse no question, several, and one that does not fit the type of the property."""
        of_words = [key for key in ("one_of", "none_of") if getattr(self, key)]
        of_numbers = [key for key in ("at_least", "at_most") if getattr(self, key) is not None]
        asked = [
            *of_words,
            *(["at_least or at_most"] if of_numbers else []),
            *(["is_known"] if self.is_known is not None else []),
        ]
        if len(asked) != 1:
            raise ValueError(
                f"{self.property} is asked {len(asked)} questions; ask one: one_of, none_of, at_least, at_most or is_known"
            )
        if of_words and self.property in NUMBERS:
            raise ValueError(f"{self.property} is a number: ask at_least, at_most or is_known")
        if of_numbers and self.property in TEXTS:
            raise ValueError(f"{self.property} is a text: ask one_of, none_of or is_known")
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise ValueError(f"{self.property} cannot be at least {self.at_least:g} and at most {self.at_most:g}")
        self._require_possible()
        return self

    def _require_possible(self) -> None:
        """Refuse words and numbers that the property never has: the funnel would be empty, and would not say why."""
        known = _WORDS.get(self.property, ())
        if known and (unknown := [word for word in (*self.one_of, *self.none_of) if word not in known]):
            hint = near(unknown[0], known)
            raise ValueError(f"{self.property} is never {unknown[0]!r}{f' ({hint})' if hint else ''}; it is {', '.join(known)}")
        if self.property == "hour" and not all(0 <= bound < 24 for bound in (self.at_least, self.at_most) if bound is not None):
            raise ValueError("hour lies between 0 and 23")


class Matched(Strict):
    """One kind of event, with all conditions that it must meet."""

    event: Kind
    where: tuple[Asked, ...] = ()


class Step(Strict):
    """A step is taken by an event that matches one of its alternatives."""

    name: Name
    any_of: Annotated[tuple[Matched, ...], Field(min_length=1, max_length=20)]


class Exclusion(Strict):
    """An event between two steps that drops the unit from the funnel."""

    any_of: Annotated[tuple[Matched, ...], Field(min_length=1, max_length=20)]
    after: Name | None = None  # the step after which it counts: the first one if nothing is stated
    before: Name | None = None  # the step before which it counts: the last one if nothing is stated


class Window(Strict):
    """How long after its first step a chain may take: some time, whose last moment counts, or the business day of that step."""

    days: NonNegativeInt = 0
    hours: NonNegativeInt = 0
    minutes: NonNegativeInt = 0
    seconds: NonNegativeInt = 0
    natural_day: bool = False

    @property
    def total_seconds(self) -> int:
        """All of it in seconds; 0 of the natural day."""
        return ((self.days * 24 + self.hours) * 60 + self.minutes) * 60 + self.seconds

    @model_validator(mode="after")
    def is_some_time(self) -> Window:
        """Refuse a window of no time, one of more than a year, and a natural day with a time beside it."""
        if self.natural_day:
            if self.total_seconds:
                raise ValueError("natural_day is a window of its own: leave the time beside it out")
        elif not 0 < self.total_seconds <= MAX_SECONDS:
            raise ValueError(f"a window of {self.total_seconds:,} seconds; it lasts 1 second at least and 366 days at most")
        return self


class Funnel(Item):
    """The steps, and how they are looked for."""

    unit: Literal["customer", "session", "customer_product"]
    mode: Literal["ordered", "strict", "any", "fixed", "dedup", "increase"] = "ordered"
    window: Window
    steps: Annotated[tuple[Step, ...], Field(min_length=2, max_length=MAX_STEPS)]
    exclude: Annotated[tuple[Exclusion, ...], Field(max_length=4)] = ()
    linked: Text | None = None  # the property whose value all steps of a chain share
    breakdowns: Annotated[tuple[Dimension, ...], Field(max_length=3)] = ()

    @field_validator("steps")
    @classmethod
    def names_once(cls, steps: tuple[Step, ...]) -> tuple[Step, ...]:
        """Refuse two steps of one name."""
        if twice := _twice(step.name for step in steps):
            raise ValueError(f"two steps are named {twice}")
        return steps

    @field_validator("breakdowns")
    @classmethod
    def dimensions_once(cls, breakdowns: tuple[Dimension, ...]) -> tuple[Dimension, ...]:
        """Refuse a dimension that stands twice, and two of which one decides the other."""
        require_apart(breakdowns)
        return breakdowns

    @model_validator(mode="after")
    def is_sound(self) -> Funnel:
        """Refuse what contradicts itself: the mode, the unit and the exclusions."""
        if self.mode == "any":
            _require_apart(self.steps)
            if self.exclude:
                raise ValueError("exclude needs an order of steps, which mode any has not")
        if self.linked == "product_id" and self.unit == "customer_product":
            raise ValueError("linked = 'product_id' says nothing new where the unit is customer_product: leave it out")
        if self.unit == "session" and ORDER in {one.event for step in self.steps for one in step.any_of}:
            raise ValueError(
                "an order line belongs to no device, and so to no session: take the event purchase, or unit customer"
            )
        for n, one in enumerate(self.exclude):
            self.between(one, where=f"exclude.{n}")
        return self

    def between(self, one: Exclusion, *, where: str = "exclude") -> tuple[int, int]:
        """The places, from 0, of the steps between which an exclusion counts.

        Raises
        ------
        ValueError
            When there is no step of the name, or the steps stand the other way round.
        """
        names = [step.name for step in self.steps]
        for name in (one.after, one.before):
            if name is not None and name not in names:
                raise ValueError(f"{where}: there is no step {name!r}; steps are {', '.join(names)}")
        after = 0 if one.after is None else names.index(one.after)
        before = len(names) - 1 if one.before is None else names.index(one.before)
        if after >= before:
            raise ValueError(f"{where}: {names[after]} does not stand before {names[before]}")
        return after, before


def _twice(names: Iterable[str]) -> str:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return ""


def _require_apart(steps: tuple[Step, ...]) -> None:
    """In mode any one event must serve one step: two steps of one kind need different words of one property."""
    for n, one in enumerate(steps):
        for other in steps[n + 1 :]:
            if any(_may_overlap(a, b) for a in one.any_of for b in other.any_of):
                raise ValueError(f"steps {one.name} and {other.name} can be the same event, which mode any does not allow")


def _may_overlap(one: Matched, other: Matched) -> bool:
    if one.event != other.event:
        return False
    return not any(
        a.property == b.property and a.one_of and b.one_of and not set(a.one_of) & set(b.one_of)
        for a in one.where
        for b in other.where
    )
