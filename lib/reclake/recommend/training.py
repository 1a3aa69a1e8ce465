"""Fit, judge on days that were held out, and fit again on all days: what becomes of it is the caller's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.behaviour.windows import is_valid_at
from reclake.errors import ContractBroken
from reclake.identity.people import people
from reclake.privacy.settings import MinAgeSettings
from reclake.recommend.als import Als, FittedAls
from reclake.recommend.catalogue import active_products
from reclake.recommend.held_out import HeldOut, K, Metric, compared, hold_out, rows_of
from reclake.recommend.interface import (
    AlsSettings,
    AlsValues,
    KindWeights,
    PopularitySettings,
    TrainingSettings,
    TuningSettings,
)
from reclake.recommend.judging import RATIO_TO_POPULARITY, against_champion, is_better, why_not
from reclake.recommend.split import TimeSplit
from reclake.recommend.tuning import Search, searched
from reclake.recommend.weights import resolved

TUNED = f"tuned_ndcg_at_{K}"
REFIT = "refit"  # the model name of the champion's settings, fitted without the customers who withdrew


@dataclass(frozen=True, slots=True)
class TrainingOutcome:
    """What a training found. `model` is the refit up to `as_of`; None when the decision is against it.

    `refit_of` names the champion that the model replaces only because the champion learnt from customers who withdrew.
    """

    as_of: date
    cut: date
    metrics: tuple[Metric, ...]
    is_better_than_popularity: bool
    is_not_worse_than_champion: bool  # True without a champion
    compared_with: str | None  # version of the champion
    als: AlsValues  # the settings that it was fitted with
    search: Search | None = None  # that chose them
    reasons: tuple[str, ...] = ()  # why it is not to be promoted
    refit_of: str | None = None
    model: FittedAls | None = field(default=None, compare=False)

    @property
    def is_promotable(self) -> bool:
        """Whether the model may become the champion."""
        return self.refit_of is not None or (self.is_better_than_popularity and self.is_not_worse_than_champion)

    @property
    def decision(self) -> str:
        """What became of it, with the reasons against it."""
        if self.refit_of is not None:
            return f"promoted as a refit of version {self.refit_of} without those who withdrew: {'; '.join(self.reasons)}"
        return "promoted" if self.is_promotable else f"not promoted: {'; '.join(self.reasons)}"

    def rows(self, *, training_id: str, model_version: str | None, is_promoted: bool) -> list[dict[str, Any]]:
        """The rows of gold.model_metrics; only the rows of the model trained here name its version."""
        found, fitted = self.search, Als.name if self.refit_of is None else REFIT
        chosen = [Metric(Als.name, found.split, TUNED, found.best.ndcg, found.n_customers)] if found else []
        return [
            {
                "training_id": training_id,
                "as_of_date": self.as_of,
                "model_name": metric.model_name,
                "model_version": model_version if metric.model_name == fitted else None,
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
    min_age: MinAgeSettings,
    champion: FittedAls | None,
    min_group_size: int,
    tuning: TuningSettings | None = None,
    refit: AlsSettings | None = None,
    before_trial: Callable[[], None] = lambda: None,
) -> TrainingOutcome:
    """Judge ALS against popularity and the champion on held-out days; refit it up to `as_of` if it may be promoted.

    With `tuning`, its settings are searched first, on as many days before the held-out ones (`tuning.searched`).
    With `refit`, the champion's settings, the champion gives way unless these, fitted without the people who withdrew, are worse
    than popularity. Only people who may be profiled are in any of it. What is judged is the chain as it is served: the model's
    products, filled up with popular ones, from the catalogue of `as_of`; whom the model does not know gets the fallback's list.
    A metric of fewer than `min_group_size` customers says too much of each of them, and is not measured.

    Raises
    ------
    ContractBroken
        When there is no interaction before the cut, the held-out days hold fewer customers to judge a model by than
        `min_group_size`, or the product factors are too large to be broadcast.
    """
    cut, chosen, search = as_of - timedelta(days=training.test_days), AlsValues.of(als), None
    valid = (dimension.where(is_valid_at(as_of)) for dimension in (identities, accounts, consents))
    profiled = people(*valid, as_of=as_of, min_age=min_age).where("may_be_profiled")
    known = resolved(interactions.where(F.col("event_date") < F.lit(as_of)), profiled).persist()
    catalogue = active_products(products.where(is_valid_at(as_of)))
    with ExitStack() as in_the_end:
        in_the_end.callback(known.unpersist)

        def held_out(split: TimeSplit) -> HeldOut:
            days = hold_out(known, catalogue, split, popularity, weights)
            in_the_end.callback(days.release)
            return days

        test = held_out(TimeSplit(cut, as_of))
        _require_enough_to_judge_by(test, min_group_size)
        if tuning is not None:
            days = held_out(TimeSplit(cut - timedelta(days=training.test_days), cut))
            search = searched(days, known, chosen, tuning, weights, training, min_group_size, before_trial)
            chosen = search.best.settings if search else chosen
        recommender = Als(chosen, weights, training.max_item_factor_bytes)
        challenger = recommender.fit(known, as_of=cut)
        in_the_end.callback(challenger.release)
        outcome = _judged(challenger, champion, test, held_out, training, min_group_size, als=chosen)
        if refit is not None and champion is not None and not outcome.is_promotable:
            recommender = replace(recommender, settings=AlsValues.of(refit))
            outcome = _refitted(outcome, recommender, known, challenger, champion, test, training)
        return replace(outcome, search=search, model=recommender.fit(known, as_of=as_of) if outcome.is_promotable else None)


def _judged(
    challenger: FittedAls,
    champion: FittedAls | None,
    test: HeldOut,
    held_out: Callable[[TimeSplit], HeldOut],
    training: TrainingSettings,
    min_group_size: int,
    *,
    als: AlsValues,
) -> TrainingOutcome:
    """What the held-out days say of the challenger, beside popularity and the champion."""
    cut, end = test.split.cut, test.split.end
    ratio, metrics = compared(test, challenger, None, (Als.name, "popularity"), training)
    metrics += rows_of(Als.name, test.split, RATIO_TO_POPULARITY, ratio)
    reasons = [] if is_better(ratio, least_lower=1.0) else [why_not(ratio, against="popularity", least_lower=1.0)]
    beside = against_champion(challenger, champion, test, lambda day: held_out(TimeSplit(day, end)), training, min_group_size)
    return TrainingOutcome(
        as_of=end,
        cut=cut,
        metrics=(*metrics, *beside.metrics),
        is_better_than_popularity=not reasons,
        is_not_worse_than_champion=beside.is_not_worse,
        compared_with=champion.version if champion else None,
        als=als,
        reasons=(*reasons, *beside.reasons),
    )


def _refitted(
    outcome: TrainingOutcome,
    recommender: Als,
    known: DataFrame,
    challenger: FittedAls,
    champion: FittedAls,
    test: HeldOut,
    training: TrainingSettings,
) -> TrainingOutcome:
    """The outcome once the champion's settings, fitted without those who withdrew, were compared with popularity."""
    settings = AlsValues.of(recommender.settings)
    with ExitStack() as in_the_end:
        if settings == outcome.als:
            again = challenger
        else:
            again = recommender.fit(known, as_of=outcome.cut)
            in_the_end.callback(again.release)
        ratio, metrics = compared(test, again, None, (REFIT, "popularity"), training)
    measured = [metric for metric in metrics if metric.model_name == REFIT] + rows_of(
        REFIT, test.split, RATIO_TO_POPULARITY, ratio
    )
    outcome = replace(outcome, metrics=(*outcome.metrics, *measured))
    if ratio.value is not None and ratio.value < 1:
        against = why_not(ratio, against="popularity", least_lower=1.0)
        return replace(
            outcome, reasons=(*outcome.reasons, f"a refit without those who withdrew is worse than popularity ({against})")
        )
    return replace(outcome, als=settings, refit_of=champion.version)


def _require_enough_to_judge_by(test: HeldOut, min_group_size: int) -> None:
    n_customers = test.n_customers()
    if n_customers >= min_group_size:
        return
    split = test.split
    raise ContractBroken(
        "there is nobody to judge a model by" if not n_customers else "there are too few people to judge a model by",
        f"from {split.cut} to before {split.end} {n_customers or 'no'} customers who may be profiled had a product that was new to"
        f" them; {min_group_size} are needed",
        "take more days in, or widen training.test_days",
    )
