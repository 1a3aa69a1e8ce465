"""What a run has to build: the days that its deliveries touch, and which of them are stale, table by table."""

from __future__ import annotations

import difflib
import hashlib
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from reclake.errors import UsageError
from reclake.lake.digest import WHOLE
from reclake.lake.entries import Entries, Entry
from reclake.tables import BY_NAME, STAGES, Input, Reads, Table, bronze, models, readers_of

from .known_days import KnownDays

CODE_CHANGED = "code changed"


@dataclass(frozen=True, slots=True)
class Scope:
    """What a run is asked for."""

    delivery_days: frozenset[date] | None = None  # None: all that were ever delivered
    as_ofs: tuple[date, ...] = ()
    tables: frozenset[str] | None = None  # None: all
    force: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """How far deliveries and repeats reach, in days; None for sources without a limit."""

    late_days: int | None
    repeat_days: int | None


@dataclass(frozen=True, slots=True)
class Digests:
    """What a table's days are made with."""

    code: str
    settings: str
    suite: str
    catalogues: Mapping[str, str] = field(default_factory=dict)  # catalogue:NAME → the digest of the items that it reads


@dataclass(frozen=True, slots=True)
class Work:
    """The output days of one table that have to be built, and why."""

    table: Table
    reasons: dict[str, str]  # ISO day or 'whole' → why it is stale
    input_digests: dict[str, dict[str, str]] = field(default_factory=dict)  # day → input → digest
    unfed_days: frozenset[str] = frozenset()  # days for which no input holds a row: they are committed empty, by name
    kept: dict[str, str] = field(default_factory=dict)  # ISO day → how it was made otherwise, and stays: its inputs are gone
    older: frozenset[str] = frozenset()  # as_ofs that stay as earlier code made them, unless they are asked for

    @property
    def days(self) -> tuple[str, ...]:
        """The output days, sorted."""
        return tuple(sorted(self.reasons))


