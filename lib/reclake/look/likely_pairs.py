"""Pairs of accounts that may be one person, and what speaks for it attribute by attribute."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from reclake.tables import Table, silver

from .listings import Rows
from .reader import Reader

# How two values of an attribute agree, as silver.identity_pairs has it.
LEVEL_WORDS = {1: "different", 2: "similar", 3: "close", 4: "swapped", 5: "equal"}


@dataclass(frozen=True, slots=True)
class Likely:
    """A pair that may be one person by what the two say of themselves."""

    accounts: tuple[str, str]
    since: date
    match_weight: float  # bits
    match_probability: float
    outcome: str  # linked; below the threshold; or why it was left out
    waterfall: Rows  # per attribute: how it agrees, what that says, and the sum so far

    @property
    def title(self) -> str:
        """What is said above the waterfall."""
        return f"{' and '.join(self.accounts)}: {self.match_weight:+.1f} bits since {self.since}, {self.outcome}"


def likely_pairs(reader: Reader, accounts: Sequence[str], *, as_of: date | None) -> tuple[Likely, ...]:
    """The pairs of the accounts that were known at the as_of, the heaviest first; now for None."""
    if reader.version(silver.IDENTITY_PAIRS) is None:
        return ()
    places = ", ".join("?" for _ in accounts)
    names = [field.name for field in silver.IDENTITY_PAIRS.fields]
    sql = (
        f"SELECT {', '.join(names)} FROM rows WHERE (left_account_id IN ({places}) OR right_account_id IN ({places})) "
        "AND (?::DATE IS NULL OR valid_from < ?) ORDER BY match_weight DESC, left_account_id, right_account_id"
    )
    found = queried(reader, silver.IDENTITY_PAIRS, sql, *accounts, *accounts, as_of, as_of)
    left_out = _conflicts(reader, accounts)
    return tuple(_likely_pair(dict(zip(names, row, strict=True)), left_out) for row in found)


def _likely_pair(row: dict[str, Any], left_out: dict[tuple[str, str], str]) -> Likely:
    accounts = (row["left_account_id"], row["right_account_id"])
    outcome = "linked" if row["is_linked"] else "below the threshold"
    if accounts in left_out:
        outcome = f"left out: {left_out[accounts]}"
    return Likely(accounts, row["valid_from"], row["match_weight"], row["match_probability"], outcome, waterfall(row))


def waterfall(pair: dict[str, Any]) -> Rows:
    """Per attribute that both have, how it agrees and how many bits that says, and the sum so far; the strongest first.

    An attribute that one of them lacks says nothing. The last sum is the weight of the pair.
    """
    weights = {name.removeprefix("weight_"): weight for name, weight in pair.items() if name.startswith("weight_")}
    told = [(name, weight) for name, weight in weights.items() if pair[f"level_{name}"] is not None]
    rows: Rows = []
    total = 0.0
    for name, weight in sorted(told, key=lambda one: (-one[1], one[0])):
        total += weight
        rows.append({
            "attribute": name,
            "agreement": LEVEL_WORDS[pair[f"level_{name}"]],
            "bits": round(weight, 2),
            "sum": round(total, 2),
            "": _bar(weight),
        })
    return rows


def _bar(weight: float) -> str:
    """Two bits a sign, to the right for the pair and with a minus against it."""
    length = min(round(abs(weight) / 2), 20)
    return ("+" if weight > 0 else "-") * length


def _conflicts(reader: Reader, accounts: Sequence[str]) -> dict[tuple[str, str], str]:
    if reader.version(silver.IDENTITY_CONFLICTS) is None:
        return {}
    places = ", ".join("?" for _ in accounts)
    sql = f"SELECT left_account_id, right_account_id, reason FROM rows WHERE left_account_id IN ({places}) OR right_account_id IN ({places})"
    return {
        (left, right): reason for left, right, reason in queried(reader, silver.IDENTITY_CONFLICTS, sql, *accounts, *accounts)
    }


def queried(reader: Reader, table: Table, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
    """What SQL says of the table's `rows`, of which the columns that it names are read."""
    columns = [field.name for field in table.fields if field.name in sql]
    return reader.query(table, sql, columns=columns, parameters=parameters)
