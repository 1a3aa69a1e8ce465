"""The rule by which a source's ids are written in one form: noted with what was made by it, changed by restating all of it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from reclake.errors import UsageError
from reclake.lake.entries import Entries
from reclake.sources.source import Source
from reclake.tables import Table, silver

logger = logging.getLogger("reclake")
_FIRST = 1  # of rows from before the rule was noted


@dataclass(frozen=True, slots=True)
class RuleChange:
    """Days of records tables whose ids were made by another rule than the source states now."""

    source: str
    now: int
    days: Mapping[str, tuple[str, ...]]  # records table → its days, sorted
    gone: tuple[str, ...]  # those of them whose raw records are gone

    @property
    def which(self) -> str:
        """The first and the last of all days."""
        every = sorted({day for days in self.days.values() for day in days})
        return f"{every[0]} … {every[-1]}"

    @property
    def text(self) -> str:
        """What is restated, and what must follow."""
        counted = ", ".join(f"{name} ({len(days)} days)" for name, days in self.days.items())
        return (
            f"source {self.source}: ids of {self.which} were made by another rule than id_rule = {self.now}, and are restated: "
            f"{counted}, and all that reads them; a run without days restates all, and a training is needed afterwards"
        )


def noted_rules(sources: Mapping[str, Source], table: Table) -> dict[str, int]:
    """What the ledger entries of a records table note beside its input versions; nothing for other tables."""
    if table not in silver.RECORDS:
        return {}
    noun = silver.raw_of(table).noun
    return {_note(name): source.id_rule for name, source in sources.items() if source.feeds_of(noun)}


def _note(source: str) -> str:
    return f"id_rule:{source}"


def changed_rules(ledger: Entries, sources: Mapping[str, Source]) -> list[RuleChange]:
    """One per source that states another rule than its rows were made by."""
    found = []
    for name, source in sorted(sources.items()):
        days: dict[str, tuple[str, ...]] = {}
        gone: set[str] = set()
        for table in silver.RECORDS:
            raw = silver.raw_of(table)
            delivered = ledger.ever(raw)
            of_source = {day for day, entry in delivered.items() if f"source:{name}" in entry.input_versions}
            other = sorted(
                day
                for day, entry in ledger.days(table).items()
                if day in of_source and entry.input_versions.get(_note(name), _FIRST) != source.id_rule
            )
            if other:
                days[table.name] = tuple(other)
                gone |= set(other).intersection(ledger.expired(raw))
        if days:
            found.append(RuleChange(name, source.id_rule, days, tuple(sorted(gone))))
    return found


def require_rules_can_change(ledger: Entries, sources: Mapping[str, Source]) -> list[RuleChange]:
    """The changes of rules that a run will restate, told as warnings.

    Raises
    ------
    UsageError
        When raw days of such a source are gone: people before and after them would be two.
    """
    changes = changed_rules(ledger, sources)
    for change in changes:
        if change.gone:
            raise UsageError(
                f"the id_rule of source {change.source} cannot be changed",
                found=f"raw records of {change.gone[0]} to {change.gone[-1]} are gone, whose ids were made by another rule "
                f"than {change.now}",
                next_step=f"state id_rule = {_other(change.now)} in conf/sources/{change.source}.toml",
            )
        logger.warning("%s", change.text)
    return changes


def _other(rule: int) -> int:
    return 1 if rule == 2 else 2