class Planner:
    """Derives work from the declarations and the ledger; knows no data."""

    def __init__(
        self,
        ledger: Entries,
        *,
        scope: Scope,
        limits: Limits,
        digests: Callable[[Table], Digests],
        models: Mapping[str, int | None],
        windows: Mapping[str, int],
        restate_as_ofs: int,
        versions: Mapping[str, int] | None = None,
    ) -> None:
        # Table → the version that is read of it; without them, what the ledger knows is read.
        self.versions = versions
        self._ledger = ledger
        self._scope = scope
        self._limits = limits
        self._digests = digests
        self._models = models
        self._restate_as_ofs = restate_as_ofs
        self._days: dict[str, KnownDays] = {}  # table → its days, prepared for being asked once per output day
        self._windows = windows  # setting → days before an as_of; 0 for all of them

    def is_fed(self, table: Table) -> bool:
        """Whether any input of the table holds anything."""
        return any(self._ledger.holds(i.table) for i in table.reads if i.feeds)

    def holds(self, table: Table) -> bool:
        """Whether the table holds anything yet."""
        return self._ledger.holds(table)

    def is_asked(self, table: Table) -> bool:
        """Whether the table is in the run's scope."""
        return self._scope.tables is None or table.name in self._scope.tables

    def work(self, table: Table) -> Work:
        """The days of the table that are stale now and in the run's scope; none if nothing feeds it."""
        if not table.reads or not self.is_fed(table) or not self.is_asked(table):
            return Work(table, {})
        digests = self._digests(table)
        built = self._ledger.days(table)
        reasons: dict[str, str] = {}
        input_digests: dict[str, dict[str, str]] = {}
        kept: dict[str, str] = {}
        older = self._older_as_ofs(table)
        left: set[str] = set()
        for day in sorted(self.touched(table)):
            if self._is_kept(table, day):
                if why := self._why_kept(built.get(day), digests):
                    kept[day] = why
                continue
            inputs = self._inputs_now(table, day, digests)
            why = self._why_stale(table, day, built.get(day), digests, inputs)
            if why == CODE_CHANGED and day in older:
                left.add(day)
            elif why:
                reasons[day] = why
                input_digests[day] = inputs
        unfed = frozenset(day for day in reasons if not self._is_fed_on(table, day))
        return Work(table, reasons, input_digests, unfed, kept, frozenset(left))

    def _older_as_ofs(self, table: Table) -> set[str]:
        """The as_ofs that changed code does not restate: all but the newest ones, and those that are asked for."""
        if not table.is_as_of:
            return set()
        return set(list(self._ledger.days(table))[: -self._restate_as_ofs]) - {str(day) for day in self._scope.as_ofs}

    def _is_kept(self, table: Table, day: str) -> bool:
        """Whether the day reads days that are beyond their retention: it cannot be built again, and stays as it is."""
        return any((gone := self._ledger.expired(i.table)) and self._read_by(i, day, gone) for i in _by_day(table))

    def _why_kept(self, entry: Entry | None, digests: Digests) -> str:
        """What a day would be built for, if that could be done."""
        if entry is None:
            return "never built"
        return ", ".join(_made_otherwise(entry, digests) or (["forced"] if self._scope.force else []))

    def would_be_lost(self, table: Table, now: Entry, earlier: Entry | None) -> bool:
        """Whether a day that goes back to an earlier entry, or to none, could not be built again as it is now."""
        if not self._is_kept(table, now.day):
            return False
        names = [i.digest_name for i in _by_day(table)]
        return earlier is None or any(now.input_digests.get(name) != earlier.input_digests.get(name) for name in names)

    @property
    def late_days(self) -> int:
        """Days for which records may be late; 0 beside sources without a limit."""
        return self._limits.late_days or 0

    def day_readers(self, table: Table) -> list[tuple[Table, Input]]:
        """The tables that read the table by day, and how."""
        return [(reader, i) for reader in readers_of(table.name) for i in _by_day(reader) if i.table == table]

    def reach(self, table: Table) -> int:
        """How many days after a day of the table its readers look back to it; 0 for those that look at all days."""
        return max((self._around(i)[0] or 0 for _, i in self.day_readers(table)), default=0)

    def read_for(self, i: Input, output_days: Iterable[str]) -> set[str]:
        """The existing days of the input that the output days read, day by day."""
        existing = list(self._ledger.days(i.table))
        return {day for output in output_days for day in self._read_by(i, output, existing)}

    def unread(self, table: Table) -> set[str]:
        """Days of the table that a table which reads it by day was not yet built from, and published, as they are now."""
        found: set[str] = set()
        for reader, i in self.day_readers(table):
            built = self._ledger.days(reader)
            waiting = (day for day in self._candidates(reader) if not self._is_fed_with(reader, day, built.get(day)))
            found |= self.read_for(i, waiting)
        return found

    def _is_fed_with(self, table: Table, day: str, entry: Entry | None) -> bool:
        """Whether the day was built from all that it reads by day, as that is now, and published."""
        if entry is None or self._known(table).ahead(day) is not None:
            return False
        return self._is_kept(table, day) or all(
            entry.input_digests.get(i.digest_name) == self._input_digest(i, day) for i in _by_day(table)
        )

    def touched(self, table: Table) -> set[str]:
        """The output days in scope that a change of the run's deliveries can reach."""
        candidates = self._candidates(table)
        if self._scope.delivery_days is None or not table.reads:
            is_delivered_by_day = not table.reads and table.day_column is not None
            if is_delivered_by_day and self._scope.delivery_days is not None:
                return candidates & {str(day) for day in self._scope.delivery_days}
            return candidates
        # An as_of that is asked for is built, also when nothing was delivered on the day before it.
        asked = {str(day) for day in self._scope.as_ofs} | self._taken_back(table) if table.is_as_of else set()
        return asked.union(*(self._reached(i, self.touched(i.table), candidates) for i in table.reads))

    def _candidates(self, table: Table) -> set[str]:
        """Every output day that exists or could: those of inputs, those built before, those asked for."""
        built = set(self._ledger.days(table))
        if table.is_as_of:
            asked = {str(day) for day in self._scope.as_ofs}
            # Lists once served are made anew only where they are asked for, or where everything is forced.
            is_all_forced = self._scope.force and self._scope.delivery_days is None
            wanted = asked | self._taken_back(table)
            return wanted | built if table.is_restated or is_all_forced else wanted
        if table.day_column is None:
            return {WHOLE}
        days = set(built)
        for i in (i for i in table.reads if i.feeds):
            entries = self._ledger.days(i.table)
            if i.days.reads is Reads.DELIVERIES:
                days |= {day for entry in entries.values() for day in entry.content.details}
            elif i.days.is_by_day:
                days |= set(entries)
        return days

    def _taken_back(self, table: Table) -> set[str]:
        """The as_ofs in scope that a rollback took back: they are built again, but for those of days that were never delivered."""
        if not (taken_back := self._ledger.taken_back(table)):
            return set()
        delivered = max((day for one in bronze.FED for day in self._ledger.ever(one)), default="")
        days = self._scope.delivery_days
        return {
            as_of
            for as_of in taken_back
            if (before := _shift(as_of, -1)) <= delivered and (days is None or date.fromisoformat(before) in days)
        }

    def _reached(self, i: Input, changed: Iterable[str], candidates: set[str]) -> set[str]:
        """The candidates that read one of the input's changed days."""
        changed = set(changed)
        if not changed:
            return set()
        reads = i.days.reads
        if reads in (Reads.WHOLE, Reads.VALID_AT_AS_OF, Reads.BEGUN) or WHOLE in changed:
            return candidates
        if reads in (Reads.UNTIL_AS_OF, Reads.PREVIOUS_AS_OF):
            return {day for day in candidates if day > min(changed)}
        if reads is Reads.DELIVERIES:
            # An event day that a delivery no longer brings lies among the late limit's days before it.
            return candidates & (self._brought_by(i.table, changed) | _spread(changed, candidates, self._limits.late_days, 1))
        before, after = self._around(i)
        return candidates & _spread(changed, candidates, after, before)

    def _brought_by(self, records: Table, delivery_days: Iterable[str]) -> set[str]:
        """The event days of the deliveries' kept records."""
        entries = self._ledger.days(records)
        return {day for one in delivery_days if one in entries for day in entries[one].content.details}

    def _around(self, i: Input) -> tuple[int | None, int]:
        """Days before and after the output day that it reads; None for all earlier ones."""
        if i.days.reads is Reads.REPEATS:
            return self._limits.repeat_days, 0
        return i.days.before, i.days.after

    def days_to_read(self, i: Input, output_days: Iterable[str]) -> list[date] | None:
        """The days of the input that the output days read, of those that exist; None for all of them."""
        existing = list(self._ledger.days(i.table))
        if i.table.day_column is None or i.days.reads in (Reads.WHOLE, Reads.VALID_AT_AS_OF, Reads.BEGUN) or WHOLE in existing:
            return None
        chosen = self.read_for(i, output_days)
        return None if len(chosen) == len(existing) else [date.fromisoformat(day) for day in sorted(chosen)]

    def _read_by(self, i: Input, output: str, existing: Sequence[str]) -> Sequence[str]:
        """The input's existing days, given in their order, that one output day reads."""
        if i.days.reads is Reads.DELIVERIES:
            entries = self._ledger.days(i.table)
            return [day for day in existing if output in entries[day].content.details]
        return existing[slice(*self._bounds(i, output, existing))]

    def _bounds(self, i: Input, output: str, existing: Sequence[str]) -> tuple[int, int]:
        """Where the days that one output day reads begin and end among the existing ones; none of deliveries."""
        if i.days.reads in (Reads.WHOLE, Reads.BEGUN):
            return 0, len(existing)
        if i.days.reads is Reads.PREVIOUS_AS_OF:
            end = bisect_left(existing, output)
            return max(end - 1, 0), end
        if i.days.reads is Reads.UNTIL_AS_OF:
            n_days = self._windows[i.days.window] if i.days.window else i.days.window_days
            first = _shift(output, -n_days) if n_days else ""
            return bisect_left(existing, first), bisect_left(existing, output)
        before, after = self._around(i)
        first, last = "" if before is None else _shift(output, -before), _shift(output, after)
        return bisect_left(existing, first), bisect_right(existing, last)

    def _input_digests(self, table: Table, day: str) -> dict[str, str]:
        digests = {i.digest_name: self._input_digest(i, day) for i in table.reads}
        weighing = models.weighing(table)
        taken = (*models.serving(table), *((weighing,) if weighing else ()))
        return digests | {one.published_name: str(self._models[one.name]) for one in taken if one.name in self._models}

    def _is_fed_on(self, table: Table, day: str) -> bool:
        """Whether an input holds a row of the day itself; dimensions and windows count only where no input has such days."""
        feeding = [i for i in table.reads if i.feeds]
        own = [i for i in feeding if i.days.is_by_day or i.days.reads is Reads.DELIVERIES]
        return any(self._n_rows_on(i, day) for i in own or feeding)

    def _n_rows_on(self, i: Input, day: str) -> int:
        known = self._known(i.table)
        if i.days.reads is Reads.DELIVERIES:
            return sum(known.entries[delivery].content.details[day].n_rows for delivery in known.brought_by.get(day, ()))
        if i.days.is_by_day:
            return known.entries[day].content.digest.n_rows if day in known.entries else 0
        return known.n_rows

    def _input_digest(self, i: Input, output: str) -> str:
        known = self._known(i.table)
        if WHOLE in known.entries:
            if (ahead := known.ahead(WHOLE)) is not None:
                return ahead
            if i.days.reads is Reads.VALID_AT_AS_OF and i.table.is_validity:
                return str(known.valid_at(output))
            if i.days.reads is Reads.BEGUN and i.table.is_validity:
                return known.changed_until(_shift(output, i.days.after))
            return str(known.entries[WHOLE].content.digest)
        if i.days.reads is Reads.DELIVERIES:
            brought = known.brought_by.get(output, ())
            parts = [f"{day}={known.ahead(day) or known.entries[day].content.details[output]}" for day in brought]
        else:
            parts = list(filter(None, known.parts[slice(*self._bounds(i, output, known.days))]))
        return hashlib.sha256(";".join(parts).encode()).hexdigest()[:16]

    def _known(self, table: Table) -> KnownDays:
        """The days of the table as they stand; made anew when an entry or the version that is read has changed."""
        entries, version = self._ledger.days(table), None if self.versions is None else self.versions.get(table.name, -1)
        known = self._days.get(table.name)
        if known is None or known.entries is not entries or known.version != version:
            known = self._days[table.name] = KnownDays(entries, version)
        return known

    def why_stale(self, table: Table, day: str) -> str:
        """Why the day would be built anew, whatever the run's scope; blank if it would not."""
        entry, digests = self._ledger.days(table).get(day), self._digests(table)
        return self._why_stale(table, day, entry, digests, self._inputs_now(table, day, digests))

    def _inputs_now(self, table: Table, day: str, digests: Digests) -> dict[str, str]:
        """The digests of what the day reads, of tables, models and catalogues."""
        return {**self._input_digests(table, day), **digests.catalogues}

    def _why_stale(self, table: Table, day: str, entry: Entry | None, digests: Digests, inputs: dict[str, str]) -> str:
        if entry is None:
            return "never built"
        if self._scope.force:
            return "forced"
        if not table.is_restated:
            return self._why_served_anew(table, day, entry, inputs)
        moved = [name for name in sorted(inputs) if entry.input_digests.get(name) != inputs[name]]
        if moved and table.is_as_of and not self._is_newest(table, day):
            moved = [name for name in moved if name not in digests.catalogues]
        return ", ".join([*_made_otherwise(entry, digests), *(f"{name} changed" for name in moved)])

    def _why_served_anew(self, table: Table, day: str, entry: Entry, inputs: Mapping[str, str]) -> str:
        """Rows once served stay, whatever changed behind them; but the newest as_of follows a promotion and a changed item."""
        if not self._is_newest(table, day):
            return ""
        # A model that was declared since has no champion, as one that was declared before and never promoted.
        before = {name: str(None) for name in inputs if name.startswith(models.PREFIX)} | entry.input_digests
        served = [name for name in sorted(inputs) if name.startswith((models.PREFIX, "catalogue:"))]
        return ", ".join(f"{name} changed" for name in served if before.get(name) != inputs[name])

    def _is_newest(self, table: Table, day: str) -> bool:
        """Whether no later as_of of the table was built or is asked for."""
        return day == max({*self._ledger.days(table), *map(str, self._scope.as_ofs)})


