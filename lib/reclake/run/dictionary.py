"""docs/data_dictionary.md, derived from the declarations."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from reclake import tables
from reclake.tables import DayRange, Each, Input, Shared, Table

_HEAD = """# Data dictionary

Derived from the declarations in `lib/reclake/tables/` by `make dictionary`; a test holds it to them. Privacy classes:
none · pseudonym (a keyed stand-in for a person) · personal (says something about one person) · contact (reaches a
person, encrypted) · raw (what arrived). A family is several tables that are read the same way: `reclake tables NAME` lists
them, and what reads a table.

"""


def data_dictionary() -> str:
    """Every table by its name, with grain, key, lineage and columns, as Markdown."""
    in_order = [tables.BY_NAME[name] for name in sorted(tables.BY_NAME)]
    listed = "\n".join(f"| [{t.name}](#{t.name.replace('.', '')}) | {t.stage} | {t.grain} |" for t in in_order)
    index = f"| table | stage | grain |\n|---|---|---|\n{listed}\n"
    return _HEAD + index + "".join(_section(table) for table in in_order)


def kept(table: Table) -> str:
    """For how long rows stay in what is published, as half a sentence."""
    if table.retention is None:
        return f"as long as the lake: {table.stays_because}"
    days = f"the days of `retention.{table.retention.setting}`"
    if table.is_as_of:
        return f"until {days} lie between {table.retention.column} and the newest one"
    return f"for {days}{' (0: as long as the lake)' if table.retention.is_optional else ''} from {table.retention.column} on"


def _section(table: Table) -> str:
    reads = ", ".join(text for declared in table.inputs for text in _reads(declared)) or "nothing"
    lines = [
        f"\n## {table.name}\n",
        f"{table.grain[0].upper()}{table.grain[1:]}. Key: {', '.join(table.key)}. Write rule: {table.write}. Rows stay {kept(table)}.",
        f"Reads {reads}.\n",
        "| column | type | unit | privacy | null | meaning |",
        "|---|---|---|---|---|---|",
    ]
    for f in table.fields:
        lines.append(f"| {f.name} | {f.type} | {f.unit} | {f.privacy.value} | {'no' if f.required else 'yes'} | {f.doc} |")
    return "\n".join(lines) + "\n"


def _reads(declared: Input | Each | Shared) -> Iterator[str]:
    """What is read and how; of a family its name, and those of its tables that are read in another way."""
    if isinstance(declared, Each):
        yield f"the family {declared.name} ({_way(declared.days)})"
        yield from (f"of it {table.name} ({_way(days)})" for table, days in declared.wider)
    else:
        yield from (f"{i.table.name} ({_way(i.days)})" for i in declared.reads)


def _way(days: DayRange) -> str:
    return days.reads.value.replace("_", " ")


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(data_dictionary(), encoding="utf-8")
