"""Whom an id means: an account or a customer, by its whole id or by the beginning of it, now or at an as_of."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

from reclake.errors import UsageError
from reclake.tables import silver

from .likely_pairs import queried
from .reader import Reader

_NAMED = 5  # ids that an ambiguous beginning names
_SHORTEST = 3  # signs of a beginning: a_ and one of the id
_NOW = "valid_to IS NULL"
_THEN = "valid_from < ? AND (valid_to IS NULL OR ? <= valid_to)"


@dataclass(frozen=True, slots=True)
class Moment:
    """The as_of that is asked about; None for what counts now."""

    as_of: date | None = None

    @property
    def sql(self) -> str:
        """Which rows of a table with validity count."""
        return _NOW if self.as_of is None else _THEN

    @property
    def parameters(self) -> list[Any]:
        """What stands for the question marks."""
        return [] if self.as_of is None else [self.as_of, self.as_of]


def account_of(reader: Reader, text: str) -> str:
    """The account of that id, or the one whose id begins so.

    Raises
    ------
    UsageError
        When there is none, or several begin so.
    """
    return _one(reader, "account_id", text)


def known_of(reader: Reader, accounts: Collection[str]) -> list[str]:
    """Those of the accounts that silver.identities knows, sorted."""
    if not accounts:
        return []
    places = ", ".join("?" for _ in accounts)
    sql = f"SELECT DISTINCT account_id FROM rows WHERE account_id IN ({places}) ORDER BY account_id"
    return [row[0] for row in queried(reader, silver.IDENTITIES, sql, *sorted(accounts))]


def customer_of(reader: Reader, text: str, moment: Moment) -> str:
    """The customer of that id, or to whom the account of that id belongs; a beginning of the id is enough.

    Raises
    ------
    UsageError
        When there is none, or several begin so.
    """
    if text.startswith("c_"):
        return _one(reader, "customer_id", text)
    return customer_of_account(reader, account_of(reader, text), moment)


def customer_of_account(reader: Reader, account_id: str, moment: Moment) -> str:
    """To whom the account belongs.

    Raises
    ------
    UsageError
        When the account was not known then.
    """
    sql = f"SELECT customer_id FROM rows WHERE account_id = ? AND {moment.sql}"
    found = queried(reader, silver.IDENTITIES, sql, account_id, *moment.parameters)
    if not found:
        raise UsageError(f"{account_id} was not known then", f"as_of {moment.as_of}", "name a later --as-of, or leave it out")
    return str(found[0][0])


def accounts_of_customer(reader: Reader, customer_id: str, moment: Moment) -> list[str]:
    """The accounts of the customer, sorted."""
    sql = f"SELECT account_id FROM rows WHERE customer_id = ? AND {moment.sql} ORDER BY account_id"
    return [row[0] for row in queried(reader, silver.IDENTITIES, sql, customer_id, *moment.parameters)]


def _one(reader: Reader, column: str, text: str) -> str:
    """The only id of the column that is the text, or begins so."""
    reader.require_published(silver.IDENTITIES)
    test = f"starts_with({column}, ?)" if len(text) >= _SHORTEST else f"{column} = ?"
    sql = f"SELECT DISTINCT {column} FROM rows WHERE {test} ORDER BY {column} LIMIT 10000"
    found = [row[0] for row in queried(reader, silver.IDENTITIES, sql, text)]
    if text in found:
        return text
    if len(found) > 1:
        more = f" and {len(found) - _NAMED:,} more" if len(found) > _NAMED else ""
        raise UsageError(f"{len(found):,} ids begin with {text}", ", ".join(found[:_NAMED]) + more, "write more of the id")
    if not found:
        raise UsageError(
            f"silver.identities knows no {text}",
            f"no {column} is it, or begins so" if len(text) >= _SHORTEST else f"a beginning has at least {_SHORTEST} signs",
            "take an account_id from silver.accounts or a customer_id from gold, or name a source's own id with --source NAME",
        )
    return str(found[0])
