"""Every model beside the lists that need none, on the same held-out days: rolling origins, pooled.

An origin cuts the days as a training does (`split.TimeSplit`); each model is fitted before it and judged on the days after it, for
all customers alike. The customers of all origins are pooled. One who is judged at several origins is drawn into a resample with all
of them, so an interval knows that they are one person.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from functools import reduce
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reclake.recommend.bootstrap import Resamples, resampled
from reclake.recommend.catalogue import active_products
from reclake.recommend.held_out import HeldOut, K, hold_out
from reclake.recommend.interface import FittedRecommender, Judging, KindWeights, Recommender
from reclake.recommend.judging import CHAMPION, POPULARITY, ratio_to
from reclake.recommend.metrics import customer_metrics
from reclake.recommend.rivals import LAST_CATEGORY, POPULAR_7_DAYS, lists_of_last_category, popular_lists_of_7_days
from reclake.recommend.settings import PopularitySettings
from reclake.recommend.split import TimeSplit
from reclake.recommend.weights import resolved

BASELINES = (POPULAR_7_DAYS, POPULARITY, LAST_CATEGORY)
METRICS = {"ndcg": f"ndcg_at_{K}", "recall": f"recall_at_{K}"}
_HISTORY = ((0, "none"), (4, "1-4 products"), (19, "5-19 products"))  # up to how many products seen before the cut
_LONGEST = "20 products or more"
SEGMENTS = ("tier", "channel", "history")


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
        length = timedelta(days=self.judging.training.test_days)
        return [TimeSplit(self.as_of - n * length, self.as_of - (n - 1) * length) for n in range(1, self.n_origins + 1)]


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
        described = _described(interactions, profiled, segments)
        judged: list[_Origin] = []
        for split in evaluation.origins():
            test = hold_out(known, active_products(products), split, evaluation.popularity, evaluation.weights)
            in_the_end.callback(test.release)
            if test.n_customers() < evaluation.judging.min_group_size or test.seen.isEmpty():
                continue
            each = _judged(test, known, products, evaluation, in_the_end)
            frame = _side_by_side(each).transform(_with_segments, test=test, described=described).persist()
            in_the_end.callback(frame.unpersist)
            judged.append(_Origin(split, tuple(each), frame))
        return [row for names, origins in _pooled(judged) for row in _rows(names, origins, evaluation.judging)]


@dataclass(frozen=True)
class _Origin:
    split: TimeSplit
    names: tuple[str, ...]
    frame: DataFrame  # customer_id, segments, and the metrics of each name


def _pooled(judged: Sequence[_Origin]) -> list[tuple[Sequence[str], Sequence[_Origin]]]:
    """What was judged at all origins, and, where champions could be judged at some of them alone, all of it at these."""
    if not judged:
        return []

    def at_all(origins: Sequence[_Origin]) -> list[str]:
        return [name for name in origins[0].names if all(name in origin.names for origin in origins)]

    groups: list[tuple[Sequence[str], Sequence[_Origin]]] = [(at_all(judged), judged)]
    most = max(len(origin.names) for origin in judged)
    richest = [origin for origin in judged if len(origin.names) == most]
    return groups if len(richest) == len(judged) else [*groups, (at_all(richest), richest)]


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


def _described(interactions: DataFrame, profiled: DataFrame, segments: DataFrame) -> DataFrame:
    """One row per customer: customer_id, tier at the as_of, and channel, that of the accounts with most of their interactions."""
    by_channel = (
        interactions
        .join(profiled.select("account_id", "customer_id", "channel"), on="account_id", how="inner")
        .groupBy("customer_id", "channel")
        .agg(F.sum("n_events").alias("n"))
    )
    most = by_channel.groupBy("customer_id").agg(F.max_by("channel", F.struct("n", "channel")).alias("channel"))
    return most.join(segments.select("customer_id", "tier"), on="customer_id", how="left")


def _with_segments(frame: DataFrame, *, test: HeldOut, described: DataFrame) -> DataFrame:
    """The customers with their segments; history is what they had seen before the cut."""
    seen = test.seen.groupBy("customer_id").agg(F.count("*").alias("n_seen"))
    unknown = {name: F.coalesce(name, F.lit("(none)")) for name in ("tier", "channel")}
    return (
        frame
        .join(described, on="customer_id", how="left")
        .join(seen, on="customer_id", how="left")
        .withColumns({**unknown, "history": _history(F.coalesce("n_seen", F.lit(0)))})
    )


def _history(n_seen: Column) -> Column:
    words = F.lit(_LONGEST)
    for most, name in reversed(_HISTORY):
        words = F.when(n_seen <= most, name).otherwise(words)
    return words


def _rows(names: Sequence[str], origins: Sequence[_Origin], judging: Judging) -> Iterator[dict[str, Any]]:
    """The rows of origins at which the same models were judged."""
    columns = [f"{name}_{metric}" for name in names for metric in METRICS]
    frames = [frame.select("customer_id", *SEGMENTS, *columns) for frame in (origin.frame for origin in origins)]
    whole = reduce(lambda one, other: one.unionByName(other), frames)
    split = "; ".join(str(origin.split) for origin in origins)
    settings = judging.training
    values = [(kind, row[kind]) for kind in SEGMENTS for row in whole.select(kind).distinct().orderBy(kind).collect()]
    for kind, value in (("all", "all"), *values):
        within = whole if kind == "all" else whole.where(F.col(kind) == F.lit(value))
        n_customers = within.select("customer_id").distinct().count()
        if n_customers < judging.min_group_size:
            continue
        resamples = resampled(
            within.select("customer_id", *columns), *columns, samples=settings.bootstrap_samples, seed=settings.bootstrap_seed
        )
        for row in _of_segment(names, resamples):
            yield row | {"split": split, "segment_kind": kind, "segment": value, "n_customers": n_customers}


def _of_segment(names: Sequence[str], resamples: Resamples) -> Iterator[dict[str, Any]]:
    for name in names:
        for column, metric in METRICS.items():
            estimates = {metric: resamples.mean(f"{name}_{column}")}
            for base in (POPULAR_7_DAYS, POPULARITY):
                if name != base:
                    estimates[ratio_to(base, metric)] = resamples.ratio(f"{name}_{column}", f"{base}_{column}")
            for measured, estimate in estimates.items():
                if estimate.value is not None:
                    values = {"value": estimate.value, "lower": estimate.lower, "upper": estimate.upper}
                    yield {"model_name": name, "metric": measured, **values}
