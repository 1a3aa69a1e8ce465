"""The whole suite of a table: the rules that follow from its declaration, and those of its file. No Spark."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from reclake.tables import Table

from .forms import value_rules
from .kinds import NOT_NULL, ROW_COUNT, Expectation, expectation
from .particular import Particular, SuiteRefused, read_particular


def whole_suite(directory: Path, table: Table) -> dict[str, Any]:
    """The table's suite in the form of Great Expectations; rules about rows come first, then columns in declared order.

    Raises
    ------
    SuiteRefused
        When the table's file is missing, unreadable or of another table, holds fewer expectations than it states, repeats a
        derived rule, or overrules one that does not exist: all problems at once.
    """
    particular = read_particular(directory, table)
    by_column = {field.name: list(value_rules(table, field)) for field in table.fields}
    if problems := list(_misuses(particular, by_column, table)):
        raise SuiteRefused("; ".join(problems))
    about_values = [rule for name, rules in by_column.items() if name not in particular.overrules for rule in rules]
    expectations = _in_order(table, [*_required_rules(table), *about_values], particular.expectations)
    if not expectations:
        raise SuiteRefused("it holds no expectations")
    meta = {"table": table.name, "n_expectations": len(expectations), "floor": table.min_rows}
    return {"name": table.name, "meta": meta, "expectations": expectations}


def written_form(suite: Mapping[str, Any]) -> str:
    """A whole suite as JSON: two blanks, one newline at the end, what Great Expectations adds left out."""
    meta = {key: value for key, value in suite["meta"].items() if key != "great_expectations_version"}
    expectations = [{key: e[key] for key in ("type", "kwargs", "meta", "severity")} for e in suite["expectations"]]
    return json.dumps({"name": suite["name"], "meta": meta, "expectations": expectations}, indent=2, ensure_ascii=False) + "\n"


def _required_rules(table: Table) -> Iterator[Expectation]:
    """The floor on rows, and that required columns hold no null."""
    if table.min_rows:
        yield expectation(ROW_COUNT, {"min_value": table.min_rows})
    yield from (expectation(NOT_NULL, {"column": name}) for name in table.required)


def _misuses(particular: Particular, by_column: Mapping[str, Sequence[Expectation]], table: Table) -> Iterator[str]:
    for column in particular.overrules:
        if not by_column.get(column):
            yield f"it overrules {column}, about whose values nothing is derived"
    derived = [*_required_rules(table), *(rule for rules in by_column.values() for rule in rules)]
    same = [(rule["type"], rule["kwargs"]) for rule in derived]
    for number, own in enumerate(particular.expectations, start=1):
        if (own["type"], own["kwargs"]) in same:
            yield f"expectation {number} is derived already: leave it out, or change what the declaration says"


def _in_order(table: Table, derived: Sequence[Expectation], own: Sequence[Expectation]) -> list[Expectation]:
    """Rows, required columns, values by column, pairs, conditional rules; derived before own ones, these as their file has them.

    The digest of a suite follows this order: another order would restate every day of every table.
    """
    places = {field.name: place for place, field in enumerate(table.fields)}

    def place(rule: Expectation, *, is_derived: bool) -> tuple[int, int]:
        kwargs, is_required = rule["kwargs"], rule["type"] == NOT_NULL
        if "row_condition" in kwargs:
            return (4 if is_required else 5), 0
        column = kwargs.get("column") or (kwargs.get("column_A") if is_derived else None)
        if column is None:
            return (0 if rule["type"] == ROW_COUNT else 3), 0
        return (1 if is_required else 2), places.get(column, len(places))

    placed = [(place(rule, is_derived=True), rule) for rule in derived] + [(place(rule, is_derived=False), rule) for rule in own]
    return [rule for _, rule in sorted(placed, key=lambda one: one[0])]
