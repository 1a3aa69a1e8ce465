"""gold.due_again against plain Python, and its cycles against those that were planted."""

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from math import log
from random import Random

import numpy as np
import pytest

from frames import contents, frame
from reclake.gold.due_again import due_again
from reclake.lake.schema import conform
from reclake.recommend.cycles import cycle_of
from reclake.recommend.settings import DueAgainSettings
from reclake.tables import gold, silver

AS_OF = date(2026, 3, 1)
SETTINGS = DueAgainSettings(
    window_days=0, least_ratio=0.8, greatest_ratio=2.0, min_repeats=8, min_evidence=6.0, prior_gaps=4.0, max_order_days=50,
    max_products=20,
)  # fmt: skip
PEOPLE = "account_id string, customer_id string, may_be_profiled boolean, is_machine boolean"
CYCLES = {"milk": 8, "soap": 20, "pans": None}
CATEGORY = {"m1": "milk", "m2": "milk", "s1": "soap", "s2": "soap", "k1": "pans", "x": None}


def likelihood(hits, trials):
    return sum(n * log(n / trials) for n in (hits, trials - hits) if n)


def plain_cycle(orders, repeats):
    """Every half day tried, each by adding up."""
    days, best = range(len(orders)), (SETTINGS.min_evidence, None)
    for half_days in range(2, int(2 * len(orders) / 0.8)):
        cycle = half_days / 2
        inside = [day for day in days if 8 * cycle <= 10 * day and day <= 2 * cycle]
        n, hits = sum(orders[d] for d in inside), sum(repeats[d] for d in inside)
        others, other_hits = sum(orders) - n, sum(repeats) - hits
        if n and hits * others > other_hits * n and hits >= SETTINGS.min_repeats:
            gain = 2 * (
                likelihood(hits, n) + (likelihood(other_hits, others) if others else 0) - likelihood(sum(repeats), sum(orders))
            )
            if gain > best[0]:
                best = (gain, cycle)
    return best[1]


def shop(seed):
    """Days on which each customer bought which products: what is used up comes back with the next order, at 7 of 10."""
    random, bought = Random(seed), defaultdict(list)
    for customer in range(40):
        last, day = {}, random.randint(0, 5)
        while day < 59:
            due = [p for p, at in last.items() if CYCLES.get(CATEGORY[p]) and 0.8 <= (day - at) / CYCLES[CATEGORY[p]] <= 2.0]
            basket = {p for p in due if random.random() < 0.7} | {random.choice(list(CATEGORY))}
            for product in basket:
                last[product] = day
                bought[f"c{customer}", product].append(day)
            day += random.randint(1, 6)
    return bought


@pytest.mark.parametrize("seed", range(5))
def test_a_planted_cycle_is_recovered_and_the_fit_agrees_with_plain_python(seed):
    bought, orders, repeats = shop(seed), defaultdict(lambda: [0] * 60), defaultdict(lambda: [0] * 60)
    order_days = defaultdict(set)
    for (customer, _), days in bought.items():
        order_days[customer] |= set(days)
    for (customer, product), days in bought.items():
        for day in order_days[customer]:
            if before := [d for d in days if d < day]:
                orders[CATEGORY[product]][day - max(before)] += 1
                repeats[CATEGORY[product]][day - max(before)] += day in days
    for category, planted in CYCLES.items():
        values = SETTINGS.model_dump()
        given = dict(least=values["least_ratio"], greatest=values["greatest_ratio"]) | {
            k: values[k] for k in ("min_repeats", "min_evidence")
        }
        cycle = cycle_of(np.array(orders[category]), np.array(repeats[category]), **given)
        assert (cycle and cycle.gap_days) == plain_cycle(orders[category], repeats[category])
        if planted:
            assert cycle is not None
            assert abs(cycle.gap_days - planted) <= 1 + 0.1 * planted
            assert max(cycle.hazards) > 0.4 > 0.3 > cycle.hazards[0]  # by chance a product is in one of six orders
        else:
            assert cycle is None


