"""Judging a model: metrics against plain Python, intervals, and the decision."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from pyspark.sql import functions as F

from frames import contents, frame, in_order
from reclake.errors import ContractBroken
from reclake.recommend import training
from reclake.recommend.bootstrap import Estimate, resampled
from reclake.recommend.held_out import compared
from reclake.recommend.judging import CHAMPION, POPULARITY, is_better, ratio_to
from reclake.recommend.metrics import customer_metrics, ndcg_at, recall_at
from reclake.recommend.split import TimeSplit
from reclake.recommend.training import REFIT, evaluate_and_fit
from reclake.tables import silver
from tastes import CUT, DAY, TINY_ALS, WEIGHTS, HalfLife, als, judging, trained_on, world

RATIO_TO_CHAMPION, RATIO_TO_POPULARITY = (ratio_to(base, "ndcg_at_10") for base in (CHAMPION, POPULARITY))


def test_metrics_agree_with_the_formulas(spark):
    random = np.random.default_rng(3)
    products = [f"p{number}" for number in range(12)]
    truth = {f"c{number}": set(random.choice(products, size=1 + number % 6, replace=False)) for number in range(8)}
    lists = {customer: list(random.permutation(products)[:6]) for customer in [*list(truth)[:6], "no truth"]}
    found = customer_metrics(
        spark.createDataFrame(
            [(c, rank, p) for c, shown in lists.items() for rank, p in enumerate(shown, start=1)],
            "customer_id string, rank int, product_id string",
        ),
        spark.createDataFrame([(c, p) for c, own in truth.items() for p in sorted(own)], "customer_id string, product_id string"),
        k=4,
    )
    rows = {row["customer_id"]: row for row in contents(found)}
    assert set(rows) == set(truth)
    for customer, own in truth.items():
        shown = lists.get(customer, [])
        assert rows[customer]["recall"] == pytest.approx(recall_at(4, shown, own))
        assert rows[customer]["ndcg"] == pytest.approx(ndcg_at(4, shown, own))
        assert rows[customer]["precision"] == pytest.approx(len(own & set(shown[:4])) / 4)


def test_the_split_leaks_nothing(spark):
    rows = [
        ("c1", "p1", CUT - timedelta(days=1)),
        ("c1", "p1", CUT),
        ("c1", "p2", CUT),
        ("c2", "p1", DAY - timedelta(days=1)),
        ("c2", "p3", DAY),
    ]
    interactions = spark.createDataFrame(rows, "customer_id string, product_id string, event_date date")
    split = TimeSplit(CUT, DAY)
    assert [row["event_date"] for row in contents(split.train(interactions))] == [CUT - timedelta(days=1)]
    # p1 was seen by c1 before; the as_of itself does not count.
    assert contents(split.truth(interactions)) == in_order(
        dict(customer_id="c1", product_id="p2"), dict(customer_id="c2", product_id="p1")
    )


class TestResamples:
    @pytest.fixture(scope="class")
    def pairs(self, spark):
        random = np.random.default_rng(9)
        base = random.random(400)
        challenger = base * 1.1 + random.normal(0, 0.05, 400)
        rows = [(f"c{number}", float(a), float(b)) for number, (a, b) in enumerate(zip(challenger, base, strict=True))]
        return spark.createDataFrame(rows, "customer_id string, challenger double, base double").cache()

    def test_it_agrees_with_the_multinomial_bootstrap(self, pairs):
        resamples = resampled(pairs, "challenger", "base", samples=1000, seed=7)
        found, mean = resamples.ratio("challenger", "base"), resamples.mean("base")
        rows = pairs.collect()
        challenger, base = (np.array([row[name] for row in rows]) for name in ("challenger", "base"))
        random = np.random.default_rng(1)
        draws = [random.integers(0, 400, 400) for _ in range(2000)]
        lower, upper = np.quantile([challenger[draw].mean() / base[draw].mean() for draw in draws], [0.025, 0.975])
        assert found.n_customers == 400
        assert found.value == pytest.approx(challenger.mean() / base.mean())
        assert (found.lower, found.upper) == (pytest.approx(lower, abs=0.002), pytest.approx(upper, abs=0.002))
        lower, upper = np.quantile([base[draw].mean() for draw in draws], [0.025, 0.975])
        assert (mean.value, mean.n_customers) == (pytest.approx(base.mean()), 400)
        assert (mean.lower, mean.upper) == (pytest.approx(lower, abs=0.005), pytest.approx(upper, abs=0.005))

    def test_it_does_not_depend_on_partitions(self, pairs):
        def ratio(frame, seed=7):
            return resampled(frame, "challenger", "base", samples=200, seed=seed).ratio("challenger", "base")

        spread, whole = (ratio(pairs.repartition(n)) for n in (5, 1))
        assert (spread.lower, spread.upper) == (pytest.approx(whole.lower, abs=1e-9), pytest.approx(whole.upper, abs=1e-9))
        assert ratio(pairs, seed=8).lower != pytest.approx(whole.lower, abs=1e-9)

    def test_a_base_of_nothing_gives_no_ratio(self, spark, pairs):
        nothing = spark.createDataFrame([("c1", 0.5, 0.0)], pairs.schema)
        found = resampled(nothing, "challenger", "base", samples=50, seed=7)
        assert found.ratio("challenger", "base") == Estimate(None, None, None, 1)
        assert found.mean("challenger").value == 0.5
        nobody = resampled(nothing.limit(0), "challenger", "base", samples=50, seed=7)
        assert nobody.ratio("challenger", "base") == nobody.mean("base") == Estimate(None, None, None, 0)


@pytest.mark.parametrize(
    ("ratio", "least_lower", "expected"),
    [
        (Estimate(1.01, 0.981, 1.1, 9), 0.98, True),
        (Estimate(1.01, 0.98, 1.1, 9), 0.98, False),
        (Estimate(0.999, 0.99, 1.1, 9), 0.98, False),
        (Estimate(None, None, None, 0), 0.98, False),
        (Estimate(float("nan"), float("nan"), None, 9), 0.98, False),
    ],
)
def test_the_decision(ratio, least_lower, expected):
    assert is_better(ratio, least_lower=least_lower) is expected


@pytest.fixture(scope="module")
def inputs(spark):
    return [table.cache() for table in world(spark)]


@pytest.fixture(scope="module")
def first(inputs):
    return trained(inputs, min_group_size=59)


@pytest.fixture(scope="module")
def champion(first):
    """One that was trained up to the last day: nothing that is trained now is better."""
    return replace(first.model, version="1")


@pytest.fixture(scope="module")
def late(inputs, champion):
    return trained(inputs, champion=champion)


def trained(inputs, champion=None, as_of=DAY, refit=None, min_group_size=1, **more):
    return evaluate_and_fit(
        **trained_on(inputs, as_of=as_of),
        as_of=as_of,
        recommender=als(),
        judging=judging(min_group_size, **more),
        popularity=HalfLife(),
        weights=WEIGHTS,
        champion=champion,
        refit=refit and als(refit),
    )


def test_a_first_training(first):
    assert first.is_promotable
    assert first.reasons == ()
    assert first.model is not None
    assert first.model.cut == DAY
    assert "c59" not in {row["customer_id"] for row in contents(first.model.customer_factors)}
    found = {(metric.model_name, metric.metric): metric for metric in first.metrics}
    assert set(found) == {
        *((name, f"{metric}_at_10") for name in ("als", "popularity") for metric in ("recall", "ndcg", "coverage")),
        ("als", RATIO_TO_POPULARITY),
    }
    assert {metric.n_customers for metric in first.metrics} == {59}
    assert {metric.split for metric in first.metrics} == {"train < 2026-02-22 <= test < 2026-03-01"}
    assert found["als", "ndcg_at_10"].value > 1.3 * found["popularity", "ndcg_at_10"].value
    for (_, name), metric in found.items():
        if name.startswith("coverage"):
            assert (metric.lower, metric.upper) == (None, None)
        else:
            assert metric.lower <= metric.value <= metric.upper
    rows = first.rows(training_id="t1", model_version="1", is_promoted=True)
    assert {row["model_version"] for row in rows if row["model_name"] == "als"} == {"1"}


def test_days_without_anything_new_judge_nobody(inputs):
    with pytest.raises(ContractBroken, match="nobody to judge a model by"):
        trained(inputs, as_of=DAY + timedelta(days=7))


def test_fewer_people_than_a_group_judge_nobody(inputs, first):
    """59 do, as the first training shows; what is measured of fewer would be published."""
    assert first.metrics
    with pytest.raises(ContractBroken, match=r"too few people[^\n]*\n  found: .* 59 customers .*; 60 are needed"):
        trained(inputs, min_group_size=60)


def test_a_champion_of_all_days_leaves_none_to_compare_on(late):
    assert not late.is_promotable
    assert late.model is None
    assert late.compared_with == "1"
    assert "no day after the champion's cut 2026-03-01" in late.reasons[0]


def test_against_a_champion_on_the_days_after_both_cuts(inputs, first):
    # Factors of nothing are easy to beat, and their cut lies inside the test days.
    weak = replace(
        first.model, product_factors=np.zeros_like(first.model.product_factors), cut=DAY - timedelta(days=3), version="8"
    )
    better = trained(inputs, champion=weak)
    assert better.is_promotable
    assert better.compared_with == "8"
    ratio = next(metric for metric in better.metrics if metric.metric == RATIO_TO_CHAMPION)
    assert ratio.split == "train < 2026-02-26 <= test < 2026-03-01"
    assert 1 < ratio.lower <= ratio.value <= ratio.upper
    assert {metric.split for metric in better.metrics if metric.model_name == "champion"} == {ratio.split}
    assert len({(row.model_name, row.split, row.metric) for row in better.metrics}) == len(better.metrics)
    # Only three people are left to compare by on those days.
    few = inputs[0].where((F.col("event_date") < F.lit(weak.cut)) | F.col("account_id").isin("a0", "a1", "a2"))
    assert [
        m.n_customers for m in trained([few, *inputs[1:]], weak, min_group_size=3).metrics if m.metric == RATIO_TO_CHAMPION
    ] == [3]
    unmeasured = trained([few, *inputs[1:]], weak, min_group_size=4)
    assert unmeasured.reasons == ("fewer than 4 customers after the champion's cut 2026-02-26 to compare on",)
    assert {metric.n_customers for metric in unmeasured.metrics} == {59}


def metrics_of(outcome, model_name):
    return {metric.metric: metric for metric in outcome.metrics if metric.model_name == model_name}


@pytest.mark.parametrize("settings", [TINY_ALS, replace(TINY_ALS, rank=5)], ids=["those in use", "others"])
def test_a_champion_that_learnt_from_a_withdrawn_customer_gives_way_to_its_refit(inputs, champion, late, settings):
    """The champion knows the test days: nothing that is trained now is better, and without a refit it would stay."""
    assert not late.is_promotable
    outcome = trained(inputs, champion=champion, refit=settings)
    assert outcome.is_promotable
    assert not outcome.is_not_worse_than_champion
    assert (outcome.refit_of, outcome.recommender.settings, outcome.model.cut) == ("1", settings, DAY)
    assert outcome.model.product_factors.shape[1] == settings.rank
    assert "c59" not in {row["customer_id"] for row in contents(outcome.model.customer_factors)}
    found = metrics_of(outcome, REFIT)
    assert set(found) == {"recall_at_10", "ndcg_at_10", "coverage_at_10", RATIO_TO_POPULARITY}
    assert found[RATIO_TO_POPULARITY].value >= 1
    assert len({(row.model_name, row.split, row.metric) for row in outcome.metrics}) == len(outcome.metrics)
    rows = outcome.rows(training_id="t", model_version="2", is_promoted=True)
    assert {row["model_version"] for row in rows if row["model_name"] == REFIT} == {"2"}
    assert {row["model_version"] for row in rows if row["model_name"] != REFIT} == {None}
    assert outcome.decision.startswith("promoted as a refit of version 1")


def test_a_refit_that_is_worse_than_popularity_replaces_nothing(inputs, champion, monkeypatch):
    def compared_lower(test, challenger, base, names, judging):
        ratio, metrics = compared(test, challenger, base, names, judging)
        return (replace(ratio, value=0.99) if names[0] == REFIT else ratio), metrics

    monkeypatch.setattr(training, "compared", compared_lower)
    outcome = trained(inputs, champion=champion, refit=TINY_ALS)
    assert metrics_of(outcome, REFIT)[RATIO_TO_POPULARITY].value == 0.99
    assert (outcome.is_promotable, outcome.model, outcome.refit_of) == (False, None, None)
    assert "a refit without those who withdrew is worse than popularity" in outcome.reasons[-1]


def test_a_better_challenger_needs_no_refit(inputs, first):
    weak = replace(
        first.model, product_factors=np.zeros_like(first.model.product_factors), cut=DAY - timedelta(days=3), version="8"
    )
    outcome = trained(inputs, champion=weak, refit=replace(TINY_ALS, rank=5))
    assert (outcome.is_promotable, outcome.refit_of, outcome.recommender.settings) == (True, None, TINY_ALS)
    assert metrics_of(outcome, REFIT) == {}


def test_shuffled_tastes_are_not_promoted(spark, inputs):
    """With products handed out by chance ALS knows nothing that popularity does not."""
    interactions, *rest = inputs
    random = np.random.default_rng(1)
    rows = [row.asDict() for row in interactions.collect()]
    shuffled = [
        row | dict(product_id=product)
        for row, product in zip(rows, random.permutation([r["product_id"] for r in rows]), strict=True)
    ]
    outcome = trained([frame(spark, silver.INTERACTIONS, *shuffled), *rest])
    assert not outcome.is_promotable
    assert outcome.model is None
    assert "popularity" in outcome.reasons[0]
