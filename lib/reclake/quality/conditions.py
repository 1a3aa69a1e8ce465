"""The conditions that a rule of a suite may set: a closed grammar, as Spark would run any function that a predicate names.

condition   = term {"and" term}
term        = column operator number | column ("=" | "<>") text | "size(" column ")" operator number
            | ["not"] boolean column | column "is" ["not"] "null"
operator    = "=" | "<>" | "<" | "<=" | ">" | ">="
text        = "'" letters, digits, "_", "-", "." "'"
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from reclake.tables import Table

_AND = re.compile(r"\s+and\s+", re.IGNORECASE)
_COLUMN, _NUMBER = r"(?P<column>[a-z][a-z0-9_]*)", r"-?\d{1,18}(\.\d{1,9})?"
_TERMS = {
    "a number": re.compile(rf"{_COLUMN} (=|<>|<|<=|>|>=) {_NUMBER}"),
    "a text": re.compile(rf"{_COLUMN} (=|<>) '[A-Za-z0-9_.-]{{0,64}}'"),
    "a list": re.compile(rf"size\({_COLUMN}\) (=|<>|<|<=|>|>=) \d{{1,9}}"),
    "true or false": re.compile(rf"(not )?{_COLUMN}", re.IGNORECASE),
    "anything": re.compile(rf"{_COLUMN} is (not )?null", re.IGNORECASE),
}
_MAY_SAY = (
    "column > number (or = <> < <= >=), column = 'text' (or <>), size(column) > number, column, not column, column is null, "
    "column is not null, joined by and, with one blank on each side of every sign and word"
)
_HOLDS = {
    "a number": re.compile(r"integer|long|double|decimal\(\d+,\d+\)"),
    "a text": re.compile(r"string"),
    "a list": re.compile(r"array<.*>"),
    "true or false": re.compile(r"boolean"),
    "anything": re.compile(r".*"),
}


def condition_problems(condition: str, table: Table) -> Iterator[str]:
    """Why the condition must be refused: a term outside of the grammar, or one that does not fit its column.

    Examples
    --------
    >>> from reclake.tables import gold
    >>> list(condition_problems("n_orders > 0 and segment <> 'no_orders'", gold.CUSTOMER_SEGMENTS))
    []
    >>> [refusal] = condition_problems("reflect('java.lang.System', 'exit', 1) is null", gold.CUSTOMER_SEGMENTS)
    >>> refusal.partition("; it may say ")[0]
    "a condition may not say reflect('java.lang.System', 'exit', 1) is null"
    """
    types = {field.name: field.type for field in table.fields}
    read = {term: _kind_and_column(term) for term in _AND.split(condition)}
    if unread := [term for term, found in read.items() if found is None]:
        yield f"a condition may not say {' and '.join(unread)}; it may say {_MAY_SAY}"
    for found in read.values():
        if found is not None:
            yield from _misfit(*found, types)


def _kind_and_column(term: str) -> tuple[str, str] | None:
    return next(((kind, match["column"]) for kind, form in _TERMS.items() if (match := form.fullmatch(term))), None)


def _misfit(kind: str, column: str, types: Mapping[str, str]) -> Iterator[str]:
    if column not in types:
        yield f"its condition names {column}, which is not declared"
    elif not _HOLDS[kind].fullmatch(types[column]):
        yield f"its condition takes {column} for {kind}, and it is {types[column]}"
