"""gold.popular_products against plain Python on the same interactions."""

from collections import defaultdict
from datetime import date, timedelta
from random import Random

import pytest

from frames import contents, frame
from reclake.gold.popular_products import popular_products
from reclake.lake.schema import conform
from reclake.recommend.settings import PopularitySettings
from reclake.tables import gold, silver

AS_OF = date(2026, 3, 1)
WEIGHTS = {"view": 1.0, "purchase": 5.0}
PEOPLE = "account_id string, customer_id string, channel string, may_be_profiled boolean, is_machine boolean"
CATEGORY = {"p0": "tea", "p1": "tea", "p2": "cups", "p3": None, "p4": "cups"}
TIERS = {"c0": "new", "c2": "new", "c3": "new", "c4": "dormant"}
N, LEAST, HALF_LIFE = 2, 2, 7.0


def account_row(number):
    """a0 and a1 are one customer's; a6 may not be profiled, a7 is a machine."""
    channel = (None, "app", "web")[number % 3]
    return (f"a{number}", "c0" if number == 1 else f"c{number}", channel, number != 6, number == 7)


def interactions():
    random = Random(3)
    return [
        dict(
            account_id=f"a{random.randint(0, 7)}",
            product_id=f"p{random.randint(0, 5)}",
            event_date=AS_OF - timedelta(days=random.choice((1, 2, 7, 8, 20))),
            kind=random.choice(("view", "purchase", "other")),
            n_events=random.randint(1, 3),
        )
        for _ in range(60)
    ]


def expected(rows):
    people = {row[0]: row for row in map(account_row, range(8)) if row[3] and not row[4]}
    scores, customers = defaultdict(float), defaultdict(set)
    for row in rows:
        if row["account_id"] not in people or row["product_id"] not in CATEGORY or row["product_id"] == "p4":
            continue  # p4 is off sale, p5 unknown
        _, who, channel, *_ = people[row["account_id"]]
        age = (AS_OF - row["event_date"]).days - 1
        weight = WEIGHTS.get(row["kind"], 0.0) * row["n_events"]
        of = {"all": "all", "category": CATEGORY[row["product_id"]], "channel": channel, "tier": TIERS.get(who)}
        for kind, counted in (("decayed", weight * 0.5 ** (age / HALF_LIFE)), ("last_7_days", weight if age < 7 else 0.0)):
            for scope, value in of.items():
                if value and counted:
                    key = (scope, value, kind, row["product_id"])
                    scores[key] += counted
                    customers[key].add(who)
    lists = defaultdict(list)
    for key, score in scores.items():
        if len(customers[key]) >= LEAST:
            lists[key[:3]].append((-score, key[3], len(customers[key])))
    return [
        dict(
            as_of_date=AS_OF, scope=scope, value=value, kind=kind, rank=rank, product_id=product,
            score=pytest.approx(-score, abs=1e-9), n_customers=n,
        )
        for (scope, value, kind), entries in lists.items()
        for rank, (score, product, n) in enumerate(sorted(entries)[:N], start=1)
    ]  # fmt: skip


def test_lists_of_every_scope_agree_with_plain_python(spark):
    rows = interactions()
    built = popular_products(
        spark.createDataFrame([account_row(number) for number in range(8)], PEOPLE),
        frame(spark, silver.INTERACTIONS, *rows),
        frame(spark, silver.PRODUCTS, *(dict(product_id=p, category=c, is_active=p != "p4") for p, c in CATEGORY.items())),
        frame(spark, gold.CUSTOMER_SEGMENTS, *(dict(customer_id=who, tier=tier) for who, tier in TIERS.items())),
        as_of=AS_OF,
        popularity=PopularitySettings(half_life_days=HALF_LIFE),
        weights=WEIGHTS,
        n=N,
        min_group_size=LEAST,
    )
    key = ("scope", "value", "kind", "rank")
    wanted = expected(rows)
    assert {row["scope"] for row in wanted} == {"all", "category", "channel", "tier"}
    by_key = {tuple(row[name] for name in key): row for row in contents(conform(built, gold.POPULAR_PRODUCTS))}
    assert by_key == {tuple(row[name] for name in key): row for row in wanted}
