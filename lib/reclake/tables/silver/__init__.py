"""One truth: records classified, facts by event day, dimensions with validity. A table is found by its constant: silver.EVENTS."""

from reclake.tables.declaration import Table

from . import customers, dimensions, facts, identity, records, sessions
from .dimensions import NAMING_ACCOUNTS, NAMING_PRODUCTS
from .records import RECORDS, event_time_of, raw_of

TABLES = (*records.TABLES, *facts.TABLES, *dimensions.TABLES, *identity.TABLES, *customers.TABLES, *sessions.TABLES)
_DECLARED = {table.noun.upper(): table for table in TABLES}

__all__ = ["NAMING_ACCOUNTS", "NAMING_PRODUCTS", "RECORDS", "TABLES", "event_time_of", "raw_of"]


def __getattr__(name: str) -> Table:
    """A table by its constant: silver.ORDER_LINES."""
    try:
        return _DECLARED[name]
    except KeyError:
        raise AttributeError(f"{__name__} declares no table {name}") from None
