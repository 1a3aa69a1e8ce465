"""Why accounts are one person: who belongs together, by what, and what was decided about them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from typing import Any

from reclake.errors import UsageError
from reclake.tables import Table, silver

from .likely_pairs import Likely, likely_pairs, queried
from .listings import Rows
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


@dataclass(frozen=True, slots=True)
class Explained:
    """What the lake knows of one person at a moment; each part is a listing."""

    customer_id: str
    accounts: Rows
    links: Rows  # per key and pair of accounts that both hold it
    shared: Rows  # keys of theirs that link nobody
    likely: tuple[Likely, ...]  # pairs of which at least one account is theirs
    merges: Rows
    decisions: Rows


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


def explain(reader: Reader, customer_id: str, moment: Moment) -> Explained:
    """Everything that makes the customer's accounts one person.

    Raises
    ------
    UsageError
        When the customer has no account at the moment, and into whom it went, if it became part of another.
    """
    accounts = accounts_of_customer(reader, customer_id, moment)
    if not accounts:
        raise _gone(reader, customer_id)
    ties = _ties(reader, accounts, moment)
    shared = _shared(reader, {(kind, key) for kind, key, *_ in ties}, moment)
    return Explained(
        customer_id=customer_id,
        accounts=_accounts(reader, accounts, moment),
        links=_links(ties, without=shared),
        shared=[
            {"key_kind": kind, "key": key, "since": since, "n_accounts": n, "reason": reason}
            for (kind, key), (since, n, reason) in sorted(shared.items())
        ],
        likely=likely_pairs(reader, accounts, as_of=moment.as_of),
        merges=_merges(reader, customer_id),
        decisions=decisions(reader, accounts),
    )


def decisions(reader: Reader, accounts: Collection[str] | None = None) -> Rows:
    """What stewards decided, about these accounts or about all, the newest first; what was undone is told so."""
    if reader.version(silver.IDENTITY_DECISIONS) is None:
        return []
    names = [field.name for field in silver.IDENTITY_DECISIONS.fields]
    where, parameters = "TRUE", []
    if accounts is not None:
        places = ", ".join("?" for _ in accounts)
        where, parameters = f"left_account_id IN ({places}) OR right_account_id IN ({places})", [*sorted(accounts)] * 2
    sql = f"SELECT {', '.join(names)} FROM rows WHERE {where} ORDER BY recorded_at DESC, decision_id, left_account_id, right_account_id"
    return [dict(zip(names, row, strict=True)) for row in queried(reader, silver.IDENTITY_DECISIONS, sql, *parameters)]


def _accounts(reader: Reader, accounts: Sequence[str], moment: Moment) -> Rows:
    described = {row[0]: row[1:] for row in _of(reader, silver.ACCOUNTS, accounts, moment, "source", "channel", "is_device")}
    found = _of(reader, silver.IDENTITIES, accounts, moment, "valid_from", "evidence", "n_accounts")
    return [
        {
            "account_id": account,
            "since": since,
            "evidence": evidence,
            **dict(zip(("source", "channel", "is_device"), described.get(account, (None, None, None)), strict=True)),
        }
        for account, since, evidence, _ in sorted(found, key=lambda row: (row[1], row[0]))
    ]


def _ties(reader: Reader, accounts: Sequence[str], moment: Moment) -> list[tuple[Any, ...]]:
    """key_kind, key, account_id, evidence, valid_from of what the accounts hold."""
    found = _of(reader, silver.IDENTITY_TIES, accounts, moment, "key_kind", "key", "evidence", "valid_from")
    return [(kind, key, account, evidence, since) for account, kind, key, evidence, since in found]


def _shared(reader: Reader, keys: Collection[tuple[str, str]], moment: Moment) -> dict[tuple[str, str], tuple[Any, ...]]:
    if not keys:
        return {}
    places = ", ".join("?" for _ in keys)
    sql = f"SELECT key_kind, key, valid_from, n_accounts, reason FROM rows WHERE key IN ({places}) AND {moment.sql}"
    found = queried(reader, silver.SHARED_KEYS, sql, *sorted({key for _, key in keys}), *moment.parameters)
    return {(kind, key): (since, n, reason) for kind, key, since, n, reason in found if (kind, key) in keys}


def _links(ties: Sequence[tuple[Any, ...]], *, without: Collection[tuple[str, str]]) -> Rows:
    """Every pair of accounts that hold one key, with how each holds it, and since when both do."""
    held: dict[tuple[str, str], dict[str, tuple[str, date]]] = {}
    for kind, key, account, evidence, since in ties:
        if (kind, key) not in without:
            of_key = held.setdefault((kind, key), {})
            known = of_key.get(account)
            # An account may hold a device by a login and by its record: the login is the stronger, and named first.
            if known is None or (evidence == "login" and known[0] != "login"):
                of_key[account] = (evidence, since)
    rows: Rows = []
    for (kind, key), of_key in held.items():
        for (one, (how_one, since_one)), (other, (how_other, since_other)) in combinations(sorted(of_key.items()), 2):
            evidence = sorted({how_one, how_other} - {"own"})
            since = max(since_one, since_other)
            rows.append({
                "evidence": evidence,
                "account_id": one,
                "other_account_id": other,
                "since": since,
                "key_kind": kind,
                "key": key,
            })
    return sorted(rows, key=lambda row: (row["since"], row["key_kind"], row["account_id"], row["other_account_id"]))


def _merges(reader: Reader, customer_id: str) -> Rows:
    names = ("valid_from", "valid_to", "absorbed_customer_id", "customer_id", "evidence", "key_kind", "key", "match_weight")
    sql = f"SELECT {', '.join(names)} FROM rows WHERE customer_id = ? OR absorbed_customer_id = ? ORDER BY valid_from, absorbed_customer_id"
    return [dict(zip(names, row, strict=True)) for row in queried(reader, silver.IDENTITY_MERGES, sql, customer_id, customer_id)]


def _gone(reader: Reader, customer_id: str) -> UsageError:
    merged = [row for row in _merges(reader, customer_id) if row["absorbed_customer_id"] == customer_id]
    told = f"it is part of {merged[-1]['customer_id']} since {merged[-1]['valid_from']}" if merged else "no account belongs to it"
    return UsageError(f"{customer_id} is no customer of its own then", told, "name that one, or an --as-of before")


def _of(reader: Reader, table: Table, accounts: Sequence[str], moment: Moment, *names: str) -> list[tuple[Any, ...]]:
    places = ", ".join("?" for _ in accounts)
    sql = f"SELECT account_id, {', '.join(names)} FROM rows WHERE account_id IN ({places}) AND {moment.sql}"
    return queried(reader, table, sql, *accounts, *moment.parameters)


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
            f"no {column} is it, or begins so",
            "take an account_id from silver.accounts or a customer_id from gold, or name a source's own id with --source NAME",
        )
    return str(found[0])
