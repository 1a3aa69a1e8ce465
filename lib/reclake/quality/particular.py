"""What is particular to a table: its file in `expectations/`. A gated table without a file is stopped, not judged less.

The file is JSON, one expectation a line: `type` and the arguments of Great Expectations, and beside them `where` (the rows
that it judges), `min_matching_rows`, `reason` and `severity` (critical if not stated). `overrules` names columns whose derived
rules about values are left out, each with its reason; that a required column holds no null cannot be overruled.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reclake.tables import Table

from .kinds import Expectation, expectation

_SEVERITIES = ("critical", "warning", "info")
_KEYS = frozenset({"table", "n_expectations", "expectations"})
_OWN: Mapping[str, type | tuple[type, ...]] = {"where": str, "min_matching_rows": int, "reason": str, "severity": str}
_ARGUMENTS: Mapping[str, type | tuple[type, ...]] = {
    "column": str,
    "column_A": str,
    "column_B": str,
    "value_set": list,
    "regex": str,
    "mostly": (int, float),
}
_WRITTEN_BY_US = frozenset({"kwargs", "meta", "row_condition", "condition_parser"})  # `where` and `reason` stand for them


class SuiteRefused(Exception):
    """A suite that must not judge: it would pass on nothing, or judges another table."""


@dataclass(frozen=True, slots=True)
class Particular:
    """The file's own expectations, and the columns about which it takes others than those that are derived."""

    expectations: tuple[Expectation, ...]
    overrules: Mapping[str, str]  # column → reason


def suite_path(directory: Path, table: Table) -> Path:
    """Where the table's file lies."""
    return directory / f"{table.name}.json"


def read_particular(directory: Path, table: Table) -> Particular:
    """The table's file.

    Raises
    ------
    SuiteRefused
        When it is missing, unreadable, of another table, or not of the stated form: all problems at once.
    """
    try:
        written = json.loads(suite_path(directory, table).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SuiteRefused("its file is missing") from None
    except (OSError, ValueError) as error:
        raise SuiteRefused(f"its file cannot be read ({type(error).__name__})") from None
    if problems := list(_malformed(written, table)):
        raise SuiteRefused("; ".join(problems))
    return Particular(tuple(map(_expectation, written["expectations"])), written.get("overrules", {}))


def file_form(written: Mapping[str, Any]) -> str:
    """The text of a file: one expectation and one overruled column a line, so that a change is a line."""
    lines = [f'  "table": {_line(written["table"])}', f'  "n_expectations": {_line(written["n_expectations"])}']
    if overruled := written.get("overrules"):
        reasons = ",\n".join(f"    {_line(column)}: {_line(reason)}" for column, reason in overruled.items())
        lines.append(f'  "overrules": {{\n{reasons}\n  }}')
    own = ",\n".join(f"    {_line(one)}" for one in written["expectations"])
    lines.append(f'  "expectations": [\n{own}\n  ]' if own else '  "expectations": []')
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _malformed(written: Any, table: Table) -> Iterator[str]:
    if not isinstance(written, dict) or set(written) - {"overrules"} != _KEYS:
        yield "its file is no object of table, n_expectations and expectations"
        return
    own, overrules = written["expectations"], written.get("overrules", {})
    if written["table"] != table.name:
        yield "it is of another table"
        return
    if not isinstance(own, list):
        yield "its expectations are no list"
        return
    if written["n_expectations"] != len(own):
        yield f"it holds {len(own)} expectations and declares {written['n_expectations']}"
    if not isinstance(overrules, dict) or not all(isinstance(reason, str) and reason.strip() for reason in overrules.values()):
        yield "overrules is no object of column and reason"
    yield from (f"expectation {number} is malformed" for number, one in enumerate(own, start=1) if not _is_whole(one))


def _is_whole(written: Any) -> bool:
    return (
        isinstance(written, dict)
        and isinstance(written.get("type"), str)
        and not _WRITTEN_BY_US.intersection(written)
        and all(_is(written[key], kind) for key, kind in {**_OWN, **_ARGUMENTS}.items() if key in written)
        and written.get("severity", "critical") in _SEVERITIES
        and all(written[key].strip() for key in ("where", "reason") if key in written)
    )


def _is(value: Any, kind: type | tuple[type, ...]) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)


def _expectation(written: Mapping[str, Any]) -> Expectation:
    own = {key: value for key, value in written.items() if key in _OWN}
    return expectation(written["type"], {key: value for key, value in written.items() if key not in {"type", *_OWN}}, **own)
