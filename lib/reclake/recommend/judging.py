"""Whether a challenger is better than popularity and than the champion."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from reclake.recommend.bootstrap import Estimate
from reclake.recommend.held_out import HeldOut, Metric, compared, rows_of
from reclake.recommend.interface import FittedRecommender, Judging

POPULARITY, CHAMPION = "popularity", "champion"  # what a model is compared with, as gold.model_metrics names it


def ratio_to(base: str, metric: str) -> str:
    """The name of the metric over that of what the model is compared with.

    Examples
    --------
    >>> ratio_to(CHAMPION, "ndcg_at_10")
    'ndcg_at_10 / champion'
    """
    return f"{metric} / {base}"


def is_better(ratio: Estimate, *, least_lower: float) -> bool:
    """Whether the challenger is better on average and the lower end of its interval lies above `least_lower`.

    Examples
    --------
    >>> is_better(Estimate(1.1, 1.01, 1.2, 50), least_lower=1.0), is_better(Estimate(1.0, 0.99, 1.1, 50), least_lower=0.98)
    (True, False)
    """
    return ratio.value is not None and ratio.lower is not None and ratio.value > 1 and ratio.lower > least_lower


def why_not(ratio: Estimate, metric: str, *, against: str, least_lower: float) -> str:
    """The reason for which the challenger is not better, with its figures."""
    measured = metric.replace("ndcg", "nDCG").replace("_at_", "@")
    if ratio.value is None:
        return f"nothing to compare with {against}: {ratio.n_customers} customers, or its {measured} is 0"
    lower = "unbounded" if ratio.lower is None else f"{ratio.lower:.3f}"
    return f"{measured} is {ratio.value:.3f} × {against}'s with lower end {lower}: above 1 and {least_lower:g} are needed"


@dataclass(frozen=True)
class Beside:
    """What a comparison with the champion gave."""

    metrics: list[Metric]
    is_not_worse: bool
    reasons: list[str]


def against_champion(
    challenger: FittedRecommender,
    champion: FittedRecommender | None,
    test: HeldOut,
    hold_out_after: Callable[[date], HeldOut],
    judging: Judging,
) -> Beside:
    """The challenger beside the champion, on the days after both cuts."""
    if champion is None:
        return Beside([], True, [])
    if max(test.split.cut, champion.cut) >= test.split.end:
        return Beside([], False, [f"no day after the champion's cut {champion.cut} and before {test.split.end} to compare on"])
    later = hold_out_after(max(test.split.cut, champion.cut))
    if later.n_customers() < judging.min_group_size:
        return Beside(
            [], False, [f"fewer than {judging.min_group_size} customers after the champion's cut {champion.cut} to compare on"]
        )
    ratio, judged = compared(later, challenger, champion, (challenger.name, CHAMPION), judging)
    metrics = [metric for metric in judged if metric.model_name == CHAMPION or later.split != test.split]
    metrics += rows_of(challenger.name, later.split, ratio_to(CHAMPION, judging.metric), ratio)
    least_lower = judging.training.min_champion_ratio
    if is_better(ratio, least_lower=least_lower):
        return Beside(metrics, True, [])
    return Beside(metrics, False, [why_not(ratio, judging.metric, against="the champion", least_lower=least_lower)])
