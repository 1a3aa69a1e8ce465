"""Who belonged together on which day, from the ties of one group of accounts."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame

from reclake.identity.evidence import ALONE, OWN, STRENGTH, TOO_MANY
from reclake.identity.joining import Edge, Joined, Pair, Rules, edges_of, in_order

Tie = Mapping[str, Any]  # key, account_id, first_day, delivered, shop, weight, spans of (kind, tied_from, tied_to)
Apart = Mapping[str, Any]  # left_account_id, right_account_id, valid_from, valid_to: not one person, by decision
State = tuple[str, str, int]  # first delivered account of the group, evidence, accounts

_INTERVAL = pa.schema([
    pa.field("account_id", pa.string()),
    pa.field("named_after", pa.string()),
    pa.field("valid_from", pa.date32()),
    pa.field("valid_to", pa.date32()),
    pa.field("evidence", pa.string()),
    pa.field("n_accounts", pa.int64()),
])


def replayed(components: DataFrame, *, max_accounts: int) -> DataFrame:
    """One row per account and validity: account_id, named_after, valid_from, valid_to, evidence, n_accounts.

    Parameters
    ----------
    components
        One row per component, with `ties`: an array of all its ties, and `apart`: what was decided about its accounts, or
        null. A component must fit a worker's memory.
    """

    def replay_batches(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            of_components = zip(batch.column("ties").to_pylist(), batch.column("apart").to_pylist(), strict=True)
            rows = [row for ties, apart in of_components for row in replay(ties, apart or (), max_accounts=max_accounts)]
            yield pa.RecordBatch.from_pylist(rows, schema=_INTERVAL)

    types = "account_id string, named_after string, valid_from date, valid_to date, evidence string, n_accounts long"
    return components.select("ties", "apart").mapInArrow(replay_batches, types)


def replay(ties: Sequence[Tie], apart: Sequence[Apart] = (), *, max_accounts: int) -> list[dict[str, Any]]:
    """The intervals of every account of one component, from its first day, without gaps, the last one open.

    Examples
    --------
    >>> day, later = date(2026, 3, 1), date(2026, 3, 5)
    >>> def tie(account, since):
    ...     return {"key": "phone|1", "account_id": account, "first_day": day, "delivered": account,
    ...             "spans": [{"kind": "phone", "tied_from": since, "tied_to": None}]}
    >>> for row in replay([tie("a", day), tie("b", later)], max_accounts=50):
    ...     print(row["account_id"], row["named_after"], row["valid_from"], row["valid_to"], row["evidence"])
    a a 2026-03-01 2026-03-05 alone
    a a 2026-03-05 None phone
    b b 2026-03-01 2026-03-05 alone
    b a 2026-03-05 None phone
    """
    first_days = {tie["account_id"]: tie["first_day"] for tie in ties}
    order = delivery_order(ties)
    shops = {tie["account_id"]: tie.get("shop") for tie in ties}
    last: dict[str, tuple[date, State]] = {}
    rows = []
    for day in _days_of_change(ties, apart):
        present = [account for account, first in first_days.items() if first <= day]
        rules = Rules(apart=_apart_on(apart, day), shops=shops, max_accounts=max_accounts)
        for account, state in _states(present, edges_on(ties, day, order), order, rules).items():
            since, before = last.get(account, (day, None))
            if state != before:
                if before is not None:
                    rows.append(_row(account, before, since, day))
                last[account] = (day, state)
    rows += [_row(account, state, since, None) for account, (since, state) in last.items()]
    return sorted(rows, key=lambda row: (row["account_id"], row["valid_from"]))


def delivery_order(ties: Sequence[Tie]) -> dict[str, Any]:
    """By account, its place in the order of delivery."""
    return {tie["account_id"]: (_in_order(tie["delivered"]), tie["account_id"]) for tie in ties}


def _in_order(delivered: Any) -> Any:
    return tuple(delivered.values()) if isinstance(delivered, Mapping) else delivered


def _days_of_change(ties: Sequence[Tie], apart: Sequence[Apart]) -> list[date]:
    days = {tie["first_day"] for tie in ties}
    for tie in ties:
        for span in tie["spans"]:
            days |= {span["tied_from"], span["tied_to"]} - {None}
    first = min(days)
    for decision in apart:
        # Before the first account there is nobody to part.
        days |= {max(day, first) for day in (decision["valid_from"], decision["valid_to"]) if day is not None}
    return sorted(days)


def _apart_on(apart: Sequence[Apart], day: date) -> list[Pair]:
    return [
        (one["left_account_id"], one["right_account_id"]) for one in apart if _counts(one["valid_from"], one["valid_to"], day)
    ]


def _counts(since: date, until: date | None, day: date) -> bool:
    """Whether it counts for an as_of right after the day."""
    return since <= day and (until is None or day < until)


def _states(present: Sequence[str], edges: Sequence[Edge], order: Mapping[str, Any], rules: Rules) -> dict[str, State]:
    """Who is with whom for an as_of right after the day."""
    joined = Joined(present, rules)
    for edge in in_order(edges, order):
        joined.join(edge)
    strongest: dict[str, int] = {}
    for edge in edges:
        if joined.is_together(edge):
            for account, strength in ((edge.one, edge.of_one), (edge.other, edge.of_other)):
                strongest[account] = min(strength, strongest.get(account, strength))
    states: dict[str, State] = {}
    for members in joined.groups():
        if len(members) > 1 and not rules.is_too_many(len(members)):
            oldest = min(members, key=lambda account: order[account])
            states |= {account: (oldest, STRENGTH[strongest[account]], len(members)) for account in members}
        else:
            evidence_of_none = ALONE if len(members) == 1 else TOO_MANY
            states |= {account: (account, evidence_of_none, 1) for account in members}
    return states


def edges_on(ties: Sequence[Tie], day: date, order: Mapping[str, Any]) -> list[Edge]:
    """Of each key that ties two accounts right after the day, every pair of them."""
    active: dict[str, dict[str, int | None]] = {}
    weights: dict[str, float | None] = {}
    for tie in ties:
        kinds = [span["kind"] for span in tie["spans"] if _counts(span["tied_from"], span["tied_to"], day)]
        if kinds:
            stated = [STRENGTH.index(kind) for kind in kinds if kind != OWN]
            active.setdefault(tie["key"], {})[tie["account_id"]] = min(stated, default=None)
            weights[tie["key"]] = tie.get("weight")
    return [edge for key, holders in active.items() for edge in edges_of(key, holders, order, weights[key])]


def _row(account: str, state: State, valid_from: date, valid_to: date | None) -> dict[str, Any]:
    named_after, evidence, n_accounts = state
    return {
        "account_id": account,
        "named_after": named_after,
        "valid_from": valid_from,
        "valid_to": valid_to,
        "evidence": evidence,
        "n_accounts": n_accounts,
    }