def counted(whys: Iterable[str]) -> str:
    """Reasons with how many days each holds for.

    Examples
    --------
    >>> counted(["code changed", "never built", "code changed"])
    'code changed (2); never built (1)'
    """
    return "; ".join(f"{why} ({n})" for why, n in sorted(Counter(whys).items()))


def _by_day(table: Table) -> list[Input]:
    """The inputs of which a day of the table reads days around it."""
    return [i for i in table.reads if i.days.is_by_day]


def _made_otherwise(entry: Entry, digests: Digests) -> list[str]:
    changes = {
        CODE_CHANGED: entry.code_digest != digests.code,
        "settings changed": entry.settings_digest != digests.settings,
        "suite changed": entry.suite_digest != digests.suite,
    }
    return [why for why, is_so in changes.items() if is_so]


@lru_cache(maxsize=65536)
def _shift(day: str, n_days: int) -> str:
    return str(date.fromisoformat(day) + timedelta(days=n_days))


def _spread(changed: set[str], candidates: set[str], back: int | None, ahead: int | None) -> set[str]:
    """The candidates within `back` days before or `ahead` days after a changed day; None reaches any distance."""
    if back is None:
        return {day for day in candidates if day <= max(changed)}
    if ahead is None:
        return {day for day in candidates if day >= min(changed)}
    return {_shift(day, n) for day in changed for n in range(-back, ahead + 1)}


