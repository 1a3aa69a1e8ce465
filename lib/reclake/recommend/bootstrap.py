"""Paired bootstrap over customers, without a row per customer on the driver.

Each customer draws how often it stands in a resample from a Poisson(1) law, from a hash of customer and resample:
for many customers that is the multinomial bootstrap, it needs no total, and it does not depend on how rows lie in
partitions. Each partition hands on one partial sum per resample.

References
----------
Chamandy, Muralidharan, Najmi, Naidu: Estimating Uncertainty for Massive Data Streams, Google 2012.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from math import exp, factorial

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

_POISSON = np.cumsum([exp(-1) / factorial(k) for k in range(20)])  # P(X ≤ k); beyond 19 lies less than 1e-18
_ROWS_AT_ONCE = 2_000
_SUMS = pa.schema([("sample", pa.int32()), ("challenger", pa.float64()), ("base", pa.float64())])


@dataclass(frozen=True)
class Ratio:
    """Mean of the challenger over mean of the base, with its 95 % interval; all null where the base is 0."""

    value: float | None
    lower: float | None
    upper: float | None
    n_customers: int


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


def _partial_sums(samples: int, seed: int) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def sums(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        total = np.zeros((samples, 2))
        for batch in batches:
            hashes, *metrics = (batch.column(name).to_numpy() for name in ("customer_hash", "challenger", "base"))
            for start in range(0, len(hashes), _ROWS_AT_ONCE):
                rows = slice(start, start + _ROWS_AT_ONCE)
                weights = poisson_weights(hashes[rows], samples=samples, seed=seed)
                total += weights.T.astype(np.float64) @ np.column_stack([metric[rows] for metric in metrics])
        columns = [pa.array(np.arange(samples, dtype=np.int32)), pa.array(total[:, 0]), pa.array(total[:, 1])]
        yield pa.RecordBatch.from_arrays(columns, schema=_SUMS)

    return sums


def paired_ratio(pairs: DataFrame, *, samples: int, seed: int) -> Ratio:
    """Ratio of the means of `challenger` and `base`, both resampled with the same customers.

    Parameters
    ----------
    pairs
        customer_id, challenger, base: one row per customer, metrics without nulls.
    samples
        Resamples; this many rows come to the driver.
    seed
        Of the resamples.
    """
    hashed = pairs.select(F.xxhash64("customer_id").alias("customer_hash"), "challenger", "base")
    means = pairs.agg(F.avg("challenger").alias("challenger"), F.avg("base").alias("base"), F.count("*").alias("n")).first()
    if means is None or not means["n"] or not means["base"]:
        return Ratio(None, None, None, means["n"] if means else 0)
    sums = (
        hashed
        .mapInArrow(_partial_sums(samples, seed), "sample int, challenger double, base double")
        .groupBy("sample")
        .agg(F.sum("challenger").alias("challenger"), F.sum("base").alias("base"))
        .collect()
    )
    # A resample in which the base scores nothing says nothing against the challenger: its ratio is without bound.
    ratios = [row["challenger"] / row["base"] if row["base"] else float("inf") for row in sums]
    lower, upper = np.quantile(ratios, [0.025, 0.975], method="inverted_cdf")
    value = means["challenger"] / means["base"]
    if not np.isfinite(upper):
        return Ratio(value, float(lower) if np.isfinite(lower) else None, None, means["n"])
    return Ratio(value, float(lower), float(upper), means["n"])
