"""Every model beside the lists that need none, on the same held-out days: rolling origins, pooled.

An origin cuts the days as a training does (`split.TimeSplit`); each model is fitted before it and judged on the days after it, for
all customers alike. The customers of all origins are pooled. One who is judged at several origins is drawn into a resample with all
of them, so an interval knows that they are one person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from functools import reduce
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.recommend.catalogue import active_products
from reclake.recommend.held_out import HeldOut, K, hold_out
from reclake.recommend.interface import FittedRecommender, Judging, KindWeights, Recommender
from reclake.recommend.judging import CHAMPION, POPULARITY
from reclake.recommend.metrics import customer_metrics
from reclake.recommend.pooling import Origin, origins_before, pooled_rows
from reclake.recommend.rivals import LAST_CATEGORY, POPULAR_7_DAYS, lists_of_last_category, popular_lists_of_7_days
from reclake.recommend.segments import described_customers, with_segments
from reclake.recommend.settings import PopularitySettings
from reclake.recommend.split import TimeSplit
from reclake.recommend.weights import resolved

BASELINES = (POPULAR_7_DAYS, POPULARITY, LAST_CATEGORY)
METRICS = {"ndcg": f"ndcg_at_{K}", "recall": f"recall_at_{K}"}


@dataclass(frozen=True)
class Evaluation:
    """What is judged, and by what."""

    as_of: date
    recommenders: Sequence[Recommender]  # each with the settings that it is judged with
    champions: Mapping[str, FittedRecommender]  # by model: judged on origins at or after their cut
    judging: Judging
    popularity: PopularitySettings
    weights: KindWeights
    n_origins: int

    def origins(self) -> list[TimeSplit]:
        """The newest first; each judges the `test_days` before the one after it."""
        return origins_before(self.as_of, n_days=self.judging.training.test_days, n=self.n_origins)


def evaluated(
    interactions: DataFrame, people: DataFrame, products: DataFrame, segments: DataFrame, evaluation: Evaluation
) -> list[dict[str, Any]]:
    """Rows of gold.model_metrics, less what only the run knows: means and ratios to what is popular, of all and by segment.

    Segments of fewer customers than a group needs have no row, nor has an origin without anybody to judge by or to learn from.

    Parameters
    ----------
    interactions, people, products
        What a training is given of them at the as_of (`training.evaluate_and_fit`); products with category.
    segments
        customer_id, tier at the as_of.
    """
    profiled = people.where("may_be_profiled")
    known = resolved(interactions, profiled).persist()
    with ExitStack() as in_the_end:
        in_the_end.callback(known.unpersist)
        described = described_customers(interactions, profiled, segments)
        judged: list[Origin] = []
        for split in evaluation.origins():
            test = hold_out(known, active_products(products), split, evaluation.popularity, evaluation.weights)
            in_the_end.callback(test.release)
            if test.n_customers() < evaluation.judging.min_group_size or test.seen.isEmpty():
                continue
            each = _judged(test, known, products, evaluation, in_the_end)
            frame = _side_by_side(each).transform(with_segments, seen=test.seen, described=described)
            # The plan ends here: it holds that of every list, and segments of all origins are counted and drawn from it.
            judged.append(Origin(split, tuple(each), frame.localCheckpoint()))
        return pooled_rows(judged, METRICS, evaluation.judging, bases=(POPULAR_7_DAYS, POPULARITY))


def _judged(
    test: HeldOut, known: DataFrame, products: DataFrame, evaluation: Evaluation, in_the_end: ExitStack
) -> dict[str, DataFrame]:
    """By name the metrics of each customer of the truth."""
    lists = {
        POPULAR_7_DAYS: popular_lists_of_7_days(test, known, evaluation.weights),
        POPULARITY: test.lists(None),
        LAST_CATEGORY: lists_of_last_category(test, known, products),
    }
    for recommender in evaluation.recommenders:
        model = recommender.fit(known, as_of=test.split.cut)
        in_the_end.callback(model.release)
        lists[recommender.name] = test.lists(model)
    for name, champion in evaluation.champions.items():
        if champion.cut <= test.split.cut:
            lists[f"{name}_{CHAMPION}"] = test.lists(champion)
    return {name: customer_metrics(shown, test.truth, k=K) for name, shown in lists.items()}


def _side_by_side(each: Mapping[str, DataFrame]) -> DataFrame:
    renamed = (
        frame.select("customer_id", *(F.col(metric).alias(f"{name}_{metric}") for metric in METRICS))
        for name, frame in each.items()
    )
    return reduce(lambda one, other: one.join(other, on="customer_id", how="inner"), renamed)
