"""gold.product_relations against plain Python on the same orders, views and interactions."""

from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise, product
from math import log, sqrt
from random import Random

import pytest

from frames import contents, frame, in_order
from reclake.gold.product_relations import product_relations
from reclake.lake.schema import conform
from reclake.recommend.settings import RelationsSettings
from reclake.recommend.similarity import owned_products, similar_products
from reclake.tables import gold, silver

AS_OF = date(2026, 3, 1)
START = datetime(2026, 2, 1, 8)
SETTINGS = RelationsSettings(window_days=0, n=3, min_customers=2, max_products=4, shrinkage=1.0, weight_power=1.0)
LEAST, GAP = 3, 30  # people of a product; minutes
PEOPLE = "account_id string, customer_id string, may_be_profiled boolean, is_machine boolean"
CATEGORIES = {f"p{number}": ("tea" if number % 2 else "cups") if number < 6 else None for number in range(8)}


def toy(spark, *, shrinkage, power):
    """The published toy: u1 {1, 2, 3}, u2 {1, 2}, u3 {2, 3}, u4 {1}."""
    taken = {"u1": "123", "u2": "12", "u3": "23", "u4": "1"}
    rows = [(who, what, AS_OF) for who, whats in taken.items() for what in whats]
    owned = owned_products(spark.createDataFrame(rows, "customer_id string, product_id string, event_date date"), max_products=9)
    similar = similar_products(owned, shrinkage=shrinkage, weight_power=power).collect()
    return {row["product_id"] + row["related_product_id"]: row for row in similar}


def test_the_published_toy_row_for_row(spark):
    plain, weighted, shrunk = (toy(spark, shrinkage=by, power=power) for by, power in ((0.0, 0.0), (0.0, 1.0), (10.0, 0.0)))
    assert {pair: round(row["score"], 4) for pair, row in plain.items()} == {
        "12": 0.6667, "21": 0.6667, "23": 0.8165, "32": 0.8165, "13": 0.4082, "31": 0.4082
    }  # fmt: skip
    by_pair = {"12": 0.34973, "21": 0.34973, "23": 0.73461, "32": 0.73461, "13": 0.06996, "31": 0.06996}
    assert {pair: round(row["score"], 5) for pair, row in weighted.items()} == by_pair
    assert round(shrunk["12"]["score"], 5) == 0.15385
    assert {name: plain["13"][name] for name in ("n_together", "n_product", "n_related", "n_all")} == {
        "n_together": 1, "n_product": 3, "n_related": 2, "n_all": 4
    }  # fmt: skip


def made(seed=5):
    """A small shop: (account, at, order or None, product). The last two accounts may not be profiled; c0 has two accounts.

    An even product and the odd one behind it go together, and the next even one follows: more often than chance.
    """
    random, orders, views = Random(seed), [], []
    for account in range(14):
        at, number = START, random.randint(0, 3)
        for place in range(random.randint(2, 6)):
            at += timedelta(days=random.randint(1, 3), minutes=random.randint(0, 99))
            number = (number + 1) % 4 if random.random() < 0.9 else random.randint(0, 3)
            basket = {2 * number, 2 * number + 1} if random.random() < 0.8 else {2 * number}
            basket |= {random.randint(0, 7) for _ in range(random.choice((0, 0, 0, 4)))}
            orders += [(f"a{account}", at, f"o{account}-{place}", f"p{product}") for product in basket]
        for _ in range(random.randint(4, 12)):
            at += timedelta(minutes=random.choice((1, 5, 30, 31, 400)))
            number = (number + 1) % 8 if random.random() < 0.9 else random.randint(0, 7)
            views.append((f"a{account}", at, None, f"p{number}"))
    return orders, views


def customer(account):
    """Who is behind an account; None for those who do not count."""
    number = int(account[1:])
    return None if number >= 12 else f"c{0 if number == 1 else number}"


def wilson_lower(hits, trials):
    z = 1.959963984540054
    share = hits / trials
    return (share + z * z / 2 / trials - z * sqrt(share * (1 - share) / trials + z * z / 4 / trials**2)) / (1 + z * z / trials)


def expected_steps(orders, views):
    """By relation: (customer, before, after)."""
    by_order = defaultdict(set)
    placed = {}
    for account, at, order, item in orders:
        if customer(account):
            key = (customer(account), order)
            by_order[key].add(item)
            placed[key] = min(placed.get(key, at), at)
    baskets = {key: sorted(items)[: SETTINGS.max_products] for key, items in by_order.items()}
    together = [(who, items, items) for (who, _), items in baskets.items()]
    after = []
    for who in {who for who, _ in baskets}:
        own = sorted((key for key in baskets if key[0] == who), key=lambda key: (placed[key], key[1]))
        after += [(who, baskets[one], baskets[other]) for one, other in pairwise(own)]
    seen = []
    for account in {account for account, *_ in views if customer(account)}:
        own = [(at, item) for a, at, _, item in views if a == account]
        seen += [
            (customer(account), [item], [other])
            for (at, item), (then, other) in pairwise(own)
            if then - at <= timedelta(minutes=GAP) and item != other
        ]
    return {"bought_together": together, "bought_next": after, "seen_next": seen}


def days_of_products(orders, views):
    """By customer and product the last day on which it was taken."""
    taken = defaultdict(dict)
    for account, at, _, item in (*orders, *views):
        if who := customer(account):
            taken[who][item] = max(taken[who].get(item, at.date()), at.date())
    return taken


