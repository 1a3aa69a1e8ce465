"""A search over the settings of a recommender, on days of its own: the days that judge the model are not among them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.errors import ContractBroken
from reclake.recommend.held_out import HeldOut, K, column_of
from reclake.recommend.interface import Choice, Judging, LogRange, Recommender
from reclake.recommend.metrics import customer_metrics
from reclake.recommend.settings import TuningSettings
from reclake.recommend.weights import exact_sum

logger = logging.getLogger("reclake")
_N_DRAWN = 5  # settings that are drawn at random before the sampler goes by what came of them


@dataclass(frozen=True, slots=True)
class Tried:
    """Settings, and what their lists are judged by, on the days of the search: a mean over customers, 0–1."""

    settings: Any
    value: float


@dataclass(frozen=True, slots=True)
class Search:
    """What a search tried and could judge, in its order."""

    split: str  # how its days were parted
    n_customers: int
    before: Any  # the settings in use
    tried: tuple[Tried, ...]

    @property
    def best(self) -> Tried:
        """The highest value; of equals, the one tried first."""
        return max(self.tried, key=lambda one: one.value)

    @property
    def has_found_better(self) -> bool:
        """Whether the best settings are others than those in use."""
        return bool(self.best.settings != self.before)


def tuned(metric: str) -> str:
    """The name of the metric on the days of a search, of the settings that it chose.

    Examples
    --------
    >>> tuned("ndcg_at_10")
    'tuned_ndcg_at_10'
    """
    return f"tuned_{metric}"


def search(
    before: Any,
    space: Mapping[str, Choice | LogRange],
    tuning: TuningSettings,
    judge: Callable[[Any], float],
    *,
    split: str,
    n_customers: int,
) -> Search | None:
    """Try `tuning.n_trials` settings one after the other: those in use, a few at random, then by what came of those before.

    The same judgements give the same search: the sampler has a seed. Settings that cannot be judged, as they make too large
    a model, count as tried; None if that is so of all.

    Parameters
    ----------
    before
        Settings in use, and what the search does not vary.
    space
        Where to look for each setting that it varies (`Recommender.space`).
    judge
        Gives what settings are judged by, or raises ContractBroken.

    References
    ----------
    Bergstra, Bardenet, Bengio, Kégl: Algorithms for Hyper-Parameter Optimization, 2011 (TPE), by Optuna.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = optuna.samplers.TPESampler(seed=tuning.seed, n_startup_trials=_N_DRAWN)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    distributions = {name: _distribution(where) for name, where in space.items()}
    tried: list[Tried] = []
    for number in range(tuning.n_trials):
        trial = study.ask(distributions) if number else None
        chosen = replace(before, **trial.params) if trial else before
        try:
            tried.append(Tried(chosen, judge(chosen)))
        except ContractBroken as refused:
            logger.info("settings left out of the search: %s", refused)
            if trial is not None:
                study.tell(trial, state=optuna.trial.TrialState.FAIL)
            continue
        if trial is not None:
            study.tell(trial, tried[-1].value)
        elif all(where.allows(getattr(before, name)) for name, where in space.items()):  # else the sampler cannot learn from it
            params = {name: getattr(before, name) for name in space}
            study.add_trial(optuna.trial.create_trial(params=params, distributions=distributions, value=tried[-1].value))
    return Search(split, n_customers, before, tuple(tried)) if tried else None


def _distribution(where: Choice | LogRange) -> BaseDistribution:
    if isinstance(where, Choice):
        return CategoricalDistribution(where.values)
    return FloatDistribution(where.least, where.greatest, log=True)


def searched(
    days: HeldOut,
    known: DataFrame,
    recommender: Recommender,
    tuning: TuningSettings,
    judging: Judging,
    before_trial: Callable[[], None],
) -> Search | None:
    """A search by the lists that models of the days before the cut give, by the metric that will judge the model.

    None if the recommender has nothing to search, the days judge too few customers, or nothing lies before them.

    Parameters
    ----------
    days
        Held out for the search alone.
    known
        Interactions by customer (`weights.resolved`).
    recommender
        With the settings in use.
    before_trial
        Called before each fit; what it raises ends the search.
    """
    space, n_customers, judged_by = recommender.space(tuning), days.n_customers(), column_of(judging.metric)
    if not space or n_customers < judging.min_group_size or days.seen.isEmpty():
        return None

    def judge(settings: Any) -> float:
        before_trial()
        model = recommender.with_settings(settings).fit(known, as_of=days.split.cut)
        try:
            each = customer_metrics(days.lists(model), days.truth, k=K)
            (row,) = each.agg(exact_sum(F.col(judged_by)).alias("total")).collect()
            return float(row["total"]) / n_customers
        finally:
            model.release()

    return search(recommender.settings, space, tuning, judge, split=str(days.split), n_customers=n_customers)
