"""Fit, judge on days that were held out, and fit again on all days: what becomes of it is the caller's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.errors import ContractBroken
from reclake.privacy.consent import customers_to_profile
from reclake.recommend.als import Als, FittedAls
from reclake.recommend.bootstrap import Estimate, resampled
from reclake.recommend.catalogue import active_products
from reclake.recommend.interface import (
    AlsSettings,
    AlsValues,
    KindWeights,
    PopularitySettings,
    TrainingSettings,
    TuningSettings,
)
from reclake.recommend.lists import ranked_lists
from reclake.recommend.metrics import customer_metrics
from reclake.recommend.popularity import popular_products
from reclake.recommend.split import TimeSplit
from reclake.recommend.tuning import Search, search
from reclake.recommend.weights import exact_sum, pairs, product_popularity, resolved

K = 10  # length of the lists that are judged
_METRICS = (f"recall_at_{K}", f"ndcg_at_{K}", f"coverage_at_{K}")
RATIO_TO_POPULARITY = f"ndcg_at_{K} / popularity"
RATIO_TO_CHAMPION = f"ndcg_at_{K} / champion"
TUNED = f"tuned_ndcg_at_{K}"


@dataclass(frozen=True, slots=True)
class Metric:
    """One row of gold.model_metrics, less what only the caller knows."""

    model_name: str
    split: str
    metric: str
    value: float
    n_customers: int
    lower: float | None = None
    upper: float | None = None


@dataclass(frozen=True, slots=True)
class TrainingOutcome:
    """What a training found. `model` is the refit up to `as_of`; None when the decision is against it."""

    as_of: date
    cut: date
    metrics: tuple[Metric, ...]
    is_better_than_popularity: bool
    is_not_worse_than_champion: bool  # True without a champion
    compared_with: str | None  # version of the champion
    als: AlsValues  # the settings that it was fitted with
    search: Search | None = None  # that chose them
    reasons: tuple[str, ...] = ()  # why it is not to be promoted
    model: FittedAls | None = field(default=None, compare=False)

    @property
    def is_promotable(self) -> bool:
        """Whether the refit may become the champion."""
        return self.is_better_than_popularity and self.is_not_worse_than_champion

    def rows(self, *, training_id: str, model_version: str | None, is_promoted: bool) -> list[dict[str, Any]]:
        """The rows of gold.model_metrics; only the rows of the model trained here name its version."""
        found = self.search
        chosen = [Metric(Als.name, found.split, TUNED, found.best.ndcg, found.n_customers)] if found else []
        return [
            {
                "training_id": training_id,
                "as_of_date": self.as_of,
                "model_name": metric.model_name,
                "model_version": model_version if metric.model_name == Als.name else None,
                "split": metric.split,
                "metric": metric.metric,
                "value": float(metric.value),
                "lower": metric.lower,
                "upper": metric.upper,
                "n_customers": metric.n_customers,
                "is_promoted": is_promoted,
            }
            for metric in (*self.metrics, *chosen)
        ]


@dataclass(frozen=True)
class HeldOut:
    """The held-out days: who is judged by what, and what may be shown to them."""

    split: TimeSplit
    seen: DataFrame  # customer_id, product_id before the cut
    truth: DataFrame  # customer_id, product_id new to the customer in the test days
    catalogue: DataFrame  # place, product_id, popularity at the cut

    def lists(self, model: FittedAls | None) -> DataFrame:
        """The lists that the whole chain would have shown at the cut, for everyone in the truth."""
        people = self.truth.select("customer_id", F.lit(True).alias("is_personal")).distinct()
        return ranked_lists(people, self.seen, self.catalogue, n=K, model=model)


def _held_out(
    interactions: DataFrame, products: DataFrame, split: TimeSplit, popularity: PopularitySettings, weights: KindWeights
) -> HeldOut:
    counted = product_popularity(interactions, weights, as_of=split.cut, half_life_days=popularity.half_life_days)
    return HeldOut(
        split=split,
        seen=pairs(split.train(interactions)).persist(),
        truth=split.truth(interactions).persist(),
        catalogue=popular_products(products, counted).persist(),
    )


def _compared(
    test: HeldOut, challenger: FittedAls, base: FittedAls | None, names: tuple[str, str], settings: TrainingSettings
) -> tuple[Estimate, list[Metric]]:
    """Both models' metrics over all customers of the truth, and the ratio of their nDCG, all from the same resamples.

    Coverage is the share of the catalogue that anybody was shown: no mean over customers, hence without an interval.
    """
    lists = {name: test.lists(model).persist() for name, model in zip(names, (challenger, base), strict=True)}
    both = None
    try:
        each = {name: customer_metrics(shown, test.truth, k=K) for name, shown in lists.items()}
        both = _side_by_side(each[names[0]], each[names[1]]).persist()
        found = resampled(both, *both.columns[1:], samples=settings.bootstrap_samples, seed=settings.bootstrap_seed)
        metrics = []
        if found.n_customers:
            n_products = max(1, test.catalogue.count())
            for name, prefix in zip(names, ("", "base_"), strict=True):
                n_shown = lists[name].select("product_id").distinct().count()
                coverage = Estimate(n_shown / n_products, None, None, found.n_customers)
                estimates = (found.mean(f"{prefix}recall"), found.mean(f"{prefix}ndcg"), coverage)
                metrics += [
                    row
                    for metric, estimate in zip(_METRICS, estimates, strict=True)
                    for row in _rows(name, test.split, metric, estimate)
                ]
        return found.ratio("ndcg", "base_ndcg"), metrics
    finally:
        for frame in (*lists.values(), *([both] if both is not None else [])):
            frame.unpersist()


def _side_by_side(challenger: DataFrame, base: DataFrame) -> DataFrame:
    renamed = base.select("customer_id", F.col("recall").alias("base_recall"), F.col("ndcg").alias("base_ndcg"))
    return challenger.select("customer_id", "recall", "ndcg").join(renamed, on="customer_id", how="inner")


def is_better(ratio: Estimate, *, least_lower: float) -> bool:
    """Whether the challenger is better on average and the lower end of its interval lies above `least_lower`.

    Examples
    --------
    >>> is_better(Estimate(1.1, 1.01, 1.2, 50), least_lower=1.0), is_better(Estimate(1.0, 0.99, 1.1, 50), least_lower=0.98)
    (True, False)
    """
    return ratio.value is not None and ratio.lower is not None and ratio.value > 1 and ratio.lower > least_lower


def _said(ratio: Estimate, *, against: str, least_lower: float) -> str:
    if ratio.value is None:
        return f"nothing to compare with {against}: {ratio.n_customers} customers, or its nDCG@{K} is 0"
    lower = "unbounded" if ratio.lower is None else f"{ratio.lower:.3f}"
    return f"nDCG@{K} is {ratio.value:.3f} × {against}'s with lower end {lower}: above 1 and {least_lower:g} are needed"


def _rows(model_name: str, split: TimeSplit, metric: str, found: Estimate) -> list[Metric]:
    """The estimate as a row; none where there is nothing to say."""
    if found.value is None:
        return []
    return [Metric(model_name, str(split), metric, found.value, found.n_customers, found.lower, found.upper)]


def _searched(
    known: DataFrame,
    catalogue: DataFrame,
    cut: date,
    before: AlsValues,
    popularity: PopularitySettings,
    weights: KindWeights,
    training: TrainingSettings,
    tuning: TuningSettings,
) -> Search | None:
    """A search on the `test_days` before `cut`; None if they judge nobody, or nothing lies before them."""
    test = _held_out(known, catalogue, TimeSplit(cut - timedelta(days=training.test_days), cut), popularity, weights)

    def judge(settings: AlsValues) -> float:
        model = Als(settings, weights, training.max_item_factor_bytes).fit(known, as_of=test.split.cut)
        try:
            each = customer_metrics(test.lists(model), test.truth, k=K)
            (row,) = each.agg(exact_sum(F.col("ndcg")).alias("ndcg")).collect()
            return float(row["ndcg"]) / n_customers
        finally:
            model.release()

    try:
        n_customers = test.truth.select("customer_id").distinct().count()
        if not n_customers or test.seen.isEmpty():
            return None
        return search(before, tuning, judge, split=str(test.split), n_customers=n_customers)
    finally:
        for frame in (test.seen, test.truth, test.catalogue):
            frame.unpersist()


def evaluate_and_fit(
    interactions: DataFrame,
    identities: DataFrame,
    accounts: DataFrame,
    consents: DataFrame,
    products: DataFrame,
    *,
    as_of: date,
    als: AlsSettings,
    popularity: PopularitySettings,
    weights: Mapping[str, float] | KindWeights,
    training: TrainingSettings,
    champion: FittedAls | None,
    tuning: TuningSettings | None = None,
) -> TrainingOutcome:
    """Judge ALS against popularity and the champion on held-out days; refit it up to `as_of` if it may be promoted.

    With `tuning`, its settings are searched first, on as many days before the held-out ones; nobody new to judge by
    there means no search.

    Only people who may be profiled are in any of it. What is judged is the chain as it is served: the model's
    products, filled up with popular ones, from the catalogue of `as_of`; whom the model does not know is counted
    with the fallback's list. The champion is judged on the days after both cuts.

    Raises
    ------
    ContractBroken
        When there is no interaction before the cut, nobody whom the held-out days could judge a model by, or the
        product factors are too large to be broadcast.
    """
    cut = as_of - timedelta(days=training.test_days)
    people = customers_to_profile(identities, accounts, consents, as_of=as_of)
    known = resolved(interactions, identities, as_of=as_of).join(people, on="customer_id", how="left_semi").persist()
    catalogue = active_products(products, as_of=as_of)
    tests: list[HeldOut] = []
    challenger = None
    try:
        found = _searched(known, catalogue, cut, AlsValues.of(als), popularity, weights, training, tuning) if tuning else None
        chosen = found.best.settings if found else AlsValues.of(als)
        recommender = Als(chosen, weights, training.max_item_factor_bytes)
        challenger = recommender.fit(known, as_of=cut)
        reasons: list[str] = []
        test = _held_out(known, catalogue, TimeSplit(cut, as_of), popularity, weights)
        tests.append(test)
        ratio, metrics = _compared(test, challenger, None, ("als", "popularity"), training)
        if not metrics:
            raise ContractBroken(
                "there is nobody to judge a model by",
                f"from {cut} to before {as_of} no customer who may be profiled had a product that was new to them",
                "take more days in, or widen training.test_days",
            )
        metrics += _rows(Als.name, test.split, RATIO_TO_POPULARITY, ratio)
        if not (is_better_than_popularity := is_better(ratio, least_lower=1.0)):
            reasons.append(_said(ratio, against="popularity", least_lower=1.0))
        is_not_worse = champion is None
        if champion is not None and max(cut, champion.cut) >= as_of:
            reasons.append(f"no day after the champion's cut {champion.cut} and before {as_of} to compare on")
        elif champion is not None:
            later = _held_out(known, catalogue, TimeSplit(max(cut, champion.cut), as_of), popularity, weights)
            tests.append(later)
            against, judged = _compared(later, challenger, champion, ("als", "champion"), training)
            metrics += [metric for metric in judged if metric.model_name == "champion" or later.split != test.split]
            metrics += _rows(Als.name, later.split, RATIO_TO_CHAMPION, against)
            is_not_worse = is_better(against, least_lower=training.min_champion_ratio)
            if not is_not_worse:
                reasons.append(_said(against, against="the champion", least_lower=training.min_champion_ratio))
        is_promotable = is_better_than_popularity and is_not_worse
        return TrainingOutcome(
            as_of=as_of,
            cut=cut,
            metrics=tuple(metrics),
            is_better_than_popularity=is_better_than_popularity,
            is_not_worse_than_champion=is_not_worse,
            compared_with=champion.version if champion else None,
            als=chosen,
            search=found,
            reasons=tuple(reasons),
            model=recommender.fit(known, as_of=as_of) if is_promotable else None,
        )
    finally:
        if challenger is not None:
            challenger.release()
        for frame in (known, *(frame for test in tests for frame in (test.seen, test.truth, test.catalogue))):
            frame.unpersist()
