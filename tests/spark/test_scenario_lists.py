"""Lists of customers, products and baskets on hand-made rows: what is shown, why, and that each stated fact holds."""

from __future__ import annotations

import json
import random
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import combinations

import pytest
from test_recommendations import WEIGHTS, HalfLife, Limits, account, identity

from declared import cut_inputs
from frames import contents, frame
from reclake.gold.basket_recommendations import basket_recommendations
from reclake.gold.product_recommendations import product_recommendations
from reclake.gold.recommendations import recommendations
from reclake.lake.schema import conform
from reclake.ops.serving_coverage import serving_coverage
from reclake.recommend.catalogues import SCENARIOS
from reclake.recommend.scenarios.baskets import basket_rules
from reclake.recommend.scenarios.definition import Scenario
from reclake.tables import gold, serving, silver

DAY = date(2026, 3, 1)
BEFORE = DAY - timedelta(days=200)
N = 24
CATEGORIES = ("tea", "cups", "cats", None)
NAMES = {f"p{n:02}": f"Product {n}" for n in range(N)}
PLAIN = [f"c{n}" for n in range(8)]  # c6 opted out, c7 said nothing


def category_of(product):
    return CATEGORIES[int(product[1:]) % len(CATEGORIES)]


def products():
    """p22 is off sale; p20 and p21 are variants of p20."""
    return [
        dict(
            product_id=product,
            valid_from=BEFORE,
            product_name=name,
            category=category_of(product),
            price_amount=Decimal(int(product[1:]) + 1),
            currency="CNY",
            is_active=product != "p22",
            variant_of="p16" if product in ("p16", "p20") else None,
        )
        for product, name in NAMES.items()
    ]


STOCK = [
    dict(product_id="p00", valid_from=BEFORE, is_in_stock=True, is_recalled=False),
    dict(product_id="p01", valid_from=BEFORE, is_in_stock=False, is_recalled=False),
    dict(product_id="p02", valid_from=BEFORE, is_in_stock=True, is_recalled=True),
]
CLOSED = {"p01", "p02", "p22"}


def world(seed=1, *, silent=lambda rows: rows):
    """Table → rows: six customers who may be profiled, two who may not, and what the other tables of gold say."""
    draw = random.Random(seed)
    touched = {}
    for n in range(len(PLAIN)):
        for product in draw.sample(sorted(NAMES), 7):
            kind, day = draw.choice(("view", "view", "purchase")), DAY - timedelta(days=draw.randint(1, 90))
            touched[f"a{n}", product, day, kind] = dict(
                account_id=f"a{n}", product_id=product, event_date=day, kind=kind, n_events=1
            )
    interactions = silent(list(touched.values()))
    relations = []
    for relation in ("seen_together", "bought_together", "seen_next", "bought_next"):
        for product in NAMES:
            for rank, other in enumerate(draw.sample(sorted(set(NAMES) - {product}), 6), start=1):
                relations.append(dict(
                    as_of_date=DAY, relation=relation, product_id=product, rank=rank, related_product_id=other, score=1 / (rank + 1),
                    n_together=draw.choice((3, 9)), n_product=20, n_related=20, confidence=0.3, lift=draw.choice((0.9, 2.0)),
                    is_same_category=category_of(product) == category_of(other),
                ))  # fmt: skip
    popular = [
        dict(
            as_of_date=DAY,
            scope=scope,
            value=value,
            kind="decayed",
            rank=rank,
            product_id=product,
            score=30.0 - rank,
            n_customers=20,
        )
        for scope, value, some in (
            ("all", "all", draw.sample(sorted(NAMES), 12)),
            ("category", "tea", [p for p in NAMES if category_of(p) == "tea"][:3]),
            ("tier", "new", draw.sample(sorted(NAMES), 5)),
        )
        for rank, product in enumerate(some, start=1)
    ]
    due = [
        dict(as_of_date=DAY, customer_id=customer, product_id=product, category="tea", score=0.5 - n / 10, is_due=n < 2, elapsed_days=30,
             usual_gap_days=28.4, due_ratio=1.05)
        for customer in PLAIN[:3]
        for n, product in enumerate(("p04", "p08", "p12"))
    ]  # fmt: skip
    return {
        silver.IDENTITIES: [identity(f"a{n}", customer, valid_from=BEFORE) for n, customer in enumerate(PLAIN)],
        silver.ACCOUNTS: [account(f"a{n}", valid_from=BEFORE) for n in range(len(PLAIN))],
        silver.CONSENTS: [
            dict(account_id=f"a{n}", purpose="personalisation", is_granted=n != 6, valid_from=BEFORE) for n in range(7)
        ],
        silver.INTERACTIONS: interactions,
        silver.PRODUCTS: products(),
        silver.STOCK: STOCK,
        silver.IMPRESSIONS: [
            dict(account_id="a0", product_id=product, event_date=DAY - timedelta(days=2), clicked_at=clicked_at)
            for product, clicked_at in (("p05", None), ("p06", datetime(2026, 3, 1, 0, 0)), ("p07", datetime(2026, 3, 3)))
        ],
        silver.ORDER_LINES: [],
        gold.PRODUCT_RELATIONS: relations,
        gold.POPULAR_PRODUCTS: popular,
        gold.DUE_AGAIN: due,
        gold.CUSTOMER_SEGMENTS: [dict(as_of_date=DAY, customer_id=customer, tier="new") for customer in PLAIN[:3]],
        gold.CONTACT_LIST: [dict(as_of_date=DAY, customer_id=customer, contact_purpose="win_back") for customer in PLAIN[:2]],
    }  # fmt: skip


