"""Which records are compared: those that share the key of a rule. Keys of too many records are narrowed or left out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import Window as W
from pyspark.sql import functions as F

from reclake.identity.linkage.distance import Ints
from reclake.identity.linkage.kept import computed_once

_PAIRS_AT_ONCE = 200_000  # compared at once by a worker: some 60 MB

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class BlockLimits:
    """How many records may share a key and still all be compared with each other."""

    max_records: int  # of a rule's key; beyond it the refined key takes its place
    max_refined_records: int  # of a refined key; beyond it the rule brings these records together no more


def with_block_keys(records: DataFrame, rules: Sequence[str], limits: BlockLimits) -> DataFrame:
    """The records with `keys`, an array of one key per rule; null where the rule does not take the record.

    A key that more than `max_records` records share is replaced by the refined key, and left out where that is absent or
    shared by more than `max_refined_records`: then the other rules alone bring the records together.

    Parameters
    ----------
    records
        With `block_<rule>` and `block_<rule>_refined` (long) for each rule; these columns are dropped.
    """
    keys = [F.col(f"block_{rule}") for rule in rules]
    refined = [F.col(f"block_{rule}_refined") for rule in rules]
    first = _joined(records, _crowded(records, keys, limits.max_records), [f"block_{rule}" for rule in rules], "is_crowded")
    of_crowded = [F.when(F.col(f"is_crowded_{i}"), column) for i, column in enumerate(refined)]
    narrow = first.withColumns({f"block_{rule}_refined": column for rule, column in zip(rules, of_crowded, strict=True)})
    too_many = _crowded(narrow, refined, limits.max_refined_records)
    second = _joined(narrow, too_many, [f"block_{rule}_refined" for rule in rules], "is_left_out")
    used = [F.when(~F.col(f"is_crowded_{i}"), keys[i]).when(~F.col(f"is_left_out_{i}"), refined[i]) for i in range(len(rules))]
    dropped = [f"{name}_{i}" for name in ("is_crowded", "is_left_out") for i in range(len(rules))]
    return second.withColumn("keys", F.array(*used)).drop(
        *dropped, *(f"block_{r}{end}" for r in rules for end in ("", "_refined"))
    )


def left_out(records: DataFrame, keyed: DataFrame, rules: Sequence[str]) -> DataFrame:
    """One row per rule: rule, n_records that have a key of it, n_left_out of which it brings together with nobody.

    Parameters
    ----------
    records
        As `with_block_keys` takes them.
    keyed
        As it returned them.
    """
    had = records.select(F.posexplode(F.array(*(f"block_{rule}" for rule in rules))).alias("rule", "key"))
    have = keyed.select(F.posexplode("keys").alias("rule", "key"))
    n_had = had.groupBy("rule").agg(F.count("key").alias("n_records"))
    n_have = have.groupBy("rule").agg(F.count("key").alias("n_kept"))
    named = F.element_at(F.array(*map(F.lit, rules)), F.col("rule") + 1)
    return n_had.join(n_have, on="rule", how="inner").select(
        named.alias("rule"), "n_records", (F.col("n_records") - F.col("n_kept")).alias("n_left_out")
    )


def _crowded(records: DataFrame, keys: Sequence[Column], max_records: int) -> DataFrame:
    """One row per rule and key of more than `max_records` records: rule (its place), key. All rules in one aggregate."""
    held = records.select(F.posexplode(F.array(*keys)).alias("rule", "key")).where(F.col("key").isNotNull())
    crowded = held.groupBy("rule", "key").agg(F.count("*").alias("n")).where(F.col("n") > max_records).select("rule", "key")
    # Every rule joins with it: computed once, and its plan not repeated in each join.
    return computed_once(crowded)


def _joined(records: DataFrame, crowded: DataFrame, columns: Sequence[str], flag: str) -> DataFrame:
    """The records with a flag per rule whether their key is among the crowded ones.

    Those are few: at most the records divided by the limit, so every worker takes all of them.
    """
    for place, column in enumerate(columns):
        of_rule = crowded.where(F.col("rule") == place).select(F.col("key").alias(column), F.lit(True).alias("is_listed"))
        joined = records.join(F.broadcast(of_rule), on=column, how="left")
        records = joined.withColumn(f"{flag}_{place}", F.coalesce("is_listed", F.lit(False))).drop("is_listed")
    return records


def in_blocks(keyed: DataFrame) -> DataFrame:
    """One row per record and shared key, those of one key together: rule (its place), key, and the record's columns.

    A key of one record brings nobody together, and most are: they are dropped while a row is still an id and a key, and the
    columns of a record move for the keys that it shares.
    """
    ids = keyed.select("record_id", F.posexplode("keys").alias("rule", "key")).where(F.col("key").isNotNull())
    block = W.partitionBy("rule", "key").rowsBetween(W.unboundedPreceding, W.unboundedFollowing)
    shared = ids.withColumn("n_records", F.count("*").over(block)).where(F.col("n_records") > 1).drop("n_records")
    # Numbers of values and keys have done their work: a row is shuffled once per shared key, so it should be small.
    needed = [name for name in keyed.columns if not name.startswith(("value_", "part_", "block_"))]
    return (
        keyed
        .select(needed)
        .join(shared, on="record_id", how="inner")
        .repartition("rule", "key")
        .sortWithinPartitions("rule", "key")
    )


def whole_blocks(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The same rows, cut so that no block is divided."""
    held: pa.RecordBatch | None = None
    for arrived in batches:
        batch = arrived if held is None else pa.concat_batches([held, arrived])
        starts = block_starts(batch)
        if len(starts) < 2:
            held = batch
            continue
        yield batch.slice(0, starts[-1])
        held = batch.slice(starts[-1])
    if held is not None and held.num_rows:
        yield held


