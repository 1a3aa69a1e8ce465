"""Records whose texts may stand in plain: numbers for values and keys by a hash without a key."""

from collections.abc import Mapping, Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reclake.identity.linkage.declared import Comparison

Rules = Mapping[str, tuple[Sequence[str], Sequence[str]]]  # rule → columns of its key, further columns of the refined key


def plain_records(records: DataFrame, comparison: Comparison, rules: Rules) -> DataFrame:
    """The records with owner (each its own), `value_…`, `block_…` and `block_…_refined`; null or blank texts make none.

    Parameters
    ----------
    records
        record_id, exclusive, and the attributes as texts.
    rules
        By rule of the comparison, in its order. Without further columns the rule has no refined key.
    """
    numbers = {f"value_{name}": _number([name]) for name in comparison.names}
    keys = {f"block_{rule}": _number(columns) for rule, (columns, _) in rules.items()}
    refined = {
        f"block_{rule}_refined": _number([*columns, *more]) if more else F.lit(None).cast("long")
        for rule, (columns, more) in rules.items()
    }
    return records.withColumns({"owner": F.col("record_id")} | numbers | keys | refined)


def _number(columns: Sequence[str]) -> Column:
    is_there = [F.trim(column) != "" for column in columns]
    hashed = F.xxhash64(*columns)
    for present in is_there:
        hashed = F.when(present, hashed)
    return hashed
