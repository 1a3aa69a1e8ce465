"""One table per question, one module per table. Columns are a promise: reader version 1, flat, keyed by the resolved customer.

A module `<noun>.py` in this folder declares the table gold.<noun> as `<NOUN>`, and is discovered.
"""

from dataclasses import replace
from importlib import import_module
from pkgutil import iter_modules

from reclake.tables import ops
from reclake.tables.declaration import Table

from ._common import SERIES as SERIES


def _declared() -> dict[str, Table]:
    """Constant → table, by module name.

    Raises
    ------
    ValueError
        When a module does not declare the table that it is named after.
    """
    found: dict[str, Table] = {}
    for noun in sorted(module.name for module in iter_modules(__path__) if not module.name.startswith("_")):
        table = getattr(import_module(f"{__name__}.{noun}"), noun.upper(), None)
        if not isinstance(table, Table) or table.name != f"gold.{noun}":
            raise ValueError(f"{__name__}.{noun} must declare the table gold.{noun} as {noun.upper()}")
        found[noun.upper()] = table
    return found


_DECLARED = _declared()
TABLES = tuple(_DECLARED.values())

# Of the manifest what readers of these tables are shown beside them: not stored, but a view, and written into exports.
SHOWN_VERSIONS = replace(
    ops.PUBLISHED_VERSIONS,
    name="gold.published_versions",
    grain="one row per table of gold or model that is published",
    key=("name",),
    fields=tuple(
        f for name in ("name", "version", "manifest_id", "n_rows") for f in ops.PUBLISHED_VERSIONS.fields if f.name == name
    ),
)


def shown(table: Table) -> Table:
    """The table as views and exports show it: without sets of customers, which would tell its readers one person from another."""
    fields = tuple(field for field in table.fields if field.type != "binary")
    names = {field.name for field in fields}
    return replace(table, fields=fields, run_columns=tuple(name for name in table.run_columns if name in names))


def __getattr__(name: str) -> Table:
    """A table by its constant: gold.CUSTOMER_SEGMENTS."""
    try:
        return _DECLARED[name]
    except KeyError:
        raise AttributeError(f"{__name__} declares no table {name}") from None
