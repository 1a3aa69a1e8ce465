"""One truth: records classified, facts by event day, dimensions with validity."""

from . import dimensions, facts, records
from .dimensions import ACCOUNTS, CONSENTS, CONTACTS, IDENTITIES, NAMING_ACCOUNTS, NAMING_PRODUCTS, PRODUCTS
from .facts import EVENTS, INTERACTIONS, ORDER_LINES, SESSIONS
from .records import (
    ACCOUNT_RECORDS,
    CONSENT_RECORDS,
    EVENT_RECORDS,
    ORDER_RECORDS,
    PRODUCT_RECORDS,
    RECORDS,
    REJECTED_RECORDS,
    event_time_of,
    raw_of,
)  # fmt: skip

TABLES = (*records.TABLES, *facts.TABLES, *dimensions.TABLES)

__all__ = [
    "ACCOUNTS", "ACCOUNT_RECORDS", "CONSENTS", "CONSENT_RECORDS", "CONTACTS", "EVENTS", "EVENT_RECORDS", "IDENTITIES", "INTERACTIONS",
    "NAMING_ACCOUNTS", "NAMING_PRODUCTS", "ORDER_LINES", "ORDER_RECORDS", "PRODUCTS", "PRODUCT_RECORDS", "RECORDS",
    "REJECTED_RECORDS", "SESSIONS", "TABLES", "event_time_of", "raw_of",
]  # fmt: skip