@pytest.fixture(scope="module")
def shipped(root):
    return SCENARIOS.load(root / "conf" / "scenarios")


def frames_of(spark, rows):
    return {table.name: frame(spark, table, *of_table) for table, of_table in rows.items()}


def lists(spark, rows, scenarios):
    inputs = cut_inputs(gold.RECOMMENDATIONS, frames_of(spark, rows), as_of=DAY)
    made = recommendations(
        **inputs,
        as_of=DAY,
        popularity=HalfLife(),
        weights=WEIGHTS,
        limits=Limits(),
        scenarios=scenarios,
        champions={"als": None},
        timezone="UTC",
    )
    return contents(conform(made, gold.RECOMMENDATIONS))


@pytest.fixture(scope="module")
def built(spark, shipped):
    return lists(spark, world(), shipped)


def of(rows, scenario, customer):
    return sorted(
        (row for row in rows if (row["scenario"], row["customer_id"]) == (scenario, customer)), key=lambda row: row["rank"]
    )


def test_everybody_is_served_and_no_rule_is_broken(built, shipped):
    rows, own = world(), {}
    for row in rows[silver.INTERACTIONS]:
        own.setdefault(f"c{row['account_id'][1:]}", []).append(row)
    assert {row["product_id"] for row in built} & CLOSED == set()
    for customer in PLAIN:
        is_personal = customer not in ("c6", "c7")
        home = of(built, "home", customer)
        assert [row["rank"] for row in home] == list(range(1, len(home) + 1))
        assert len(home) == 10 or customer == "c0"  # who was shown three products more
        assert {row["source"] == "non_personal" for row in home} == {not is_personal}
        for scenario, cap in (("home", 4), ("account_page", 4), ("win_back", 2)):
            shown = of(built, scenario, customer)
            counted = [category_of(row["product_id"]) for row in shown]
            assert all(counted.count(category) <= cap for category in CATEGORIES[:3])
            assert not {"p16", "p20"} <= {row["product_id"] for row in shown}
        if is_personal:
            assert not {row["product_id"] for row in home} & {row["product_id"] for row in own[customer]}
            bought = {
                row["product_id"] for row in own[customer] if row["kind"] == "purchase" and (DAY - row["event_date"]).days <= 60
            }
            assert not {row["product_id"] for row in of(built, "account_page", customer)} & bought
    assert not {row["product_id"] for row in of(built, "home", "c0")} & {"p05", "p06", "p07"}, "shown and not clicked"
    assert {row["customer_id"] for row in built if row["scenario"] == "win_back"} == {"c0", "c1"}
    due = {customer: [row["product_id"] for row in of(built, "repurchase", customer)] for customer in PLAIN}
    assert due == {customer: ["p04", "p08"] if customer in PLAIN[:3] else [] for customer in PLAIN}
    assert {one.query for one in shipped.values() if any(row["scenario"] == one.name for row in built)} == {"customer"}


