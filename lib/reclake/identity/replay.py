"""Who belonged together on which day, from the ties of one group of accounts."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.identity.groups import Groups
from reclake.identity.ties import OWN

ALONE = "alone"
TOO_MANY = "too_many"  # in reach of more accounts than are linked
STRENGTH = ("login", "phone", "email", "device")  # the first of them names the evidence

Tie = Mapping[str, Any]  # key, account_id, first_day, delivered, spans of (kind, tied_from, tied_to)
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
        One row per component, with `ties`: an array of all its ties. A component must fit a worker's memory.
    """

    def replay_batches(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            rows = [row for ties in batch.column("ties").to_pylist() for row in replay(ties, max_accounts=max_accounts)]
            yield pa.RecordBatch.from_pylist(rows, schema=_INTERVAL)

    types = "account_id string, named_after string, valid_from date, valid_to date, evidence string, n_accounts long"
    return components.select(F.col("ties")).mapInArrow(replay_batches, types)


def replay(ties: Sequence[Tie], *, max_accounts: int) -> list[dict[str, Any]]:
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
    order = {tie["account_id"]: (_in_order(tie["delivered"]), tie["account_id"]) for tie in ties}
    last: dict[str, tuple[date, State]] = {}
    rows = []
    for day in _days_of_change(ties):
        present = [account for account, first in first_days.items() if first <= day]
        for account, state in _states(present, ties, day, order, max_accounts).items():
            since, before = last.get(account, (day, None))
            if state != before:
                if before is not None:
                    rows.append(_row(account, before, since, day))
                last[account] = (day, state)
    rows += [_row(account, state, since, None) for account, (since, state) in last.items()]
    return sorted(rows, key=lambda row: (row["account_id"], row["valid_from"]))


def _in_order(delivered: Any) -> Any:
    return tuple(delivered.values()) if isinstance(delivered, Mapping) else delivered


def _days_of_change(ties: Sequence[Tie]) -> list[date]:
    days = {tie["first_day"] for tie in ties}
    for tie in ties:
        for span in tie["spans"]:
            days.add(span["tied_from"])
            if span["tied_to"] is not None:
                days.add(span["tied_to"])
    return sorted(days)


def _states(
    present: Sequence[str], ties: Sequence[Tie], day: date, order: Mapping[str, Any], max_accounts: int
) -> dict[str, State]:
    """Who is with whom for an as_of right after the day."""
    evidence = _evidence_by_key(ties, day)
    groups = Groups[str]()
    for account in present:
        groups.join(account, account)
    for first, *others in evidence.values():
        for other in others:
            groups.join(first, other)
    strongest: dict[str, int] = {}
    for accounts in evidence.values():
        for account, strength in accounts.items():
            strongest[account] = min(strength, strongest.get(account, strength))
    states: dict[str, State] = {}
    for members in groups.members():
        if 1 < len(members) <= max_accounts:
            oldest = min(members, key=lambda account: order[account])
            states |= {account: (oldest, STRENGTH[strongest[account]], len(members)) for account in members}
        else:
            evidence_of_none = ALONE if len(members) == 1 else TOO_MANY
            states |= {account: (account, evidence_of_none, 1) for account in members}
    return states


def _evidence_by_key(ties: Sequence[Tie], day: date) -> dict[str, dict[str, int]]:
    """Of each key that ties two accounts right after the day: the strength of each tie, 0 the strongest."""
    active: dict[str, dict[str, int | None]] = {}
    for tie in ties:
        kinds = [s["kind"] for s in tie["spans"] if s["tied_from"] <= day and (s["tied_to"] is None or day < s["tied_to"])]
        if kinds:
            stated = [STRENGTH.index(kind) for kind in kinds if kind != OWN]
            active.setdefault(tie["key"], {})[tie["account_id"]] = min(stated, default=None)
    found = {}
    for key, accounts in active.items():
        if len(accounts) > 1:
            # A device's own account is linked by the strongest that the others bring.
            best = min(strength for strength in accounts.values() if strength is not None)
            found[key] = {account: best if strength is None else strength for account, strength in accounts.items()}
    return found


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
