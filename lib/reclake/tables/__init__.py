"""The graph, written once: every table, by name and by stage."""

from . import bronze, gold, models, ops, serving, silver
from .declaration import Field, Privacy, Table
from .graph import GraphRefused, require_people_asked, sorted_tables
from .inputs import DayRange, Each, Input, Reads, Shared
from .people import PEOPLE

# The Spark applications of a day, in order. A stage without tables does not exist.
_STAGES = ("bronze", "silver", "customers", "behaviour", "recommendations")

TABLES: tuple[Table, ...] = sorted_tables(
    (*bronze.TABLES, *silver.TABLES, *ops.BUILT, *gold.TABLES, *serving.BUILT, *ops.WRITTEN), (*_STAGES, "training", "ops")
)
require_people_asked(TABLES)
STAGES = tuple(stage for stage in _STAGES if any(table.stage == stage for table in TABLES))
BY_NAME = {table.name: table for table in TABLES}
GATED = tuple(table for table in TABLES if table not in ops.WRITTEN)


def of_stage(stage: str) -> tuple[Table, ...]:
    """The tables that one Spark application builds, in build order: inputs before what reads them.

    Examples
    --------
    >>> "recommendations" in [table.noun for table in of_stage("recommendations")]
    True
    """
    return tuple(table for table in TABLES if table.stage == stage)


def readers_of(name: str) -> tuple[Table, ...]:
    """The tables that read the named one directly."""
    return tuple(table for table in TABLES if any(i.table.name == name for i in table.reads))


def downstream_of(name: str) -> tuple[Table, ...]:
    """The named table's readers, their readers and so on, in build order."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        for table in readers_of(waiting.pop()):
            if table.name not in found:
                found.add(table.name)
                waiting.append(table.name)
    return tuple(table for table in TABLES if table.name in found)


__all__ = [
    "BY_NAME", "GATED", "PEOPLE", "STAGES", "TABLES", "DayRange", "Each", "Field", "GraphRefused", "Input", "Privacy", "Reads",
    "Shared", "Table", "bronze", "downstream_of", "gold", "models", "of_stage", "ops", "readers_of", "serving", "silver",
]  # fmt: skip
