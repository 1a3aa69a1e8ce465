"""Rolling origins, pooled: the rows of gold.model_metrics of what was measured at each of them.

One who is judged at several origins is drawn into a resample with all of them, so an interval knows that they are one person.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import reduce
from typing import Any

from pyspark.sql import DataFrame

from reclake.recommend.bootstrap import Resamples
from reclake.recommend.interface import Judging
from reclake.recommend.judging import ratio_to
from reclake.recommend.segments import SEGMENTS, by_segment
from reclake.recommend.split import TimeSplit


def origins_before(as_of: date, *, n_days: int, n: int) -> list[TimeSplit]:
    """The newest first; each judges the `n_days` before the one after it.

    Examples
    --------
    >>> [str(split) for split in origins_before(date(2026, 3, 15), n_days=7, n=2)]
    ['train < 2026-03-08 <= test < 2026-03-15', 'train < 2026-03-01 <= test < 2026-03-08']
    """
    length = timedelta(days=n_days)
    return [TimeSplit(as_of - i * length, as_of - (i - 1) * length) for i in range(1, n + 1)]


@dataclass(frozen=True)
class Origin:
    """What was measured after one cut."""

    split: TimeSplit
    names: tuple[str, ...]  # what was judged
    frame: DataFrame  # customer_id, the segments, and <name>_<metric> of each name


def pooled_rows(
    judged: Sequence[Origin], metrics: Mapping[str, str], judging: Judging, *, bases: Sequence[str]
) -> list[dict[str, Any]]:
    """Means and ratios to the `bases`, of all and by segment, less what only the run knows.

    Parameters
    ----------
    metrics
        Ending of a column → what the metric is called.
    """
    return [row for names, origins in _pooled(judged) for row in _rows(names, origins, metrics, judging, bases)]


def _pooled(judged: Sequence[Origin]) -> list[tuple[Sequence[str], Sequence[Origin]]]:
    """What was judged at all origins, and, where champions could be judged at some of them alone, all of it at these."""
    if not judged:
        return []

    def at_all(origins: Sequence[Origin]) -> list[str]:
        return [name for name in origins[0].names if all(name in origin.names for origin in origins)]

    groups: list[tuple[Sequence[str], Sequence[Origin]]] = [(at_all(judged), judged)]
    most = max(len(origin.names) for origin in judged)
    richest = [origin for origin in judged if len(origin.names) == most]
    return groups if len(richest) == len(judged) else [*groups, (at_all(richest), richest)]


def _rows(
    names: Sequence[str], origins: Sequence[Origin], metrics: Mapping[str, str], judging: Judging, bases: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """The rows of origins at which the same models were judged."""
    columns = [f"{name}_{metric}" for name in names for metric in metrics]
    frames = [frame.select("customer_id", *SEGMENTS, *columns) for frame in (origin.frame for origin in origins)]
    whole = reduce(lambda one, other: one.unionByName(other), frames)
    split = "; ".join(str(origin.split) for origin in origins)
    for kind, value, n_customers, resamples in by_segment(whole, columns, judging):
        for row in _of_segment(names, metrics, bases, resamples):
            yield row | {"split": split, "segment_kind": kind, "segment": value, "n_customers": n_customers}


def _of_segment(
    names: Sequence[str], metrics: Mapping[str, str], bases: Sequence[str], resamples: Resamples
) -> Iterator[dict[str, Any]]:
    for name in names:
        for column, metric in metrics.items():
            estimates = {metric: resamples.mean(f"{name}_{column}")}
            for base in bases:
                if name != base and base in names:
                    estimates[ratio_to(base, metric)] = resamples.ratio(f"{name}_{column}", f"{base}_{column}")
            for measured, estimate in estimates.items():
                if estimate.value is not None:
                    values = {"value": estimate.value, "lower": estimate.lower, "upper": estimate.upper}
                    yield {"model_name": name, "metric": measured, **values}
