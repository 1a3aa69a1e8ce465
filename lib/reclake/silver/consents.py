"""silver.consents: what each account allows, since when, and what is suspended as nobody knows what was said."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import Window as W
from pyspark.sql import functions as F

from reclake.records.delivery import DELIVERY_ORDER, delivered, is_kept, is_rejected
from reclake.records.validity import change_day, runs
from reclake.tables.vocabulary import PURPOSES

_KEY = ("account_id", "purpose")
_YES, _NO, _UNREADABLE = "yes", "no", "unreadable"


def consents(consent_records: DataFrame, *, timezone: str) -> DataFrame:
    """One row per account, purpose and validity; validity as in `records.validity`.

    A purpose is granted where the last statement by its own time says so, and nothing that was delivered since speaks
    against it (docs/decisions/0039):

    * Of statements of one instant that contradict each other, the refusal holds.
    * A refusal that was delivered on a later day than the grant holds whatever time it states, until another grant is
      delivered.
    * A refused record suspends the purpose from its delivery day, or every purpose where its own cannot be read. A grant
      ends that if it is delivered on a later day, or behind the refused record in the same file.

    A statement that is delivered again is no new one: it ends no suspension.
    """
    statements = _new_statements(consent_records, timezone=timezone)
    in_time = W.partitionBy(*_KEY).orderBy("valid_from")
    so_far = in_time.rowsBetween(W.unboundedPreceding, W.currentRow)
    known = _by_day(statements).select(
        *_KEY,
        "valid_from",
        F.last("latest", ignorenulls=True).over(so_far).alias("latest"),
        *(F.max(name).over(so_far).alias(name) for name in ("granted_day", "refused_day", "unreadable_day")),
    )
    is_suspended = F.coalesce(F.col("unreadable_day") >= F.coalesce("granted_day", "unreadable_day"), F.lit(False))
    is_overruled = F.coalesce(F.col("refused_day") > F.greatest("granted_day", "latest.granted_day"), F.lit(False))
    is_granted = F.coalesce(~F.col("latest.is_no"), F.lit(False)) & ~is_suspended & ~is_overruled
    is_silent = F.col("latest").isNull() & F.col("refused_day").isNull() & ~is_suspended
    state = F.struct(is_granted.alias("is_granted"), is_suspended.alias("is_suspended"))
    return runs(known.where(~is_silent).select(*_KEY, "valid_from", state.alias("state")), in_time).select(
        *_KEY, "valid_from", "valid_to", "state.*"
    )


def _answer() -> Column:
    """What a record says; null for one that says nothing new.

    A refusal counts also where it was classified as a duplicate, as its time may be no part of what was compared.
    """
    is_no = ~F.col("is_granted") & F.col("record_class").isin("kept", "duplicate")
    is_yes = F.col("is_granted") & is_kept() & ~F.col("is_repeat")
    return F.when(is_rejected(), _UNREADABLE).when(is_no, _NO).when(is_yes, _YES)


def _new_statements(consent_records: DataFrame, *, timezone: str) -> DataFrame:
    """One row per statement and purpose as first delivered, and one per refused record and purpose that it may be about.

    The columns are those of the key and of the delivery, answer, changed_at and valid_from.
    """
    is_unreadable = F.col("answer") == _UNREADABLE
    purposes = F.when(F.col("purpose").isNotNull(), F.array("purpose")).otherwise(F.array(*map(F.lit, PURPOSES)))
    answers = (
        consent_records
        .where(F.col("account_id").isNotNull())
        .select("account_id", purposes.alias("purposes"), _answer().alias("answer"), "changed_at", *DELIVERY_ORDER)
        .where(F.col("answer").isNotNull())
        .select(
            "account_id",
            F.explode("purposes").alias("purpose"),
            "answer",
            "changed_at",
            *DELIVERY_ORDER,
            change_day(timezone).alias("valid_from"),
        )
        # All that follows is of one account and purpose: one exchange for all of it.
        .repartition(*_KEY)
    )
    first = F.min(delivered()).over(W.partitionBy(*_KEY, "answer", "changed_at"))
    return answers.withColumn("first", first).where(is_unreadable | (F.col("first") == delivered())).drop("first")


def _by_day(statements: DataFrame) -> DataFrame:
    """One row per account, purpose and day on which a statement became true or was delivered; the day is valid_from.

    `latest` is the last statement that became true on the day. `granted_day`, `refused_day` and `unreadable_day` are the
    day where something of the kind was delivered on it.
    """
    is_yes, is_no, is_unreadable = (F.col("answer") == answer for answer in (_YES, _NO, _UNREADABLE))
    of_file = W.partitionBy(*_KEY, "delivery_day", "file_digest")
    last_yes = F.max(F.when(is_yes, F.col("position"))).over(of_file)
    is_answered = F.coalesce(F.col("position") < last_yes, F.lit(False))
    # A grant of a clock that is ahead cannot be told to be later than a refusal of the same delivery.
    is_ahead = F.col("valid_from") > F.col("delivery_day")
    granted_day = F.when(is_yes, F.date_sub("delivery_day", is_ahead.cast("int")))
    dated = statements.withColumns({
        "granted_day": granted_day,
        "refused_day": F.when(is_no, F.col("delivery_day")),
        "unreadable_day": F.when(is_unreadable & ~is_answered, F.col("delivery_day")),
        "latest": F.struct("changed_at", is_no.alias("is_no"), granted_day.alias("granted_day")),
    })
    points = F.array(
        F.struct(F.lit(False).alias("is_delivery"), F.col("valid_from").alias("day")),
        F.struct(F.lit(True).alias("is_delivery"), F.col("delivery_day").alias("day")),
    )
    is_delivery = F.col("is_delivery")
    return (
        dated
        .withColumn("point", F.explode(points))
        .select("*", "point.*")
        .where(is_delivery | ~is_unreadable)
        .groupBy(*_KEY, F.col("day").alias("valid_from"))
        .agg(
            # Of one instant is_no is the greater: the refusal holds.
            F.max(F.when(~is_delivery, F.col("latest"))).alias("latest"),
            *(F.max(F.when(is_delivery, F.col(name))).alias(name) for name in ("granted_day", "refused_day", "unreadable_day")),
        )
    )
