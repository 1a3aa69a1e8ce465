"""Suites: one file per table, refused unless it is whole and its rules fit the table."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reclake.tables import Table

from .rules import Rule

_SEVERITIES = ("critical", "warning", "info")


class SuiteRefused(Exception):
    """A suite that must not judge: it would pass on nothing, or judges another table."""


@dataclass(frozen=True, slots=True)
class Suite:
    """The rules of one table, and the floor on its rows."""

    table: str
    rules: tuple[Rule, ...]
    floor: int

    @property
    def conditions(self) -> tuple[str, ...]:
        """The distinct conditions of its conditional rules, in order."""
        return tuple(dict.fromkeys(rule.condition for rule in self.rules if rule.condition))


def suite_path(directory: Path, table: Table) -> Path:
    """Where the table's suite lies."""
    return directory / f"{table.name}.json"


def load_suite(directory: Path, table: Table) -> Suite:
    """The table's suite.

    Raises
    ------
    SuiteRefused
        When the file is missing, unreadable or of another table, holds fewer rules than it declares or none, or a rule
        that does not fit: all problems at once.
    """
    try:
        written = json.loads(suite_path(directory, table).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SuiteRefused("its file is missing") from None
    except (OSError, ValueError) as error:
        raise SuiteRefused(f"its file cannot be read ({type(error).__name__})") from None
    if problems := list(_malformed(written, table)):
        raise SuiteRefused("; ".join(problems))
    rules = tuple(_rule(expectation) for expectation in written["expectations"])
    if problems := [problem for rule in rules for problem in rule.problems(table)]:
        raise SuiteRefused("; ".join(problems))
    return Suite(table.name, rules, written["meta"]["floor"])


def written_form(suite: Mapping[str, Any]) -> str:
    """A suite as its file writes it: two blanks, one newline at the end, what Great Expectations adds left out."""
    meta = {key: value for key, value in suite["meta"].items() if key != "great_expectations_version"}
    expectations = [{key: e[key] for key in ("type", "kwargs", "meta", "severity")} for e in suite["expectations"]]
    return json.dumps({"name": suite["name"], "meta": meta, "expectations": expectations}, indent=2, ensure_ascii=False) + "\n"


def _malformed(written: Any, table: Table) -> Iterator[str]:
    if not isinstance(written, dict) or set(written) != {"name", "meta", "expectations"}:
        yield "its file is no object of name, meta and expectations"
        return
    meta, expectations = written["meta"], written["expectations"]
    if not isinstance(meta, dict) or {written["name"], meta.get("table")} != {table.name}:
        yield "it is of another table"
        return
    if not isinstance(expectations, list) or not expectations:
        yield "it holds no expectations"
        return
    if meta.get("n_expectations") != len(expectations):
        yield f"it holds {len(expectations)} expectations and declares {meta.get('n_expectations')}"
    floor = meta.get("floor")
    if type(floor) is not int or floor < table.min_rows:
        yield f"its floor is {floor!r}, that of the table {table.min_rows}"
    yield from (f"expectation {number} is malformed" for number, e in enumerate(expectations, start=1) if not _is_whole(e))


def _is_whole(expectation: Any) -> bool:
    return (
        isinstance(expectation, dict)
        and set(expectation) == {"type", "kwargs", "meta", "severity"}
        and isinstance(expectation["type"], str)
        and isinstance(expectation["kwargs"], dict)
        and isinstance(expectation["meta"], dict)
        and expectation["severity"] in _SEVERITIES
    )


def _rule(expectation: Mapping[str, Any]) -> Rule:
    meta = expectation["meta"]
    return Rule(
        expectation["type"], expectation["kwargs"], expectation["severity"], meta.get("min_matching_rows"), meta.get("reason", "")
    )
