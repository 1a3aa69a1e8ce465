"""The figures of the demo's page, read from the published tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from reclake.look.reader import Reader
from reclake.tables import GATED, bronze, gold, ops, silver

from .published import rows_of

ABSENT = "absent"  # of a customer who is in the segments of one as_of and not of the other
_HOME = "scenario = 'home'"  # the list that is counted and shown here; shop.html shows the others
N_BOUGHT = 12  # lines of the one customer that are shown


@dataclass(frozen=True, slots=True)
class Feed:
    """How the records of one records table were judged: n_in is the sum of the others."""

    record_table: str
    n_in: int
    n_kept: int
    n_duplicates: int
    n_rejected: int
    n_late: int
    n_unaccounted: int


@dataclass(frozen=True, slots=True)
class Tier:
    """One tier at one as_of."""

    n_customers: int
    n_buyers: int
    spend: Mapping[str, Decimal | None]  # by currency


@dataclass(frozen=True, slots=True)
class Then:
    """What the one customer was at an as_of."""

    as_of: date
    tier: str
    segment: str
    n_orders: int
    spend_amount: Decimal | None
    currency: str
    recency_days: int | None
    tier_reason: str
    tier_reason_zh: str


@dataclass(frozen=True, slots=True)
class Bought:
    """One order line of the one customer."""

    day: date
    order_id: str
    product_id: str | None
    kind: str | None
    quantity: int
    line_amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Recommended:
    """One place of the one customer's list."""

    rank: int
    product_id: str
    source: str
    reason_en: str | None
    reason_zh: str | None


@dataclass(frozen=True, slots=True)
class Customer:
    """One customer: bought, was, and is recommended."""

    customer_id: str
    bought: tuple[Bought, ...]
    n_lines: int
    then: tuple[Then, ...]
    recommended: tuple[Recommended, ...]
    products: Mapping[str, tuple[str | None, str | None]]  # name and category by product_id


@dataclass(frozen=True, slots=True)
class Figures:
    """All that the page shows, but for what was refused."""

    n_files: int
    n_refused_files: int
    feeds: tuple[Feed, ...]
    n_rows: Mapping[str, int]  # by table
    tiers: Mapping[date, Mapping[str, Tier]]  # by as_of, in order
    moved: Mapping[tuple[str, str], int]  # tier before and now → customers, between the newest two as_ofs
    lists: Mapping[str, tuple[int, int]]  # source of a place of home's lists → customers and rows, of the newest as_of
    n_listed: int  # customers with a list
    customer: Customer | None

    @property
    def as_ofs(self) -> tuple[date, ...]:
        """The as_ofs of the segments, in order."""
        return tuple(self.tiers)


def read_figures(rows: Reader) -> Figures:
    """The figures of one manifest."""
    by_as_of = _tiers(rows)
    # Week by week: as_ofs between two weeks are built for other questions.
    as_ofs = [day for day in by_as_of if (max(by_as_of) - day).days % 7 == 0]
    tiers = {day: by_as_of[day] for day in as_ofs}
    files = dict(rows_of(rows, bronze.FILES, "SELECT outcome, count(*) FROM rows GROUP BY outcome", "outcome"))
    lists, n_listed = _lists(rows)
    return Figures(
        n_files=files.get("ingested", 0),
        n_refused_files=files.get("rejected", 0),
        feeds=_feeds(rows),
        n_rows={table.name: rows.published[table.name].n_rows for table in GATED if table.name in rows.published},
        tiers=tiers,
        moved=_moved(rows, as_ofs[-2], as_ofs[-1]) if len(as_ofs) > 1 else {},
        lists=lists,
        n_listed=n_listed,
        customer=_customer(rows, as_ofs[-1]) if as_ofs else None,
    )


def _feeds(rows: Reader) -> tuple[Feed, ...]:
    counts = ("n_in", "n_kept", "n_duplicates", "n_rejected", "n_late", "n_unaccounted")
    sums = ", ".join(f"CAST(sum({name}) AS BIGINT)" for name in counts)
    sql = f"SELECT record_table, {sums} FROM rows GROUP BY record_table ORDER BY 2 DESC, 1"
    return tuple(Feed(*row) for row in rows_of(rows, ops.RECONCILIATION, sql, f"record_table {' '.join(counts)}"))


def _tiers(rows: Reader) -> dict[date, dict[str, Tier]]:
    sql = (
        "SELECT as_of_date, tier, currency, count(*), sum(CASE WHEN n_orders > 0 THEN 1 ELSE 0 END), sum(spend_amount) "
        "FROM rows GROUP BY as_of_date, tier, currency ORDER BY as_of_date, tier, currency"
    )
    tiers: dict[date, dict[str, Tier]] = {}
    for as_of, tier, currency, n_customers, n_buyers, spend in rows_of(
        rows, gold.CUSTOMER_SEGMENTS, sql, "as_of_date tier currency n_orders spend_amount"
    ):
        known = tiers.setdefault(as_of, {}).get(tier, Tier(0, 0, {}))
        tiers[as_of][tier] = Tier(
            known.n_customers + n_customers, known.n_buyers + int(n_buyers), {**known.spend, currency: spend}
        )
    return tiers


