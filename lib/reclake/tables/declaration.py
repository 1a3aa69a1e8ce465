"""What a table is: its grain, key, columns and the days it reads. Standard library only: the DAG imports this."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

_NAME = re.compile(r"^(bronze|silver|gold|ops)\.[a-z][a-z0-9_]{0,62}\Z")
_CATALOGUE = re.compile(r"^[a-z][a-z0-9_]{0,62}(\.[a-z][a-z0-9_]{0,62})?\Z")


class Privacy(StrEnum):
    """How much a column says about a person."""

    NONE = "none"
    PSEUDONYM = "pseudonym"  # a keyed stand-in for a person
    PERSONAL = "personal"  # says something about one person
    CONTACT = "contact"  # reaches a person
    RAW = "raw"  # what arrived, with whatever it holds


_LEVELS = (
    frozenset({Privacy.NONE}),
    frozenset({Privacy.PSEUDONYM, Privacy.PERSONAL}),
    frozenset({Privacy.CONTACT}),
    frozenset({Privacy.RAW}),
)


def is_lower(one: Privacy, other: Privacy) -> bool:
    """Whether a column of class `one` is guarded less than one of class `other`.

    Examples
    --------
    >>> is_lower(Privacy.NONE, Privacy.PERSONAL), is_lower(Privacy.PSEUDONYM, Privacy.PERSONAL)
    (True, False)
    """
    levels = {privacy: level for level, classes in enumerate(_LEVELS) for privacy in classes}
    return levels[one] < levels[other]


class Reads(StrEnum):
    """Which days of an input one output day needs."""

    DAYS = "days"  # the output day, and `before` and `after` days around it
    REPEATS = "repeats"  # the delivery day and the `repeat_days` deliveries before it (a setting of the source)
    DELIVERIES = "deliveries"  # every delivery that brought records of the event day, up to the late limit
    UNTIL_AS_OF = "until_as_of"  # the `window_days` before the as_of, or all of them
    VALID_AT_AS_OF = "valid_at_as_of"  # the dimension rows that were valid at the as_of
    WHOLE = "whole"  # everything


@dataclass(frozen=True, slots=True)
class DayRange:
    """The days of an input that one output day reads."""

    reads: Reads
    before: int = 0
    after: int = 0
    window_days: int | None = None


def same_day() -> DayRange:
    """Only the output day."""
    return DayRange(Reads.DAYS)


def days(*, before: int = 0, after: int = 0) -> DayRange:
    """The output day and its neighbours."""
    return DayRange(Reads.DAYS, before=before, after=after)


def repeats() -> DayRange:
    """The delivery day and those before it in which a repeat of its records may lie."""
    return DayRange(Reads.REPEATS)


def deliveries() -> DayRange:
    """The deliveries that may bring records of the event day."""
    return DayRange(Reads.DELIVERIES)


def until_as_of(window_days: int | None = None) -> DayRange:
    """The `window_days` days before the as_of, which itself does not count; all of them for None."""
    return DayRange(Reads.UNTIL_AS_OF, window_days=window_days)


def valid_at_as_of() -> DayRange:
    """The rows of a dimension with valid_from < as_of ≤ valid_to, or open."""
    return DayRange(Reads.VALID_AT_AS_OF)


def whole() -> DayRange:
    """All rows."""
    return DayRange(Reads.WHOLE)


@dataclass(frozen=True, slots=True)
class Field:
    """A declared column; `required` ones hold no null."""

    name: str
    type: str  # a Spark type as DDL: "string", "long", "decimal(18,4)", "array<string>", ...
    doc: str
    unit: str = ""
    privacy: Privacy = field(kw_only=True)
    required: bool = False
    falls_because: str = ""  # why its class is lower than that of the column of this name in a table that is read


def plain(name: str, type_: str, doc: str, unit: str = "", *, required: bool = False) -> Field:
    """A column that says nothing of a person."""
    return Field(name, type_, doc, unit, privacy=Privacy.NONE, required=required)


def personal(name: str, type_: str, doc: str, unit: str = "", *, required: bool = False) -> Field:
    """A column that says something about one person."""
    return Field(name, type_, doc, unit, privacy=Privacy.PERSONAL, required=required)


@dataclass(frozen=True, slots=True)
class Input:
    """A table that is read, and which of its days one output day reads."""

    table: Table
    days: DayRange
    feeds: bool = True  # False: it is looked at beside what feeds the table, and makes no output day of its own


@dataclass(frozen=True, slots=True)
class Retention:
    """For how long rows stay in the newest version; maintenance removes those that are older."""

    setting: str  # of [retention], days
    column: str  # the date or time from which they are counted
    is_optional: bool = False  # 0 days: as long as the lake


WriteRule = Literal["append_new", "replace_days", "replace_validity", "replace_whole"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table. Builder, suite, test and plan are found by its name and derived from its declaration."""

    name: str  # layer.noun
    grain: str
    key: tuple[str, ...]
    fields: tuple[Field, ...]
    stage: str  # the Spark application that builds it
    write: WriteRule
    day_column: str | None = None  # the column that cuts it into days
    source_day_column: str | None = None  # records only: the event day inside a delivery day
    inputs: tuple[Input, ...] = ()
    parameters: tuple[str, ...] = ()  # settings the builder takes, as section.key; their values are its settings digest
    catalogues: tuple[str, ...] = ()  # those that the builder takes: all items as "tags", named ones as "tags.loyal"
    model: str | None = None  # the registered model whose champion the builder takes
    retention: Retention | None = None
    stays_because: str = ""  # why rows stay as long as the lake, where they have no retention (docs/decisions/0022)
    is_restated: bool = True  # False: rows once served stay, unless forced
    may_be_empty: str = ""  # why a fed day may hold no row; without a reason one row at least is required
    run_columns: tuple[str, ...] = field(default=())  # say which run wrote a row: left out of digests and comparisons

    def __post_init__(self) -> None:
        if not _NAME.match(self.name):
            raise ValueError(f"{self.name!r} is not a table name: layer.noun in lower case")
        names = [column.name for column in self.fields]
        if len(set(names)) != len(names):
            raise ValueError(f"{self.name}: a column is declared twice")
        named = set(self.key) | set(self.run_columns) | ({self.day_column} if self.day_column else set())
        named |= {self.retention.column} if self.retention else set()
        if undeclared := named - set(names):
            raise ValueError(f"{self.name}: {sorted(undeclared)} are not declared columns")
        if self.retention and self.stays_because:
            raise ValueError(f"{self.name}: rows that have a retention do not stay")
        if self.write == "replace_days" and self.day_column is None:
            raise ValueError(f"{self.name}: replace_days needs a day_column")
        _require_plain_catalogues(self)

    @property
    def layer(self) -> str:
        """bronze, silver, gold or ops."""
        return self.name.split(".")[0]

    @property
    def noun(self) -> str:
        """The name within its layer: also that of module, builder and test."""
        return self.name.split(".")[1]

    @property
    def parameter(self) -> str:
        """The name under which a builder takes this table: silver repeats bronze's nouns."""
        return f"bronze_{self.noun}" if self.layer == "bronze" else self.noun

    @property
    def min_rows(self) -> int:
        """Fewer rows on a fed day fail the gate."""
        return 0 if self.may_be_empty else 1

    @property
    def is_as_of(self) -> bool:
        """Whether a row answers for one as_of_date."""
        return self.day_column == "as_of_date"

    @property
    def is_validity(self) -> bool:
        """Whether rows carry valid_from and valid_to."""
        return self.write == "replace_validity"

    @property
    def required(self) -> tuple[str, ...]:
        """The columns that hold no null."""
        return tuple(column.name for column in self.fields if column.required)


def _require_plain_catalogues(table: Table) -> None:
    """Refuse catalogues that are misspelt or named twice, or that share the name of a builder's parameter with an input."""
    if misspelt := [name for name in table.catalogues if not _CATALOGUE.match(name)]:
        raise ValueError(f"{table.name}: {misspelt} are no catalogues: write catalogue, or catalogue.item, in lower case")
    whole = {name for name in table.catalogues if "." not in name}
    named = [name for name in table.catalogues if "." in name]
    twice = sorted(name for name in named if name.partition(".")[0] in whole)
    if twice or len(set(table.catalogues)) != len(table.catalogues):
        raise ValueError(
            f"{table.name}: {twice or list(table.catalogues)}: a catalogue is read whole or by named items, each once"
        )
    names = {name.partition(".")[0] for name in table.catalogues}
    if taken := sorted(names & {i.table.parameter for i in table.inputs}):
        raise ValueError(f"{table.name}: the builder takes both an input and a catalogue as {taken}")
