"""The page of a small lake: its figures are those that plain Python counts over the rows that were published."""

import random
from collections import Counter
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from lakes import ROOT, places
from parsed_pages import parsed, rows_of, section, text_in
from reclake.cockpit.demo_ending import ending, page_path
from reclake.cockpit.demo_figures import ABSENT, N_BOUGHT, read_figures
from reclake.look.lake import look_at
from reclake.segment.tiers import ORDER, PROSPECT
from reclake.settings import load_settings
from reclake.tables import bronze, gold, ops, silver
from without_spark import publish

DAYS = (date(2026, 2, 16), date(2026, 2, 23), date(2026, 3, 2))
NEWEST, BEFORE = DAYS[-1], DAYS[-2]
BEST = "c07"  # has the most orders


def segments():
    """A row per day and customer; some come, some go, and all of them may change their tier."""
    drawn_by = random.Random(7)
    rows = []
    for day in (*DAYS, DAYS[0] - timedelta(days=16)):  # the last one, 30 days before the newest, is of no week
        for n in range(150):
            customer = f"c{n:02}"
            if drawn_by.random() < 0.1 and customer != BEST:
                continue
            n_orders = 99 if customer == BEST else drawn_by.randint(0, 8)
            rows.append({
                "as_of_date": day, "customer_id": customer, "n_orders": n_orders, "currency": drawn_by.choice(("CNY", "CNY", "EUR")),
                "spend_amount": Decimal(n_orders * 7) + Decimal("0.125"), "recency_days": n, "segment": "champions",
                "tier": drawn_by.choice(ORDER) if n_orders else PROSPECT, "tier_reason": f"{n_orders} orders", "tier_reason_zh": f"{n_orders} 笔",
            })  # fmt: skip
    return rows


def lists():
    """Of an earlier day and the newest: only the newest counts."""
    row = {"scenario": "home", "score": 1.0}
    old = [
        row | {"as_of_date": BEFORE, "customer_id": f"c{n:02}", "rank": 1, "product_id": "p1", "source": "als"} for n in range(20)
    ]
    new = [
        row | {"as_of_date": NEWEST, "customer_id": f"c{n:02}", "rank": rank, "product_id": f"p{rank}", "source": source,
               "because_product_id": "p9", "reason_en": because and f"Goes with {because}", "reason_zh": because and f"与{because}搭配"}
        for n in range(5, 25)
        for rank, (source, because) in enumerate((("als", "p3"), ("als", None), ("popular", None)), start=1)
    ]  # fmt: skip
    cart = {
        "as_of_date": NEWEST,
        "customer_id": BEST,
        "rank": 1,
        "product_id": "p9",
        "source": "due_again",
        "scenario": "repurchase",
    }
    return [*old, *new, row | cart]  # another scenario: neither counted nor shown among those of home


def lines():
    """Two accounts of the best customer have bought, and so has somebody else."""
    accounts = ["app:1", "web:2"] * 8 + ["app:9"]
    return [
        {"source": "demo", "event_date": date(2026, 2, 1) + timedelta(days=n), "file_digest": "f", "position": n, "order_id": f"o{n}",
         "ordered_at": datetime(2026, 2, 1 + n, 8), "account_id": account, "line_kind": "product", "product_id": "p1" if n % 2 else "p9",
         "quantity": n, "line_amount": Decimal(n), "currency": "CNY", "is_return": False}
        for n, account in enumerate(accounts)
    ]  # fmt: skip


def files():
    row = {"source": "demo", "feed": "events", "n_bytes": 1, "n_records": 1, "batch_id": "b", "arrived_at": datetime(2026, 3, 1)}
    taken = [row | {"file_digest": f"d{n}", "file_name": f"{n}.jsonl", "outcome": "ingested"} for n in range(5)]
    return [*taken, row | {"file_digest": "x", "file_name": "x<b>.gz", "outcome": "rejected", "reason": "broken"}]


