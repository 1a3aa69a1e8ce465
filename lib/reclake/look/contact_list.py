"""A contact list as people read it, and how many customers it leaves out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date

from reclake.errors import UsageError
from reclake.outreach.purpose import require_purpose
from reclake.privacy.encryption import decrypt
from reclake.privacy.keys import load_key
from reclake.tables import gold, silver

from .conditions import Condition
from .lake import Look
from .listings import Listing, Rows, at_as_of, first_rows
from .reader import Reader

_SHOWN = (
    "contact_purpose", "priority", "customer_id", "tier", "contact_channel", "value_at_risk_amount", "currency", "last_contact_date",
    "reason", "reason_zh",
)  # fmt: skip
_LEFT_OUT = ("contact_purpose", "tier", "reason", "n_customers")


def require_list(look: Look, *, as_of: date | None, purpose: str | None) -> date:
    """The as_of of the newest list, or `as_of` if a list was built for it; it may hold nobody.

    Raises
    ------
    UsageError
        When nothing is published, there is no such purpose, or no list was built for the day.
    """
    look.reader.require_published(gold.CONTACT_LIST)
    if purpose is not None:
        require_purpose(purpose, look.lake.catalogues["purposes"])
    days = look.lake.ledger.days(gold.CONTACT_LIST)
    if as_of is not None and str(as_of) not in days:
        raise UsageError(f"there is no list of {as_of}", f"the newest is that of {max(days)}", f"write --as-of {max(days)}")
    return as_of or date.fromisoformat(max(days))


def listed(reader: Reader, *, as_of: date, purpose: str | None, limit: int) -> Listing:
    """The first rows of the list, by purpose and priority."""
    order = tuple((name, False) for name in ("contact_purpose", "priority", "currency", "customer_id"))
    return first_rows(reader, gold.CONTACT_LIST, _SHOWN, _conditions(as_of, purpose), order, limit)


def left_out(reader: Reader, *, as_of: date, purpose: str | None) -> Rows:
    """How many customers the list leaves out, by purpose, tier and reason."""
    if reader.version(gold.CONTACT_EXCLUSIONS) is None:
        return []
    order = (("contact_purpose", False), ("n_customers", True), ("tier", False), ("reason", False))
    return reader.rows(gold.CONTACT_EXCLUSIONS, _LEFT_OUT, _conditions(as_of, purpose), order)


def _conditions(as_of: date, purpose: str | None) -> Sequence[Condition]:
    of_purpose = [Condition("contact_purpose", "=", (purpose,))] if purpose else []
    return (Condition("as_of_date", "=", (as_of,)), *of_purpose)


def with_names(reader: Reader, listing: Listing, *, as_of: date, directory: str) -> Listing:
    """The rows with customer_name beside customer_id: the one that an account of theirs stated last; null where none did.

    Raises
    ------
    SecretMissing
        When the key that sealed a name cannot be read.
    """
    names = _names(reader, {str(row["customer_id"]) for row in listing.rows}, as_of=as_of, directory=directory)
    rows = [{one: cell for name in row for one, cell in _named(name, row[name], names).items()} for row in listing.rows]
    return replace(listing, rows=rows)


def _named(name: str, value: object, names: Mapping[str, str]) -> dict[str, object]:
    beside = {"customer_name": names.get(str(value))} if name == "customer_id" else {}
    return {name: value, **beside}


def _names(reader: Reader, customers: Collection[str], *, as_of: date, directory: str) -> dict[str, str]:
    """Customer → name, of those that are asked for."""
    if not customers or reader.version(silver.CONTACTS) is None:
        return {}
    where = (Condition("customer_id", "in", tuple(sorted(customers))), *at_as_of(silver.IDENTITIES, as_of))
    owner = {
        row["account_id"]: row["customer_id"] for row in reader.rows(silver.IDENTITIES, ("account_id", "customer_id"), where)
    }
    columns = ("account_id", "name_encrypted", "key_id", "delivery_day")
    stated = reader.rows(silver.CONTACTS, columns, (Condition("account_id", "in", tuple(sorted(owner))),))
    names: dict[str, str] = {}
    for row in sorted(stated, key=lambda row: (row["delivery_day"], row["account_id"])):
        if row["name_encrypted"] is not None:
            at = {"table": silver.CONTACTS.name, "column": "name_encrypted", "row_id": row["account_id"]}
            key = load_key(directory, row["key_id"])
            names[owner[row["account_id"]]] = decrypt(key, bytes(row["name_encrypted"]), **at)
    return names
