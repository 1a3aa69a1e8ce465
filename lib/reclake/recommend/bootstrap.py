"""Paired bootstrap over customers, without a row per customer on the driver.

Each customer draws how often it stands in a resample from a Poisson(1) law, from a hash of customer and resample:
for many customers that is the multinomial bootstrap, it needs no total, and it does not depend on how rows lie in
partitions. Each partition hands on one partial sum per resample.

References
----------
Chamandy, Muralidharan, Najmi, Naidu: Estimating Uncertainty for Massive Data Streams, Google 2012.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import exp, factorial

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

_POISSON = np.cumsum([exp(-1) / factorial(k) for k in range(20)])  # P(X ≤ k); beyond 19 lies less than 1e-18
_ROWS_AT_ONCE = 2_000
_INTERVAL = (0.025, 0.975)


@dataclass(frozen=True)
class Estimate:
    """A mean or a ratio of means with its 95 % interval; all null where there is nothing to divide by."""

    value: float | None
    lower: float | None
    upper: float | None
    n_customers: int


@dataclass(frozen=True)
class Resamples:
    """Means of several metrics over the same customers, and their sums over the same resamples: all is paired."""

    n_customers: int
    means: Mapping[str, float]
    sums: Mapping[str, npt.NDArray[np.float64]]  # metric → (samples,)
    sizes: npt.NDArray[np.float64]  # customers in each resample, (samples,)

    def mean(self, name: str) -> Estimate:
        """The mean of one metric."""
        return self._estimate(self.means.get(name), self.sums.get(name), self.sizes)

    def ratio(self, challenger: str, base: str) -> Estimate:
        """The mean of one metric over the mean of another; null where the other is 0."""
        below = self.means.get(base)
        return self._estimate(self.means[challenger] / below if below else None, self.sums.get(challenger), self.sums.get(base))

    def _estimate(
        self, value: float | None, above: npt.NDArray[np.float64] | None, below: npt.NDArray[np.float64] | None
    ) -> Estimate:
        if value is None or above is None or below is None:
            return Estimate(None, None, None, self.n_customers)
        # A resample in which the base scores nothing says nothing against the challenger: its ratio is without bound.
        found = np.divide(above, below, out=np.full_like(above, np.inf), where=below > 0)
        lower, upper = (float(end) if np.isfinite(end) else None for end in np.quantile(found, _INTERVAL, method="inverted_cdf"))
        return Estimate(value, lower, upper, self.n_customers)


def _mixed(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """The finaliser of SplitMix64: a bijection whose bits look random."""
    mixed = values + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def poisson_weights(customer_hashes: npt.NDArray[np.int64], *, samples: int, seed: int) -> npt.NDArray[np.int64]:
    """How often each customer stands in each resample, (n customers, samples); mean and variance 1.

    Examples
    --------
    >>> weights = poisson_weights(np.arange(2000), samples=50, seed=7)
    >>> weights.shape, bool(abs(weights.mean() - 1) < 0.02), bool(abs(weights.var() - 1) < 0.05)
    ((2000, 50), True, True)
    """
    with np.errstate(over="ignore"):
        streams = _mixed(np.arange(samples, dtype=np.uint64) + np.uint64(seed % 2**32) * np.uint64(2**32))
        bits = _mixed(customer_hashes.astype(np.uint64)[:, None] ^ streams[None, :])
    uniform = (bits >> np.uint64(11)).astype(np.float64) / 2**53
    return np.searchsorted(_POISSON, uniform, side="right").astype(np.int64)


def _partial_sums(
    names: Sequence[str], samples: int, seed: int
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def sums(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        totals: dict[str, npt.NDArray[np.float64]] = {}
        for batch in batches:
            group_of = batch.column("group").dictionary_encode()
            hashes = batch.column("customer_hash").to_numpy()
            metrics = np.column_stack([np.ones(len(hashes)), *(batch.column(name).to_numpy() for name in names)])
            for number, group in enumerate(group_of.dictionary.to_pylist()):
                places = np.flatnonzero(group_of.indices.to_numpy() == number)
                total = totals.setdefault(group, np.zeros((samples, len(names) + 1)))
                for start in range(0, len(places), _ROWS_AT_ONCE):
                    rows = places[start : start + _ROWS_AT_ONCE]
                    weights = poisson_weights(hashes[rows], samples=samples, seed=seed)
                    total += weights.T.astype(np.float64) @ metrics[rows]
        for group, total in totals.items():
            columns = [pa.array([group] * samples), pa.array(np.arange(samples, dtype=np.int32)), *map(pa.array, total.T)]
            yield pa.RecordBatch.from_arrays(columns, names=["group", "sample", "size", *names])

    return sums


def resampled(metrics: DataFrame, *names: str, samples: int, seed: int) -> Resamples:
    """Means of the metrics, and their sums over Poisson resamples of the customers.

    Parameters
    ----------
    metrics
        customer_id and the named metrics: one row per customer, doubles without nulls.
    samples
        Resamples; this many rows come to the driver.
    seed
        Of the resamples.
    """
    whole = metrics.withColumn("group", F.lit("all"))
    nobody = Resamples(0, {}, {}, np.zeros(0))
    return resampled_groups(whole, *names, samples=samples, seed=seed).get("all", nobody)


def resampled_groups(metrics: DataFrame, *names: str, samples: int, seed: int) -> dict[str, Resamples]:
    """The same of each group of customers, in two Spark jobs for all of them; groups may share customers.

    Parameters
    ----------
    metrics
        customer_id, the named metrics, and `group`: few, as `samples` rows of each come to the driver.
    """
    counted = metrics.groupBy("group").agg(F.count("*").alias("size"), *(F.avg(name).alias(name) for name in names)).collect()
    columns = ("size", *names)
    rows = (
        metrics
        .select("group", F.xxhash64("customer_id").alias("customer_hash"), *names)
        .mapInArrow(
            _partial_sums(names, samples, seed),
            ", ".join(["group string", "sample int", *(f"{name} double" for name in columns)]),
        )
        .groupBy("group", "sample")
        .agg(*(F.sum(name).alias(name) for name in columns))
        .collect()
    )
    of_group: dict[str, list[Row]] = {}
    for row in rows:
        of_group.setdefault(row["group"], []).append(row)
    groups: dict[str, Resamples] = {}
    for one in counted:
        drawn = of_group[one["group"]]
        sums = {name: np.array([row[name] for row in drawn], dtype=np.float64) for name in columns}
        groups[one["group"]] = Resamples(one["size"], {name: one[name] for name in names}, sums, sums.pop("size"))
    return groups