def totals():
    names = ("n_in", "n_kept", "n_duplicates", "n_rejected", "n_late", "n_unaccounted")
    return [
        {"source": "demo", "record_table": table, "delivery_day": day} | dict(zip(names, counts, strict=True))
        for table, day, counts in (
            ("silver.event_records", DAYS[0], (100, 90, 5, 3, 2, 0)),
            ("silver.event_records", DAYS[1], (50, 50, 0, 0, 0, 0)),
            ("silver.order_records", DAYS[1], (70, 60, 4, 6, 0, 0)),
        )
    ]


ROWS = {
    gold.CUSTOMER_SEGMENTS: segments(),
    gold.RECOMMENDATIONS: lists(),
    silver.ORDER_LINES: lines(),
    silver.IDENTITIES: [
        {"account_id": "app:1", "customer_id": BEST},
        {"account_id": "web:2", "customer_id": BEST},
        {"account_id": "web:2", "customer_id": "c08", "valid_to": date(2026, 1, 9)},
        {"account_id": "app:9", "customer_id": BEST, "valid_to": date(2026, 1, 9)},
        {"account_id": "app:9", "customer_id": "c08"},
    ],
    silver.PRODUCTS: [
        {"product_id": "p1", "product_name": "猫砂 <script>", "category": "宠物"},
        {"product_id": "p3", "product_name": "手冲壶", "category": "厨具"},
        {"product_id": "p3", "product_name": "old name", "category": "厨具", "valid_to": date(2026, 1, 9)},
    ],
    bronze.FILES: files(),
    ops.RECONCILIATION: totals(),
}


@pytest.fixture(scope="module")
def look(tmp_path_factory):
    """A lake that publishes one version of each of these tables, written without Spark."""
    folder = tmp_path_factory.mktemp("page")
    publish(folder / "lake", ROWS)
    own = [f"{key}={value}" for key, value in places(folder, folder / "landing").items()]
    return look_at(
        ROOT, load_settings(ROOT, profile="test", overrides=own, environment={}), clock=lambda: datetime(2026, 3, 2, 8)
    )


@pytest.fixture(scope="module")
def figures(look):
    return read_figures(look.reader)


@pytest.fixture(scope="module")
def end(look):
    return ending(look)


@pytest.fixture(scope="module")
def page(look, end):
    return parsed(page_path(look).read_text(encoding="utf-8"))


def test_tiers_are_those_of_the_published_rows(figures):
    rows = [row for row in ROWS[gold.CUSTOMER_SEGMENTS] if row["as_of_date"] in DAYS]
    counted = Counter((row["as_of_date"], row["tier"]) for row in rows)
    buyers = Counter((row["as_of_date"], row["tier"]) for row in rows if row["n_orders"])
    spent = Counter()
    for row in rows:
        spent[row["as_of_date"], row["tier"], row["currency"]] += row["spend_amount"]
    shown = {(day, name): tier for day, tiers in figures.tiers.items() for name, tier in tiers.items()}
    assert len(counted) > 15
    assert {key: tier.n_customers for key, tier in shown.items()} == counted
    assert {key: tier.n_buyers for key, tier in shown.items() if tier.n_buyers} == buyers
    assert {(*key, currency): amount for key, tier in shown.items() for currency, amount in tier.spend.items()} == spent
    assert figures.as_ofs == DAYS


def test_movement_is_that_of_the_published_rows(figures):
    rows = ROWS[gold.CUSTOMER_SEGMENTS]
    before, now = ({row["customer_id"]: row["tier"] for row in rows if row["as_of_date"] == day} for day in (BEFORE, NEWEST))
    moved = Counter((before.get(one, ABSENT), now.get(one, ABSENT)) for one in before | now)
    assert {ABSENT} < {tier for tier, _ in moved}
    assert figures.moved == moved


