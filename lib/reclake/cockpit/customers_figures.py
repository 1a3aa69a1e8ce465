"""The figures of the page about the customers, read from the published tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from reclake.look.holdout import Holdout, read_holdout
from reclake.look.reader import Reader
from reclake.tables import Table, gold, silver

from .published import rows_of


@dataclass(frozen=True, slots=True)
class Change:
    """How many went from one tier to another; `none` for who was no customer, or is none any more."""

    previous_as_of: date | None
    from_tier: str
    to_tier: str
    n_customers: int


@dataclass(frozen=True, slots=True)
class Quality:
    """What came after a tier."""

    before_as_of: date
    tier: str
    n_customers: int
    coverage_share: float
    bought_share: float
    bought_lower_share: float
    bought_upper_share: float
    stayed_share: float
    mean_spend: Decimal | None
    currency: str


@dataclass(frozen=True, slots=True)
class Decile:
    """A tenth of the customers by forecast: what was forecast, and what came."""

    measure: str
    unit: str
    decile: int
    split: date
    n_customers: int
    expected: float
    actual: float


@dataclass(frozen=True, slots=True)
class ValueModel:
    """The model of purchases and how good it was."""

    model: str
    chosen_by: str
    reason: str | None
    purchases_gini: float | None
    value_gini: float | None
    correlation: float | None


@dataclass(frozen=True, slots=True)
class Listed:
    """Customers on the list of a purpose, by channel."""

    purpose: str
    channel: str
    n_customers: int
    at_risk: Decimal | None
    currency: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Customers left out of a purpose's list for a reason."""

    purpose: str
    reason: str
    n_customers: int


@dataclass(frozen=True, slots=True)
class CustomersFigures:
    """All that the page shows."""

    as_of: date | None
    n_customers: int
    evidence: Mapping[str, int]  # accounts by evidence
    pair: Mapping[str, Any] | None  # the linked pair in the middle by weight
    n_pairs: int
    changes: tuple[Change, ...]
    quality: tuple[Quality, ...]
    model: ValueModel | None
    deciles: tuple[Decile, ...]
    holdout: Holdout | None
    listed: tuple[Listed, ...]
    left_out: tuple[LeftOut, ...]


def read_customers(rows: Reader) -> CustomersFigures:
    """The figures of one manifest, of the newest as_of."""
    newest = rows_of(rows, gold.CUSTOMER_SEGMENTS, "SELECT max(as_of_date) FROM rows", "as_of_date")
    as_of = newest[0][0] if newest else None
    known = "WHERE valid_to IS NULL"
    evidence = f"SELECT evidence, count(*) FROM rows {known} GROUP BY evidence"
    customers = f"SELECT count(DISTINCT customer_id) FROM rows {known} AND evidence <> 'shared'"
    n_customers = rows_of(rows, silver.IDENTITIES, customers, "customer_id evidence valid_to")
    pair, n_pairs = _pair(rows)
    return CustomersFigures(
        as_of=as_of,
        n_customers=n_customers[0][0] if n_customers else 0,
        evidence=dict(rows_of(rows, silver.IDENTITIES, evidence, "evidence valid_to")),
        pair=pair,
        n_pairs=n_pairs,
        changes=tuple(
            Change(*row) for row in _newest(rows, gold.TIER_CHANGES, "previous_as_of_date from_tier to_tier n_customers", as_of)
        ),
        quality=tuple(
            Quality(*row)
            for row in _newest(
                rows,
                gold.SEGMENT_QUALITY,
                "before_as_of_date tier_before n_customers coverage_share bought_share bought_lower_share bought_upper_share "
                "stayed_share mean_spend_amount currency",
                as_of,
            )
        ),
        model=next(
            (
                ValueModel(*row)
                for row in _newest(
                    rows, gold.VALUE_MODELS, "model chosen_by reason purchases_gini value_gini spend_frequency_correlation", as_of
                )
            ),
            None,
        ),
        deciles=tuple(
            Decile(*row)
            for row in _newest(rows, gold.VALUE_DECILES, "measure unit decile split_date n_customers expected actual", as_of)
        ),
        holdout=read_holdout(rows, as_of) if as_of else None,
        listed=_listed(rows, as_of),
        left_out=_left_out(rows, as_of),
    )


def _newest(rows: Reader, table: Table, columns: str, as_of: date | None) -> list[tuple[Any, ...]]:
    """The table's rows of the as_of, by its key."""
    sql = f"SELECT {columns.replace(' ', ', ')} FROM rows WHERE as_of_date = ? ORDER BY {', '.join(table.key)}"
    return rows_of(rows, table, sql, " ".join(dict.fromkeys([*columns.split(), *table.key])), [as_of])


def _pair(rows: Reader) -> tuple[Mapping[str, Any] | None, int]:
    """The linked pair in the middle by weight, and how many there are."""
    names = [field.name for field in silver.IDENTITY_PAIRS.fields]
    counted = rows_of(rows, silver.IDENTITY_PAIRS, "SELECT count(*) FROM rows WHERE is_linked", "is_linked")
    n_pairs = counted[0][0] if counted else 0
    if not n_pairs:
        return None, 0
    order = "ORDER BY match_weight, left_account_id, right_account_id"
    sql = f"SELECT {', '.join(names)} FROM rows WHERE is_linked {order} LIMIT 1 OFFSET {n_pairs // 2}"
    (row,) = rows_of(rows, silver.IDENTITY_PAIRS, sql, " ".join(names))
    return dict(zip(names, row, strict=True)), n_pairs


def _listed(rows: Reader, as_of: date | None) -> tuple[Listed, ...]:
    sql = (
        "SELECT contact_purpose, contact_channel, count(*), sum(value_at_risk_amount), currency FROM rows WHERE as_of_date = ? "
        "GROUP BY contact_purpose, contact_channel, currency ORDER BY contact_purpose, 3 DESC, contact_channel"
    )
    columns = "contact_purpose contact_channel value_at_risk_amount currency as_of_date"
    return tuple(Listed(*row) for row in rows_of(rows, gold.CONTACT_LIST, sql, columns, [as_of]))


def _left_out(rows: Reader, as_of: date | None) -> tuple[LeftOut, ...]:
    sql = (
        "SELECT contact_purpose, reason, CAST(sum(n_customers) AS BIGINT) FROM rows WHERE as_of_date = ? "
        "GROUP BY contact_purpose, reason ORDER BY contact_purpose, 3 DESC, reason"
    )
    columns = "contact_purpose reason n_customers as_of_date"
    return tuple(LeftOut(*row) for row in rows_of(rows, gold.CONTACT_EXCLUSIONS, sql, columns, [as_of]))