def block_starts(batch: pa.RecordBatch) -> Ints:
    """The rows on which a block begins."""
    rules, keys = (batch.column(name).to_numpy(zero_copy_only=False) for name in ("rule", "key"))
    changes = (rules[1:] != rules[:-1]) | (keys[1:] != keys[:-1])
    return np.concatenate([np.zeros(min(1, len(rules)), np.int64), np.flatnonzero(changes) + 1])


def pairs_of(batch: pa.RecordBatch) -> Iterator[tuple[Ints, Ints]]:
    """Positions (left, right) of the pairs of records that are compared, some at a time.

    A pair that shares a key of an earlier rule is left to that rule, so it is compared once. Two records of one exclusive
    group are no pair.
    """
    rules = batch.column("rule").to_numpy(zero_copy_only=False)
    keys = _matrix(batch.column("keys"))
    groups = batch.column("exclusive").dictionary_encode().indices
    exclusive = groups.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    for left, right in _pairs_within(block_starts(batch), batch.num_rows):
        may_match = (exclusive[left] != exclusive[right]) | (exclusive[left] < 0)
        left, right = left[may_match], right[may_match]
        is_repeat = np.zeros(len(left), np.bool_)
        for place, (key, is_there) in enumerate(keys):
            shares = (key[left] == key[right]) & is_there[left] & is_there[right]
            is_repeat |= shares & (rules[left] > place)
        if not is_repeat.all():
            yield left[~is_repeat], right[~is_repeat]


def _matrix(lists: pa.ListArray) -> list[tuple[Ints, Bools]]:
    """Per rule the keys and whether they are there, of lists of one length."""
    flat = lists.flatten()
    shape = (len(lists), -1)
    numbers = flat.fill_null(0).to_numpy(zero_copy_only=False).reshape(shape)
    is_there = flat.is_valid().to_numpy(zero_copy_only=False).reshape(shape)
    return [(np.ascontiguousarray(numbers[:, i]), np.ascontiguousarray(is_there[:, i])) for i in range(numbers.shape[1])]


def _pairs_within(starts: Ints, n_rows: int) -> Iterator[tuple[Ints, Ints]]:
    """All pairs within each block, about _PAIRS_AT_ONCE at a time."""
    sizes = np.diff(np.append(starts, n_rows))
    ends = np.repeat(starts + sizes, sizes)
    rows = np.arange(n_rows)
    n_partners = ends - rows - 1
    so_far = np.cumsum(n_partners)
    begin = 0
    while begin < n_rows:
        before = so_far[begin - 1] if begin else 0
        end = max(begin + 1, int(np.searchsorted(so_far, before + _PAIRS_AT_ONCE, side="right")))
        counts = n_partners[begin:end]
        left = np.repeat(rows[begin:end], counts)
        if len(left):
            firsts = np.repeat(so_far[begin:end] - counts - before, counts)
            yield left, left + 1 + np.arange(len(left)) - firsts
        begin = end
