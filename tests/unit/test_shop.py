"""One customer's shop, printed and as a page, without Spark; an alert on lists that are shorter than their rules allow."""

import json
import random
import re
import shutil
from datetime import date
from decimal import Decimal

import pytest
from typer.testing import CliRunner

from lakes import ROOT, as_environment
from reclake.cli import app
from reclake.errors import SettingsInvalid, UsageError
from reclake.look.alerts import short_lists
from reclake.look.carts import parts_joined
from reclake.recommend.scenarios.definition import Block
from reclake.settings import load_settings
from reclake.tables import gold, silver
from without_spark import publish

AS_OF = date(2026, 3, 10)
WHO = "c_1"
NAMES = {
    "p1": ("猫砂 <b>", "cats"),
    "p2": ("Cup", "cups"),
    "p3": ("Milk", "milk"),
    "p4": (None, None),
    "p5": ("Litter", "cats"),
    "p6": ("Tea", "tea"),
    "p7": ("Pan", "pans"),
}


def place(product, rank=1, **more):
    return {
        "as_of_date": AS_OF, "product_id": product, "rank": rank, "score": 1.0, "strategy": "popular", "position": 4,
        "price_amount": Decimal("9.5"), "currency": "CNY", "stock_status": "in_stock",
    } | more  # fmt: skip


def because(en, zh):
    return {"reason": "looked_at", "reason_en": en, "reason_zh": zh}


CUSTOMERS = [
    place("p1", 1, scenario="home", customer_id=WHO, source="als", strategy="als", position=1, **because("Because you looked at {Cup}", "因为您看过{Cup}")),
    place("p4", 2, scenario="home", customer_id=WHO, source="popular"),
    place("p2", 1, scenario="home", customer_id="c_2", source="popular"),
    place("p3", 1, scenario="repurchase", customer_id=WHO, source="due_again", strategy="due_again", position=1),
]  # fmt: skip
PRODUCTS = [
    place("p1", 1, scenario="item_page", block="complements", recommended_product_id="p2"),
    place("p2", 1, scenario="item_page", block="complements", recommended_product_id="p1"),
]
BASKETS = [
    place("p1", 1, scenario="cart", basket='["p2"]', n_products=1, strategy="bought_with_basket", position=1, **because("Goes with Cup", "与Cup搭配")),
    place("p3", 2, scenario="cart", basket='["p2"]', n_products=1),
    place("p2", 1, scenario="cart", basket='["p3"]', n_products=1),
    place("p2", 1, scenario="cart", basket='["p5"]', n_products=1),
    place("p3", 1, scenario="cart", basket='["p7"]', n_products=1, score=3.0),
    place("p6", 2, scenario="cart", basket='["p7"]', n_products=1, score=2.0),
    place("p1", 3, scenario="cart", basket='["p7"]', n_products=1, strategy="bought_next", position=2),
]  # fmt: skip
TOUCHED = [
    {"event_date": date(2026, 3, day), "account_id": account, "product_id": product, "kind": kind, "n_events": 1}
    for day, account, product, kind in (
        (8, "a1", "p2", "add_to_cart"),
        (8, "a1", "p3", "add_to_cart"),
        (9, "a1", "p4", "view"),
        (7, "a1", "p1", "add_to_cart"),
        (9, "a2", "p1", "add_to_cart"),
        (10, "a1", "p2", "purchase"),
    )
]


STATES = [
    {"product_id": product, "valid_from": date(2026, 1, 1), "valid_to": until, "variant_of": group}
    for product, until, group in (("p3", date(2026, 2, 1), "p1"), ("p2", None, None), ("p5", None, "p1"), ("p1", None, "p1"))
]  # p3 was a variant of p1 until February


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    root = tmp_path_factory.mktemp("shop") / "lake"
    publish(root, {
        gold.RECOMMENDATIONS: CUSTOMERS,
        gold.PRODUCT_RECOMMENDATIONS: PRODUCTS,
        gold.BASKET_RECOMMENDATIONS: BASKETS,
        gold.PRODUCTS: [{"product_id": product, "product_name": name, "category": category} for product, (name, category) in NAMES.items()],
        silver.PRODUCTS: STATES,
        silver.IDENTITIES: [{"account_id": "a1", "customer_id": WHO, "valid_from": date(2026, 1, 1)}],
        silver.INTERACTIONS: TOUCHED,
    })  # fmt: skip
    return root


