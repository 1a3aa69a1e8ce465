"""What a table is: its grain, key, columns and write rule. Standard library only: the DAG imports this."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from .inputs import Each, Input, Parameter, Reads, Shared

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
    is_free_text: bool = False  # what people write: no contact data is left in it, and the gate looks for it


def plain(name: str, type_: str, doc: str, unit: str = "", *, required: bool = False) -> Field:
    """A column that says nothing of a person."""
    return Field(name, type_, doc, unit, privacy=Privacy.NONE, required=required)


def personal(name: str, type_: str, doc: str, unit: str = "", *, required: bool = False) -> Field:
    """A column that says something about one person."""
    return Field(name, type_, doc, unit, privacy=Privacy.PERSONAL, required=required)


def pseudonym(name: str, doc: str) -> Field:
    """A column that names an account, a customer or a key of one by a keyed stand-in, in every row."""
    return Field(name, "string", doc, privacy=Privacy.PSEUDONYM, required=True)


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
    inputs: tuple[Input | Each | Shared, ...] = ()
    parameters: tuple[Parameter, ...] = ()  # settings the builder takes; their values are its settings digest
    catalogues: tuple[str, ...] = ()  # those that the builder takes: all items as "tags", named ones as "tags.loyal"
    counts_everyone: str = ""  # why a table of gold that reads facts by account asks nobody's consent and age
    retention: Retention | None = None
    stays_because: str = ""  # why rows stay as long as the lake, where they have no retention (docs/decisions/0022)
    required_if_kept: tuple[str, ...] = ()  # records only: columns that no record may lack, whatever its source file says
    is_restated: bool = True  # False: rows once served stay, unless forced
    may_be_empty: str = ""  # why a fed day may hold no row; without a reason one row at least is required
    run_columns: tuple[str, ...] = field(default=())  # say which run wrote a row: left out of digests and comparisons
    # Every table that it reads, families and shared inputs resolved, each once: asked for once per output day.
    reads: tuple[Input, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not _NAME.match(self.name):
            raise ValueError(f"{self.name!r} is not a table name: layer.noun in lower case")
        names = [column.name for column in self.fields]
        if len(set(names)) != len(names):
            raise ValueError(f"{self.name}: a column is declared twice")
        named = {*self.key, *self.run_columns, *self.required_if_kept} | ({self.day_column} if self.day_column else set())
        named |= {self.retention.column} if self.retention else set()
        if undeclared := named - set(names):
            raise ValueError(f"{self.name}: {sorted(undeclared)} are not declared columns")
        if self.retention and self.stays_because:
            raise ValueError(f"{self.name}: rows that have a retention do not stay")
        if self.write == "replace_days" and self.day_column is None:
            raise ValueError(f"{self.name}: replace_days needs a day_column")
        reads = {(i.digest_name, i.days, i.feeds): i for declared in self.inputs for i in declared.reads}
        object.__setattr__(self, "reads", tuple(reads.values()))
        _require_plain_catalogues(self)
        _require_sound_inputs(self)

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
    def shared(self) -> tuple[Shared, ...]:
        """The inputs that are made once for all tables of a stage, and those that these are made of."""
        every = (one for declared in self.inputs if isinstance(declared, Shared) for one in declared.whole)
        return tuple({one.name: one for one in every}.values())

    @property
    def settings(self) -> tuple[str, ...]:
        """The settings that its rows depend on, as section.key: its own and those of its shared inputs."""
        taken = [*self.parameters, *(parameter for shared in self.shared for parameter in shared.parameters)]
        return tuple(dict.fromkeys(parameter.setting for parameter in taken))

    @property
    def all_catalogues(self) -> tuple[str, ...]:
        """The catalogues that its rows depend on: its own and those of its shared inputs."""
        return tuple(dict.fromkeys((*self.catalogues, *(name for shared in self.shared for name in shared.catalogues))))

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


def _require_sound_inputs(table: Table) -> None:
    """Refuse inputs that the engine could not hand over as they are declared, and two arguments of one name.

    Raises
    ------
    ValueError
        Naming the table and the input.
    """
    catalogues = dict.fromkeys(name.partition(".")[0] for name in table.catalogues)
    arguments = (
        [declared.name for declared in table.inputs] + [parameter.name for parameter in table.parameters] + list(catalogues)
    )
    if twice := _twice(arguments):
        raise ValueError(f"{table.name}: two arguments of its builder are named {twice!r}; give one of them another name")
    if twice := _twice([i.digest_name for i in table.reads]):
        raise ValueError(f"{table.name} reads {twice} in two ways: one range must serve both")
    for i in table.reads:
        if i.days.is_of_as_of and not table.is_as_of:
            raise ValueError(f"{table.name} reads {i.table.name} by as_of, but its rows answer for no as_of")
        if i.days.reads in (Reads.VALID_AT_AS_OF, Reads.BEGUN) and not i.table.is_validity:
            raise ValueError(f"{table.name} reads what is valid of {i.table.name}, whose rows have no validity")
        by_day = i.days.reads not in (Reads.VALID_AT_AS_OF, Reads.BEGUN, Reads.WHOLE)
        if by_day and i.table.day_column is None:
            raise ValueError(f"{table.name} reads days of {i.table.name}, which has none")


def _twice(names: list[str]) -> str:
    return next((name for n, name in enumerate(names) if name in names[:n]), "")


def _require_plain_catalogues(table: Table) -> None:
    """Refuse catalogues that are misspelt or named twice."""
    if misspelt := [name for name in table.catalogues if not _CATALOGUE.match(name)]:
        raise ValueError(f"{table.name}: {misspelt} are no catalogues: write catalogue, or catalogue.item, in lower case")
    whole = {name for name in table.catalogues if "." not in name}
    named = [name for name in table.catalogues if "." in name]
    twice = sorted(name for name in named if name.partition(".")[0] in whole)
    if twice or len(set(table.catalogues)) != len(table.catalogues):
        raise ValueError(
            f"{table.name}: {twice or list(table.catalogues)}: a catalogue is read whole or by named items, each once"
        )
