"""Why accounts are one person: who belongs together, by what, and what was decided about them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from typing import Any

from reclake.errors import UsageError
from reclake.tables import Table, silver

from .ids import Moment, accounts_of_customer
from .likely_pairs import Likely, likely_pairs, queried
from .listings import Rows
from .reader import Reader


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
        accounts=_accounts(reader, customer_id, accounts, moment),
        links=_links(ties, without=shared),
        shared=[
            {"key_kind": kind, "key": key, "since": since, "n_accounts": n, "reason": reason}
            for (kind, key), (since, n, reason) in sorted(shared.items())
        ],
        likely=likely_pairs(reader, accounts, as_of=moment.as_of),
        merges=_merges(reader, customer_id, moment),
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


def _accounts(reader: Reader, customer_id: str, accounts: Sequence[str], moment: Moment) -> Rows:
    described = {row[0]: row[1:] for row in _of(reader, silver.ACCOUNTS, accounts, moment, "source", "channel", "is_device")}
    found = _of(reader, silver.IDENTITIES, accounts, moment, "valid_from", "evidence")
    belongs_since = _since(reader, customer_id, accounts)
    return [
        {
            "account_id": account,
            "since": belongs_since[account, since],
            "evidence": evidence,
            **dict(zip(("source", "channel", "is_device"), described.get(account, (None, None, None)), strict=True)),
        }
        for account, since, evidence in sorted(found, key=lambda row: (belongs_since[row[0], row[1]], row[0]))
    ]


def _since(reader: Reader, customer_id: str, accounts: Sequence[str]) -> dict[tuple[str, date], date]:
    """By account and start of a row the day since which it has belonged to the customer without a break: others join meanwhile."""
    places = ", ".join("?" for _ in accounts)
    sql = (
        f"SELECT account_id, valid_from, valid_to FROM rows WHERE customer_id = ? AND account_id IN ({places}) "
        "ORDER BY account_id, valid_from"
    )
    began: dict[tuple[str, date], date] = {}
    before: tuple[str, date | None, date] | None = None  # account, end of its row, since when
    for account, start, end in queried(reader, silver.IDENTITIES, sql, customer_id, *accounts):
        began[account, start] = before[2] if before is not None and before[:2] == (account, start) else start
        before = (account, end, began[account, start])
    return began


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


def _merges(reader: Reader, customer_id: str, moment: Moment) -> Rows:
    """Those of the customer that had happened by then."""
    names = ("valid_from", "valid_to", "absorbed_customer_id", "customer_id", "evidence", "key_kind", "key", "match_weight")
    then = "TRUE" if moment.as_of is None else "valid_from < ?"
    sql = (
        f"SELECT {', '.join(names)} FROM rows WHERE (customer_id = ? OR absorbed_customer_id = ?) AND {then} "
        "ORDER BY valid_from, absorbed_customer_id"
    )
    rows = queried(reader, silver.IDENTITY_MERGES, sql, customer_id, customer_id, *moment.parameters[:1])
    return [dict(zip(names, row, strict=True)) for row in rows]


def _gone(reader: Reader, customer_id: str) -> UsageError:
    merged = [row for row in _merges(reader, customer_id, Moment()) if row["absorbed_customer_id"] == customer_id]
    told = f"it is part of {merged[-1]['customer_id']} since {merged[-1]['valid_from']}" if merged else "no account belongs to it"
    return UsageError(f"{customer_id} is no customer of its own then", told, "name that one, or an --as-of before")


def _of(reader: Reader, table: Table, accounts: Sequence[str], moment: Moment, *names: str) -> list[tuple[Any, ...]]:
    places = ", ".join("?" for _ in accounts)
    sql = f"SELECT account_id, {', '.join(names)} FROM rows WHERE account_id IN ({places}) AND {moment.sql}"
    return queried(reader, table, sql, *accounts, *moment.parameters)
