"""How often two records agree by chance, counted over the whole population and not over the pairs that blocking chose.

Blocking keeps pairs that agree on a key, so agreement among them says nothing of chance. Agreement on equal values is
counted exactly from how often each value occurs; how often different values look similar is counted on random pairs. Both
use the same records whatever the order of rows: those with the smallest hashes of their ids.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reclake.identity.linkage.comparing import Opened, pattern_counts
from reclake.identity.linkage.declared import Comparison

_SEED = 20_261_130
_SHARES = 1 << 30
EXACT_SAMPLE = 200_000  # records whose values are counted: 20 billion pairs
PAIR_SAMPLE = 8_192  # records that are compared in random groups
GROUP_SIZE = 256  # records of such a group: a million random pairs in all

Patterns = tuple[Sequence[int], Sequence[int]]  # patterns, and pairs of each


@dataclass(frozen=True, slots=True)
class Population:
    """What is known of all pairs of records, compared or not."""

    n_records: int
    n_pairs: int  # of records that may be one thing
    exact_shares: tuple[float, ...]  # by attribute: share of these pairs that hold equal values
    random_pairs: Patterns


def population(records: DataFrame, comparison: Comparison, opened: Opened) -> Population:
    """The figures of all pairs; runs three bounded Spark jobs.

    Parameters
    ----------
    records
        record_id, exclusive, `value_<attribute>` for every attribute, and what `opened` reads.
    """
    n_records, n_pairs = _sizes(records)
    of_values = records.where(_is_chosen(min(1.0, EXACT_SAMPLE / max(1, n_records))))
    random = records.where(_is_chosen(min(1.0, PAIR_SAMPLE / max(1, n_records))))
    n_groups = max(1, min(n_records, PAIR_SAMPLE) // GROUP_SIZE)
    grouped = random.withColumn("keys", F.array(F.pmod(F.xxhash64(F.lit(_SEED + 1), "record_id"), F.lit(n_groups))))
    counted = pattern_counts(grouped, comparison, opened).collect()
    of_patterns = sorted((row["pattern"], row["n_pairs"]) for row in counted)
    return Population(
        n_records,
        n_pairs,
        _exact_shares(of_values, comparison.names),
        ([pattern for pattern, _ in of_patterns], [n for _, n in of_patterns]),
    )


def _is_chosen(share: float) -> Column:
    return F.pmod(F.xxhash64(F.lit(_SEED), "record_id"), F.lit(_SHARES)) < int(share * _SHARES)


def _n_pairs(n: str) -> Column:
    """Pairs among `n` things, as a whole number."""
    return F.expr(f"{n} * ({n} - 1) div 2")


def _sizes(records: DataFrame) -> tuple[int, int]:
    """The number of records, and of pairs that are not of one exclusive group."""
    groups = records.groupBy("exclusive").agg(F.count("*").alias("n"))
    of_one_group = F.when(F.col("exclusive").isNotNull(), _n_pairs("n")).otherwise(0)
    row = groups.agg(F.sum("n").alias("n"), F.sum(of_one_group).alias("impossible")).collect()[0]
    n_records = int(row["n"] or 0)
    return n_records, n_records * (n_records - 1) // 2 - int(row["impossible"] or 0)


def _exact_shares(chosen: DataFrame, names: Sequence[str]) -> tuple[float, ...]:
    """By attribute: the share of the chosen records' pairs that hold equal values."""
    _, n_pairs = _sizes(chosen)
    values = chosen.select("exclusive", F.posexplode(F.array(*(f"value_{name}" for name in names))).alias("place", "value"))
    by_group = values.where(F.col("value").isNotNull()).groupBy("place", "value", "exclusive").agg(F.count("*").alias("n"))
    of_one_group = F.when(F.col("exclusive").isNotNull(), _n_pairs("n")).otherwise(0)
    by_value = by_group.groupBy("place", "value").agg(F.sum("n").alias("n"), F.sum(of_one_group).alias("impossible"))
    equal = by_value.groupBy("place").agg(F.sum(_n_pairs("n") - F.col("impossible")).alias("equal")).collect()
    found = {row["place"]: int(row["equal"]) for row in equal}
    return tuple(found.get(place, 0) / max(1, n_pairs) for place in range(len(names)))
