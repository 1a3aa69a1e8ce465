"""Which own products of a customer a link follows, against plain Python: the newest, and of those that were bought the newest."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest
from pyspark.sql import functions as F

from frames import frame
from reclake.recommend.scenarios.candidates import PARTNERS, related_to_own
from reclake.recommend.scenarios.histories import own_products
from reclake.recommend.scenarios.links import RelatedLink
from reclake.tables import gold, silver

AS_OF = date(2026, 3, 1)
N_NEWEST = 3
PRODUCTS = [f"p{n}" for n in range(12)]
LINKS = [
    RelatedLink(link="related", relation="bought_together", to=to, above_chance=above_chance)
    for to in ("bought", "seen", "last")
    for above_chance in (False, True)
]


def drawn():
    """Customers who look at much and buy little, and what is related to what."""
    draw = random.Random(7)
    touched = {
        (f"c{n}", product, AS_OF - timedelta(days=draw.randint(1, 20)), kind)
        for n in range(12)
        for kind, products in (("view", draw.sample(PRODUCTS, 9)), ("purchase", draw.sample(PRODUCTS, draw.randint(0, 5))))
        for product in products
    }
    related = {
        (product, other): (draw.choice((0.25, 0.5, 0.75)), draw.random() < 0.5)
        for product in PRODUCTS
        for other in draw.sample(PRODUCTS, 4)
    }
    return touched, related


def newest(touched, customer, kinds):
    """The customer's products, those of the newest day first."""
    last = {}
    for one, product, day, kind in touched:
        if one == customer and kind in kinds:
            last[product] = max(day, last.get(product, day))
    return sorted(last, key=lambda product: (-last[product].toordinal(), product))


def proposed(touched, related, customer, link):
    """Related product → score and the own product that speaks most for it."""
    bought, every = newest(touched, customer, {"purchase"}), newest(touched, customer, {"view", "purchase"})
    followed = {"bought": bought[:N_NEWEST], "seen": every[:N_NEWEST], "last": every[:1]}[link.to]
    spoken = {}
    for (product, other), (score, is_strong) in related.items():
        if product in followed and (is_strong or not link.above_chance):
            spoken.setdefault(other, []).append((-score, product))
    return {other: (-sum(score for score, _ in of_other), min(of_other)[1]) for other, of_other in spoken.items()}


@pytest.fixture(scope="module")
def made(spark):
    touched, related = drawn()
    people = spark.createDataFrame(
        [(f"a_{customer}", customer, True) for customer in sorted({one for one, *_ in touched})],
        "account_id string, customer_id string, may_be_profiled boolean",
    )
    interactions = frame(spark, silver.INTERACTIONS, *(
        {"account_id": f"a_{customer}", "product_id": product, "event_date": day, "kind": kind, "n_events": 1}
        for customer, product, day, kind in sorted(touched)
    ))  # fmt: skip
    relations = frame(spark, gold.PRODUCT_RELATIONS, *(
        {"as_of_date": AS_OF, "relation": "bought_together", "product_id": product, "related_product_id": other, "score": score, "rank": 1,
         "n_together": 9 if is_strong else 1}
        for (product, other), (score, is_strong) in related.items()
    ))  # fmt: skip
    places = spark.createDataFrame([(product, n) for n, product in enumerate(PRODUCTS, start=1)], "product_id string, place int")
    own = own_products(people, interactions, as_of=AS_OF)
    rows = related_to_own(own, relations, places, LINKS, n_newest=N_NEWEST, is_strong=F.col("n_together") > 5).collect()
    return touched, related, rows


@pytest.mark.parametrize("link", LINKS, ids=lambda link: link.key)
def test_a_link_follows_the_newest_products_of_its_kind(made, link):
    touched, related, rows = made
    expected = {
        (customer, other): value
        for customer in {one for one, *_ in touched}
        for other, value in proposed(touched, related, customer, link).items()
    }
    assert {
        (row["query_id"], PRODUCTS[row["place"] - 1]): (row["score"], row["because"]) for row in rows if row["link"] == link.key
    } == expected
    assert expected


def test_a_purchase_that_lies_behind_many_views_is_followed_and_goes_with(made):
    touched, related, rows = made
    (link,) = (one for one in LINKS if one.key == "bought_together/bought/above_chance")
    goes_with = {(row["query_id"], row["place"]): row["because"] for row in rows if row["link"] == PARTNERS}
    assert goes_with == {
        (customer, PRODUCTS.index(other) + 1): because
        for customer in {one for one, *_ in touched}
        for other, (_, because) in proposed(touched, related, customer, link).items()
    }
    behind = [
        (row["query_id"], row["because"])
        for row in rows
        if row["link"] == link.key and row["because"] not in newest(touched, row["query_id"], {"view", "purchase"})[:N_NEWEST]
    ]
    assert len(behind) > 10
    assert {row["fact"] for row in rows if row["link"] == link.key} == {"bought"}
