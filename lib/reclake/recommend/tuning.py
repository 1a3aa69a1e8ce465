"""A search over the settings of ALS, judged on days of its own: the days that judge the model are not among them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.errors import ContractBroken
from reclake.recommend.als import Als
from reclake.recommend.held_out import HeldOut, K
from reclake.recommend.interface import AlsValues, KindWeights, TrainingSettings, TuningSettings
from reclake.recommend.metrics import customer_metrics
from reclake.recommend.weights import exact_sum

logger = logging.getLogger("reclake")
SEARCHED = ("rank", "regularisation", "alpha", "half_life_days")  # of the settings; the others cost time, or change nothing
_N_DRAWN = 5  # settings that are drawn at random before the sampler goes by what came of them


@dataclass(frozen=True, slots=True)
class Tried:
    """Settings, and the mean nDCG of their lists on the days of the search."""

    settings: AlsValues
    ndcg: float


@dataclass(frozen=True, slots=True)
class Search:
    """What a search tried and could judge, in its order."""

    split: str  # how its days were parted
    n_customers: int
    before: AlsValues  # the settings in use
    tried: tuple[Tried, ...]

    @property
    def best(self) -> Tried:
        """The highest nDCG; of equals, the one tried first."""
        return max(self.tried, key=lambda one: one.ndcg)

    @property
    def has_found_better(self) -> bool:
        """Whether the best settings are others than those in use."""
        return self.best.settings != self.before


def search(
    before: AlsValues, tuning: TuningSettings, judge: Callable[[AlsValues], float], *, split: str, n_customers: int
) -> Search | None:
    """Try `tuning.n_trials` settings one after the other: those in use, a few at random, then by what came of those before.

    The same judgements give the same search: the sampler has a seed. Settings that cannot be judged, as their factors are
    too large to be broadcast, count as tried; None if that is so of all.

    Parameters
    ----------
    before
        Settings in use, and what the search does not vary.
    judge
        Gives the mean nDCG of settings, or raises ContractBroken.

    References
    ----------
    Bergstra, Bardenet, Bengio, Kégl: Algorithms for Hyper-Parameter Optimization, 2011 (TPE), by Optuna.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = optuna.samplers.TPESampler(seed=tuning.seed, n_startup_trials=_N_DRAWN)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    space = _space(tuning)
    tried: list[Tried] = []
    for number in range(tuning.n_trials):
        trial = study.ask(space) if number else None
        chosen = replace(before, **trial.params) if trial else before
        try:
            tried.append(Tried(chosen, judge(chosen)))
        except ContractBroken as refused:
            logger.info("settings left out of the search: %s", refused)
            if trial is not None:
                study.tell(trial, state=optuna.trial.TrialState.FAIL)
            continue
        if trial is not None:
            study.tell(trial, tried[-1].ndcg)
        elif _may_be_drawn(before, tuning):
            study.add_trial(optuna.trial.create_trial(params=_params(before), distributions=space, value=tried[-1].ndcg))
    return Search(split, n_customers, before, tuple(tried)) if tried else None


def _ranges(tuning: TuningSettings) -> dict[str, tuple[float, float]]:
    return {"regularisation": tuning.regularisation, "alpha": tuning.alpha, "half_life_days": tuning.half_life_days}


def _space(tuning: TuningSettings) -> dict[str, BaseDistribution]:
    scales = {name: FloatDistribution(*ends, log=True) for name, ends in _ranges(tuning).items()}
    return {"rank": CategoricalDistribution(tuning.ranks), **scales}


def _params(settings: AlsValues) -> dict[str, float]:
    return {name: getattr(settings, name) for name in SEARCHED}


def _may_be_drawn(settings: AlsValues, tuning: TuningSettings) -> bool:
    """Whether the search could draw the settings in use: else the sampler cannot learn from them."""
    within = (least <= getattr(settings, name) <= greatest for name, (least, greatest) in _ranges(tuning).items())
    return settings.rank in tuning.ranks and all(within)


def searched(
    days: HeldOut,
    known: DataFrame,
    before: AlsValues,
    tuning: TuningSettings,
    weights: KindWeights,
    training: TrainingSettings,
    min_group_size: int,
    before_trial: Callable[[], None],
) -> Search | None:
    """A search by the lists that models of the days before the cut give; None if the days judge too few or nothing lies before.

    Parameters
    ----------
    days
        Held out for the search alone.
    known
        Interactions by customer (`weights.resolved`).
    before_trial
        Called before each fit; what it raises ends the search.
    """
    n_customers = days.n_customers()
    if n_customers < min_group_size or days.seen.isEmpty():
        return None

    def judge(settings: AlsValues) -> float:
        before_trial()
        model = Als(settings, weights, training.max_item_factor_bytes).fit(known, as_of=days.split.cut)
        try:
            each = customer_metrics(days.lists(model), days.truth, k=K)
            (row,) = each.agg(exact_sum(F.col("ndcg")).alias("ndcg")).collect()
            return float(row["ndcg"]) / n_customers
        finally:
            model.release()

    return search(before, tuning, judge, split=str(days.split), n_customers=n_customers)
