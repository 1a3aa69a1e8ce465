"""The page of the demo: its numbers are those of its figures, and no small group of people stands in it."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest

from parsed_pages import parsed, rows_of, section, text_in
from reclake.cockpit import demo_texts
from reclake.cockpit.demo_figures import ABSENT, Bought, Customer, Feed, Figures, Recommended, Then, Tier
from reclake.cockpit.demo_page import PageInputs, demo_page
from reclake.pages.page import Shown
from reclake.pages.texts import Text
from reclake.run.demo_way import as_ofs_to_build, weekly_as_ofs
from reclake.segment.segments import NO_ORDERS, SEGMENTS
from reclake.segment.tiers import ORDER, PROSPECT
from reclake.tables import GATED, bronze

DAYS = (date(2026, 2, 23), date(2026, 3, 2))


def tier(n, n_buyers=None, spend="0"):
    return Tier(n, n if n_buyers is None else n_buyers, {"CNY": Decimal(spend)})


FIGURES = Figures(
    n_files=769,
    n_refused_files=2,
    feeds=(
        Feed("silver.event_records", 1000, 950, 20, 10, 20, 0),
        Feed("silver.order_records", 100, 99, 0, 1, 0, 0),
    ),
    n_rows={"silver.events": 940, "silver.order_lines": 98, "gold.customer_segments": 1234},
    tiers={
        DAYS[0]: {"high_value": tier(40), "new": tier(7), "prospect": tier(12, 0)},
        DAYS[1]: {"high_value": tier(52, spend="917955.0000"), "new": tier(8, spend="77.7700"), "prospect": tier(13, 0)},
    },
    moved={("high_value", "high_value"): 38, ("new", "high_value"): 6, ("high_value", "new"): 11, (ABSENT, "prospect"): 13},
    lists={"als": (30, 300), "popular": (12, 120)},
    n_listed=42,
    customer=Customer(
        customer_id="c_e12b97dcbc48d017506fdf834fcbae79",
        bought=(
            Bought(date(2026, 2, 28), "M2c82cb55", "P1", "product", 2, Decimal("215.4000"), "CNY"),
            Bought(date(2026, 2, 28), "M2c82cb55", None, "shipping", 1, Decimal("8.0000"), "CNY"),
        ),
        n_lines=5,
        then=(Then(DAYS[1], "high_value", "champions", 23, Decimal("6373.3000"), "CNY", 2, "23 orders", "共 23 笔订单"),),
        recommended=(
            Recommended(1, "P2", "als", "Goes with 奶瓶 <b>", "与奶瓶 <b>搭配"),
            Recommended(2, "P3", "als", None, None),
            Recommended(3, "P2", "popular", None, None),
            Recommended(4, "P2", "non_personal", None, None),
        ),
        products={"P1": ("奶瓶 <b>", "母婴"), "P2": ("猫砂", "宠物")},
    ),
)
REFUSED = [
    {"record_table": "silver.order_records", "record_class": "rejected", "reason": "currency is not ISO 4217", "records": 34,
     "file": "till/a.csv", "line": 1299, "value": "RM?"},
    {"record_table": "bronze.files", "record_class": "rejected file", "reason": "x.gz: broken", "records": 0,
     "file": "x.gz", "line": None, "value": None},
]  # fmt: skip


def opened(figures=FIGURES, **changes):
    inputs = {
        "shown": Shown("/lake", 6, DAYS[1], date(2026, 3, 1), datetime(2026, 3, 2, 8)),
        "n_days": 60,
        "newest_days": {"silver.events": date(2026, 3, 1)},
        "refused": REFUSED,
        "n_more_refused": 4,
        "min_group_size": 10,
        "commands": (("reclake status", Text("what is built", "已构建的内容")),),
    }
    return parsed(demo_page(figures, PageInputs(**(inputs | changes))).html())


@pytest.fixture(scope="module")
def page():
    return opened()


def test_the_way_counts_what_became_of_the_records(page):
    steps = [
        " ".join(text_in(part) for part in [*step.findall("h3"), *step.findall("p"), *step.findall("ul/li")])
        for step in section(page, "way").find("ol")
    ]
    assert steps[0] == "Files 769 refused 2"
    assert steps[1] == "Records 1,100 events 1,000 orders 100"
    assert steps[2] == "Kept 1,049 duplicates 20 rejected 11 late 20"
    assert steps[3] == "Facts 1,038 events 940 order lines 98"
    assert steps[4] == "Customers 73 have bought 60 have not yet 13"
    assert steps[5] == "With a list 42 by the model 300 popular now 120"


def test_each_feed_is_accounted_for(page):
    (table,) = section(page, "way").iter("table")
    assert rows_of(table) == [
        ["events", "1,000", "950", "20", "10", "20", "1.0 %", "0"],
        ["orders", "100", "99", "0", "1", "0", "1.0 %", "0"],
    ]


def test_tiers_and_what_they_spent(page):
    bars = next(figure for figure in section(page, "segments").iter("figure") if "have spent" in text_in(figure))
    texts = [text_in(one) for one in bars.iter("text")]
    assert texts == ["high value", "52 · 917,955.00 CNY", "new", "< 10", "prospect", "13 · 0.00 CNY"]
    assert [one.get("data-value") for one in bars.iter("rect")] == ["52", None, "13"]
    assert "77.77" not in text_in(page)


def test_no_small_group_of_people_is_counted_out(page):
    """Of seven, eight and six people the page says nothing but that they are few, wherever it draws or lists them."""
    place = section(page, "segments")
    marks = {one.get("data-value") for one in place.iter() if one.get("data-value")}
    cells = {cell for table in place.iter("table") for row in rows_of(table) for cell in row}
    assert marks == {"52", "13", "40", "12", "38", "11"}
    assert not {"6", "7", "8"} & cells
    assert "< 10" in cells


def test_movement_of_the_last_week(page):
    place = section(page, "segments")
    ribbons = {(p.get("data-before"), p.get("data-after")): int(p.get("data-value")) for p in place.iter("path")}
    assert ribbons == {("high_value", "high_value"): 38, ("high_value", "new"): 11, (ABSENT, "prospect"): 13}
    assert "17 of 55 customers changed their tier within the week." in text_in(place)
    assert "本周内 55 位客户中有 17 位变更了分层。" in text_in(place, "zh")


def test_with_one_as_of_there_is_no_movement():
    place = section(
        opened(figures=replace(FIGURES, tiers={DAYS[1]: FIGURES.tiers[DAYS[1]]}, moved={})),
        "segments",
    )
    assert list(place.iter("path")) == []
    assert "movement shows from the second week on" in text_in(place)


def test_one_customer_with_names_beside_ids(page):
    place = section(page, "customer")
    was, bought, recommended = (rows_of(table) for table in place.iter("table"))
    assert "c_e12b97dcbc48d017506fdf834fcbae79" in text_in(place)
    assert "made up" in text_in(place)
    assert was == [["2026-03-02", "high value", "23 orders", "champions", "23", "6,373.30 CNY", "2"]]
    assert bought == [
        ["2026-02-28", "M2c82cb55", "奶瓶 <b> (P1)", "母婴", "2", "215.40 CNY"],
        ["2026-02-28", "M2c82cb55", "shipping", "–", "1", "8.00 CNY"],
    ]
    assert "3 more rows." in text_in(place)
    assert recommended == [
        ["1", "猫砂 (P2)", "宠物", "Goes with 奶瓶 <b>"],
        ["2", "P3", "–", "others with this taste chose it"],
        ["3", "猫砂 (P2)", "宠物", "popular now"],
        ["4", "猫砂 (P2)", "宠物", "on the list for everybody"],
    ]


def test_what_was_refused(page):
    place = section(page, "refused")
    (table,) = place.iter("table")
    assert rows_of(table) == [
        ["orders", "rejected", "currency is not ISO 4217", "34", "till/a.csv:1299", "RM?"],
        ["files", "refused file", "x.gz: broken", "–", "x.gz", "–"],
    ]
    assert [one.get("data-value") for one in place.iter("rect")] == ["34"]
    assert "4 more rows." in text_in(place)


def test_tables_with_what_a_row_is(page):
    (table,) = section(page, "tables").iter("table")
    grains = {one.name: one.grain for one in GATED}
    assert rows_of(table) == [
        ["silver.order_lines", grains["silver.order_lines"], "98", "–"],
        ["silver.events", grains["silver.events"], "940", "2026-03-01"],
        ["gold.customer_segments", grains["gold.customer_segments"], "1,234", "–"],
    ]


def test_a_lake_without_anything_has_a_page_too():
    empty = Figures(0, 0, (), {}, {}, {}, {}, 0, None)
    page = opened(empty, refused=[], n_more_refused=0)
    assert {one.get("id") for one in page.iter("section")} == {"way", "segments", "refused", "tables", "next"}


def test_every_tier_and_segment_has_its_name_in_both_languages():
    assert set(demo_texts.TIERS) == {*ORDER, PROSPECT, ABSENT}
    assert set(demo_texts.SEGMENT_NAMES) == {*(one.name for one in SEGMENTS), NO_ORDERS}
    sentences = [value for value in vars(demo_texts).values() if isinstance(value, Text)]
    assert len(sentences) > 50
    assert [one.en for one in sentences if not any("\u4e00" <= sign <= "\u9fff" for sign in one.zh)] == []


@pytest.mark.parametrize(
    ("first", "last", "as_ofs"),
    [
        ("2026-01-01", "2026-03-01", ["2026-01-12", "2026-01-19", "2026-01-26", "2026-02-02", "2026-02-09", "2026-02-16", "2026-02-23", "2026-03-02"]),
        ("2026-01-01", "2026-01-01", ["2026-01-02"]),
        ("2026-01-01", "2026-01-13", ["2026-01-14"]),
        ("2026-01-01", "2026-01-14", ["2026-01-08", "2026-01-15"]),
    ],
)  # fmt: skip
def test_as_ofs_of_every_week_that_has_a_week_before_it(first, last, as_ofs):
    days = {bronze.ORDERS.name: [first], bronze.EVENTS.name: [first, last]}
    ledger = SimpleNamespace(ever=lambda table: dict.fromkeys(days.get(table.name, ())))
    as_ofs_built = weekly_as_ofs(SimpleNamespace(ledger=ledger))
    assert [day.isoformat() for day in as_ofs_built] == as_ofs
    assert all(day - date.fromisoformat(first) >= timedelta(days=7) for day in as_ofs_built[:-1])
    month_before = as_ofs_built[-1] - timedelta(days=30)
    judged = [month_before] if month_before > as_ofs_built[0] else []
    assert as_ofs_to_build(SimpleNamespace(ledger=ledger)) == sorted([*as_ofs_built, *judged])
    assert bool(judged) == (last == "2026-03-01")


def test_without_deliveries_there_is_no_as_of():
    nothing = SimpleNamespace(ledger=SimpleNamespace(ever=lambda table: {}))
    assert weekly_as_ofs(nothing) == as_ofs_to_build(nothing) == []
