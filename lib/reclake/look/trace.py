"""Where a customer or an account came from, and what was built from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reclake import tables
from reclake.errors import UsageError
from reclake.tables import Table, silver

from .conditions import Condition, quoted, readable
from .listings import Listing, read_by_people, with_product_names
from .reader import Reader

_OF_ACCOUNTS = ("account_id", "login_account_id", "device_id", "unit_id")
_SHORTEST = 3  # signs of a beginning: a_ or c_ and one of the id
_NAMED = 5  # ids that an ambiguous prefix names


@dataclass(frozen=True, slots=True)
class Person:
    """The accounts that are asked for, and the customers that they belong to or belonged to."""

    accounts: frozenset[str]
    customers: frozenset[str]


def trace(reader: Reader, person: Person, *, asked: str, limit: int = 100) -> dict[str, Listing]:
    """By table, the rows of the accounts, and of the customers where a table names those; each is cut to `limit` rows.

    Raises
    ------
    UsageError
        When no published table knows any of them.
    """
    listings: dict[str, Listing] = {}
    for table in tables.TABLES:
        if table.layer not in ("silver", "gold") or reader.version(table) is None:
            continue
        listing = _of_table(reader, table, person, limit)
        if listing is not None and listing.rows:
            listings[table.name] = listing
    if not listings:
        raise UsageError(
            f"no table knows the account {asked}",
            "no row of this account_id or customer_id, nor one that begins so",
            "take an account_id from silver.accounts, a customer_id from gold, or --raw ID --source NAME",
        )
    return listings


def _of_table(reader: Reader, table: Table, person: Person, limit: int) -> Listing | None:
    shown = readable(table)
    wanted = {name: person.accounts for name in _OF_ACCOUNTS if name in shown}
    if "customer_id" in shown and (person.customers or table.layer == "gold"):
        wanted["customer_id"] = person.customers
    wanted = {name: ids for name, ids in wanted.items() if ids}
    if not wanted or not {"account_id", "customer_id"} & set(shown):
        return None
    places = {name: ", ".join("?" for _ in ids) for name, ids in wanted.items()}
    where = " OR ".join(f"{quoted(name)} IN ({places[name]})" for name in wanted)
    parameters = [one for ids in wanted.values() for one in sorted(ids)]
    of_days = _on_their_days(reader, table, where, tuple(wanted), parameters)
    order = ", ".join(f"{quoted(name)} NULLS FIRST" for name in dict.fromkeys((table.day_column, *table.key)) if name in shown)
    sql = f"SELECT {', '.join(map(quoted, shown))}, count(*) OVER () FROM rows WHERE {where} ORDER BY {order} LIMIT {int(limit)}"
    found = reader.query(table, sql, columns=shown, where=of_days, parameters=parameters)
    rows = [dict(zip(shown, row[:-1], strict=True)) for row in found]
    n_all = found[0][-1] if found else 0
    listing = Listing(rows, n_all - len(rows), read_by_people(table))
    return with_product_names(reader, listing)


def _on_their_days(
    reader: Reader, table: Table, where: str, columns: tuple[str, ...], parameters: list[Any]
) -> tuple[Condition, ...]:
    """The days on which the table has such rows: few of all, so that the other columns are read of few files."""
    day = table.day_column
    if day is None or day not in readable(table):
        return ()
    sql = f"SELECT DISTINCT {quoted(day)} FROM rows WHERE {where}"
    days = reader.query(table, sql, columns=(*columns, day), parameters=parameters)
    return (Condition(day, "in", tuple(row[0] for row in days)),)


def person_of(reader: Reader, text: str) -> Person:
    """The person of an account_id or customer_id, or of the one id that begins so.

    A text that no identity begins with may still be the id of a device or another unit: it stands as it is.

    Raises
    ------
    UsageError
        When several ids begin so.
    """
    ids = _ids_beginning(reader, text)
    if text in ids["account_id"]:
        return person_of_accounts(reader, frozenset({text}))
    if text in ids["customer_id"]:
        return _of_customer(reader, text)
    begun = sorted({*ids["account_id"], *ids["customer_id"]})
    if len(begun) > 1:
        more = f" and {len(begun) - _NAMED:,} more" if len(begun) > _NAMED else ""
        raise UsageError(f"{len(begun):,} ids begin with {text}", ", ".join(begun[:_NAMED]) + more, "write more of the id")
    if not begun:
        return Person(frozenset({text}), frozenset())
    (whole,) = begun
    return person_of_accounts(reader, frozenset({whole})) if whole in ids["account_id"] else _of_customer(reader, whole)


def _ids_beginning(reader: Reader, text: str) -> Mapping[str, set[str]]:
    """Account and customer ids that begin with the text, or are it where it is too short to be a beginning."""
    found: dict[str, set[str]] = {"account_id": set(), "customer_id": set()}
    for name in found:
        test = f"starts_with({name}, ?)" if len(text) >= _SHORTEST else f"{name} = ?"
        sql = f"SELECT DISTINCT {name} FROM rows WHERE {test} LIMIT 10000"
        if reader.version(silver.IDENTITIES) is not None:
            found[name] = {row[0] for row in reader.query(silver.IDENTITIES, sql, columns=(name,), parameters=[text])}
    return found


def person_of_accounts(reader: Reader, accounts: frozenset[str]) -> Person:
    """The accounts and their customers of any time."""
    return Person(accounts, _others(reader, "account_id", accounts, "customer_id"))


def _of_customer(reader: Reader, customer: str) -> Person:
    return Person(_others(reader, "customer_id", frozenset({customer}), "account_id"), frozenset({customer}))


def _others(reader: Reader, column: str, ids: frozenset[str], wanted: str) -> frozenset[str]:
    if not ids or reader.version(silver.IDENTITIES) is None:
        return frozenset()
    sql = f"SELECT DISTINCT {wanted} FROM rows WHERE {column} IN ({', '.join('?' for _ in ids)})"
    rows: list[tuple[Any, ...]] = reader.query(silver.IDENTITIES, sql, columns=(column, wanted), parameters=sorted(ids))
    return frozenset(row[0] for row in rows)
