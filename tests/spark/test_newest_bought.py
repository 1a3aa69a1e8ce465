"""Which own products of a customer links follow, against plain Python: the newest, and of those that were bought the newest."""

from __future__ import annotations

import random
from datetime import date, timedelta

from frames import frame
from reclake.recommend.scenarios.histories import histories, own_products
from reclake.tables import silver

AS_OF = date(2026, 3, 1)
N_NEWEST = 3
PRODUCTS = [f"p{n}" for n in range(12)]


def drawn():
    """Customers who look at much and buy little: customer, product, day, kind."""
    draw = random.Random(7)
    return {
        (f"c{n}", product, AS_OF - timedelta(days=draw.randint(1, 20)), kind)
        for n in range(12)
        for kind, products in (("view", draw.sample(PRODUCTS, 9)), ("purchase", draw.sample(PRODUCTS, draw.randint(0, 5))))
        for product in products
    }


def newest(touched, customer, kinds):
    """The customer's products, those of the newest day first."""
    last = {}
    for one, product, day, kind in touched:
        if one == customer and kind in kinds:
            last[product] = max(day, last.get(product, day))
    return sorted(last, key=lambda product: (-last[product].toordinal(), product))


def test_a_purchase_that_lies_behind_many_views_is_followed(spark):
    touched = drawn()
    people = spark.createDataFrame(
        [(f"a_{customer}", customer, True) for customer in sorted({one for one, *_ in touched})],
        "account_id string, customer_id string, may_be_profiled boolean",
    )
    interactions = frame(spark, silver.INTERACTIONS, *(
        {"account_id": f"a_{customer}", "product_id": product, "event_date": day, "kind": kind, "n_events": 1}
        for customer, product, day, kind in sorted(touched)
    ))  # fmt: skip
    places = spark.createDataFrame(
        [(product, n) for n, product in enumerate(PRODUCTS[1:], start=1)], "product_id string, place int"
    )
    own = own_products(people, interactions, as_of=AS_OF)
    n_behind = 0
    for row in histories(own, places, n_recent=N_NEWEST).collect():
        followed = {one["product_id"]: one for one in row["newest"]}
        every, bought = (newest(touched, row["customer_id"], kinds) for kinds in ({"view", "purchase"}, {"purchase"}))
        assert {name for name, one in followed.items() if one["is_new"]} == set(every[:N_NEWEST])
        assert {name for name, one in followed.items() if one["is_newly_bought"]} == set(bought[:N_NEWEST])
        assert {name for name, one in followed.items() if one["recency"] == 1} == set(every[:1])
        assert {name for name, one in followed.items() if one["is_bought"]} == set(bought) & set(followed)
        assert len(followed) == len(row["newest"])
        n_behind += len(set(bought[:N_NEWEST]) - set(every[:N_NEWEST]))
    assert n_behind > 10
