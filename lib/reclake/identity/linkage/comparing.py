"""The levels of all pairs that blocking brings together: counted by pattern, or weighed pair by pair."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.identity.linkage.blocking import in_blocks, pairs_of, whole_blocks
from reclake.identity.linkage.declared import MISSING, Comparison
from reclake.identity.linkage.levels import Levels, Records, patterns
from reclake.identity.linkage.weights import Floats, Weights

# Makes of a batch the texts of every attribute; a lake's are sealed until then, and no text leaves the worker.
Opened = Callable[[pa.RecordBatch], Mapping[str, pa.Array]]


def plain_columns(comparison: Comparison) -> Opened:
    """Takes the texts as they stand in columns of the attributes' names."""
    names = comparison.names

    def opened(batch: pa.RecordBatch) -> Mapping[str, pa.Array]:
        return {name: batch.column(name) for name in names}

    return opened


def pattern_counts(keyed: DataFrame, comparison: Comparison, opened: Opened) -> DataFrame:
    """One row per pattern of agreement: pattern, n_pairs. However many pairs, the patterns are few.

    Parameters
    ----------
    keyed
        record_id, exclusive, keys, and what `opened` reads.
    """

    def count(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in whole_blocks(batches):
            records = Records(opened(batch), comparison)
            for left, right in pairs_of(batch):
                numbers, counts = np.unique(patterns(records.levels(left, right)), return_counts=True)
                yield pa.record_batch([pa.array(numbers), pa.array(counts)], names=["pattern", "n_pairs"])

    counted = in_blocks(keyed).mapInArrow(count, "pattern long, n_pairs long")
    return counted.groupBy("pattern").agg(F.sum("n_pairs").alias("n_pairs"))


def weighed_pairs(keyed: DataFrame, comparison: Comparison, weights: Weights, opened: Opened, *, floor: float) -> DataFrame:
    """One row per compared pair of at least the weight `floor`, with what each attribute says.

    Columns: left_id, right_id (left < right), match_weight; per attribute `level_<attribute>` (null: missing) and
    `weight_<attribute>` (bits). These add up to the match weight.

    Parameters
    ----------
    keyed
        record_id, exclusive, keys, what `opened` reads, and `share_<attribute>` for those with rare values
        (`rarity.with_shares`).
    """
    names = comparison.names
    rare = [attribute.name for attribute in comparison.attributes if attribute.has_rare_values]

    def weigh(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in whole_blocks(batches):
            records = Records(opened(batch), comparison)
            shares = {name: batch.column(f"share_{name}").to_numpy(zero_copy_only=False) for name in rare}
            for left, right in pairs_of(batch):
                levels = records.levels(left, right)
                parts = weights.parts(levels, {name: of_all[left] for name, of_all in shares.items()})
                total = weights.total(parts)
                chosen = np.flatnonzero(total >= floor)
                if len(chosen):
                    left_ids, right_ids = (batch.column("record_id").take(pa.array(side[chosen])) for side in (left, right))
                    yield _rows(left_ids, right_ids, names, levels[chosen], parts[chosen], total[chosen])

    types = ", ".join([
        "left_id string, right_id string, match_weight double",
        *(f"level_{name} int" for name in names),
        *(f"weight_{name} double" for name in names),
    ])
    found = in_blocks(keyed).mapInArrow(weigh, types)
    return found.withColumns({"left_id": F.least("left_id", "right_id"), "right_id": F.greatest("left_id", "right_id")})


def _rows(
    left_ids: pa.Array, right_ids: pa.Array, names: Sequence[str], levels: Levels, parts: Floats, total: Floats
) -> pa.RecordBatch:
    columns = {
        "left_id": left_ids,
        "right_id": right_ids,
        "match_weight": pa.array(total),
        **{f"level_{n}": pa.array(levels[:, i].astype(np.int32), mask=levels[:, i] == MISSING) for i, n in enumerate(names)},
        **{f"weight_{name}": pa.array(np.ascontiguousarray(parts[:, i])) for i, name in enumerate(names)},
    }
    return pa.record_batch(list(columns.values()), names=list(columns))
