"""A search over the settings: what it tries, on which days, and what it takes."""

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from pyspark.sql import functions as F

from reclake.errors import ContractBroken
from reclake.recommend.training import evaluate_and_fit
from reclake.recommend.tuning import search, tuned
from tastes import CUT, DAY, TINY_ALS, WEIGHTS, HalfLife, als, judging, trained_on, world

BEFORE = TINY_ALS
WEAK = replace(BEFORE, regularisation=1e6)


@dataclass(frozen=True)
class Tuning:
    n_trials: int = 3
    seed: int = 7
    ranks: tuple[int, ...] = (2, 4)
    regularisation: tuple[float, float] = (0.01, 1.0)
    alpha: tuple[float, float] = (0.3, 30.0)
    half_life_days: tuple[float, float] = (14.0, 365.0)


def hill(settings):
    """Best at an alpha of 3, and the smaller the rank the better."""
    return 1 / (1 + abs(settings.alpha - 3)) / settings.rank


def tried(judge=hill, before=BEFORE, **tuning):
    limits = Tuning(**tuning)
    return search(before, als().space(limits), limits, judge, split="a split", n_customers=5)


def test_the_settings_in_use_come_first_and_the_rest_lies_within_the_ranges():
    found = tried(n_trials=12)
    assert found.tried[0].settings == BEFORE
    assert len(found.tried) == 12
    for one in found.tried[1:]:
        values, space = one.settings, Tuning()
        assert values.rank in space.ranks
        for name in ("regularisation", "alpha", "half_life_days"):
            least, greatest = getattr(space, name)
            assert least <= getattr(values, name) <= greatest
        assert (
            replace(values, **{name: getattr(BEFORE, name) for name in ("rank", "regularisation", "alpha", "half_life_days")})
            == BEFORE
        )
        assert one.value == hill(values)
    assert found.best.value == max(one.value for one in found.tried)


def test_the_same_judgements_give_the_same_search_and_another_seed_another():
    assert tried(n_trials=12) == tried(n_trials=12)
    assert tried(n_trials=12) != tried(n_trials=12, seed=8)


def test_it_learns_from_what_it_tried():
    """Beside as many drawn at random, the last trials lie nearer to the hill's top."""
    found = [one.value for one in tried(n_trials=16, ranks=(4,)).tried]
    assert sum(found[-5:]) > 1.5 * sum(found[1:6])


def test_of_equals_the_settings_in_use_are_taken():
    found = tried(lambda settings: 0.5)
    assert (found.best.settings, found.has_found_better) == (BEFORE, False)


def test_settings_that_are_too_large_are_left_out_and_a_search_of_nothing_else_finds_nothing():
    def small(settings):
        if settings.rank > 2:
            raise ContractBroken("too large", "", "")
        return hill(settings)

    assert {one.settings.rank for one in tried(small, replace(BEFORE, rank=1), n_trials=12).tried} == {1, 2}
    found = tried(small, replace(BEFORE, rank=3), n_trials=12)
    assert {one.settings.rank for one in found.tried} == {2}
    assert found.has_found_better
    assert tried(small, replace(BEFORE, rank=3), ranks=(3, 4)) is None


@pytest.fixture(scope="module")
def inputs(spark):
    return [table.cache() for table in world(spark)]


def trained(inputs, before=BEFORE, min_group_size=1, **tuning):
    return evaluate_and_fit(
        **trained_on(inputs),
        as_of=DAY,
        recommender=als(before),
        judging=judging(min_group_size),
        popularity=HalfLife(),
        weights=WEIGHTS,
        champion=None,
        tuning=Tuning(**tuning),
    )


@pytest.fixture(scope="module")
def outcome(inputs):
    # Factors that a penalty keeps at next to nothing: whatever else is tried is better.
    return trained(inputs, WEAK)


def test_a_training_takes_the_best_and_says_so(outcome):
    found = outcome.search
    assert len(found.tried) == 3
    assert found.best.value > found.tried[0].value
    assert outcome.recommender.settings == found.best.settings != found.tried[0].settings
    assert outcome.model.product_factors.shape[1] == found.best.settings.rank
    rows = {(row["split"], row["metric"]): row for row in outcome.rows(training_id="t", model_version=None, is_promoted=False)}
    row = rows[f"train < {CUT - timedelta(days=7)} <= test < {CUT}", tuned("ndcg_at_10")]
    assert (row["value"], row["n_customers"], row["model_name"]) == (found.best.value, found.n_customers, "als")
    assert 0 < row["value"] <= 1


def test_the_days_that_judge_the_model_do_not_choose_its_settings(inputs, outcome):
    day = F.col("event_date")
    other = inputs[0].withColumn("product_id", F.when(day >= F.lit(CUT), F.lit("t0p0")).otherwise(F.col("product_id")))
    found = trained([other, *inputs[1:]], WEAK)
    assert [one.settings for one in found.search.tried] == [one.settings for one in outcome.search.tried]
    assert [one.value for one in found.search.tried] == pytest.approx([one.value for one in outcome.search.tried], abs=1e-9)
    assert found.metrics != outcome.metrics


def test_without_days_to_judge_by_nothing_is_searched(inputs):
    late = inputs[0].where(F.col("event_date") >= F.lit(CUT - timedelta(days=7)))
    outcome = trained([late, *inputs[1:]])
    assert (outcome.search, outcome.recommender.settings) == (None, BEFORE)


def test_days_that_judge_fewer_people_than_a_group_choose_nothing(spark, inputs):
    """Some customers are new to nothing in the days of the search, and everybody in those that judge the model."""
    first_day, day = F.lit(CUT - timedelta(days=7)), F.col("event_date")
    quiet = inputs[0].where((day < first_day) | (day >= F.lit(CUT)) | F.col("account_id").isin("a0", "a1", "a2"))
    assert trained([quiet, *inputs[1:]], min_group_size=3).search.n_customers == 3
    assert trained([quiet, *inputs[1:]], min_group_size=4).search is None
