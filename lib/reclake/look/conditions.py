"""What `--where` asks for: a column, a comparison and values of the column's type."""

from __future__ import annotations

import difflib
import operator
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from reclake.errors import UsageError
from reclake.tables import Field, Privacy, Table

_WRITTEN = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*(!=|<=|>=|=|<|>|\bin\b)\s*(.*?)\s*\Z", re.DOTALL)
_COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge,
}  # fmt: skip
_FORM = "write --where column=value; also !=, <, <=, >, >= and 'column in a,b'"


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison. A null meets `!=` alone; an empty value stands for null."""

    column: str
    comparison: str  # =, !=, <, <=, >, >= or in
    values: tuple[Any, ...]
    is_list: bool = False  # of a column that holds a list: one of its items is compared
    or_null: bool = False  # whether a null meets it as well

    def is_met_by(self, value: Any) -> bool:
        """Whether a value of the column meets it; for days that a file's name states, before the file is opened."""
        if self.comparison == "in":
            return any(_equal(value, one) for one in self.values)
        (wanted,) = self.values
        if self.comparison in ("=", "!="):
            return _equal(value, wanted) is (self.comparison == "=")
        if value is None:
            return self.or_null
        return wanted is not None and _COMPARED[self.comparison](value, wanted)

    @property
    def sql(self) -> str:
        """The same for DuckDB, with a place for each of `parameters`."""
        column = quoted(self.column)
        if self.is_list:
            parts = " OR ".join(f"coalesce(list_contains({column}, ?), false)" for _ in self.parameters) or "false"
            empty = [f"coalesce(len({column}), 0) = 0"] if None in self.values else []
            found = " OR ".join([parts, *empty])
            return f"NOT ({found})" if self.comparison == "!=" else f"({found})"
        if self.comparison in ("=", "!=", "in"):
            places = ", ".join("?" for _ in self.parameters)
            parts = f"coalesce({column} IN ({places}), false)" if places else "false"
            found = f"({parts} OR {column} IS NULL)" if None in self.values else f"({parts})"
            return f"NOT {found}" if self.comparison == "!=" else found
        null = "true" if self.or_null else "false"
        return f"coalesce({column} {self.comparison} ?, {null})" if self.parameters else null

    @property
    def parameters(self) -> tuple[Any, ...]:
        """The values that stand in `sql`."""
        return tuple(value for value in self.values if value is not None)


def quoted(name: str) -> str:
    """A column's name as SQL."""
    return '"' + name.replace('"', '""') + '"'


def all_of(where: Sequence[Condition]) -> str:
    """The conditions as one of SQL."""
    return " AND ".join(condition.sql for condition in where) or "true"


def parameters_of(where: Sequence[Condition]) -> list[Any]:
    """The values that stand in `all_of`."""
    return [value for condition in where for value in condition.parameters]


def conditions_of(table: Table, written: Iterable[str]) -> tuple[Condition, ...]:
    """The conditions that were written, all of which hold.

    Raises
    ------
    UsageError
        When one is of another form, or names no column that may be shown, or its value is not of the column's type.
    """
    return tuple(_condition(table, text) for text in written)


def readable(table: Table) -> list[str]:
    """The columns that may be shown: neither raw records nor what reaches a person."""
    return [f.name for f in table.fields if f.privacy not in (Privacy.RAW, Privacy.CONTACT)]


def columns_of(table: Table, asked: Collection[str]) -> list[str]:
    """The named columns in the order named; `all` for every readable one.

    Raises
    ------
    UsageError
        When one cannot be shown.
    """
    names = [name.strip() for text in asked for name in text.split(",") if name.strip()]
    if names == ["all"]:
        return readable(table)
    for name in names:
        require_column(table, name, option=f"--columns {name}")
    return names


def require_column(table: Table, name: str, *, option: str) -> Field:
    """The readable column of that name.

    Raises
    ------
    UsageError
        When there is none.
    """
    shown = readable(table)
    if name not in shown:
        close = difflib.get_close_matches(name, shown, n=1)
        hint = f"did you mean {close[0]}?" if close else f"reclake tables {table.name} lists its columns"
        raise UsageError(f"{option} cannot be used", f"{table.name} shows the columns {', '.join(shown)}", hint)
    return next(f for f in table.fields if f.name == name)


def _condition(table: Table, text: str) -> Condition:
    match = _WRITTEN.match(text)
    if match is None:
        raise UsageError(f"--where {text} cannot be used", "no comparison in it", _FORM)
    name, comparison, value = match.groups()
    field = require_column(table, name, option=f"--where {text}")
    values = [one.strip() for one in value.strip("()").split(",")] if comparison == "in" else [value]
    return Condition(name, comparison, tuple(_value(field, one, text) for one in values), field.type.startswith("array"))


def _value(field: Field, text: str, condition: str) -> Any:
    """The text as a value of the column's type; none for an empty one."""
    if not text:
        return None
    kind = field.type.split("(")[0]
    try:
        return _PARSED.get(kind, str)(text)
    except (ValueError, InvalidOperation):
        raise UsageError(f"--where {condition} cannot be used", f"{field.name} is {field.type}, {text!r} is not", _FORM) from None


def _boolean(text: str) -> bool:
    return {"true": True, "yes": True, "false": False, "no": False}[text.lower()] if text.lower() in _BOOLEANS else _fail()


def _fail() -> bool:
    raise ValueError


_BOOLEANS = ("true", "yes", "false", "no")
_PARSED: dict[str, Callable[[str], Any]] = {
    "integer": int, "long": int, "double": float, "decimal": Decimal, "boolean": _boolean, "date": date.fromisoformat, "timestamp": datetime.fromisoformat,
}  # fmt: skip


def _equal(value: Any, wanted: Any) -> bool:
    return value is None if wanted is None else bool(value == wanted)
