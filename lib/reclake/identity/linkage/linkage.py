"""From records to weights, and from weights to links."""

from pyspark.sql import DataFrame
from pyspark.sql import Window as W
from pyspark.sql import functions as F

from reclake.identity.linkage.blocking import BlockLimits, with_block_keys
from reclake.identity.linkage.comparing import Opened, pattern_counts, weighed_pairs
from reclake.identity.linkage.declared import Comparison
from reclake.identity.linkage.estimate import estimate
from reclake.identity.linkage.population import population
from reclake.identity.linkage.rarity import with_shares
from reclake.identity.linkage.weights import Weights


def fitted_weights(records: DataFrame, comparison: Comparison, opened: Opened, *, limits: BlockLimits) -> Weights:
    """Weights and threshold learned from the records without labels; what comes to the driver does not grow with them.

    Parameters
    ----------
    records
        One row per record: record_id; owner, whose record it is (one owner may have several, all of one exclusive group);
        exclusive (two records of one group are never one thing, null: no group);
        `value_<attribute>` (long), a number per value, null where nothing is known; `block_<rule>` and
        `block_<rule>_refined` (long); and what `opened` reads. They are read several times.

    Raises
    ------
    NothingToLearn
        When hardly any pairs of one person stand out.
    """
    keyed = with_block_keys(records, comparison.rules, limits)
    rows = pattern_counts(keyed, comparison, opened).collect()
    candidates = ([row["pattern"] for row in rows], [row["n_pairs"] for row in rows])
    return estimate(candidates, population(records, comparison, opened), comparison)


def linked_pairs(
    records: DataFrame, comparison: Comparison, weights: Weights, opened: Opened, *, limits: BlockLimits, floor: float
) -> DataFrame:
    """One row per pair of at least the weight `floor`: as `weighed_pairs`."""
    rare = [attribute.name for attribute in comparison.attributes if attribute.has_rare_values]
    keyed = with_block_keys(with_shares(records, rare), comparison.rules, limits)
    return weighed_pairs(keyed, comparison, weights, opened, floor=floor)


def best_for_both(links: DataFrame) -> DataFrame:
    """The links that are the heaviest of both ends into the other end's exclusive group; a tie keeps the smaller ids.

    Where a group holds no thing twice, a record has one counterpart in it at most.

    Parameters
    ----------
    links
        left_id, right_id, left_exclusive, right_exclusive (null: no limit), match_weight.
    """
    order = (F.col("match_weight").desc(), F.col("left_id"), F.col("right_id"))
    for_left = F.row_number().over(W.partitionBy("left_id", "right_exclusive").orderBy(*order))
    for_right = F.row_number().over(W.partitionBy("right_id", "left_exclusive").orderBy(*order))
    ranked = links.withColumns({"rank_for_left": for_left, "rank_for_right": for_right})
    is_best_for_left = F.col("right_exclusive").isNull() | (F.col("rank_for_left") == 1)
    is_best_for_right = F.col("left_exclusive").isNull() | (F.col("rank_for_right") == 1)
    return ranked.where(is_best_for_left & is_best_for_right).drop("rank_for_left", "rank_for_right")
