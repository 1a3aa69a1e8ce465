"""The page about the customers: its numbers are those of its figures, and no small group of people stands in it."""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

import pytest

from parsed_pages import parsed, section, text_in
from reclake.cockpit import customers_texts as texts
from reclake.cockpit.customers_figures import Change, CustomersFigures, Decile, LeftOut, Listed, Quality, ValueModel
from reclake.cockpit.customers_page import customers_page
from reclake.identity.evidence import STRENGTH, UNLINKED
from reclake.look.holdout import Holdout
from reclake.look.likely_pairs import LEVEL_WORDS
from reclake.outreach.candidates import EXCLUSIONS
from reclake.pages.page import Shown
from reclake.tables import silver, vocabulary

BEFORE, NOW = date(2026, 2, 23), date(2026, 3, 2)
PAIR = {field.name: None for field in silver.IDENTITY_PAIRS.fields} | {
    "level_name": 5, "weight_name": 9.5, "level_phone": 3, "weight_phone": 4.25, "level_gender": 1, "weight_gender": -2.0,
}  # fmt: skip
FIGURES = CustomersFigures(
    as_of=NOW,
    n_customers=2481,
    evidence={"login": 3000, "phone": 1200, "linked": 40, "alone": 7},
    pair=PAIR,
    n_pairs=31,
    changes=(
        Change(BEFORE, "new", "returning", 30),
        Change(BEFORE, "none", "prospect", 12),
        Change(BEFORE, "several", "several", 11),
    ),
    quality=(
        Quality(date(2026, 1, 31), "high_value", 100, 0.99, 0.9, 0.83, 0.94, 0.8, Decimal("812.5000"), "CNY"),
        Quality(date(2026, 1, 31), "dormant", 300, 1.0, 0.02, 0.01, 0.04, 0.95, None, "CNY"),
    ),
    model=ValueModel("mbg_nbd", "held_out", None, 0.61, 0.47, 0.03),
    deciles=(
        Decile("purchases", "purchases", 1, BEFORE, 200, 0.1, 0.12),
        Decile("purchases", "purchases", 10, BEFORE, 200, 3.4, 3.1),
        Decile("value", "CNY", 10, BEFORE, 200, 900.5, 870.25),
    ),
    holdout=Holdout(BEFORE, 1526, (BEFORE, date(2026, 2, 24)), (45, 92), (46.2, 91.6)),
    listed=(
        Listed("win_back", "email", 120, Decimal("5120.5000"), "CNY"),
        Listed("win_back", "sms", 4, Decimal("77.7700"), "CNY"),
    ),
    left_out=(LeftOut("win_back", "no_consent", 60),),
)


def opened(figures=FIGURES):
    shown = Shown("/lake", 6, NOW, date(2026, 3, 1), datetime(2026, 3, 2, 8))
    return parsed(customers_page(figures, shown, min_group_size=10).html())


@pytest.fixture(scope="module")
def page():
    return opened()


def marks(place):
    return [one.get("data-value") for one in place.iter() if one.get("data-value")]


def test_accounts_are_counted_by_evidence_and_one_link_is_explained(page):
    place = section(page, "identity")
    bars, waterfall = place.iter("figure")
    assert marks(bars) == ["3000", "1200", "40"]  # seven accounts are too few to be counted out
    assert marks(waterfall) == ["9.5", "4.25", "-2", "11.75"]
    assert "31 pairs were linked so" in text_in(waterfall)
    assert "+9.5 · equal" in text_in(waterfall)
    assert "+9.5 · 一致" in text_in(waterfall, "zh")
    assert "4,247 accounts of all channels belong to 2,481 customers" in text_in(page.find("body").find("header"))


def test_flows_between_tiers_leave_out_what_is_no_flow(page):
    flow = next(section(page, "tiers").iter("figure"))
    ribbons = {(one.get("data-before"), one.get("data-after")): one.get("data-value") for one in flow.iter("path")}
    assert ribbons == {("new", "returning"): "30", ("absent", "prospect"): "12"}


def test_a_tier_stands_beside_the_mean_of_all(page):
    _, bells = section(page, "tiers").iter("figure")
    mean = (0.9 * 100 + 0.02 * 300) / 400
    assert [float(value) for value in marks(bells)] == pytest.approx([mean, 0.9, mean, 0.02])


def test_forecasts_stand_beside_what_came(page):
    curve, purchases, value = section(page, "value").iter("figure")
    assert marks(curve) == ["45", "92", "46", "92"]
    assert "Days of purchase of 1,526 customers since 2026-02-23" in text_in(curve)
    assert [float(one) for one in marks(purchases)] == [0.1, 0.12, 3.4, 3.1]
    assert [float(one) for one in marks(value)] == [900.5, 870.25]


def test_lists_count_who_is_on_them_and_who_is_not(page):
    listed, left_out = section(page, "contacts").iter("figure")
    assert marks(listed) == ["120"]
    assert "5,120.50 CNY" in text_in(listed)
    assert "77.77" not in text_in(page)  # what four people have at risk
    assert marks(left_out) == ["60"]


def test_a_lake_without_these_tables_has_a_page(page):
    empty = CustomersFigures(None, 0, {}, None, 0, (), (), None, (), None, (), ())
    assert "No value is forecast" in text_in(section(opened(empty), "value"))
    first = replace(
        FIGURES, changes=(Change(None, "none", "new", 12),), model=ValueModel("none", "none", "one customer", None, None, None)
    )
    assert "one customer" in text_in(section(opened(first), "value"))
    assert not list(section(opened(first), "tiers").iter("path"))


def test_every_word_of_the_tables_has_a_text():
    assert set(texts.EVIDENCE) == {*STRENGTH, *UNLINKED}
    assert set(texts.REASONS) == set(EXCLUSIONS)
    assert set(texts.CHANNELS) == set(vocabulary.WORDS["contact_channel"])
    assert set(texts.LEVELS) == set(LEVEL_WORDS)
    compared = {f.name.removeprefix("level_") for f in silver.IDENTITY_PAIRS.fields if f.name.startswith("level_")}
    assert set(texts.ATTRIBUTES) == compared
