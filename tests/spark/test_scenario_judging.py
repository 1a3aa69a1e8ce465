"""Lists of scenarios on held-out days: what was right, and how often, against plain Python on random rows."""

from collections import Counter, defaultdict
from datetime import date, timedelta
from decimal import Decimal
from random import Random

import pytest

from frames import contents, frame
from reclake.recommend.metrics import ndcg_at, recall_at
from reclake.recommend.scenarios.baskets import MAX_PRODUCTS
from reclake.recommend.scenarios.definition import Block, Scenario
from reclake.recommend.scenarios.judging import customer_values, of_category, questions_of_products, truth_of_customers
from reclake.recommend.split import TimeSplit
from reclake.tables import silver

CUT = date(2026, 3, 1)
SPLIT = TimeSplit(CUT, CUT + timedelta(days=7))
PRODUCTS = {f"p{n}": ("tea", "cups", None)[n % 3] for n in range(9)}
KNOWN = "customer_id string, product_id string, event_date date, kind string, n_events long"
POPULAR = {"link": "popular", "scope": "all"}


def known():
    """Interactions of eight customers on both sides of the cut, and beyond its end."""
    draw = Random(4)
    rows = {
        (f"c{draw.randrange(8)}", draw.choice(sorted(PRODUCTS)), CUT + timedelta(days=draw.randint(-20, 9)), kind)
        for kind in ("view", "purchase", "add_to_cart")
        for _ in range(90)
    }
    return sorted(rows)


def known_frame(spark):
    return spark.createDataFrame([(*row, 1) for row in known()], KNOWN)


def judged_by(label, **rules):
    query = rules.pop("query", "customer")
    block = Block(chain=[POPULAR], **rules)
    return Scenario(
        name="x", description="A test.", query=query, label=label, within_days=7, metric="ndcg", blocks={"list": block}
    ), block


def days_after(day):
    return (day - CUT).days


def right(label, *, unseen=False, not_bought_days=0):
    """Customer → products, by reading the definition row by row."""
    kinds = {"opened": {"view"}, "bought": {"purchase"}, "opened_or_bought": {"view", "purchase"}, "bought_again": {"purchase"}}
    found = defaultdict(set)
    for who, item, day, kind in known():
        if not (0 <= days_after(day) < 7 and kind in kinds[label]):
            continue
        own = [(d, k) for w, i, d, k in known() if (w, i) == (who, item) and d < CUT]
        bought = [d for d, k in own if k == "purchase"]
        is_out = (unseen and own) or any(-days_after(d) <= not_bought_days for d in bought)
        if not is_out and (label != "bought_again" or bought):
            found[who].add(item)
    return dict(found)


@pytest.mark.parametrize("label", ["opened", "bought", "opened_or_bought", "bought_again"])
@pytest.mark.parametrize("rules", [{}, {"not_bought_days": 6}, {"unseen": True}], ids=["any", "not_bought", "unseen"])
def test_what_would_have_been_right_for_a_customer(spark, label, rules):
    if label == "bought_again" and rules.get("unseen"):
        return
    scenario, block = judged_by(label, **rules)
    found = defaultdict(set)
    for row in truth_of_customers(known_frame(spark), SPLIT, scenario, block).collect():
        assert row["question"] == row["query_id"] == row["customer_id"]
        assert row["product_id"] not in found[row["customer_id"]]
        found[row["customer_id"]].add(row["product_id"])
    wanted = right(label, **rules)
    assert found == wanted
    assert wanted != right(label) or not rules  # the rule leaves something out


def order_line(n, item, **more):
    line = dict(
        account_id=f"a{n % 3}",
        source="s",
        order_scope="web",
        order_id=f"o{n}",
        product_id=item,
        event_date=CUT + timedelta(days=n),
    )
    return line | dict(line_kind="product", quantity=1, line_amount=Decimal(1), is_return=False, is_repeat=False) | more


ORDERS = {1: ("p0", "p1", "p2"), 2: ("p3",), 3: ("p0", "p4"), 9: ("p5", "p6")}  # the last one after the held-out days


def asked(rows):
    return Counter((row["customer_id"], row["query_id"], row["product_id"]) for row in rows)


