"""The expectations that a suite may hold: what each says, whether it fits its column, and which rows are against it.

The list is closed. A rule whose values do not fit its column's type is refused before Spark sees it: under ANSI the
comparison would cast the column and print the value that does not fit into the log.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from pyspark.sql import Column
from pyspark.sql import functions as F

from reclake.tables import Field, Table

from .conditions import condition_problems

_ROW_COUNT = "expect_table_row_count_to_be_between"
_NOT_NULL = "expect_column_values_to_not_be_null"
_NULL = "expect_column_values_to_be_null"
_IN_SET = "expect_column_values_to_be_in_set"
_BETWEEN = "expect_column_values_to_be_between"
_MATCHES = "expect_column_values_to_match_regex"
_NOT_MATCHES = "expect_column_values_to_not_match_regex"
_AT_LEAST = "expect_column_pair_values_a_to_be_greater_than_b"
_PAIR_OPTIONS = {"or_equal": True, "ignore_row_if": "either_value_is_missing"}
_OWN_KWARGS: Mapping[str, frozenset[str]] = {
    _ROW_COUNT: frozenset({"min_value", "max_value"}),
    _NOT_NULL: frozenset({"column"}),
    _NULL: frozenset({"column"}),
    _IN_SET: frozenset({"column", "value_set"}),
    _BETWEEN: frozenset({"column", "min_value", "max_value"}),
    _MATCHES: frozenset({"column", "regex"}),
    _NOT_MATCHES: frozenset({"column", "regex"}),
    _AT_LEAST: frozenset({"column_A", "column_B", "or_equal", "ignore_row_if"}),
}
_ALL_KWARGS = frozenset({"mostly", "row_condition", "condition_parser"})
_NUMBER = re.compile(r"^(integer|long|double|decimal\(\d+,\d+\))$")
TYPES = tuple(_OWN_KWARGS)


@dataclass(frozen=True, slots=True)
class Rule:
    """One expectation of a suite, as its file writes it."""

    type: str
    kwargs: Mapping[str, Any]
    severity: Literal["critical", "warning", "info"]
    min_matching_rows: int | None = None  # of a conditional rule: the floor on rows that its condition must find
    reason: str = ""  # why the rule tolerates exceptions, or a condition that may find nothing

    @property
    def condition(self) -> str | None:
        """The rows that it judges, as a Spark predicate of a closed grammar (`conditions`); None for all."""
        condition = self.kwargs.get("row_condition")
        chosen = condition.get("pass_through_filter") if isinstance(condition, Mapping) else condition
        return chosen if isinstance(chosen, str) else None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it judges."""
        return tuple(self.kwargs[name] for name in ("column", "column_A", "column_B") if name in self.kwargs)

    @property
    def text(self) -> str:
        """The rule as a phrase."""
        where = f" where {self.condition}" if self.condition else ""
        mostly = f" in {self.kwargs['mostly']:.2%} of rows" if "mostly" in self.kwargs else ""
        return _phrase(self.type, self.kwargs) + where + mostly

    def is_against(self, table: Table) -> Column | None:
        """Whether a row is against the rule, never null; None for a rule about the whole frame. Null values are not judged."""
        if self.type == _ROW_COUNT:
            return None
        against = _AGAINST[self.type](self.kwargs, {field.name: field for field in table.fields})
        judged = F.expr(self.condition) if self.condition else F.lit(True)
        return F.coalesce(judged & against, F.lit(False))

    def problems(self, table: Table) -> Iterator[str]:
        """Everything for which the rule must be refused."""
        own = _OWN_KWARGS.get(self.type)
        if own is None:
            yield f"{self.type} is not among the rules that a gate knows"
            return
        if unknown := set(self.kwargs) - own - _ALL_KWARGS:
            yield f"{self.type}: unknown {sorted(unknown)}"
        if self.type != _ROW_COUNT and (missing := own - set(self.kwargs)):
            yield f"{self.type}: {sorted(missing)} missing"
            return
        if undeclared := set(self.columns) - {field.name for field in table.fields}:
            yield f"{self.type}: {sorted(undeclared)} not declared"
            return
        yield from self._open_doors(table)
        yield from (f"{self.text}: {problem}" for problem in _misfits(self, table))

    def _open_doors(self, table: Table) -> Iterator[str]:
        mostly = self.kwargs.get("mostly", 1)
        if mostly != 1 and not (self.reason and 0 < mostly < 1):
            yield f"{self.text}: mostly below 1 needs a reason in its meta"
        if "row_condition" in self.kwargs:
            if not self.condition or self.kwargs.get("condition_parser") != "spark":
                yield f"{self.text}: a condition is a predicate with condition_parser spark"
            else:
                yield from (f"{self.text}: {problem}" for problem in condition_problems(self.condition, table))
            if self.min_matching_rows is None:
                yield f"{self.text}: a condition needs min_matching_rows in its meta"
            elif self.min_matching_rows < 1 and not self.reason:
                yield f"{self.text}: min_matching_rows 0 needs a reason in its meta"


