"""Whether a challenger is better than popularity and than the champion."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from reclake.recommend.als import Als, FittedAls
from reclake.recommend.bootstrap import Estimate
from reclake.recommend.held_out import HeldOut, K, Metric, compared, rows_of
from reclake.recommend.interface import TrainingSettings

RATIO_TO_POPULARITY = f"ndcg_at_{K} / popularity"
RATIO_TO_CHAMPION = f"ndcg_at_{K} / champion"


def is_better(ratio: Estimate, *, least_lower: float) -> bool:
    """Whether the challenger is better on average and the lower end of its interval lies above `least_lower`.

    Examples
    --------
    >>> is_better(Estimate(1.1, 1.01, 1.2, 50), least_lower=1.0), is_better(Estimate(1.0, 0.99, 1.1, 50), least_lower=0.98)
    (True, False)
    """
    return ratio.value is not None and ratio.lower is not None and ratio.value > 1 and ratio.lower > least_lower


def why_not(ratio: Estimate, *, against: str, least_lower: float) -> str:
    """The reason for which the challenger is not better, with its figures."""
    if ratio.value is None:
        return f"nothing to compare with {against}: {ratio.n_customers} customers, or its nDCG@{K} is 0"
    lower = "unbounded" if ratio.lower is None else f"{ratio.lower:.3f}"
    return f"nDCG@{K} is {ratio.value:.3f} × {against}'s with lower end {lower}: above 1 and {least_lower:g} are needed"


@dataclass(frozen=True)
class Beside:
    """What a comparison with the champion gave."""

    metrics: list[Metric]
    is_not_worse: bool
    reasons: list[str]


def against_champion(
    challenger: FittedAls,
    champion: FittedAls | None,
    test: HeldOut,
    hold_out_after: Callable[[date], HeldOut],
    training: TrainingSettings,
    min_group_size: int,
) -> Beside:
    """The challenger beside the champion, on the days after both cuts."""
    if champion is None:
        return Beside([], True, [])
    if max(test.split.cut, champion.cut) >= test.split.end:
        return Beside([], False, [f"no day after the champion's cut {champion.cut} and before {test.split.end} to compare on"])
    later = hold_out_after(max(test.split.cut, champion.cut))
    if later.n_customers() < min_group_size:
        return Beside([], False, [f"fewer than {min_group_size} customers after the champion's cut {champion.cut} to compare on"])
    ratio, judged = compared(later, challenger, champion, (Als.name, "champion"), training)
    metrics = [metric for metric in judged if metric.model_name == "champion" or later.split != test.split]
    metrics += rows_of(Als.name, later.split, RATIO_TO_CHAMPION, ratio)
    if is_better(ratio, least_lower=training.min_champion_ratio):
        return Beside(metrics, True, [])
    return Beside(metrics, False, [why_not(ratio, against="the champion", least_lower=training.min_champion_ratio)])
