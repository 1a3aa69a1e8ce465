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
from .kinds import AT_LEAST, BETWEEN, IN_SET, MATCHES, NOT_MATCHES, NOT_NULL, NULL, PAIR_OPTIONS, ROW_COUNT

_OWN_KWARGS: Mapping[str, frozenset[str]] = {
    ROW_COUNT: frozenset({"min_value", "max_value"}),
    NOT_NULL: frozenset({"column"}),
    NULL: frozenset({"column"}),
    IN_SET: frozenset({"column", "value_set"}),
    BETWEEN: frozenset({"column", "min_value", "max_value"}),
    MATCHES: frozenset({"column", "regex"}),
    NOT_MATCHES: frozenset({"column", "regex"}),
    AT_LEAST: frozenset({"column_A", "column_B", "or_equal", "ignore_row_if"}),
}
_ALL_KWARGS = frozenset({"mostly", "row_condition", "condition_parser"})
_NUMBER = re.compile(r"^(integer|long|double|decimal\(\d+,\d+\))$")
TYPES = tuple(_OWN_KWARGS)


@dataclass(frozen=True, slots=True)
class Rule:
    """One expectation of a whole suite."""

    type: str
    kwargs: Mapping[str, Any]
    severity: Literal["critical", "warning", "info"]
    min_matching_rows: int | None = None  # of a conditional rule: the floor on rows that its condition must find
    reason: str = ""  # why the rule tolerates exceptions, or a condition that may find nothing

    @property
    def condition(self) -> str | None:
        """The rows that it judges, as a Spark predicate of a closed grammar (`conditions`); None for all."""
        condition: str | None = self.kwargs.get("row_condition", {}).get("pass_through_filter")
        return condition

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
        if self.type == ROW_COUNT:
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
        if self.type != ROW_COUNT and (missing := own - set(self.kwargs)):
            yield f"{self.type}: {sorted(missing)} missing"
            return
        if self.type == ROW_COUNT and not _is_floor(self.kwargs.get("min_value")):
            yield f"{self.type}: a floor on rows below 1 says nothing"
            return
        if undeclared := set(self.columns) - {field.name for field in table.fields}:
            yield f"{self.type}: {sorted(undeclared)} not declared"
            return
        yield from self._open_doors(table)
        yield from (f"{self.text}: {problem}" for problem in _misfits(self, table))

    def _open_doors(self, table: Table) -> Iterator[str]:
        mostly = self.kwargs.get("mostly", 1)
        if mostly != 1 and not (self.reason and 0 < mostly < 1):
            yield f"{self.text}: mostly below 1 needs a reason"
        if self.condition:
            yield from (f"{self.text}: {problem}" for problem in condition_problems(self.condition, table))
            if self.min_matching_rows is None:
                yield f"{self.text}: a condition needs min_matching_rows"
            elif self.min_matching_rows < 1 and not self.reason:
                yield f"{self.text}: min_matching_rows 0 needs a reason"


def _phrase(kind: str, kwargs: Mapping[str, Any]) -> str:
    column = kwargs.get("column", "")
    return {
        ROW_COUNT: lambda: f"rows are at least {kwargs.get('min_value', 0):,}",
        NOT_NULL: lambda: f"{column} is not null",
        NULL: lambda: f"{column} is null",
        IN_SET: lambda: f"{column} is one of {', '.join(map(str, kwargs['value_set']))}",
        BETWEEN: lambda: f"{column} is between {kwargs['min_value']} and {kwargs['max_value']}",
        MATCHES: lambda: f"{column} matches {kwargs['regex']}",
        NOT_MATCHES: lambda: f"{column} does not match {kwargs['regex']}",
        AT_LEAST: lambda: f"{kwargs['column_A']} is at least {kwargs['column_B']}",
    }[kind]()


def _outside(kwargs: Mapping[str, Any], fields: Mapping[str, Field]) -> Column:
    column, type_ = F.col(kwargs["column"]), fields[kwargs["column"]].type
    low, high = (F.lit(kwargs[name]).cast("double" if _NUMBER.match(type_) else type_) for name in ("min_value", "max_value"))
    return (column < low) | (column > high)


_AGAINST: Mapping[str, Callable[[Mapping[str, Any], Mapping[str, Field]], Column]] = {
    NOT_NULL: lambda kwargs, _: F.col(kwargs["column"]).isNull(),
    NULL: lambda kwargs, _: F.col(kwargs["column"]).isNotNull(),
    IN_SET: lambda kwargs, _: ~F.col(kwargs["column"]).isin(list(kwargs["value_set"])),
    BETWEEN: _outside,
    MATCHES: lambda kwargs, _: ~F.col(kwargs["column"]).rlike(kwargs["regex"]),
    NOT_MATCHES: lambda kwargs, _: F.col(kwargs["column"]).rlike(kwargs["regex"]),
    AT_LEAST: lambda kwargs, _: F.col(kwargs["column_A"]) < F.col(kwargs["column_B"]),
}


def _misfits(rule: Rule, table: Table) -> Iterator[str]:
    """Where the rule's values do not fit the declared types."""
    types = {field.name: field.type for field in table.fields}
    judged = [types[name] for name in rule.columns]
    if rule.type in (MATCHES, NOT_MATCHES) and judged != ["string"]:
        yield f"a pattern needs a string column, not {judged[0]}"
    if rule.type == AT_LEAST:
        if len(set(judged)) != 1:
            yield f"columns of two types, {judged[0]} and {judged[1]}"
        if any(rule.kwargs[name] != value for name, value in PAIR_OPTIONS.items()):
            yield f"a pair is judged with {PAIR_OPTIONS}"
    if rule.type == IN_SET and not (rule.kwargs["value_set"] and all(_fits(v, judged[0]) for v in rule.kwargs["value_set"])):
        yield f"values that are no {judged[0]}"
    bounds = [rule.kwargs.get(name) for name in ("min_value", "max_value")]
    if rule.type == BETWEEN and not all(_fits(bound, judged[0]) for bound in bounds):
        yield f"it needs both bounds, each a {judged[0]}"  # infinity and NaN pass where a bound is missing


def _is_floor(value: Any) -> bool:
    return type(value) is int and value >= 1


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
