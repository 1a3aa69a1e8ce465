"""silver.sessions: visits of a device or account as seen, machines left out."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import Window as W
from pyspark.sql import functions as F

from reclake.behaviour.sessions import IN_TIME, UNIT, with_session_starts
from reclake.behaviour.units import unit_as_seen
from reclake.identity.ties import DEVICE

_ENGAGED_MICROSECONDS = 10_000_000


def sessions(events: DataFrame, shared_keys: DataFrame, *, gap_minutes: int, timezone: str) -> DataFrame:
    """One row per session; where one begins and ends is told in `behaviour.sessions`.

    `account_id` is the last login in the session, else the unit. From the day on which a device is shared, the unit of an
    event on it is the account that was logged in, so that no session holds events of two people; what happens there without
    a login is the device's own, whom `silver.identities` gives to nobody. All windows share one exchange and one sort, and no
    aggregation follows them: what a session holds is read at its last event, as the difference to its first.
    """
    shared = shared_keys.where(F.col("key_kind") == DEVICE).select(
        F.col("key").alias("device_id"), F.col("valid_from").alias("shared_from")
    )
    is_shared = F.coalesce(F.col("event_date") >= F.col("shared_from"), F.lit(False))
    of_people = (
        events
        .where(~F.col("is_bot"))
        .join(shared, on="device_id", how="left")
        .withColumn("unit_id", unit_as_seen(is_shared=is_shared))
    )
    starts = with_session_starts(of_people, gap_minutes=gap_minutes, timezone=timezone)
    return _last_events(starts).select(
        _session_id().alias("session_id"),
        F.col("first.event_date").alias("session_date"),
        *UNIT,
        F.coalesce("login_account_id_in_session", "unit_id").alias("account_id"),
        F.col("first.channel").alias("channel"),
        F.col("first.occurred_at").alias("started_at"),
        F.col("occurred_at").alias("ended_at"),
        F.floor(_duration() / 1_000_000).alias("duration_seconds"),
        *_counts(),
        _is_engaged().alias("is_engaged"),
    )


def _ones() -> dict[str, Column]:
    """1 for an event that adds to the count, else 0."""
    counted = {"n_views": "view_item", "n_carts": "add_to_cart", "n_purchases": "purchase"}
    return {"n_events": F.lit(1), **{name: (F.col("event_type") == event).cast("int") for name, event in counted.items()}}


def _last_events(starts: DataFrame) -> DataFrame:
    """The last event of each session, with `first`, its first event and what the unit had counted before it."""
    in_time = W.partitionBy(*UNIT).orderBy(*IN_TIME)
    so_far = in_time.rowsBetween(W.unboundedPreceding, W.currentRow)
    counted = starts.withColumns({name: F.sum(one).over(so_far) for name, one in _ones().items()})

    before = [(F.col(name) - one).alias(name) for name, one in _ones().items()]
    first = F.when(F.col("is_start"), F.struct(*IN_TIME, "moment", "channel", *before))
    login = F.when(F.col("login_account_id").isNotNull(), F.struct("login_account_id", "n_events"))
    opened = counted.withColumns({
        "first": F.last(first, ignorenulls=True).over(so_far),
        "login": F.last(login, ignorenulls=True).over(so_far),
        "is_last": F.coalesce(F.lead("is_start").over(in_time), F.lit(True)),
    })
    is_of_session = F.col("login.n_events") > F.col("first.n_events")
    in_session = F.when(is_of_session, F.col("login.login_account_id"))
    return opened.where("is_last").withColumn("login_account_id_in_session", in_session)


def _count(name: str) -> Column:
    return F.col(name) - F.col(f"first.{name}")


def _counts() -> list[Column]:
    return [_count(name).alias(name) for name in _ones()]


def _duration() -> Column:
    return F.col("moment") - F.col("first.moment")


def _is_engaged() -> Column:
    has_viewed = _count("n_views") >= 2
    has_acted = (_count("n_carts") + _count("n_purchases")) > 0
    return (_duration() > _ENGAGED_MICROSECONDS) | has_viewed | has_acted


def _session_id() -> Column:
    """Digest of source, unit and first event: rebuilt, the same session has the same id."""
    parts = [
        *(F.col(name) for name in UNIT),
        *(F.col(f"first.{name}").cast("string") for name in ("moment", "file_digest", "position")),
    ]
    return F.sha2(F.concat_ws("|", *parts), 256)