@pytest.fixture(autouse=True)
def environment(lake, monkeypatch):
    for name, value in (as_environment({"lake.root": str(lake)}) | {"RECLAKE_HOME": str(ROOT)}).items():
        monkeypatch.setenv(name, value)


def called(*words):
    done = CliRunner().invoke(app, list(words), catch_exceptions=True)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.output


def printed(*words):
    return json.loads(called(*words, "--json"))


def test_the_scenarios_are_listed_and_checked(tmp_path, monkeypatch):
    rows = printed("scenarios", "list")
    chains = {(row["scenario"], row["block"]): row["chain"] for row in rows}
    assert chains["home", "list"] == "als > seen_together > popular_in_tier > popular"
    assert {block for name, block in chains if name == "item_page"} == {"substitutes", "complements"}
    assert "6 scenarios can be used" in called("scenarios", "check")
    home = tmp_path / "home"
    shutil.copytree(ROOT / "conf", home / "conf")
    path = home / "conf" / "scenarios" / "home.toml"
    path.write_text(path.read_text().replace('model = "als"', 'model = "alss"'))
    monkeypatch.setenv("RECLAKE_HOME", str(home))
    with pytest.raises(SettingsInvalid, match=r"scenario file home.toml(.|\n)*there is no model 'alss' \(did you mean 'als'\?\)"):
        called("scenarios", "check", "home")


def test_a_scenario_of_a_purpose_that_nobody_declared_is_refused(tmp_path, monkeypatch):
    home = tmp_path / "home"
    shutil.copytree(ROOT / "conf", home / "conf")
    path = home / "conf" / "scenarios" / "win_back.toml"
    path.write_text(path.read_text().replace('contact_purpose = "win_back"', 'contact_purpose = "winback"'))
    monkeypatch.setenv("RECLAKE_HOME", str(home))
    told = r"scenario file win_back.toml(.|\n)*there is no purpose 'winback' \(did you mean 'win_back'\?\)"
    with pytest.raises(SettingsInvalid, match=told):
        called("scenarios", "check")


def test_a_list_of_a_customer_and_of_a_product():
    rows = printed("scenarios", "preview", "home", "--customer", WHO)
    assert [(row["rank"], row["product"], row["why"], row["from"]) for row in rows] == [
        (1, "猫砂 <b> (p1)", "Because you looked at {Cup}", "1. als"),
        (2, "p4", "", "4. popular"),
    ]
    with pytest.raises(UsageError, match="item_page asks for a product"):
        called("scenarios", "preview", "item_page", "--customer", WHO)


def test_a_cart_without_a_list_of_its_own_is_answered_by_its_parts():
    rows = printed("scenarios", "preview", "cart", "--product", "p3", "--product", "p2")
    # p3 and p2 are in it; p1 completes the cup; tea is popular, as the list of another basket says.
    assert [(row["rank"], row["product"], row["why"]) for row in rows] == [
        (1, "猫砂 <b> (p1)", "Goes with Cup"),
        (2, "Tea (p6)", ""),
    ]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("home", "--customer", "c_9"), "no list of 2026-03-10 is made for the customer 'c_9'"),
        (("home", "--customer", ""), "no list of 2026-03-10 is made for the customer ''"),
        (("item_page", "--product", "p99"), "there is no product p99"),
        (("cart", "--product", "p2", "--product", "p99"), "there is no product p99"),
        (("item_page", "--product", "p1", "--product", "p2"), "item_page asks for one product"),
        (("account_page", "--customer", WHO), "the scenario account_page has no list on 2026-03-10"),
    ],
)
def test_what_nobody_knows_is_refused_and_not_called_empty(words, told):
    with pytest.raises(UsageError, match=re.escape(told)):
        called("scenarios", "preview", *words)