def expected_similar(taken):
    held = {who: sorted(items, key=lambda item: (-items[item].toordinal(), item))[:4] for who, items in taken.items()}
    n_known = len({item for items in held.values() for item in items})
    weight = {who: log((n_known + 1) / len(items)) ** 2 for who, items in held.items()}
    for one, other in product(CATEGORIES, CATEGORIES):
        both, left, right = ([who for who, items in held.items() if own <= set(items)] for own in ({one, other}, {one}, {other}))
        if one != other and both:
            score = sum(weight[w] for w in both) / (sqrt(sum(weight[w] for w in left) * sum(weight[w] for w in right)) + 1)
            yield "seen_together", one, other, score, len(both), len(left), len(right), len(held), len(both)


def expected_following(orders, views):
    for relation, steps in expected_steps(orders, views).items():
        for one, other in product(CATEGORIES, CATEGORIES):
            both = [who for who, before, after in steps if one in before and other in after]
            if one != other and both:
                n_one, n_other = (sum(item in step[side] for step in steps) for side, item in ((1, one), (2, other)))
                score = wilson_lower(len(both), n_one) - n_other / len(steps)
                yield relation, one, other, score, len(both), n_one, n_other, len(steps), len(set(both))


def expected_rows(orders, views):
    taken = days_of_products(orders, views)
    n_owners = {item: sum(item in items for items in taken.values()) for item in CATEGORIES}
    pairs = defaultdict(list)
    for row in (*expected_similar(taken), *expected_following(orders, views)):
        if row[8] >= 2 and row[3] > 0 and min(n_owners[row[1]], n_owners[row[2]]) >= LEAST:
            pairs[row[:2]].append(row)
    return [
        dict(
            as_of_date=AS_OF, relation=relation, product_id=one, rank=rank, related_product_id=other,
            score=pytest.approx(score, abs=1e-5), n_together=n_together, n_product=n_one, n_related=n_other,
            confidence=pytest.approx(n_together / n_one), lift=pytest.approx(n_together / n_one * n_all / n_other),
            is_same_category=CATEGORIES[one] == CATEGORIES[other] if CATEGORIES[one] and CATEGORIES[other] else None,
        )
        for own in pairs.values()
        for rank, row in enumerate(sorted(own, key=lambda row: (-round(row[3], 6), row[2]))[: SETTINGS.n], start=1)
        for relation, one, other, score, n_together, n_one, n_other, n_all, _ in (row,)
    ]  # fmt: skip


def test_all_relations_agree_with_plain_python(spark):
    orders, views = made()
    people = [(f"a{n}", customer(f"a{n}") or f"c{n}", n < 12 or n == 13, n == 13) for n in range(14)]
    pointer = dict(source="s", delivery_day=AS_OF, file_digest="f")
    lines = [
        pointer
        | dict(
            position=place, account_id=account, ordered_at=at, event_date=at.date(), order_id=order, product_id=item, quantity=1,
            line_amount=Decimal(1), currency="EUR", is_return=False, channel="web",
        )
        for place, (account, at, order, item) in enumerate(orders)
    ]  # fmt: skip
    lines += [
        line | dict(position=1000 + line["position"], is_return=True, quantity=-1, line_amount=-1 * Decimal(1))
        for line in lines[:9]
    ]
    seen = [
        pointer
        | dict(
            position=place, account_id=account, occurred_at=at, event_date=at.date(), event_type="view_item", product_id=item,
            device_id=f"d{account}", is_bot=False,
        )
        for place, (account, at, _, item) in enumerate(views)
    ]  # fmt: skip
    seen += [row | dict(is_bot=True, position=1000 + row["position"]) for row in seen[:5]]
    taken = [
        dict(account_id=account, product_id=item, event_date=at.date(), kind="purchase" if order else "view", n_events=1)
        for account, at, order, item in (*orders, *views)
    ]
    built = product_relations(
        spark.createDataFrame(people, PEOPLE),
        frame(spark, silver.INTERACTIONS, *taken),
        frame(spark, silver.EVENTS, *seen),
        frame(spark, silver.ORDER_LINES, *lines),
        frame(spark, silver.PRODUCTS, *(dict(product_id=item, category=category) for item, category in CATEGORIES.items())),
        as_of=AS_OF,
        relations=SETTINGS,
        min_group_size=LEAST,
        gap_minutes=GAP,
    )
    expected = expected_rows(orders, views)
    assert {row["relation"] for row in expected} == {"seen_together", "bought_together", "seen_next", "bought_next"}
    key = ("relation", "product_id", "rank")
    rows = contents(conform(built, gold.PRODUCT_RELATIONS))
    assert {tuple(row[name] for name in key): row for row in rows} == {tuple(row[name] for name in key): row for row in expected}
    assert in_order(*rows) == rows


def test_a_customer_of_too_many_products_is_cut_to_the_newest(spark):
    rows = [("c", f"p{n}", AS_OF - timedelta(days=1 + n // 2)) for n in range(9)] + [("d", "p1", AS_OF), ("d", "p1", AS_OF)]
    interactions = spark.createDataFrame(rows, "customer_id string, product_id string, event_date date")
    assert contents(owned_products(interactions, max_products=3)) == in_order(
        dict(customer_id="c", products=["p0", "p1", "p2"], n_products=9), dict(customer_id="d", products=["p1"], n_products=1)
    )
