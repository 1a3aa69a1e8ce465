"""Which customers a group swallowed on a day, and which tie did it."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame

from reclake.identity.evidence import OWN, STRENGTH
from reclake.identity.joining import Edge, Joined, Rules, edges_of, in_order

_MERGE = pa.schema([
    pa.field("valid_from", pa.date32()),
    pa.field("customer_id", pa.string()),
    pa.field("absorbed_customer_id", pa.string()),
    pa.field("evidence", pa.string()),
    pa.field("key_kind", pa.string()),
    pa.field("key", pa.string()),
    pa.field("account_id", pa.string()),
    pa.field("absorbed_account_id", pa.string()),
    pa.field("match_weight", pa.float64()),
])
_TYPES = (
    "valid_from date, customer_id string, absorbed_customer_id string, evidence string, key_kind string, key string, "
    "account_id string, absorbed_account_id string, match_weight double"
)


def merged(groups: DataFrame) -> DataFrame:
    """One row per customer that a group swallowed.

    Parameters
    ----------
    groups
        One row per customer and day on which an account came to it: valid_from, customer_id, holdings, an array as
        `merges_of` takes it.
    """

    def merge_batches(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            rows = [
                row
                for group in batch.to_pylist()
                for row in merges_of(group["valid_from"], group["customer_id"], group["holdings"])
            ]
            yield pa.RecordBatch.from_pylist(rows, schema=_MERGE)

    return groups.select("valid_from", "customer_id", "holdings").mapInArrow(merge_batches, _TYPES)


def merges_of(day: date, customer_id: str, holdings: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The customers that became this one on the day, each with the first tie, the strongest before others, that joins them.

    Parameters
    ----------
    holdings
        One per account of the group as it is after the day, and key that it holds then: account_id, before (its customer
        until that day; null of a new account), delivered, and key_kind, key, evidence, match_weight, which are null of an
        account without a key.
    """
    order = {one["account_id"]: (_in_order(one["delivered"]), one["account_id"]) for one in holdings}
    before = {one["account_id"]: one["before"] for one in holdings}
    edges = in_order(_edges(holdings, order), order)
    joined = Joined(before, Rules())
    for edge in edges:
        if before[edge.one] is not None and before[edge.one] == before[edge.other]:
            joined.join(edge)
    found: dict[str, dict[str, Any]] = {}
    for edge in edges:
        if joined.is_together(edge):
            continue
        older, younger = sorted(
            (edge.one, edge.other), key=lambda account: min(order[member] for member in joined.group_of(account))
        )
        absorbed = _name(joined.group_of(younger), before, order)
        is_one = absorbed == _name(joined.group_of(older), before, order)
        joined.join(edge)
        if absorbed is not None and absorbed != customer_id and not is_one:
            found.setdefault(absorbed, _row(day, customer_id, absorbed, edge, older, younger))
    return list(found.values())


def _in_order(delivered: Any) -> Any:
    return tuple(delivered.values()) if isinstance(delivered, dict) else delivered


def _name(group: set[str], before: dict[str, str | None], order: dict[str, Any]) -> str | None:
    """The customer that its earliest account belonged to before the day; null of a new account."""
    return before[min(group, key=lambda account: order[account])]


def _edges(holdings: Sequence[dict[str, Any]], order: dict[str, Any]) -> list[Edge]:
    held: dict[str, dict[str, int | None]] = {}
    weights: dict[str, float | None] = {}
    for one in holdings:
        if one["key"] is None:
            continue
        key = f"{one['key_kind']}|{one['key']}"
        holders = held.setdefault(key, {})
        strength = None if one["evidence"] == OWN else STRENGTH.index(one["evidence"])
        known = [other for other in (holders.get(one["account_id"]), strength) if other is not None]
        holders[one["account_id"]] = min(known, default=None)
        weights[key] = one["match_weight"]
    return [edge for key, holders in held.items() for edge in edges_of(key, holders, order, weights[key])]


def _row(day: date, customer_id: str, absorbed: str, edge: Edge, older: str, younger: str) -> dict[str, Any]:
    kind, _, key = edge.key.partition("|")
    return {
        "valid_from": day,
        "customer_id": customer_id,
        "absorbed_customer_id": absorbed,
        "evidence": STRENGTH[edge.strength],
        "key_kind": kind,
        "key": key,
        "account_id": older,
        "absorbed_account_id": younger,
        "match_weight": edge.weight,
    }