def test_rules_of_categories_hold_for_a_cart_that_parts_answer():
    rows = [{"product_id": f"x{n}", "position": 1, "rank": n, "basket": "a"} for n in range(1, 6)]
    categories = {"a": "tea", "x1": "cups", "x2": "cups", "x3": "cups", "x4": "tea", "x5": None}
    chain = [{"link": "popular", "scope": "all"}]
    wanted = {("any", 0): "12345", ("any", 2): "1245", ("other", 1): "15", ("same", 2): "4"}
    for (rule, cap), products in wanted.items():
        joined = parts_joined(rows, ["a"], categories, {}, Block(chain=chain, category=rule, per_category=cap))
        assert [row["product_id"] for row in joined] == [f"x{n}" for n in products]


def test_a_variant_of_any_part_of_a_cart_is_not_shown():
    """p1 completes the cup, but its variant p5 is in the cart; p3 is none any more."""
    rows = printed("scenarios", "preview", "cart", "--product", "p5", "--product", "p2")
    assert [row["product"] for row in rows] == ["Milk (p3)", "Tea (p6)"]


def test_rules_of_variants_hold_for_a_cart_that_parts_answer():
    """Drawn carts: no list holds two of a group or one of the cart's, and none leaves out what could stand on it."""
    draw, chain, n_left_out = random.Random(4), [{"link": "popular", "scope": "all"}], 0
    products = [f"p{n}" for n in range(10)]
    for _ in range(300):
        variants = {product: draw.choice(("p0", "p1", product)) for product in products if draw.random() < 0.7}
        basket = draw.sample(products, draw.randint(1, 4))
        rows = [
            {"product_id": product, "position": draw.randint(1, 2), "rank": rank, "basket": part}
            for part in basket
            for rank, product in enumerate(draw.sample(products, draw.randint(0, 6)), start=1)
        ]
        joined = parts_joined(rows, basket, {}, variants, Block(chain=chain))
        groups = [variants.get(row["product_id"], row["product_id"]) for row in joined]
        of_basket = {variants.get(product, product) for product in basket}
        assert len(set(groups)) == len(groups)
        assert set(groups) == {variants.get(row["product_id"], row["product_id"]) for row in rows} - of_basket
        best = {group: [] for group in groups}
        for row in rows:
            group = variants.get(row["product_id"], row["product_id"])
            best.get(group, []).append((row["position"], row["rank"], row["product_id"]))
        order = [(row["position"], row["rank"], row["product_id"]) for row in joined]
        assert order == sorted(min(of_group) for of_group in best.values())
        n_left_out += len({row["product_id"] for row in rows} - set(basket)) - len(joined)
    assert n_left_out > 300


def test_one_customers_shop_is_printed_and_written(tmp_path):
    page = tmp_path / "shop.html"
    text = called("preview", "customer", WHO, "--to", str(page))
    assert all(title in text for title in ("home", "repurchase", "item_page, complements", "cart: Cup + Milk"))
    html = page.read_text()
    assert "猫砂 &lt;b&gt;" in html
    assert "Because you looked at {Cup}" in html
    assert "因为您看过{Cup}" in html
    assert page.stat().st_mode & 0o077 == 0, "it is about one person"
    with pytest.raises(UsageError, match="no list of 2026-03-10 is made for the customer 'c_9'"):
        called("preview", "customer", "c_9")


def coverage(share, **more):
    return {
        "scenario": "home",
        "block": "list",
        "as_of_date": AS_OF,
        "complete_share": share,
        "n_complete": 9,
        "n_servable": 10,
    } | more


def test_lists_that_are_too_short_are_told():
    alerts = load_settings(ROOT, profile="test", environment={}).alerts
    assert short_lists([coverage(0.99), coverage(1.0), coverage(None)], alerts) == []
    (finding,) = short_lists([coverage(0.9)], alerts)
    assert (finding.kind, finding.subject) == ("serving", f"home list {AS_OF}")
    assert finding.told == "complete_share is 0.900, below 0.99: 9 of 10 lists are whole"
