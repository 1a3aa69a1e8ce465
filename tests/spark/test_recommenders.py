"""One contract for all recommenders."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from frames import contents, in_order
from reclake.errors import ContractBroken
from reclake.recommend.als import Als, AlsValues, FittedAls, fitted_als
from reclake.recommend.index import dense_index
from reclake.recommend.interface import PICKS
from reclake.recommend.item_item import ItemItem, ItemItemValues
from reclake.recommend.lists import ranked_lists
from reclake.recommend.weights import customer_product_weights, pairs, product_popularity
from reclake.registry.artefacts import Signature, StoredModel, write
from recommended import recommended
from toy_recommender import Taste, TasteSettings

DAY = date(2026, 3, 1)
WEIGHTS = {"view": 1.0, "purchase": 5.0}
SCHEMA = "customer_id string, product_id string, event_date date, kind string, n_events long"
TINY_ALS = AlsValues(rank=3, iterations=4, regularisation=0.1, alpha=1.0, half_life_days=90.0, blocks=2, seed=7)
ALS_MODEL = Als(TINY_ALS, WEIGHTS, max_item_factor_bytes=10**6)
TINY_ITEM_ITEM = ItemItemValues(neighbours=3, shrinkage=1.0, weight_power=1.0, max_products=3, blocks=2)
ITEM_ITEM_MODEL = ItemItem(TINY_ITEM_ITEM, max_bytes=10**6)
ALL_RECOMMENDERS = [ALS_MODEL, Taste(TasteSettings(14.0), WEIGHTS), ITEM_ITEM_MODEL]
CHOSEN = {"als": 5, "taste": 5, "item_item": 1}  # of 8 products, 3 of them seen; item_item chooses what is like them


def rows():
    """Two tastes: a… and b… products; every customer leaves some of their taste for later."""
    taken = {
        "c1": "a1 a2 a3", "c2": "a2 a3 a4", "c3": "a1 a3 a4", "c4": "a1 a2 a4",
        "d1": "b1 b2 b3", "d2": "b2 b3 b4", "d3": "b1 b3 b4",
    }  # fmt: skip
    return [
        (customer, product, DAY - timedelta(days=1 + place), "purchase" if place else "view", 1 + place)
        for customer, products in taken.items()
        for place, product in enumerate(products.split())
    ]


@pytest.fixture(scope="module")
def interactions(spark) -> DataFrame:
    return spark.createDataFrame(rows(), SCHEMA).cache()


@pytest.fixture(scope="module")
def customers(spark) -> DataFrame:
    return spark.createDataFrame([(name,) for name in ("c1", "c2", "d3")], "customer_id string")


@pytest.fixture(scope="module")
def fitted(interactions):
    """Gives each model as it is fitted on the interactions, once."""
    made = {}

    def once(model):
        if model.name not in made:
            made[model.name] = model.fit(interactions, as_of=DAY)
        return made[model.name]

    return once


@pytest.mark.parametrize("model", ALL_RECOMMENDERS, ids=lambda model: model.name)
class TestEveryRecommender:
    def test_fitting_twice_gives_the_same_rows(self, model, fitted, interactions, customers):
        first, second = (
            contents(recommended(one, customers, pairs(interactions), n=3))
            for one in (fitted(model), model.fit(interactions, as_of=DAY))
        )
        assert first
        assert first == second

    def test_lists_are_gapless_unseen_and_sorted(self, model, fitted, interactions, customers):
        found = contents(recommended(fitted(model), customers, pairs(interactions), n=20))
        seen = {(row[0], row[1]) for row in rows()}
        for customer in ("c1", "c2", "d3"):
            own = sorted((row for row in found if row["customer_id"] == customer), key=lambda row: row["rank"])
            assert [row["rank"] for row in own] == list(range(1, CHOSEN[model.name] + 1))
            assert not {(customer, row["product_id"]) for row in own} & seen
            assert [row["score"] for row in own] == sorted((row["score"] for row in own), reverse=True)

    def test_it_chooses_for_nobody_whom_it_does_not_know_or_must_not_choose_for(self, spark, model, fitted):
        known = fitted(model)
        numbers = {row["product_id"]: row["product_index"] for row in known.products.collect()}
        own = sorted(numbers[product] for product in ("a2", "a3", "a4"))
        people = [("nobody", True, []), ("c1", False, own), ("c2", True, own), ("stranger", True, own)]
        seen = spark.createDataFrame(people, "customer_id string, is_personal boolean, seen_indices array<int>")
        candidates = known.products.select((F.col("product_index") + 1).alias("place"), "product_index")
        picked = known.with_picks(seen.withColumn("seen_places", F.array().cast("array<int>")), candidates, n=1)
        assert picked.schema["picks"].dataType.simpleString() == PICKS
        served = int(model.serves_unseen_customers)
        assert {row["customer_id"]: len(row["picks"]) for row in picked.collect()} == {
            "nobody": 0,
            "c1": 0,
            "c2": 1,
            "stranger": served,
        }

    def test_of_equal_scores_the_first_products_are_chosen(self, spark, model):
        """Two products that nobody can tell apart: each was taken by all of one taste, on one day."""
        rows = [
            (f"c{n}", product, DAY - timedelta(days=1), "view", 1)
            for n in range(4)
            for product in ("a1", *(["a3", "a2"] if n else []))
        ]
        twins = spark.createDataFrame(rows, SCHEMA)
        customers = spark.createDataFrame([("c0",)], "customer_id string")
        lists = contents(recommended(model.fit(twins, as_of=DAY), customers, pairs(twins), n=2))
        chosen = [row["product_id"] for row in sorted(lists, key=lambda row: row["rank"])]
        assert sorted(chosen) == ["a2", "a3"]
        if model is not ALS_MODEL:  # whose solver may give twins factors that differ in the last bit
            assert chosen == ["a2", "a3"]
            assert len({row["score"] for row in lists}) == 1

    def test_nothing_to_learn_from_is_refused(self, model, interactions):
        if isinstance(model, Taste):
            pytest.skip("the toy learns nothing from nothing")
        with pytest.raises(ContractBroken, match="no interaction before 2026-01-01"):
            model.fit(interactions, as_of=date(2026, 1, 1))

    def test_it_is_stored_by_its_parts_and_comes_back(self, model, fitted, interactions, customers, tmp_path):
        known = fitted(model)
        signature = write(known, str(tmp_path), type(model))
        assert sorted(path.name for path in tmp_path.iterdir()) == sorted(part.folder for part in model.parts)
        again = Signature.from_tags(signature.as_tags(), type(model))
        assert again == signature
        stored = StoredModel(interactions.sparkSession, str(tmp_path), type(model), again)
        restored = stored.read(version="5")
        assert (restored.name, restored.cut, restored.version) == (model.name, DAY, "5")
        held = {row[0] for row in rows()} if any(part.is_of_customers for part in model.parts) else set()
        assert {row["customer_id"] for row in stored.customers().collect()} == held
        lists = [contents(recommended(one, customers, pairs(interactions), n=4)) for one in (known, restored)]
        assert lists[0]
        assert lists[0] == lists[1]

    def test_nothing_from_the_as_of_on_is_learnt(self, spark, model, fitted, interactions, customers):
        later = spark.createDataFrame([("c1", "b4", DAY, "purchase", 99), ("x", "z", DAY + timedelta(days=1), "view", 1)], SCHEMA)
        plain, leaked = (
            contents(recommended(one, customers, pairs(interactions), n=8))
            for one in (fitted(model), model.fit(interactions.union(later), as_of=DAY))
        )
        assert plain == leaked


def test_als_finds_the_taste(fitted, interactions, customers):
    lists = contents(recommended(fitted(ALS_MODEL), customers, pairs(interactions), n=1))
    assert {row["customer_id"]: row["product_id"] for row in lists} == {"c1": "a4", "c2": "a1", "d3": "b2"}


def plain_item_item(seen, k, shrinkage):
    """Picks of each customer by plain Python: (product, score, the own product that speaks most for it), best first."""
    from math import log, sqrt

    products = sorted({product for own in seen.values() for product in own})
    weight = {who: log((len(products) + 1) / len(own)) ** 2 for who, own in seen.items()}

    def similar(one, other):
        shared, *each = (sum(weight[w] for w, own in seen.items() if its <= own) for its in ({one, other}, {one}, {other}))
        return shared / (sqrt(each[0] * each[1]) + shrinkage)

    near = {}
    for one in products:
        others = sorted(
            (-round(similar(one, other), 9), other) for other in products if other != one and similar(one, other) > 0
        )[:k]
        near[one] = {other: -score for score, other in others}
    lists = {}
    for who, own in seen.items():
        scores = {new: sum(s for other, s in near[new].items() if other in own) for new in products if new not in own}
        lists[who] = [
            (new, score, min((-near[new][other], other) for other in near[new] if other in own)[1])
            for new, score in sorted(scores.items(), key=lambda one: (-round(one[1], 6), one[0]))
            if score > 0
        ]
    return lists


def test_item_item_agrees_with_plain_python(spark):
    from random import Random

    random = Random(11)
    seen = {f"u{n}": {f"p{random.randint(0, 9)}" for _ in range(random.randint(1, 5))} for n in range(30)}
    taken = spark.createDataFrame(
        [(who, what, DAY - timedelta(days=2), "view", 1) for who, own in seen.items() for what in own], SCHEMA
    )
    model = ItemItem(ItemItemValues(4, 2.0, 1.0, max_products=9, blocks=2), max_bytes=10**6).fit(taken, as_of=DAY)
    assert model.facts() == {"most_neighbours": 4, "n_customers": 30, "n_cut_customers": 0}
    catalogue = model.products.select((F.col("product_index") + 1).alias("place"), "product_id", F.lit(0.0).alias("popularity"))
    people = taken.select("customer_id", F.lit(True).alias("is_personal")).distinct()
    lists = ranked_lists(people, pairs(taken), catalogue, n=6, model=model).where("source = 'item_item'").collect()
    found = {
        (r["customer_id"], r["rank"]): (r["product_id"], pytest.approx(r["score"], rel=1e-5), r["because_product_id"])
        for r in lists
    }
    expected = plain_item_item(seen, 4, 2.0)
    wanted = {(who, rank): pick for who, picks in expected.items() for rank, pick in enumerate(picks[:6], start=1)}
    assert len(wanted) > 60
    assert {key: wanted[key] for key in wanted} == found


def test_item_item_cuts_and_counts_customers_of_too_many_products_and_refuses_too_many_neighbours(interactions):
    model = ItemItem(ItemItemValues(3, 1.0, 1.0, max_products=2, blocks=2), max_bytes=10**6)
    assert model.fit(interactions, as_of=DAY).facts()["n_cut_customers"] == 7
    with pytest.raises(ContractBroken, match="8 products × 3 neighbours = 192 bytes, at most 191"):
        ItemItem(TINY_ITEM_ITEM, max_bytes=191).fit(interactions, as_of=DAY)


def test_als_does_not_depend_on_the_number_of_blocks_for_its_index(spark):
    # An emoji sorts after every plain letter in UTF-8, but not in UTF-16.
    ids = sorted([f"p{number}" for number in range(40)] + ["￿", "😀", "É", "a b"], key=lambda name: name.encode())
    frame = spark.createDataFrame([(name,) for name in reversed(ids)] * 2, "id string").repartition(3)
    expected = in_order(*(dict(id=name, number=number) for number, name in enumerate(ids)))
    for partitions in (1, 7, 100):
        index = dense_index(frame, "id", name="number", partitions=partitions)
        assert index.n == len(ids)
        assert contents(index.ids) == expected
        assert contents(index.ids.where("id like 'p1%'")) == [row for row in expected if row["id"].startswith("p1")]


def test_an_index_of_nothing_is_empty(spark):
    index = dense_index(spark.createDataFrame([], "id string"), "id", name="number", partitions=4)
    assert (index.n, contents(index.ids)) == (0, [])


def test_weights_by_hand(spark):
    interactions = spark.createDataFrame(
        [
            ("c1", "p1", DAY - timedelta(days=1), "view", 3),  # 3 × 1
            ("c1", "p1", DAY - timedelta(days=3), "purchase", 1),  # 5 × ½
            ("c1", "p2", DAY - timedelta(days=5), "view", 2),  # 2 × ¼
            ("c1", "p2", DAY, "purchase", 100),  # not yet
            ("c2", "p2", DAY - timedelta(days=1), "unknown", 9),  # weighs nothing
            ("c2", "p1", DAY - timedelta(days=90), "view", 1),  # 2^-44.5: too old to count for a pair
        ],
        SCHEMA,
    )
    assert contents(customer_product_weights(interactions, WEIGHTS, as_of=DAY, half_life_days=2.0)) == in_order(
        dict(customer_id="c1", product_id="p1", weight=5.5), dict(customer_id="c1", product_id="p2", weight=0.5)
    )
    popularity = product_popularity(interactions, WEIGHTS, as_of=DAY, half_life_days=2.0)
    assert contents(popularity) == in_order(dict(product_id="p1", popularity=5.5), dict(product_id="p2", popularity=0.5))


def test_popularity_with_decay_agrees_with_the_published_sum(spark):
    """Counts 3, 2, 5 with weights 1, 1, 2 at ages 0, 1, 10 days and a daily decay of .9 make 8.28678."""
    from math import log

    rows = [("c", "p", DAY - timedelta(days=1 + age), kind, n) for n, kind, age in ((3, "one", 0), (2, "one", 1), (5, "two", 10))]
    found = product_popularity(
        spark.createDataFrame(rows, SCHEMA), {"one": 1.0, "two": 2.0}, as_of=DAY, half_life_days=log(0.5) / log(0.9)
    )
    assert contents(found)[0]["popularity"] == pytest.approx(8.28678, abs=5e-6)


def test_too_many_products_are_refused(spark):
    weighted = spark.createDataFrame(
        [("c1", "p1", 1.0), ("c1", "p2", 1.0)], "customer_id string, product_id string, weight double"
    )
    with pytest.raises(ContractBroken, match="2 products × rank 3 = 24 bytes, at most 23"):
        fitted_als(weighted, TINY_ALS, cut=DAY, max_item_factor_bytes=23)
    with pytest.raises(ContractBroken, match="no interaction before 2026-03-01"):
        fitted_als(weighted.limit(0), TINY_ALS, cut=DAY, max_item_factor_bytes=24)
    assert isinstance(fitted_als(weighted, TINY_ALS, cut=DAY, max_item_factor_bytes=24), FittedAls)