def _moved(rows: Reader, before: date, now: date) -> dict[tuple[str, str], int]:
    sql = (
        "SELECT coalesce(tier_before, ?), coalesce(tier_now, ?), count(*) FROM ("
        "SELECT customer_id, max(CASE WHEN as_of_date = ? THEN tier END) AS tier_before, "
        "max(CASE WHEN as_of_date = ? THEN tier END) AS tier_now FROM rows WHERE as_of_date IN (?, ?) GROUP BY customer_id"
        ") AS of_customer GROUP BY tier_before, tier_now"
    )
    parameters = [ABSENT, ABSENT, before, now, before, now]
    moves = rows_of(rows, gold.CUSTOMER_SEGMENTS, sql, "customer_id as_of_date tier", parameters)
    return {(tier_before, tier_now): n for tier_before, tier_now, n in moves}


def _lists(rows: Reader) -> tuple[dict[str, tuple[int, int]], int]:
    newest = f"SELECT *, max(as_of_date) OVER () AS newest FROM rows WHERE {_HOME}"
    by_source = (
        f"SELECT source, count(DISTINCT customer_id), count(*) FROM ({newest}) AS dated WHERE as_of_date = newest "
        "GROUP BY source ORDER BY 3 DESC, 1"
    )
    all_of = f"SELECT count(DISTINCT customer_id) FROM ({newest}) AS dated WHERE as_of_date = newest"
    lists = rows_of(rows, gold.RECOMMENDATIONS, by_source, "as_of_date source customer_id scenario")
    n_listed = rows_of(rows, gold.RECOMMENDATIONS, all_of, "as_of_date customer_id scenario")
    return {source: (n_customers, n_rows) for source, n_customers, n_rows in lists}, n_listed[0][0] if n_listed else 0


def _customer(rows: Reader, as_of: date) -> Customer | None:
    """The customer with the most orders."""
    most = "SELECT customer_id FROM rows WHERE as_of_date = ? ORDER BY n_orders DESC, customer_id LIMIT 1"
    chosen = rows_of(rows, gold.CUSTOMER_SEGMENTS, most, "customer_id as_of_date n_orders", [as_of])
    if not chosen:
        return None
    customer_id = chosen[0][0]
    bought, n_lines = _bought(rows, customer_id)
    columns = "as_of_date tier segment n_orders spend_amount currency recency_days tier_reason tier_reason_zh"
    sql = f"SELECT {columns.replace(' ', ', ')} FROM rows WHERE customer_id = ? ORDER BY as_of_date"
    then = rows_of(rows, gold.CUSTOMER_SEGMENTS, sql, f"{columns} customer_id", [customer_id])
    columns = "rank product_id source reason_en reason_zh"
    sql = f"SELECT {columns.replace(' ', ', ')} FROM rows WHERE customer_id = ? AND as_of_date = ? AND {_HOME} ORDER BY rank"
    listed = rows_of(rows, gold.RECOMMENDATIONS, sql, f"{columns} customer_id as_of_date scenario", [customer_id, as_of])
    recommended = tuple(Recommended(*row) for row in listed)
    ids = {line.product_id for line in bought}
    ids |= {one.product_id for one in recommended}
    products = _products(rows, sorted(product_id for product_id in ids if product_id))
    return Customer(
        customer_id, bought, n_lines, tuple(Then(*row) for row in then if (as_of - row[0]).days % 7 == 0), recommended, products
    )


def _bought(rows: Reader, customer_id: str) -> tuple[tuple[Bought, ...], int]:
    """The newest lines of all accounts of the customer, and how many there are."""
    sql = "SELECT DISTINCT account_id FROM rows WHERE customer_id = ? AND valid_to IS NULL"
    accounts = [row[0] for row in rows_of(rows, silver.IDENTITIES, sql, "account_id customer_id valid_to", [customer_id])]
    if not accounts:
        return (), 0
    columns = "event_date order_id product_id line_kind quantity line_amount currency"
    sql = (
        f"SELECT {columns.replace(' ', ', ')}, count(*) OVER () FROM rows WHERE account_id IN ({_places(accounts)}) "
        f"ORDER BY event_date DESC, ordered_at DESC, order_id, position LIMIT {N_BOUGHT}"
    )
    lines = rows_of(rows, silver.ORDER_LINES, sql, f"{columns} account_id ordered_at position", accounts)
    return tuple(Bought(*line[:-1]) for line in lines), lines[0][-1] if lines else 0


def _products(rows: Reader, product_ids: Sequence[str]) -> dict[str, tuple[str | None, str | None]]:
    if not product_ids:
        return {}
    sql = f"SELECT product_id, product_name, category FROM rows WHERE valid_to IS NULL AND product_id IN ({_places(product_ids)})"
    named = rows_of(rows, silver.PRODUCTS, sql, "product_id product_name category valid_to", product_ids)
    return {product_id: (name, category) for product_id, name, category in named}


def _places(values: Sequence[str]) -> str:
    return ", ".join("?" for _ in values)