def test_who_opted_out_is_shown_the_same_as_everybody_and_their_history_moves_nothing(spark, built, shipped):
    lists_of_two = [[row | {"customer_id": ""} for row in of(built, "home", customer)] for customer in ("c6", "c7")]
    assert lists_of_two[0] == lists_of_two[1] != []

    def without(rows):
        return [row for row in rows if row["account_id"] not in ("a6", "a7")]

    assert lists(spark, world(silent=without), shipped) == built


def test_price_and_stock_are_those_of_the_product_whoever_asks(spark, built, shipped):
    """Each of two customers takes the other's place: nothing but the customers changes."""
    prices = {product["product_id"]: product["price_amount"] for product in products()}
    assert all((row["price_amount"], row["currency"]) == (prices[row["product_id"]], "CNY") for row in built)
    assert {row["stock_status"] for row in built if row["product_id"] == "p00"} <= {"in_stock"}
    swap = {"a0": "a4", "a4": "a0", "c0": "c4", "c4": "c0"}

    def swapped(row):
        return {name: swap.get(value, value) if name in ("account_id", "customer_id") else value for name, value in row.items()}

    other = {table: [swapped(row) for row in rows] for table, rows in world().items()}
    again = [row | {"customer_id": swap.get(row["customer_id"], row["customer_id"])} for row in lists(spark, other, shipped)]
    assert sorted(map(str, again)) == sorted(map(str, built))


def stated_facts_that_do_not_hold(rows, world_rows):
    """The check of reasons, in words of its own: each stated fact against the rows that it rests on."""
    kinds = {(f"c{row['account_id'][1:]}", row["product_id"], row["kind"]) for row in world_rows[silver.INTERACTIONS]}
    related = {
        (row["relation"], row["product_id"], row["related_product_id"]): row["n_together"] >= 5 and row["lift"] >= 1.2
        for row in world_rows[gold.PRODUCT_RELATIONS]
    }
    popular = {(row["value"], row["product_id"]) for row in world_rows[gold.POPULAR_PRODUCTS] if row["scope"] == "category"}
    due = {(row["customer_id"], row["product_id"]) for row in world_rows[gold.DUE_AGAIN] if row["is_due"]}
    for row in rows:
        customer, product, other = row["customer_id"], row["product_id"], row["evidence_product_id"]
        pair = row["evidence_relation"], other, product
        holds = {
            None: row["reason_en"] is None and row["reason_zh"] is None and other is None,
            "goes_with": related.get(("bought_together", other, product), False) and (customer, other, "purchase") in kinds,
            "bought": pair in related and (customer, other, "purchase") in kinds,
            "looked_at": pair in related and (customer, other, "view") in kinds,
            "popular_in": (category_of(product), product) in popular,
            "due": (customer, product) in due,
        }[row["reason"]]
        if not holds:
            yield row


def test_every_stated_fact_holds(built):
    assert list(stated_facts_that_do_not_hold(built, world())) == []
    stated = {row["reason"] for row in built}
    assert stated >= {None, "goes_with", "bought", "looked_at", "popular_in", "due"}, "a fact that never stands is not tested"
    texts = {(row["reason"], row["reason_en"], row["reason_zh"]) for row in built if row["reason"]}
    assert ("due", "You bought it 30 days ago; it usually lasts about 28 days", "您30天前买过，通常约28天后再买") in texts
    assert all("{" not in text for _, *both in texts for text in both)
    named = [row for row in built if row["reason"] in ("goes_with", "bought", "looked_at")]
    assert all(NAMES[row["evidence_product_id"]] in row["reason_en"] for row in named)


def test_a_false_reason_would_be_found(built):
    honest = next(row for row in built if row["reason"] == "looked_at")
    assert list(stated_facts_that_do_not_hold([honest | {"customer_id": "nobody"}], world()))


