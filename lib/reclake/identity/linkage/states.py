"""What each account has said of itself so far, state by state: the records that linkage compares."""

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import Window as W
from pyspark.sql import functions as F

from reclake.identity.linkage.accounts import COMPARISON, PARTS, PLAIN, SEALED, block_keys
from reclake.identity.linkage.kept import computed_once
from reclake.identity.linkage.sealed import with_sealed_texts
from reclake.privacy.pseudonyms import Keys
from reclake.records.delivery import DELIVERY_ORDER, is_kept
from reclake.records.raw_records import Limits
from reclake.records.validity import change_day
from reclake.sources.source import Source

_POINTER = ("source", "file_digest", "position")
_DAY = "known_from"
# Words by which a source says that it does not know; two who are unknown do not agree.
_UNKNOWN = ("", "-", "unknown", "undisclosed", "n/a", "none", "null", "未知", "不详", "保密", "无")


def compared_states(
    account_records: DataFrame,
    bronze_accounts: DataFrame,
    *,
    sources: Mapping[str, Source],
    keys: Keys,
    limits: Limits,
    timezone: str,
) -> DataFrame:
    """One row per account and distinct state, as the library of linkage takes it; texts are sealed.

    A state holds the last that the account said of each attribute up to then: a record that leaves one out says nothing of
    it. `record_id` is `account|day|number of its values`, the day on which the state was first known; `owner` is the account,
    and accounts of one source and channel are one exclusive group. A state without any text or year makes no row.
    """
    raw = bronze_accounts.select(*_POINTER, "delivery_day", "file_name", "header", "raw")
    stated = (
        account_records
        .where(is_kept())
        .select(
            "account_id",
            "channel",
            *_POINTER,
            "changed_at",
            change_day(timezone).alias(_DAY),
            *(_stated(name).alias(name) for name in PLAIN),
        )
        .join(raw, on=list(_POINTER), how="inner")
    )
    sealed = with_sealed_texts(stated, sources, keys, limits)
    numbered = sealed.withColumns({f"value_{name}": F.when(F.col(name).isNotNull(), F.xxhash64(name)) for name in PLAIN})
    carried = [
        *PLAIN,
        *(f"sealed_{name}" for name in SEALED),
        *(f"value_{name}" for name in COMPARISON.names),
        *(f"part_{name}" for name in PARTS),
    ]
    in_time = W.partitionBy("account_id").orderBy(_DAY, F.col("changed_at").asc_nulls_first(), *DELIVERY_ORDER)
    so_far = in_time.rowsBetween(W.unboundedPreceding, W.currentRow)
    known = numbered.withColumns({name: F.last(name, ignorenulls=True).over(so_far) for name in carried})
    says_something = F.coalesce(*(F.col(f"value_{name}") for name in (*SEALED, "birth_year"))).isNotNull()
    values = F.xxhash64(*(f"value_{name}" for name in COMPARISON.names))
    distinct = (
        known
        .where(says_something)
        .groupBy("account_id", "source", "channel", *carried)
        .agg(F.min(_DAY).alias(_DAY))
        .withColumn("record_id", F.concat_ws("|", "account_id", F.col(_DAY).cast("string"), F.hex(values)))
        .withColumn("exclusive", F.concat_ws("|", "source", F.coalesce("channel", F.lit(""))))
        .withColumnRenamed("account_id", "owner")
        .drop("source", "channel", _DAY)
    )
    # Raw records are read and sealed once, and the keys counted and joined from what came of it.
    return computed_once(distinct.withColumns(block_keys()))


def _stated(name: str) -> Column:
    """The value as a text, null where it stands for none."""
    text = F.trim(F.col(name).cast("string"))
    return F.when(~F.lower(text).isin(*_UNKNOWN), text)
