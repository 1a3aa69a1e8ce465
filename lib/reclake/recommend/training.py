"""Fit, judge on days that were held out, and fit again on all days: what becomes of it is the caller's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from pyspark.sql import DataFrame

from reclake.errors import ContractBroken
from reclake.recommend.catalogue import active_products
from reclake.recommend.held_out import HeldOut, Metric, compared, hold_out, rows_of
from reclake.recommend.interface import (
    FittedRecommender,
    Judging,
    KindWeights,
    Recommender,
)
from reclake.recommend.judging import POPULARITY, against_champion, is_better, ratio_to, why_not
from reclake.recommend.settings import PopularitySettings, TuningSettings
from reclake.recommend.split import TimeSplit
from reclake.recommend.tuning import Search, searched, tuned
from reclake.recommend.weights import resolved

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
    metric: str  # by which it was judged
    recommender: Recommender  # with the settings that it was fitted with
    search: Search | None = None  # that chose them
    reasons: tuple[str, ...] = ()  # why it is not to be promoted
    refit_of: str | None = None
    model: FittedRecommender | None = field(default=None, compare=False)

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
        search, name = self.search, self.recommender.name
        fitted = name if self.refit_of is None else REFIT
        chosen = [Metric(name, search.split, tuned(self.metric), search.best.value, search.n_customers)] if search else []
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
    people: DataFrame,
    products: DataFrame,
    *,
    as_of: date,
    recommender: Recommender,
    judging: Judging,
    popularity: PopularitySettings,
    weights: Mapping[str, float] | KindWeights,
    champion: FittedRecommender | None,
    tuning: TuningSettings | None = None,
    refit: Recommender | None = None,
    before_trial: Callable[[], None] = lambda: None,
) -> TrainingOutcome:
    """Judge a recommender against popularity and the champion on held-out days; fit it up to `as_of` if it may be promoted.

    With `tuning`, its settings are searched first, on as many days before the held-out ones (`tuning.searched`).
    With `refit`, the recommender with the champion's settings, the champion gives way unless these, fitted without the people who
    withdrew, are worse than popularity. Only people who may be profiled are in any of it. What is judged is the chain as it is
    served: the model's products, filled up with popular ones, from the catalogue of `as_of`; whom the model does not know gets the
    fallback's list.

    Parameters
    ----------
    interactions, people, products
        What a builder is given of them at `as_of`: the days before it, the shared input, the rows that are valid.

    Raises
    ------
    ContractBroken
        When there is no interaction before the cut, the held-out days hold fewer customers to judge a model by than
        `judging.min_group_size`, or the model is too large.
    """
    test_days, search = timedelta(days=judging.training.test_days), None
    cut = as_of - test_days
    known = resolved(interactions, people.where("may_be_profiled")).persist()
    catalogue = active_products(products)
    with ExitStack() as in_the_end:
        in_the_end.callback(known.unpersist)

        def held_out(split: TimeSplit) -> HeldOut:
            days = hold_out(known, catalogue, split, popularity, weights)
            in_the_end.callback(days.release)
            return days

        test = held_out(TimeSplit(cut, as_of))
        _require_enough_to_judge_by(test, judging.min_group_size)
        if tuning is not None:
            days = held_out(TimeSplit(cut - test_days, cut))
            search = searched(days, known, recommender, tuning, judging, before_trial)
            recommender = recommender.with_settings(search.best.settings) if search else recommender
        challenger = recommender.fit(known, as_of=cut)
        in_the_end.callback(challenger.release)
        outcome = _judged(recommender, challenger, champion, test, held_out, judging)
        if refit is not None and champion is not None and not outcome.is_promotable:
            outcome = _refitted(outcome, refit, known, challenger, champion, test, judging)
        fitted = outcome.recommender.fit(known, as_of=as_of) if outcome.is_promotable else None
        return replace(outcome, search=search, model=fitted)


def _judged(
    recommender: Recommender,
    challenger: FittedRecommender,
    champion: FittedRecommender | None,
    test: HeldOut,
    held_out: Callable[[TimeSplit], HeldOut],
    judging: Judging,
) -> TrainingOutcome:
    """What the held-out days say of the challenger, beside popularity and the champion."""
    cut, end = test.split.cut, test.split.end
    ratio, metrics = compared(test, challenger, None, (recommender.name, POPULARITY), judging)
    metrics += rows_of(recommender.name, test.split, ratio_to(POPULARITY, judging.metric), ratio)
    is_well = is_better(ratio, least_lower=1.0)
    reasons = [] if is_well else [why_not(ratio, judging.metric, against=POPULARITY, least_lower=1.0)]
    beside = against_champion(challenger, champion, test, lambda day: held_out(TimeSplit(day, end)), judging)
    return TrainingOutcome(
        as_of=end,
        cut=cut,
        metrics=(*metrics, *beside.metrics),
        is_better_than_popularity=is_well,
        is_not_worse_than_champion=beside.is_not_worse,
        compared_with=champion.version if champion else None,
        metric=judging.metric,
        recommender=recommender,
        reasons=(*reasons, *beside.reasons),
    )


def _refitted(
    outcome: TrainingOutcome,
    refit: Recommender,
    known: DataFrame,
    challenger: FittedRecommender,
    champion: FittedRecommender,
    test: HeldOut,
    judging: Judging,
) -> TrainingOutcome:
    """The outcome once the champion's settings, fitted without those who withdrew, were compared with popularity."""
    with ExitStack() as in_the_end:
        if refit.settings == outcome.recommender.settings:
            again = challenger
        else:
            again = refit.fit(known, as_of=outcome.cut)
            in_the_end.callback(again.release)
        ratio, metrics = compared(test, again, None, (REFIT, POPULARITY), judging)
    measured = [metric for metric in metrics if metric.model_name == REFIT]
    measured += rows_of(REFIT, test.split, ratio_to(POPULARITY, judging.metric), ratio)
    outcome = replace(outcome, metrics=(*outcome.metrics, *measured))
    if ratio.value is not None and ratio.value < 1:
        against = why_not(ratio, judging.metric, against=POPULARITY, least_lower=1.0)
        return replace(
            outcome, reasons=(*outcome.reasons, f"a refit without those who withdrew is worse than popularity ({against})")
        )
    return replace(outcome, recommender=refit, refit_of=champion.version)


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
