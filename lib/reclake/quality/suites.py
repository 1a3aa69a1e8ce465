"""Suites as the gate reads them: refused unless they are whole and their rules fit the table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from reclake.tables import Table

from .kinds import ROW_COUNT, Expectation
from .particular import SuiteRefused
from .rules import Rule
from .whole import whole_suite


@dataclass(frozen=True, slots=True)
class Suite:
    """The rules of one table."""

    table: str
    rules: tuple[Rule, ...]

    @property
    def floor(self) -> int:
        """Rows below which a frame is stopped; 0 where it may be empty."""
        floors = [rule.kwargs["min_value"] for rule in self.rules if rule.type == ROW_COUNT and rule.severity == "critical"]
        return max(floors, default=0)

    @property
    def conditions(self) -> tuple[str, ...]:
        """The distinct conditions of its conditional rules, in order."""
        return tuple(dict.fromkeys(rule.condition for rule in self.rules if rule.condition))


def load_suite(directory: Path, table: Table) -> Suite:
    """The table's whole suite.

    Raises
    ------
    SuiteRefused
        When its file must be refused (`whole_suite`), or a rule does not fit the table: all problems at once.
    """
    rules = tuple(map(_rule, whole_suite(directory, table)["expectations"]))
    if problems := [problem for rule in rules for problem in rule.problems(table)]:
        raise SuiteRefused("; ".join(problems))
    return Suite(table.name, rules)


def _rule(expectation: Expectation) -> Rule:
    meta = expectation["meta"]
    return Rule(
        expectation["type"], expectation["kwargs"], expectation["severity"], meta.get("min_matching_rows"), meta.get("reason", "")
    )
