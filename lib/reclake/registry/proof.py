"""What a version must have shown in its own training before it may serve."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite

from mlflow.entities.model_registry import ModelVersion

from reclake.errors import GateFailed
from reclake.recommend.held_out import Metric
from reclake.recommend.judging import CHAMPION, POPULARITY, ratio_to
from reclake.recommend.training import REFIT
from reclake.tables.models import Model

_GREATEST = 1e300  # SQLite keeps an infinite metric as the largest double
_LATER = "later_days."  # the champion may have been compared on fewer days than popularity


class PromotionRefused(GateFailed):
    """A version that must not become the champion; the alias was not moved."""


def metric_name(metric: Metric, *, first_split: str) -> str:
    """The metric's name in MLflow, which allows no two splits under one name.

    Examples
    --------
    >>> metric_name(Metric("m", "a", "ndcg_at_10 / champion", 1.0, 5), first_split="b")
    'later_days.m.ndcg_at_10_over_champion'
    """
    prefix = "" if metric.split == first_split else _LATER
    return f"{prefix}{_logged(metric.model_name, metric.metric)}"


def require_proof(
    found: ModelVersion, metrics: Mapping[str, float], model: Model, *, incumbent: str | None, min_champion_ratio: float
) -> None:
    """Raise unless the metrics are finite, better than popularity, and hold against the incumbent.

    A refit of the incumbent without the customers who withdrew need only be no worse than popularity.

    Raises
    ------
    PromotionRefused
        Names the metric, or the champion that it was not compared with.
    """
    if broken := sorted(name for name, value in metrics.items() if not isfinite(value) or abs(value) > _GREATEST):
        raise _refused(found, f"metrics that are no numbers: {', '.join(broken)}")
    if incumbent is not None and found.tags.get("refit_of") == incumbent:
        _require_no_worse(found, metrics, model)
        return
    _require_better(found, metrics, model, POPULARITY, least_lower=1.0)
    if incumbent is None:
        return
    if (compared := found.tags.get("compared_with")) != incumbent:
        raise _refused(found, f"it was compared with version {compared or 'none'}, but {incumbent} is the champion")
    _require_better(found, metrics, model, CHAMPION, least_lower=min_champion_ratio)


def _logged(model_name: str, metric: str) -> str:
    return f"{model_name}.{metric.replace(' / ', '_over_')}"


def _require_better(found: ModelVersion, metrics: Mapping[str, float], model: Model, base: str, *, least_lower: float) -> None:
    ratio = ratio_to(base, model.metric)
    name = _logged(model.name, ratio)
    key = next((key for key in (f"{_LATER}{name}", name) if key in metrics), None)
    if key is None or f"{key}.lower" not in metrics:
        raise _refused(found, f"no interval of {ratio}")
    value, lower = metrics[key], metrics[f"{key}.lower"]
    if value <= 1 or lower <= least_lower:
        raise _refused(found, f"{ratio} is {value:.4f} with lower end {lower:.4f}; above 1 and {least_lower:g} are needed")


def _require_no_worse(found: ModelVersion, metrics: Mapping[str, float], model: Model) -> None:
    ratio = ratio_to(POPULARITY, model.metric)
    value = metrics.get(_logged(REFIT, ratio))
    if value is None and metrics.get(_logged(POPULARITY, model.metric)) == 0:  # nothing is worse than nothing
        return
    if value is None or value < 1:
        raise _refused(found, f"{ratio} of a refit is {'unknown' if value is None else f'{value:.4f}'}: 1 is needed")


def _refused(found: ModelVersion, what: str) -> PromotionRefused:
    return PromotionRefused(
        f"version {found.version} of {found.name} is not promoted", what, f"train again; its metrics stand in run {found.run_id}"
    )