def _phrase(kind: str, kwargs: Mapping[str, Any]) -> str:
    column = kwargs.get("column", "")
    return {
        _ROW_COUNT: lambda: f"rows are at least {kwargs.get('min_value', 0):,}",
        _NOT_NULL: lambda: f"{column} is not null",
        _NULL: lambda: f"{column} is null",
        _IN_SET: lambda: f"{column} is one of {', '.join(map(str, kwargs['value_set']))}",
        _BETWEEN: lambda: f"{column} is between {kwargs['min_value']} and {kwargs['max_value']}",
        _MATCHES: lambda: f"{column} matches {kwargs['regex']}",
        _NOT_MATCHES: lambda: f"{column} does not match {kwargs['regex']}",
        _AT_LEAST: lambda: f"{kwargs['column_A']} is at least {kwargs['column_B']}",
    }[kind]()


def _outside(kwargs: Mapping[str, Any], fields: Mapping[str, Field]) -> Column:
    column, type_ = F.col(kwargs["column"]), fields[kwargs["column"]].type
    low, high = (F.lit(kwargs[name]).cast("double" if _NUMBER.match(type_) else type_) for name in ("min_value", "max_value"))
    return (column < low) | (column > high)


_AGAINST: Mapping[str, Callable[[Mapping[str, Any], Mapping[str, Field]], Column]] = {
    _NOT_NULL: lambda kwargs, _: F.col(kwargs["column"]).isNull(),
    _NULL: lambda kwargs, _: F.col(kwargs["column"]).isNotNull(),
    _IN_SET: lambda kwargs, _: ~F.col(kwargs["column"]).isin(list(kwargs["value_set"])),
    _BETWEEN: _outside,
    _MATCHES: lambda kwargs, _: ~F.col(kwargs["column"]).rlike(kwargs["regex"]),
    _NOT_MATCHES: lambda kwargs, _: F.col(kwargs["column"]).rlike(kwargs["regex"]),
    _AT_LEAST: lambda kwargs, _: F.col(kwargs["column_A"]) < F.col(kwargs["column_B"]),
}


def _misfits(rule: Rule, table: Table) -> Iterator[str]:
    """Where the rule's values do not fit the declared types."""
    types = {field.name: field.type for field in table.fields}
    judged = [types[name] for name in rule.columns]
    if rule.type in (_MATCHES, _NOT_MATCHES) and judged != ["string"]:
        yield f"a pattern needs a string column, not {judged[0]}"
    if rule.type == _AT_LEAST:
        if len(set(judged)) != 1:
            yield f"columns of two types, {judged[0]} and {judged[1]}"
        if any(rule.kwargs[name] != value for name, value in _PAIR_OPTIONS.items()):
            yield f"a pair is judged with {_PAIR_OPTIONS}"
    if rule.type == _IN_SET and not (rule.kwargs["value_set"] and all(_fits(v, judged[0]) for v in rule.kwargs["value_set"])):
        yield f"values that are no {judged[0]}"
    bounds = [rule.kwargs.get(name) for name in ("min_value", "max_value")]
    if rule.type == _BETWEEN and not all(_fits(bound, judged[0]) for bound in bounds):
        yield f"it needs both bounds, each a {judged[0]}"  # infinity and NaN pass where a bound is missing
    if rule.type == _ROW_COUNT and not (_fits(bounds[0], "long") and bounds[0] is not None and bounds[0] >= 1):
        yield "a floor on rows below 1 says nothing"


def _fits(value: Any, type_: str) -> bool:
    if _NUMBER.match(type_):
        return isinstance(value, int | float) and not isinstance(value, bool)
    if type_ in ("date", "timestamp"):
        return isinstance(value, str) and _is_iso(value, date if type_ == "date" else datetime)
    return isinstance(value, {"string": str, "boolean": bool}.get(type_, ()))


def _is_iso(text: str, kind: type[date]) -> bool:
    try:
        return kind.fromisoformat(text) is not None
    except ValueError:
        return False