def limits_of(sources: Mapping[str, Any]) -> Limits:
    """The widest limits of the lake's sources: a day must see everything that may reach it."""
    if any(source.historical for source in sources.values()):
        return Limits(None, None)
    return Limits(
        max((source.late_limit_days for source in sources.values()), default=0),
        max((source.repeat_days for source in sources.values()), default=0),
    )


def require_table(name: str) -> Table:
    """The table of that name.

    Raises
    ------
    UsageError
        When there is none.
    """
    if name not in BY_NAME:
        close = difflib.get_close_matches(name, BY_NAME, n=1) or [n for n in BY_NAME if n.partition(".")[2] == name][:1]
        hint = f"did you mean {close[0]}?" if close else "reclake tables lists them"
        raise UsageError(f"there is no table {name!r}", f"{len(BY_NAME)} tables are declared", hint)
    return BY_NAME[name]


def require_of_daily_stages(names: Iterable[str]) -> None:
    """Stop at a table that no stage of a day builds.

    Raises
    ------
    UsageError
        When there is none of a name, or it is built otherwise.
    """
    for table in map(require_table, names):
        if table.stage not in STAGES:
            raise UsageError(
                f"no stage of a day builds {table.name}",
                f"it belongs to {table.stage}",
                "leave it out; reclake tables lists them",
            )