def test_no_orders_have_no_cycle():
    nothing = np.zeros(0, dtype=np.int64)
    given = dict(least=0.8, greatest=2.0, min_repeats=1, min_evidence=0.1)
    assert cycle_of(nothing, nothing, **given) is None
    assert cycle_of(np.array([0, 5, 5]), np.array([0, 0, 0]), **given) is None
    assert cycle_of(np.array([0, 5, 5]), np.array([0, 5, 5]), **given) is None  # always bought again: no time is likelier


@pytest.fixture(scope="module")
def rows(spark):
    """What is built of the shop; c0 may not be profiled, and c1 brings back what it bought last."""
    bought = shop(1)
    start = AS_OF - timedelta(days=60)
    line = dict(source="s", delivery_day=AS_OF, file_digest="f", currency="EUR", channel="web")
    sold = [
        line | dict(account_id=f"a{c[1:]}", product_id=p, event_date=start + timedelta(days=d), quantity=2, is_return=False)
        for (c, p), days in bought.items()
        for d in days
    ]
    last = max(days[-1] for (c, p), days in bought.items() if (c, p) in {("c1", q) for q in ("m1", "m2", "s1", "s2")})
    back = [
        row | dict(event_date=row["event_date"] + timedelta(days=1), quantity=-2, is_return=True)
        for row in sold
        if row["account_id"] == "a1" and row["event_date"] == start + timedelta(days=last)
    ]
    lines = [
        row | dict(position=n, order_id=str(n), line_amount=Decimal(row["quantity"])) for n, row in enumerate((*sold, *back))
    ]
    people = [(f"a{n}", f"c{n}", n != 0, False) for n in range(40)]
    given = (
        spark.createDataFrame(people, PEOPLE),
        frame(spark, silver.ORDER_LINES, *lines),
        frame(spark, silver.PRODUCTS, *(dict(product_id=p, category=c) for p, c in CATEGORY.items())),
    )
    built = due_again(*given, as_of=AS_OF, due_again=SETTINGS, min_group_size=10)
    of_few = due_again(*given, as_of=AS_OF, due_again=SETTINGS, min_group_size=40)
    assert of_few.isEmpty(), "39 customers may be profiled: 40 never bought again"
    returned = {(f"c{row['account_id'][1:]}", row["product_id"]) for row in back}
    return bought, start, returned, contents(conform(built, gold.DUE_AGAIN))


def test_every_product_of_a_category_with_a_cycle_has_its_row(rows):
    bought, start, returned, built = rows
    wanted = {(c, p): days for (c, p), days in bought.items() if c != "c0" and CYCLES.get(CATEGORY[p])}
    assert {(row["customer_id"], row["product_id"]) for row in built} == wanted.keys()
    assert returned
    cycles = {row["category"]: row["category_gap_days"] for row in built}
    assert len({(row["category"], row["category_gap_days"]) for row in built}) == len(cycles) == 2
    gaps = defaultdict(list)
    for (c, p), days in wanted.items():
        cycle = cycles[CATEGORY[p]]
        gaps[c, CATEGORY[p]] += [b - a for a, b in pairwise(days) if 0.8 * cycle <= b - a <= 2.0 * cycle]
    means = {k: np.mean([g for (_, category), own in gaps.items() if category == k for g in own]) for k in cycles}
    for row in built:
        key, category = (row["customer_id"], row["product_id"]), row["category"]
        own, days = gaps[key[0], category], wanted[key]
        usual = cycles[category] * (4 + sum(g / means[category] for g in own)) / (4 + len(own))
        elapsed = 60 - days[-1]
        assert (row["last_bought_on"], row["elapsed_days"], row["n_bought"]) == (
            start + timedelta(days=days[-1]),
            elapsed,
            len(days),
        )
        assert row["usual_gap_days"] == pytest.approx(usual)
        assert row["due_ratio"] == pytest.approx(elapsed / usual)
        assert row["is_due"] == (0.8 <= row["due_ratio"] <= 2.0 and key not in returned)
        assert row["score"] == row["hazard"]
    due, early = (
        [row["hazard"] for row in built if is_it(row)]
        for is_it in (lambda row: row["is_due"], lambda row: row["due_ratio"] < 0.5)
    )
    assert np.mean(due) > 2 * np.mean(early)
    assert {row["is_due"] for row in built} == {True, False}
