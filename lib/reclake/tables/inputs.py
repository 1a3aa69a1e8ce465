"""What a table reads: which tables, and which of their days one output day needs. The engine cuts them so."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .declaration import Table


class Reads(StrEnum):
    """Which days of an input one output day needs."""

    DAYS = "days"  # the output day, and `before` and `after` days around it
    REPEATS = "repeats"  # the delivery day and the `repeat_days` deliveries before it (a setting of the source)
    DELIVERIES = "deliveries"  # every delivery that brought records of the event day, up to the late limit
    UNTIL_AS_OF = "until_as_of"  # the days of the window before the as_of, or all of them
    VALID_AT_AS_OF = "valid_at_as_of"  # the dimension rows that were valid at the as_of
    PREVIOUS_AS_OF = "previous_as_of"  # the last as_of before that was built
    BEGUN = "begun"  # the dimension rows that began up to the output day and `after` days behind it
    WHOLE = "whole"  # everything


_OF_AS_OF = (Reads.UNTIL_AS_OF, Reads.VALID_AT_AS_OF, Reads.PREVIOUS_AS_OF)


@dataclass(frozen=True, slots=True)
class DayRange:
    """The days of an input that one output day reads."""

    reads: Reads
    before: int = 0
    after: int = 0
    window_days: int | None = None
    window: str = ""  # the setting that holds window_days, as section.key; its value 0 stands for all days

    @property
    def is_of_as_of(self) -> bool:
        """Whether only a table whose rows answer for an as_of can read so."""
        return self.reads in _OF_AS_OF

    @property
    def is_by_day(self) -> bool:
        """Whether an output day reads days around it."""
        return self.reads in (Reads.DAYS, Reads.REPEATS)


def same_day() -> DayRange:
    """Only the output day; of a table by as_of, the same as_of."""
    return DayRange(Reads.DAYS)


def days(*, before: int = 0, after: int = 0) -> DayRange:
    """The output day and its neighbours."""
    return DayRange(Reads.DAYS, before=before, after=after)


def day_before(n_days: int = 1) -> DayRange:
    """The one calendar day that lies `n_days` before the output day, whether it was built or not."""
    return DayRange(Reads.DAYS, before=n_days, after=-n_days)


def previous_as_of() -> DayRange:
    """The last as_of before the output's for which the input was built, however long ago; no rows for the first one."""
    return DayRange(Reads.PREVIOUS_AS_OF)


def repeats() -> DayRange:
    """The delivery day and those before it in which a repeat of its records may lie."""
    return DayRange(Reads.REPEATS)


def deliveries() -> DayRange:
    """The deliveries that may bring records of the event day."""
    return DayRange(Reads.DELIVERIES)


def until_as_of(window_days: int | None = None, *, window: str = "") -> DayRange:
    """The `window_days` days before the as_of, which itself does not count; all of them for None.

    `window` names the setting that holds the number of days, as section.key; there 0 stands for all.
    """
    if window_days is not None and window:
        raise ValueError(f"a window of {window_days} days cannot be that of {window} as well")
    return DayRange(Reads.UNTIL_AS_OF, window_days=window_days, window=window)


def valid_at_as_of() -> DayRange:
    """The rows of a dimension with valid_from < as_of ≤ valid_to, or open."""
    return DayRange(Reads.VALID_AT_AS_OF)


def begun_by_day(*, after: int = 0) -> DayRange:
    """The rows of a dimension whose validity began up to the output day, and `after` days behind it.

    What begins later restates no earlier day. The builder is given all rows, and takes those of its days.
    """
    return DayRange(Reads.BEGUN, after=after)


def whole() -> DayRange:
    """All rows."""
    return DayRange(Reads.WHOLE)


@dataclass(frozen=True, slots=True)
class Input:
    """A table that is read, and which of its days one output day reads."""

    table: Table
    days: DayRange
    feeds: bool = True  # False: it is looked at beside what feeds the table, and makes no output day of its own
    named: str = ""  # the builder's argument; by default that of the table, `previous_…` for an as_of before

    @property
    def name(self) -> str:
        """The builder's argument."""
        is_previous = self.days.reads is Reads.PREVIOUS_AS_OF
        return self.named or (f"previous_{self.table.parameter}" if is_previous else self.table.parameter)

    @property
    def digest_name(self) -> str:
        """Under what its digest stands in the ledger: the table, and how it is read if that may stand beside another way."""
        is_previous = self.days.reads is Reads.PREVIOUS_AS_OF
        return f"{self.table.name} (previous as_of)" if is_previous else self.table.name

    @property
    def reads(self) -> tuple[Input, ...]:
        """Itself."""
        return (self,)


@dataclass(frozen=True, slots=True)
class Each:
    """A family of tables that is read the same way; the builder takes a mapping of noun to frame.

    Whatever joins the family arrives without an edit of its readers. Tables in `wider` are read in another range.
    """

    name: str
    tables: tuple[Table, ...]
    days: DayRange
    wider: tuple[tuple[Table, DayRange], ...] = ()
    feeds: bool = True

    @property
    def reads(self) -> tuple[Input, ...]:
        """One input per table of the family."""
        ranges = {table.name: days for table, days in self.wider}
        return tuple(Input(table, ranges.get(table.name, self.days), feeds=self.feeds) for table in self.tables)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A setting that a builder takes under a name of its own."""

    name: str  # the builder's argument
    setting: str  # section.key, or a section


def takes(*sections: str, **arguments: str) -> tuple[Parameter, ...]:
    """The settings that a builder takes: argument = "section.key", and whole sections under their own names.

    Examples
    --------
    >>> [f"{p.name} = {p.setting}" for p in takes("bots", min_age="privacy.min_age")]
    ['bots = bots', 'min_age = privacy.min_age']
    """
    return (*(Parameter(name, name) for name in sections), *(Parameter(name, setting) for name, setting in arguments.items()))


@dataclass(frozen=True, slots=True)
class Shared:
    """What several tables read and no table holds: made once per stage and as_of by the function of its name.

    The function takes the tables and the shared inputs that it reads, cut as declared, its parameters, the items of its
    catalogues, and `as_of`.
    """

    name: str
    grain: str
    module: str  # where the function lies, below reclake
    inputs: tuple[Input | Shared, ...]
    parameters: tuple[Parameter, ...] = ()
    catalogues: tuple[str, ...] = ()  # as a table declares them

    @property
    def reads(self) -> tuple[Input, ...]:
        """The tables that it is made of, those behind other shared inputs included."""
        return tuple(i for declared in self.inputs for i in declared.reads)

    @property
    def whole(self) -> tuple[Shared, ...]:
        """Those that it is made of, and itself last."""
        below = (one for declared in self.inputs if isinstance(declared, Shared) for one in declared.whole)
        return (*below, self)