@pytest.fixture(scope="module")
def pages(spark, shipped):
    inputs = cut_inputs(gold.PRODUCT_RECOMMENDATIONS, frames_of(spark, world()), as_of=DAY)
    made = product_recommendations(**inputs, as_of=DAY, scenarios=shipped, limits=Limits())
    return contents(conform(made, gold.PRODUCT_RECOMMENDATIONS))


def test_a_product_page_has_substitutes_of_its_category_and_complements_of_others(pages):
    assert {row["product_id"] for row in pages} == set(NAMES), "whoever comes to a product that is sold out looks for another"
    assert {row["recommended_product_id"] for row in pages} & CLOSED == set()
    blocks = {"substitutes": 0, "complements": 0}
    for row in pages:
        mine, other = category_of(row["product_id"]), category_of(row["recommended_product_id"])
        assert row["recommended_product_id"] != row["product_id"]
        assert {row["product_id"], row["recommended_product_id"]} != {"p16", "p20"}, "a variant is the product itself"
        assert mine == other is not None if row["block"] == "substitutes" else mine != other or mine is None
        blocks[row["block"]] += 1
    assert min(blocks.values()) > 20
    relations = {
        (row["product_id"], row["related_product_id"])
        for row in world()[gold.PRODUCT_RELATIONS]
        if row["relation"] == "bought_together" and row["n_together"] >= 5 and row["lift"] >= 1.2
    }
    assert not any(row["reason"] == "goes_with" for row in pages if row["block"] == "substitutes"), "it stands in for it"
    together = [row for row in pages if row["strategy"] == "bought_together"]
    assert together
    assert all((row["product_id"], row["recommended_product_id"]) in relations for row in together)
    assert all(row["reason"] == "goes_with" and row["evidence_product_id"] == row["product_id"] for row in together)


ORDERS = [
    ["p00", "p05"],
    ["p00", "p05", "p03"],
    ["p00", "p05", "p03"],
    ["p00", "p05", "p03"],
    ["p00", "p09"],
    ["p07"],
    ["p07", "p09"],
] * 2


BUYERS = [n % 6 for n in range(len(ORDERS))]
RULES = dict(min_together=2, min_lift=1.05)
FLOORS = dict(min_customers=2, min_group_size=2)


def rules_by_hand(orders, buyers, *, min_together, min_lift, min_customers, min_group_size):
    """Basket and product → confidence, lift and support, by counting subsets."""
    n = len(orders)
    found = {}

    def n_buyers(*items):
        return len({buyer for order, buyer in zip(orders, buyers, strict=True) if set(items) <= set(order)})

    for size in (1, 2):
        for items in {pair for order in orders for pair in combinations(sorted(set(order)), size)}:
            with_items = [order for order in orders if set(items) <= set(order)]
            for product in {one for order in with_items for one in order} - set(items):
                together = sum(product in order for order in with_items)
                n_product = sum(product in order for order in orders)
                lift = together / len(with_items) * n / n_product
                are_many = (
                    min(n_buyers(*items), n_buyers(product)) >= min_group_size and n_buyers(*items, product) >= min_customers
                )
                if are_many and together >= min_together and lift >= min_lift and len(with_items) >= min_together:
                    found[items, product] = (together / len(with_items), lift, together / n)
    return found


@pytest.mark.parametrize("floors", [FLOORS, dict(min_customers=1, min_group_size=1), dict(min_customers=4, min_group_size=5)])
def test_rules_of_baskets_are_those_of_counted_subsets(spark, floors):
    """Customer 9 alone orders three products, five times: that is no rule of anybody's baskets."""
    all_orders, buyers = ORDERS + [["p10", "p11", "p13"]] * 5, BUYERS + [9] * 5
    given = [(f"c{buyer}", sorted(order)) for order, buyer in zip(all_orders, buyers, strict=True)]
    orders = spark.createDataFrame(given, "customer_id string, products array<string>")
    rules = basket_rules(orders, **RULES, **floors).collect()
    found = {(tuple(row["items"]), row["product_id"]): (row["confidence"], row["lift"], row["support"]) for row in rules}
    wanted = rules_by_hand(all_orders, buyers, **RULES, **floors)
    assert found.keys() == wanted.keys() != set()
    assert all(found[key] == pytest.approx(wanted[key]) for key in wanted)
    assert any("p10" in items for items, _ in wanted) == (floors["min_customers"] == 1)
    assert floors is not FLOORS or {len(items) for items, _ in wanted} == {1, 2}


