"""silver.identity_pairs: accounts that are probably one person's, by what they say of themselves."""

from collections.abc import Mapping

from pyspark.sql import DataFrame
from pyspark.sql import Window as W
from pyspark.sql import functions as F

from reclake.identity.linkage.accounts import COMPARISON, DEFAULT_VERSION, default_weights, limits_of
from reclake.identity.linkage.linkage import linked_pairs
from reclake.identity.linkage.sealed import opened_with
from reclake.identity.linkage.states import compared_states
from reclake.identity.linkage.weights import Weights
from reclake.identity.settings import LinkageSettings
from reclake.privacy.pseudonyms import Keys
from reclake.records.raw_records import Limits
from reclake.sources.source import Source


def identity_pairs(
    account_records: DataFrame,
    bronze_accounts: DataFrame,
    *,
    sources: Mapping[str, Source],
    linkage: LinkageSettings,
    timezone: str,
    contact_key_id: str,
    default_region: str,
    directory: str,
    max_record_bytes: int,
    max_depth: int,
    fitted: str | None,
) -> DataFrame:
    """One row per pair of accounts that may be one person's (`linkage.min_stored_probability`): left_account_id < right_account_id.

    Every state that an account had is compared, so a link made on evidence stays when somebody moves. A linked pair has the
    weights and the day of its earliest states that link, another pair those of its heaviest states; its day is the first on
    which both states were known. Accounts of one source and channel are never compared: one person has one account there.

    Parameters
    ----------
    fitted
        The weights that were promoted, as JSON; None: those of the settings serve.
    """
    weights = default_weights(linkage) if fitted is None else Weights.from_json(fitted)
    version = DEFAULT_VERSION if fitted is None else weights.version
    keys = Keys(directory, contact_key_id=contact_key_id, default_region=default_region)
    limits = Limits(max_record_bytes, max_depth)
    states = compared_states(account_records, bronze_accounts, sources=sources, keys=keys, limits=limits, timezone=timezone)
    floor = weights.weight_at(linkage.min_stored_probability)
    found = linked_pairs(states, COMPARISON, weights, opened_with(keys), limits=limits_of(linkage), floor=floor)
    linked_from = weights.weight_at(linkage.min_match_probability)
    return _of_accounts(found, threshold=weights.threshold, linked_from=linked_from).withColumn("model_version", F.lit(version))


def _of_accounts(pairs: DataFrame, *, threshold: float, linked_from: float) -> DataFrame:
    """One row per pair of accounts, of the pairs of their states: the first that links, else the heaviest."""
    sides = {side: F.split(f"{side}_id", r"\|") for side in ("left", "right")}
    dated = pairs.withColumns({
        **{f"{side}_account_id": parts[0] for side, parts in sides.items()},
        "valid_from": F.greatest(*(parts[1].cast("date") for parts in sides.values())),
        "is_linked": F.col("match_weight") >= linked_from,
        "match_probability": F.round(1 / (1 + F.pow(F.lit(2.0), threshold - F.col("match_weight"))), 6),
    })
    order = (
        F.col("is_linked").desc(),
        F.when(F.col("is_linked"), F.col("valid_from")).asc(),
        F.col("match_weight").desc(),
        F.col("valid_from").asc(),
        F.col("left_id").asc(),
        F.col("right_id").asc(),
    )
    place = F.row_number().over(W.partitionBy("left_account_id", "right_account_id").orderBy(*order))
    return dated.withColumn("place", place).where("place = 1").drop("place", "left_id", "right_id")