def test_the_page_shows_the_same_counts(page):
    """From the rows to what a reader sees, with nothing of the page's own reading in between."""
    newest = Counter(row["tier"] for row in ROWS[gold.CUSTOMER_SEGMENTS] if row["as_of_date"] == NEWEST)
    chart = next(figure for figure in section(page, "segments").iter("figure") if "have spent" in text_in(figure))
    texts = [text_in(one) for one in chart.iter("text")]
    shown = {name: text.split(" · ")[0] for name, text in zip(texts[::2], texts[1::2], strict=True)}
    assert shown == {tier.replace("_", " "): f"{n:,}" if n >= 10 else "< 10" for tier, n in newest.items()}


def test_records_and_files_are_summed(figures):
    assert (figures.n_files, figures.n_refused_files) == (5, 1)
    assert [
        (feed.record_table, feed.n_in, feed.n_kept, feed.n_duplicates, feed.n_rejected, feed.n_late) for feed in figures.feeds
    ] == [
        ("silver.event_records", 150, 140, 5, 3, 2),
        ("silver.order_records", 70, 60, 4, 6, 0),
    ]


def test_lists_of_the_newest_day(figures):
    assert figures.lists == {"als": (20, 40), "popular": (20, 20)}
    assert figures.n_listed == 20


def test_the_customer_with_the_most_orders(figures):
    customer = figures.customer
    assert customer.customer_id == BEST
    # The newest first, of both accounts that are theirs now, and of no other.
    assert [line.order_id for line in customer.bought] == [f"o{n}" for n in range(15, 15 - N_BOUGHT, -1)]
    assert customer.n_lines == 16
    assert [then.as_of for then in customer.then] == list(DAYS)
    assert [(one.rank, one.product_id, one.reason_en) for one in customer.recommended] == [
        (1, "p1", "Goes with p3"),
        (2, "p2", None),
        (3, "p3", None),
    ]
    assert customer.products == {"p1": ("猫砂 <script>", "宠物"), "p3": ("手冲壶", "厨具")}


def test_the_page_lies_beside_the_lake(look, page):
    place = page_path(look)
    assert str(place.with_name("lake")) == look.reader.root
    assert oct(place.stat().st_mode & 0o777) == "0o600"  # files.umask
    assert len(list(page.iter("script"))) == 1


def test_the_page_names_what_it_shows(look, page):
    facts = {text_in(one.find("dt")): text_in(one.find("dd")) for one in page.find("body").find("header").find("dl")}
    assert facts["Lake"] == look.reader.root
    assert facts["Manifest"] == "1"
    assert facts["As of"] == NEWEST.isoformat()


def test_the_command_ends_with_the_page_and_what_to_try(end):
    assert end.lines[0] == "Open these pages in a browser:"
    assert [Path(line.strip()).name for line in end.lines[1:4]] == ["demo.html", "customers.html", "shop.html"]
    assert all(Path(line.strip()).is_file() for line in end.lines[1:4])
    assert end.lines[4] == "Try next:"
    assert all(line.startswith("  .venv/jobs/bin/reclake ") for line in end.lines[5:])
    listed = dict(end.listings.items())
    (title,) = (title for title in listed if BEST in title)
    assert [row["why"] for row in listed[title]] == ["Goes with p3", "others with this taste chose it", "popular now"]
    assert [row["product"] for row in listed[title]] == ["猫砂 <script> (p1)", "p2", "手冲壶 (p3)"]
    tiers = listed["customers by tier"]
    assert len(tiers) > 5
    assert [
        row["spend"] for row in tiers if row["customers"] != "< 10" and not all("." in part for part in row["spend"].split(" + "))
    ] == []
    assert [row["spend"] for row in tiers if row["customers"] == "< 10"] == [""] * sum(
        row["customers"] == "< 10" for row in tiers
    )


def test_refused_files_stand_on_the_page(page):
    (table,) = section(page, "refused").iter("table")
    assert rows_of(table) == [["files", "refused file", "x<b>.gz: broken", "–", "x<b>.gz", "–"]]