def order_lines():
    return [
        dict(source="s", event_date=DAY - timedelta(days=3), file_digest="f", position=100 * n + m, order_id=f"o{n}", order_scope="x",
             account_id=f"a{BUYERS[n]}", product_id=product, line_kind="product", quantity=1, line_amount=Decimal(1), currency="CNY",
             is_return=False, is_repeat=False)
        for n, order in enumerate(ORDERS)
        for m, product in enumerate(order)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def carts(spark, shipped):
    rows = world() | {silver.ORDER_LINES: order_lines()}
    inputs = cut_inputs(gold.BASKET_RECOMMENDATIONS, frames_of(spark, rows), as_of=DAY)
    made = basket_recommendations(**inputs, as_of=DAY, scenarios=shipped, limits=Limits(**RULES), **FLOORS)
    return contents(conform(made, gold.BASKET_RECOMMENDATIONS))


def test_a_cart_is_completed_by_other_categories(carts):
    baskets = {tuple(json.loads(row["basket"])) for row in carts}
    assert {one for one in baskets if len(one) == 1} == {(product,) for product in set(NAMES) - CLOSED}
    assert {one for one in baskets if len(one) == 2} == {("p00", "p03"), ("p00", "p05"), ("p03", "p05")}
    for row in carts:
        items = json.loads(row["basket"])
        assert row["n_products"] == len(items)
        assert row["product_id"] not in {*items, *CLOSED}
        assert category_of(row["product_id"]) not in {category_of(item) for item in items} - {None}
    wanted = rules_by_hand(ORDERS, BUYERS, **RULES, **FLOORS)
    by_rule = [row for row in carts if row["strategy"] == "bought_with_basket"]
    assert by_rule
    for row in by_rule:
        figures = wanted[tuple(json.loads(row["basket"])), row["product_id"]]
        assert (row["confidence"], row["lift"], row["support"]) == pytest.approx(figures)
    assert all(row["lift"] is None for row in carts if row["strategy"] != "bought_with_basket")


def test_coverage_counts_what_the_rules_leave_by_another_way(spark, built, pages, carts, shipped):
    rows = world() | {
        gold.RECOMMENDATIONS: built,
        gold.PRODUCT_RECOMMENDATIONS: pages,
        gold.BASKET_RECOMMENDATIONS: carts,
    }
    inputs = cut_inputs(serving.SERVING_COVERAGE, frames_of(spark, rows), as_of=DAY)
    measured = contents(
        conform(serving_coverage(**inputs, as_of=DAY, timezone="UTC", scenarios=shipped), serving.SERVING_COVERAGE)
    )
    first = {(row["scenario"], row["block"]): row for row in measured if row["position"] == 1}
    judged = {key for key, row in first.items() if row["complete_share"] is not None}
    assert judged == {
        ("home", "list"), ("account_page", "list"), ("cart", "list"), ("item_page", "substitutes"), ("item_page", "complements"),
    }  # fmt: skip
    assert {key: row["complete_share"] for key, row in first.items() if key in judged} == dict.fromkeys(judged, 1.0)
    assert first["home", "list"]["n_queries"] == first["home", "list"]["n_servable"] == len(PLAIN)
    assert (first["repurchase", "list"]["n_served"], first["win_back", "list"]["n_served"]) == (3, 2)
    for name, one in shipped.items():
        for block_name, block in one.blocks.items():
            of_list = [row for row in measured if (row["scenario"], row["block"]) == (name, block_name)]
            assert [row["strategy"] for row in sorted(of_list, key=lambda row: row["position"])] == [
                x.strategy for x in block.chain
            ]
            assert sum(row["row_share"] for row in of_list) == pytest.approx(1)
    cut = rows | {gold.RECOMMENDATIONS: [row for row in built if row["rank"] < 8 or row["customer_id"] != "c3"]}
    inputs = cut_inputs(serving.SERVING_COVERAGE, frames_of(spark, cut), as_of=DAY)
    thin = {"home": shipped["home"]}
    (one, *_) = contents(conform(serving_coverage(**inputs, as_of=DAY, timezone="UTC", scenarios=thin), serving.SERVING_COVERAGE))
    assert (one["n_complete"], one["complete_share"]) == (len(PLAIN) - 1, pytest.approx(1 - 1 / len(PLAIN)))


def test_a_new_scenario_needs_no_code(spark):
    search = Scenario(
        name="search", description="Under the search.", query="last_item", label="opened", within_days=7, metric="precision",
        blocks={"list": {"size": 3, "chain": [{"link": "related", "relation": "seen_next", "to": "last"}, {"link": "popular", "scope": "all"}]}},
    )  # fmt: skip
    rows = lists(spark, world(), {"search": search})
    assert {(row["scenario"], row["strategy"]) for row in rows} == {("search", "seen_next"), ("search", "popular")}
    assert {row["customer_id"] for row in rows} == set(PLAIN)


def newest_products(rows):
    """The products of the rows, those of the newest day first."""
    days = {}
    for row in rows:
        days[row["product_id"]] = max(row["event_date"], days.get(row["product_id"], row["event_date"]))
    return sorted(days, key=lambda product: (-days[product].toordinal(), product))


def related_by_hand(rows, customer, relation, *, follows, only_strong):
    """Product → score and the own product that speaks most for it, of what may be shown, summed in decimals."""
    own = [row for row in rows[silver.INTERACTIONS] if row["account_id"] == f"a{customer[1:]}"]
    newest = newest_products(own)[: Limits().n_related]
    bought = newest_products([row for row in own if row["kind"] == "purchase"])[: Limits().n_related]
    followed = {"seen": newest, "bought": bought, "last": newest[:1]}[follows]
    spoken = {}
    for row in rows[gold.PRODUCT_RELATIONS]:
        is_strong = row["n_together"] >= 5 and row["lift"] >= 1.2
        if row["relation"] == relation and row["product_id"] in followed and (is_strong or not only_strong):
            spoken.setdefault(row["related_product_id"], []).append((-row["score"], row["product_id"]))
    total = {product: sum(round(Decimal(repr(-score)), 12) for score, _ in those) for product, those in spoken.items()}
    return {product: (float(total[product]), min(those)[1]) for product, those in spoken.items() if product not in CLOSED}


def test_related_rows_are_sums_over_the_newest_products_also_of_one_that_is_no_longer_known(spark):
    rows = world(seed=3)
    rows[silver.PRODUCTS] = [row | {"variant_of": None} for row in rows[silver.PRODUCTS]]
    last = dict(account_id="a0", product_id="p99", event_date=DAY - timedelta(days=1), kind="purchase", n_events=1)
    of_last = dict(rows[gold.PRODUCT_RELATIONS][0], product_id="p99", related_product_id="p03", score=0.7, n_together=9, lift=2.0)
    more = [dict(last, product_id=f"p{n:02}", event_date=DAY - timedelta(days=40 + n)) for n in range(12)]
    rows[silver.INTERACTIONS] = [*rows[silver.INTERACTIONS], last, *more]  # more than are followed
    rows[gold.PRODUCT_RELATIONS] += [of_last | {"relation": relation} for relation in ("seen_together", "bought_together")]
    links = [("seen_together", "seen", False), ("bought_together", "bought", True), ("bought_together", "last", False)]
    for relation, to, strong in links:
        link = {"link": "related", "relation": relation, "to": to, "above_chance": strong}
        alone = Scenario(
            name="x", description="A test.", query="customer", label="opened", within_days=7, metric="ndcg",
            blocks={"list": {"size": 100, "chain": [link]}},
        )  # fmt: skip
        built = lists(spark, rows, {"x": alone})
        for customer in PLAIN:
            shown = of(built, "x", customer)
            expected = related_by_hand(rows, customer, relation, follows=to, only_strong=strong) if customer < "c6" else {}
            assert {row["product_id"]: (row["score"], row["because_product_id"]) for row in shown} == expected
            assert [row["score"] for row in shown] == sorted((score for score, _ in expected.values()), reverse=True)
        assert any(row["because_product_id"] == "p99" for row in built)