def test_each_product_of_an_order_asks_for_the_others(spark):
    lines = [order_line(n, item) for n, items in ORDERS.items() for item in items]
    lines += [order_line(1, "p0"), order_line(1, "p8", is_return=True), order_line(-1, "p7"), order_line(-1, "p8")]
    lines += [order_line(4, f"x{n}") for n in range(MAX_PRODUCTS + 1)]
    orders = frame(spark, silver.ORDER_LINES, *lines)
    people = spark.createDataFrame([("a0", "c0"), ("a1", "c1")], "account_id string, customer_id string")  # a2 is nobody's
    scenario, block = judged_by("ordered_with", query="basket")
    rows = questions_of_products(known_frame(spark), orders, people, SPLIT, scenario)
    pairs_of = {"c1": ORDERS[1], "c0": ORDERS[3]}
    wanted = [(who, f'["{one}"]', other) for who, items in pairs_of.items() for one in items for other in items if one != other]
    categories = spark.createDataFrame(list(PRODUCTS.items()), "product_id string, category string")
    assert asked(of_category(rows, categories, block).collect()) == Counter(wanted)
    _, of_others = judged_by("ordered_with", query="basket", category="other")
    assert asked(of_category(rows, categories, of_others).collect()) == Counter(
        one for one in wanted if PRODUCTS[one[1][2:-2]] != PRODUCTS[one[2]] or PRODUCTS[one[2]] is None
    )


@pytest.mark.parametrize("category", ["any", "same", "other"])
def test_each_product_that_was_opened_asks_for_the_others_of_that_day(spark, category):
    opened = defaultdict(set)
    for who, item, day, kind in known():
        if kind == "view" and 0 <= days_after(day) < 7:
            opened[who, day].add(item)
    fits = {
        "any": lambda one, other: True,
        "same": lambda one, other: PRODUCTS[one] is not None and PRODUCTS[one] == PRODUCTS[other],
        "other": lambda one, other: PRODUCTS[one] is None or PRODUCTS[one] != PRODUCTS[other],
    }
    wanted = Counter(
        (who, one, other)
        for (who, _), items in opened.items()
        for one in items
        for other in items
        if one != other and fits[category](one, other)
    )
    scenario, block = judged_by("opened_with", query="product", category=category)
    lines = frame(spark, silver.ORDER_LINES)
    people = spark.createDataFrame([], "account_id string, customer_id string")
    rows = questions_of_products(known_frame(spark), lines, people, SPLIT, scenario)
    categories = spark.createDataFrame(list(PRODUCTS.items()), "product_id string, category string")
    assert wanted
    assert asked(of_category(rows, categories, block).collect()) == wanted


TRUTH = [
    *(("c1", "day 1", "p0", item) for item in ("a", "b", "c")),
    ("c1", "day 2", "p1", "d"),
    ("c2", "day 1", "p0", "z"),
    ("c3", "day 1", "p9", "a"),  # nobody has a list for p9
]
LISTS = {
    "one": {"p0": ["b", "x", "a", "c"], "p1": ["y", "d"]},
    "two": {"p0": ["x", "y", "z"]},
}


@pytest.mark.parametrize("metric", ["ndcg", "recall", "precision", "hit_rate"])
def test_the_questions_of_a_customer_are_averaged_first(spark, metric):
    k = 3
    by_plain = {
        "ndcg": lambda shown, truth: ndcg_at(k, shown, truth),
        "recall": lambda shown, truth: recall_at(k, shown, truth),
        "precision": lambda shown, truth: len(set(shown[:k]) & truth) / k,
        "hit_rate": lambda shown, truth: float(bool(set(shown[:k]) & truth)),
    }[metric]
    questions = defaultdict(set)
    for who, question, query, item in TRUTH[:-1]:
        questions[who, question, query].add(item)
    wanted = defaultdict(lambda: defaultdict(list))
    for (who, _, query), items in questions.items():
        for name, lists in LISTS.items():
            wanted[who][name].append(by_plain(lists.get(query, []), items))
    rows = [
        (name, query, rank, item)
        for name, lists in LISTS.items()
        for query, items in lists.items()
        for rank, item in enumerate(items, 1)
    ]
    lists = spark.createDataFrame(rows, "name string, query_id string, rank int, product_id string")
    truth = spark.createDataFrame(TRUTH, "customer_id string, question string, query_id string, product_id string")
    found = contents(customer_values(lists, truth, ("one", "two"), metric=metric, k=k))
    assert [row["customer_id"] for row in found] == ["c1", "c2"]
    for row in found:
        for name in LISTS:
            values = wanted[row["customer_id"]][name]
            assert row[f"{name}_{metric}"] == pytest.approx(sum(values) / len(values)), (row, name)
