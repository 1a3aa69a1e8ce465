"""How rows are laid out: columns that fit a terminal, a record a block, or CSV. No id is ever folded or cut."""

from __future__ import annotations

import csv
import io
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from rich.cells import cell_len

from reclake.printable import printable

_GAP = "  "
_NARROWEST = 24  # cells below which a text is not folded any more: its column is left out
_PLAIN_NUMBERS = (
    "version",
    "manifest_id",
    "token",
    "sequence",
    "position",
    "line",
    "rank",
    "year",
)  # they name, and count nothing
# Sentences: they may be folded between words where a terminal is too narrow. Everything else is whole or left out.
_SENTENCES = frozenset({"why", "message", "reason", "found", "next", "grain", "meaning", "value", "text", "findings", "needs"})


def text_of(name: str, value: Any, row: Mapping[str, Any]) -> str:
    """A cell as a person reads it.

    Examples
    --------
    >>> text_of("spend_amount", Decimal("917955.0000"), {"currency": "CNY"}), text_of("n_orders", 1234, {})
    ('917,955.00 CNY', '1,234')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name.endswith("_amount") and isinstance(value, Decimal | int | float):
        return f"{value:,.2f} {row.get('currency') or ''}".rstrip()
    if isinstance(value, Decimal):
        return _without_zeros(f"{value:,f}")
    if isinstance(value, int):
        return str(value) if name.endswith(_PLAIN_NUMBERS) else f"{value:,}"
    if isinstance(value, float):
        return _without_zeros(f"{value:,.4f}") if abs(value) < 10_000 else f"{value:,.1f}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _without_zeros(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a listing: its name, its cells as text, and how many cells the widest takes."""

    name: str
    cells: tuple[str, ...]
    is_number: bool
    is_sentence: bool

    @property
    def width(self) -> int:
        """Cells of the widest text."""
        return max(map(cell_len, (self.name, *self.cells)))

    @property
    def least(self) -> int:
        """The same, where sentences are folded as far as they may be."""
        return min(self.width, max(_NARROWEST, cell_len(self.name))) if self.is_sentence else self.width


@dataclass(frozen=True, slots=True)
class Laid:
    """Lines of a listing, and the columns that did not fit."""

    lines: tuple[str, ...]
    left_out: tuple[str, ...] = ()


def columns_of(rows: Sequence[Mapping[str, Any]]) -> list[Column]:
    """The columns of the rows, in the order of the first one that has them."""
    names = dict.fromkeys(name for row in rows for name in row)
    # An amount says its currency itself.
    with_amount = any(name.endswith("_amount") for name in names)
    return [
        Column(
            printable(name),
            tuple(printable(text_of(name, row.get(name), row)) for row in rows),
            any(isinstance(row.get(name), int | float | Decimal) and not isinstance(row.get(name), bool) for row in rows),
            name in _SENTENCES,
        )
        for name in names
        if not (name == "currency" and with_amount)
    ]


def as_table(rows: Sequence[Mapping[str, Any]], width: int | None) -> Laid:
    """A line of names and one per row; on a terminal the first columns that fit, with sentences folded between words.

    Where not even the first column fits, each row is a block.
    """
    columns = columns_of(rows)
    if width is None:
        return Laid(tuple(_lines(columns, [column.width for column in columns])))
    fitting = _fitting(columns, width)
    if not fitting or columns[0] not in fitting:
        return Laid(as_blocks(rows, width))
    return Laid(tuple(_lines(fitting, _widths(fitting, width))), tuple(c.name for c in columns if c not in fitting))


def _fitting(columns: Sequence[Column], width: int) -> list[Column]:
    """The columns that fit, earlier ones before later ones; an empty one takes no place from others."""
    chosen: list[Column] = []
    used = 0
    for column in sorted(columns, key=lambda one: not any(one.cells)):
        needed = column.least + (len(_GAP) if chosen else 0)
        if used + needed <= width:
            chosen.append(column)
            used += needed
    return [column for column in columns if column in chosen]


def _widths(columns: Sequence[Column], width: int) -> list[int]:
    """Each column's cells: what it needs, and sentences share what is left."""
    left = width - sum(column.least for column in columns) - len(_GAP) * (len(columns) - 1)
    widths = []
    for column in columns:
        more = min(left, column.width - column.least)
        widths.append(column.least + more)
        left -= more
    return widths


def _lines(columns: Sequence[Column], widths: Sequence[int]) -> list[str]:
    lines = [_line([column.name for column in columns], columns, widths)]
    for cells in zip(*(column.cells for column in columns), strict=True):
        parts_of = [
            folded(cell, width) if column.is_sentence else [cell]
            for cell, column, width in zip(cells, columns, widths, strict=True)
        ]
        for number in range(max(map(len, parts_of))):
            lines.append(_line([parts[number] if number < len(parts) else "" for parts in parts_of], columns, widths))
    return lines


def _line(cells: Sequence[str], columns: Sequence[Column], widths: Sequence[int]) -> str:
    padded = []
    for cell, column, width in zip(cells, columns, widths, strict=True):
        space = " " * (width - cell_len(cell))
        padded.append(space + cell if column.is_number else cell + space)
    return _GAP.join(padded).rstrip()


def folded(text: str, width: int) -> list[str]:
    """The text between words; a word that is longer than the column stands whole."""
    if cell_len(text) <= width:
        return [text]
    if cell_len(text) == len(text):
        return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False) or [""]
    lines, line = [], ""
    for sign in text:  # Chinese has no spaces: between any two signs
        if cell_len(line + sign) > width:
            lines.append(line.rstrip())
            line = ""
        line += sign
    return [*lines, line]


def as_blocks(rows: Sequence[Mapping[str, Any]], width: int | None) -> tuple[str, ...]:
    """A block per row, and in it a line per column."""
    columns = columns_of(rows)
    indent = max(cell_len(column.name) for column in columns) + len(_GAP)
    lines: list[str] = []
    for number in range(len(rows)):
        lines += [""] if number else []
        for column in columns:
            parts = folded(column.cells[number], width - indent) if width and column.is_sentence else [column.cells[number]]
            name = column.name + " " * (indent - cell_len(column.name))
            lines += [f"{name if not place else ' ' * indent}{part}".rstrip() for place, part in enumerate(parts)]
    return tuple(lines)


def as_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """The rows as CSV: values as they are stored, empty for null."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(printable, names))
    for row in rows:
        writer.writerow([_stored(row.get(name)) for name in names])
    return text.getvalue()


def _stored(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return printable("; ".join(map(str, value)) if isinstance(value, list | tuple) else str(value))
