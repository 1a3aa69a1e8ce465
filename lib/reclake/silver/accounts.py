"""silver.accounts: every account of any fact, registered or only seen."""

from collections.abc import Mapping
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import Window as W
from pyspark.sql import functions as F

from reclake.records.delivery import DELIVERY_ORDER, delivered, is_kept
from reclake.records.survivorship import survivors
from reclake.records.validity import change_day, states_in_time, with_validity
from reclake.sources.source import VERIFIED, Source

REGISTERED = (
    "registered_at", "phone_token", "email_token", "card_token", "union_token", *VERIFIED.values(), "device_id", "region",
    "gender", "birth_year",
)  # fmt: skip
STATE = ("source", "channel", *REGISTERED)


def accounts(
    records: Mapping[str, DataFrame],
    events: DataFrame,
    *,
    sources: Mapping[str, Source],
    timezone: str,
) -> DataFrame:
    """One row per account and validity, an anonymous device too; validity as in `records.validity`.

    An account is known from the first delivery day on which anything of it was delivered, or from its first event day
    if that is earlier, so that every as_of after an event finds the account that made it. Until its first registered
    state a stub stands for it, with the channel of the first record that names one; a state that was registered
    before takes its place. `first_delivery_day`, `first_file_digest` and `first_position` point to the earliest
    delivered record of the account, in whatever table, and are the same in all its rows; so is `is_machine`, of an
    account that nothing but the events of machines names. A state without a year of birth keeps the one stated before; one
    whose year cannot be read counts as born in the year of delivery, as a slip must not open a child to profiling. Where
    several feeds tell of one account, its state is put together as in `records.survivorship`.
    """
    kept_records = records["account_records"].where(is_kept()).withColumn("birth_year", F.coalesce("birth_year", _youngest()))
    registered = kept_records.select(
        "account_id",
        *STATE,
        "changed_at",
        *DELIVERY_ORDER,
        "feed",
        change_day(timezone).alias("valid_from"),
        F.lit(False).alias("is_stub"),
    )
    seen = _first_seen(records, events, timezone=timezone)
    states = registered.unionByName(seen.withColumn("is_stub", F.lit(True)), allowMissingColumns=True)
    # Only the stub knows what was first; it tells the others before it may be dropped.
    in_time = states_in_time("account_id")
    of_account = in_time.rowsBetween(W.unboundedPreceding, W.unboundedFollowing)
    so_far = in_time.rowsBetween(W.unboundedPreceding, W.currentRow)
    told = states.withColumns({
        **{name: F.max(name).over(of_account) for name in ("first", "is_device", "is_machine")},
        "birth_year": F.last("birth_year", ignorenulls=True).over(so_far),
        **survivors(sources, "accounts", so_far),
    })
    return with_validity(told, key=("account_id",), state=STATE).withColumns({
        "basis": _basis(sources),
        **{f"first_{name}": F.col(f"first.{name}") for name in DELIVERY_ORDER},
    })


def _youngest() -> Column:
    """The last year in which the person can have been born, where the record's year of birth was left out and noted."""
    is_left_out = F.exists("notes", lambda note: note.startswith("birth_year "))
    return F.when(is_left_out, F.year("delivery_day"))


def _first_seen(records: Mapping[str, DataFrame], events: DataFrame, *, timezone: str) -> DataFrame:
    """One row per account in any kept record: valid_from, source, channel, is_device, is_machine, `first` (delivery)."""
    # Pages are shown to machines as well: that something was shown makes nobody a person, nor a machine.
    unknown = F.lit(None).cast("boolean")
    # Day and delivery: a state that was delivered before it becomes true does not hide the account until then.
    days = {"account_records": F.col("delivery_day"), "consent_records": change_day(timezone)}
    mentions = (
        # An event's account is its login or its device.
        _mentions(events, "login_account_id", "device_id", day=F.col("event_date"), is_machine=F.col("is_bot")),
        *(
            _mentions(
                of_table.where(is_kept()),
                *_ids(of_table),
                day=days.get(noun, F.col("event_date")),
                is_machine=unknown if noun == "impression_records" else F.lit(False),
            )
            for noun, of_table in records.items()
        ),
    )
    with_channel = F.when(F.col("channel").isNotNull(), delivered())
    return (
        reduce(DataFrame.unionByName, mentions)
        .groupBy("account_id")
        .agg(
            F.min("seen_day").alias("valid_from"),
            F.min(delivered()).alias("first"),
            F.min_by("source", delivered()).alias("source"),
            F.min_by("channel", with_channel).alias("channel"),
            F.max("is_device").alias("is_device"),
            F.coalesce(F.min("is_machine"), F.lit(False)).alias("is_machine"),
        )
    )


def _ids(records: DataFrame) -> tuple[str, ...]:
    """The columns that name accounts: login and device where they are told apart."""
    return ("login_account_id", "device_id") if "login_account_id" in records.columns else ("account_id",)


def _mentions(records: DataFrame, *ids: str, day: Column, is_machine: Column) -> DataFrame:
    """One row per account, channel and file that names it: its first position there, the first day seen, is_machine."""
    if "channel" not in records.columns:
        records = records.withColumn("channel", F.lit(None).cast("string"))
    # Grouped by file first: whole numbers and days aggregate by hash, and little is left to shuffle and sort.
    by_file = records.groupBy("source", "channel", "delivery_day", "file_digest", *ids).agg(
        F.min("position").alias("position"), F.min(day).alias("day"), F.min(is_machine).alias("is_machine")
    )
    device_id = F.col("device_id") if "device_id" in ids else F.lit(None)
    named = F.array_distinct(F.array_compact(F.array(*ids)))
    return by_file.withColumn("named", F.explode(named)).select(
        F.col("named").alias("account_id"),
        F.col("named").eqNullSafe(device_id).alias("is_device"),
        "source",
        "channel",
        *DELIVERY_ORDER,
        F.least("day", "delivery_day").alias("seen_day"),
        "is_machine",
    )


def _basis(sources: Mapping[str, Source]) -> Column:
    """The lawful basis that the account's source states; null for a source without a file, which the gate stops."""
    stated = (F.when(F.col("source") == name, F.lit(source.basis)) for name, source in sources.items())
    return F.coalesce(F.lit(None).cast("string"), *stated)
