"""The scoring of blocks and the chain of links against plain Python."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from frames import contents, in_order
from reclake.recommend import scoring
from reclake.recommend.als import FittedAls
from reclake.recommend.lists import ranked_lists
from recommended import recommended

N_CUSTOMERS, N_PRODUCTS, RANK = 7, 9, 2
PRODUCTS = [f"p{number}" for number in range(N_PRODUCTS)]
CUSTOMERS = [f"c{number}" for number in range(N_CUSTOMERS)]


@pytest.fixture(scope="module")
def factors():
    """Small whole numbers, so that there are ties."""
    random = np.random.default_rng(7)
    return random.integers(-2, 3, (N_CUSTOMERS, RANK)), random.integers(-2, 3, (N_PRODUCTS, RANK))


@pytest.fixture(scope="module")
def seen_of():
    random = np.random.default_rng(11)
    seen = {customer: set(random.choice(PRODUCTS, size=2 * place, replace=False)) for place, customer in enumerate(CUSTOMERS[:5])}
    return seen | {"cold": {"p0", "p3"}, "stranger": set()}


@pytest.fixture(scope="module")
def model(spark, factors):
    customer_factors, product_factors = factors
    return FittedAls(
        customer_factors=spark.createDataFrame(
            [(customer, [float(value) for value in row]) for customer, row in zip(CUSTOMERS, customer_factors, strict=True)],
            "customer_id string, factors array<float>",
        ),
        products=spark.createDataFrame([(p, i) for i, p in enumerate(PRODUCTS)], "product_id string, product_index int"),
        product_factors=product_factors.astype(np.float32),
        n_customers=N_CUSTOMERS,
        cut=date(2026, 3, 1),
    )


def frames_of(spark, seen_of, customers):
    pairs = [(customer, product) for customer, products in seen_of.items() for product in sorted(products)]
    return (
        spark.createDataFrame([(customer, True) for customer in customers], "customer_id string, is_personal boolean"),
        spark.createDataFrame(pairs, "customer_id string, product_id string"),
    )


def by_sorting(factors, seen, customer, on_sale, k):
    """(product, score, because) by sorting every unseen product on sale."""
    if customer not in CUSTOMERS:
        return []
    customer_factors, product_factors = factors
    vector = customer_factors[CUSTOMERS.index(customer)]
    rows = []
    for product in sorted(set(on_sale) - seen):
        own = product_factors[PRODUCTS.index(product)]
        pulls = [(-int(own @ product_factors[PRODUCTS.index(s)]), s) for s in sorted(seen) if s in PRODUCTS]
        best = min(pulls, default=(0, None))
        rows.append((product, float(vector @ own), best[1] if best[0] < 0 else None))
    return sorted(rows, key=lambda row: (-row[1], row[0]))[:k]


@pytest.mark.parametrize("k", [3, 20])
@pytest.mark.parametrize("per_block", [2, 20_000])
def test_top_k_agrees_with_plain_python(spark, monkeypatch, model, factors, seen_of, k, per_block):
    monkeypatch.setattr(scoring, "_CUSTOMERS_PER_BLOCK", per_block)
    customers, seen = frames_of(spark, seen_of, [*CUSTOMERS, "cold"])
    found = recommended(model, customers, seen, n=k)
    expected = [
        dict(customer_id=customer, rank=rank, product_id=product, score=score)
        for customer in CUSTOMERS
        for rank, (product, score, _) in enumerate(
            by_sorting(factors, seen_of.get(customer, set()), customer, PRODUCTS, k), start=1
        )
    ]
    assert len({row["score"] for row in expected}) < len(expected) / 2  # there are ties
    assert contents(found) == in_order(*expected)


def test_the_chain_fills_up_and_says_why(spark, model, factors, seen_of):
    # p1 and p4 are off sale, new1 and new2 are unknown to the model; a heavy customer has seen nearly all.
    seen_of = seen_of | {"c6": {*PRODUCTS[:8], "new2"}}
    order = ["new2", "p8", "p3", "p0", "new1", "p2", "p7", "p6", "p5"]
    catalogue = spark.createDataFrame(
        [(place, product, 100.0 - place) for place, product in enumerate(order, start=1)],
        "place int, product_id string, popularity double",
    )
    people = [*CUSTOMERS, "cold", "stranger"]
    customers, seen = frames_of(spark, seen_of, people)
    n = 6
    expected = []
    for customer in people:
        own = seen_of.get(customer, set())
        picks = by_sorting(factors, own, customer, [p for p in order if p in PRODUCTS], n)
        taken = own | {product for product, _, _ in picks}
        fill = [(p, 99.0 - place, None) for place, p in enumerate(order) if p not in taken][: n - len(picks)]
        expected += [
            dict(
                customer_id=customer,
                rank=rank,
                product_id=product,
                score=score,
                source="als" if rank <= len(picks) else "popular",
                because_product_id=because,
            )
            for rank, (product, score, because) in enumerate(picks + fill, start=1)
        ]
    assert {row["source"] for row in expected if row["customer_id"] == "c6"} == {"als", "popular"}
    assert {row["source"] for row in expected if row["customer_id"] == "cold"} == {"popular"}
    assert any(row["because_product_id"] for row in expected)
    found = ranked_lists(customers, seen, catalogue, n=n, model=model)
    assert contents(found) == in_order(*expected)


def test_a_customer_who_has_seen_everything_gets_nothing(spark, model):
    customers, seen = frames_of(spark, {"c0": set(PRODUCTS)}, ["c0", "c1"])
    assert {row["customer_id"] for row in contents(recommended(model, customers, seen, n=2))} == {"c1"}


def test_nothing_on_sale_gives_no_rows(spark, model):
    customers, seen = frames_of(spark, {"c0": {"p1"}}, ["c0", "c1"])
    catalogue = spark.createDataFrame([], "place int, product_id string, popularity double")
    assert contents(ranked_lists(customers, seen, catalogue, n=2, model=replace(model))) == []


def test_only_those_whom_the_model_may_score_reach_python(spark, monkeypatch, tmp_path, model, seen_of):
    """With a small model the blocks are few, and everyone to be served would have to fit one worker."""
    make_scorer, seen_by_python = scoring._scorer, tmp_path / "seen"
    seen_by_python.mkdir()

    def noting_scorer(*args, **options):
        score = make_scorer(*args, **options)

        def note_and_score(customers, products):
            for name in customers["customer_id"].to_pylist():
                (seen_by_python / name).touch()
            return score(customers, products)

        return note_and_score

    monkeypatch.setattr(scoring, "_scorer", noting_scorer)
    personal, silent = [*CUSTOMERS[:4], "cold", *(f"stranger{n}" for n in range(50))], ["c5", "device"]
    people = spark.createDataFrame(
        [(name, True) for name in personal] + [(name, False) for name in silent], "customer_id string, is_personal boolean"
    )
    _, seen = frames_of(spark, seen_of, [])
    catalogue = spark.createDataFrame(
        [(place, product, 100.0 - place) for place, product in enumerate(PRODUCTS, start=1)],
        "place int, product_id string, popularity double",
    )
    rows = contents(ranked_lists(people, seen, catalogue, n=2, model=model))
    assert sorted(path.name for path in seen_by_python.iterdir()) == CUSTOMERS[:4]
    assert {row["customer_id"] for row in rows if row["source"] == "als"} == set(CUSTOMERS[:4])
    without_model = contents(ranked_lists(people, seen, catalogue, n=2))
    of_others = [row for row in rows if row["customer_id"] not in CUSTOMERS[:4]]
    assert of_others == [row for row in without_model if row["customer_id"] not in CUSTOMERS[:4]]
    assert len(of_others) == 2 * (len(personal) - 4 + len(silent))
