"""A search over the settings of ALS, judged on days of its own: the days that judge the model are not among them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

import optuna

from reclake.errors import ContractBroken
from reclake.recommend.interface import AlsValues, TuningSettings

logger = logging.getLogger("reclake")
SEARCHED = ("rank", "regularisation", "alpha", "half_life_days")  # of the settings; the others cost time, or change nothing


@dataclass(frozen=True, slots=True)
class Tried:
    """Settings, and the mean nDCG of their lists on the days of the search."""

    settings: AlsValues
    ndcg: float


@dataclass(frozen=True, slots=True)
class Search:
    """What a search tried, in its order; the settings from before come first."""

    split: str  # how its days were parted
    n_customers: int
    tried: tuple[Tried, ...]

    @property
    def best(self) -> Tried:
        """The highest nDCG; of equals, the one tried first."""
        return max(self.tried, key=lambda one: one.ndcg)


def search(
    before: AlsValues, tuning: TuningSettings, judge: Callable[[AlsValues], float], *, split: str, n_customers: int
) -> Search:
    """Try `tuning.n_trials` settings one after the other, each chosen by what came of those before it.

    The same judgements give the same search: the sampler has a seed. Settings whose factors are too large to be
    broadcast count as tried, without a result.

    Parameters
    ----------
    before
        Settings in use: tried first, and what the search does not vary.
    judge
        Gives the mean nDCG of settings.

    References
    ----------
    Bergstra, Bardenet, Bengio, Kégl: Algorithms for Hyper-Parameter Optimization, 2011 (TPE), by Optuna.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=tuning.seed))
    tried = [Tried(before, judge(before))]
    for _ in range(tuning.n_trials - 1):
        trial = study.ask()
        chosen = replace(
            before,
            rank=trial.suggest_categorical("rank", tuning.ranks),
            regularisation=trial.suggest_float("regularisation", *tuning.regularisation, log=True),
            alpha=trial.suggest_float("alpha", *tuning.alpha, log=True),
            half_life_days=trial.suggest_float("half_life_days", *tuning.half_life_days, log=True),
        )
        try:
            found = Tried(chosen, judge(chosen))
        except ContractBroken as refused:
            logger.info("settings left out of the search: %s", refused)
            study.tell(trial, state=optuna.trial.TrialState.FAIL)
            continue
        study.tell(trial, found.ndcg)
        tried.append(found)
    return Search(split, n_customers, tuple(tried))
