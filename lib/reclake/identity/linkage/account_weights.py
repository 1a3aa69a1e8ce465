"""Fits the weights by which accounts are linked, and judges them by what the fit says of itself."""

from collections.abc import Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.identity.linkage.accounts import COMPARISON, limits_of
from reclake.identity.linkage.declared import DIFFERENT, EXACT
from reclake.identity.linkage.estimate import MAX_ROUNDS
from reclake.identity.linkage.linkage import fitted_weights
from reclake.identity.linkage.sealed import opened_with
from reclake.identity.linkage.states import compared_states
from reclake.identity.linkage.weights import Weights
from reclake.identity.settings import LinkageSettings
from reclake.privacy.pseudonyms import Keys
from reclake.records.raw_records import Limits
from reclake.sources.source import Source


def account_weights(
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
) -> tuple[Weights, int]:
    """The weights that fit the accounts' states best, and the number of accounts that say something.

    Takes what the builder of silver.identity_pairs takes.

    Raises
    ------
    NothingToLearn
        When hardly any accounts of one person stand out.
    """
    keys = Keys(directory, contact_key_id=contact_key_id, default_region=default_region)
    limits = Limits(max_record_bytes, max_depth)
    states = compared_states(account_records, bronze_accounts, sources=sources, keys=keys, limits=limits, timezone=timezone)
    weights = fitted_weights(states, COMPARISON, opened_with(keys), limits=limits_of(linkage))
    return weights, int(states.agg(F.count_distinct("owner").alias("n")).collect()[0]["n"])


def reasons_against(weights: Weights, *, min_expected_precision: float) -> tuple[str, ...]:
    """Why the weights should not serve; none if they may.

    Examples
    --------
    >>> weights = Weights(attributes=("name",), m=((0, 0.1, 0, 0, 0, 0.9),), u=((0, 0.9, 0, 0, 0, 0.1),), threshold=9.0,
    ...                   n_rounds=7, expected_precision=0.9)
    >>> reasons_against(weights, min_expected_precision=0.95)
    ('expected precision 0.9000 is below 0.9500',)
    """
    reasons = []
    if weights.expected_precision < min_expected_precision:
        reasons.append(f"expected precision {weights.expected_precision:.4f} is below {min_expected_precision:.4f}")
    if weights.n_rounds >= MAX_ROUNDS:
        reasons.append(f"the fit did not come to rest in {MAX_ROUNDS} rounds")
    table = weights.table
    reasons += [
        f"{name}: to be equal weighs {table[place, EXACT]:.2f} bits, and to differ {table[place, DIFFERENT]:.2f}"
        for place, name in enumerate(weights.attributes)
        if table[place, EXACT] < table[place, DIFFERENT]
    ]
    return tuple(reasons)
