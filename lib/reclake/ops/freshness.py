"""ops.freshness: how late, how complete and how much each delivery was."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import reduce
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import Window as W
from pyspark.sql import functions as F

from reclake.records.delivery import is_kept
from reclake.sources.source import Source
from reclake.tables import Table, silver

DELIVERY = ("source", "record_table", "delivery_day")
_OF_DELIVERY = ("waiting", "refused")  # states of a file that was not taken in and that a feed takes by its name
_FILE = {"source": "string", "record_table": "string", "delivery_day": "date", "state": "string", "file_name": "string"}
_WEEKS = 4
_NAMED = 20


def freshness(
    bronze: Mapping[str, DataFrame],
    records: Mapping[str, DataFrame],
    *,
    sources: Mapping[str, Source],
    at: datetime,
    earlier: DataFrame,
    untaken: Sequence[Mapping[str, Any]],
) -> DataFrame:
    """One row per source, records table and delivery day with records; `at` is when the run measures this.

    `earlier` holds the rows of these days as they stand: as long as no further file of a day has arrived, its records
    became visible when they first did, however often the day is restated. `untaken` holds the files that lie in the landing
    folders and were not taken in (ops.untaken_files): those of the delivery, and those that no feed of the source takes.

    Latency is that of records that are kept or late (a duplicate is captured once, a rejected time means nothing), its
    percentiles exact to the millisecond and interpolated, hence the same for any partitioning.
    """
    arrived = (_arrived(table, bronze[silver.raw_of(table).noun]) for table in silver.RECORDS)
    measured = (_measured(table, records[table.noun], sources) for table in silver.RECORDS)
    deliveries = reduce(DataFrame.unionByName, (*arrived, *measured)).groupBy(*DELIVERY).agg(*_summary()).where("n_records > 0")
    collected = _collected(records["event_records"], records["order_records"], sources)
    seen = earlier.select(*DELIVERY, "arrived_at", F.col("visible_at").alias("first_visible_at"))
    visible_at = F.coalesce("first_visible_at", F.lit(at).cast("timestamp"))
    waited = F.unix_micros(visible_at) - F.unix_micros("arrived_at")
    return (
        _with_untaken(deliveries, untaken)
        .withColumn("volume_ratio", _volume_ratio())
        .join(collected, on=list(DELIVERY), how="left")
        .join(seen, on=[*DELIVERY, "arrived_at"], how="left")
        .withColumns({"visible_at": visible_at, "arrival_to_visible_seconds": waited / 1_000_000})
    )


def _with_untaken(deliveries: DataFrame, files: Sequence[Mapping[str, Any]]) -> DataFrame:
    """Adds the files that were not taken in: of the delivery by state, and those that no feed of its source takes."""
    counted = [f"n_files_{state}" for state in (*_OF_DELIVERY, "unmatched")]
    if not files:  # nearly always: two joins less
        return deliveries.withColumns({**dict.fromkeys(counted, F.lit(0)), "untaken_files": F.lit(None).cast("string")})
    rows = [tuple(file[name] for name in _FILE) for file in files]
    untaken = deliveries.sparkSession.createDataFrame(rows, ", ".join(f"{name} {kind}" for name, kind in _FILE.items()))
    names = F.sort_array(F.collect_set("file_name"))
    counts = [F.count_if(F.col("state") == state).alias(f"n_files_{state}") for state in _OF_DELIVERY]
    of_delivery = untaken.where("record_table is not null").groupBy(*DELIVERY).agg(*counts, names.alias("own"))
    unmatched = untaken.where("record_table is null").groupBy("source")
    of_source = unmatched.agg(F.count_if(F.col("state") == "unmatched").alias("n_files_unmatched"), names.alias("foreign"))
    nothing = F.array().cast("array<string>")
    listed = F.slice(F.concat(F.coalesce("own", nothing), F.coalesce("foreign", nothing)), 1, _NAMED)
    return (
        deliveries
        .join(F.broadcast(of_delivery), on=list(DELIVERY), how="left")
        .join(F.broadcast(of_source), on="source", how="left")
        .fillna(0, subset=counted)
        .withColumn("untaken_files", F.nullif(F.array_join(listed, "; "), F.lit("")))
    )


def _arrived(table: Table, bronze: DataFrame) -> DataFrame:
    """One row per delivered record."""
    nothing = F.lit(None).cast("long")
    return bronze.select(
        "source",
        F.lit(table.name).alias("record_table"),
        "delivery_day",
        "arrived_at",
        *(nothing.alias(name) for name in ("latency_ms", "n_present", "n_expected")),
    )


def _measured(table: Table, records: DataFrame, sources: Mapping[str, Source]) -> DataFrame:
    """One row per classified record: its latency, and how many of the required fields it has."""
    latency = F.lit(None).cast("long")
    if (happened_at := silver.event_time_of(table)) is not None:
        is_captured = F.col("record_class").isin("kept", "late")
        latency = F.unix_millis("received_at") - F.unix_millis(happened_at)
        latency = F.when(is_captured, latency)
    present, expected = F.lit(0).cast("long"), F.lit(0).cast("long")
    for name, source in sources.items():
        if required := required_columns(table, source):
            of_source = F.col("source") == name
            n_present = reduce(Column.__add__, (F.col(column).isNotNull().cast("long") for column in required))
            present = F.when(of_source, n_present).otherwise(present)
            expected = F.when(of_source, F.lit(len(required)).cast("long")).otherwise(expected)
    return records.select(
        "source",
        F.lit(table.name).alias("record_table"),
        "delivery_day",
        F.lit(None).cast("timestamp").alias("arrived_at"),
        latency.alias("latency_ms"),
        present.alias("n_present"),
        expected.alias("n_expected"),
    )


def required_columns(table: Table, source: Source) -> tuple[str, ...]:
    """The columns of a records table that the source must deliver, sorted.

    Those that each of its feeds into the table maps as required from a field of the record; a constant says nothing of
    a delivery, and what one feed alone requires cannot be asked of the others' records.
    """
    feeds = source.feeds_of(silver.raw_of(table).noun).values()
    required = [
        {name for name, mapping in feed.columns.items() if mapping.required and mapping.from_ is not None} for feed in feeds
    ]
    declared = {field.name for field in table.fields}
    return tuple(sorted(declared.intersection(*required))) if required else ()


def _summary() -> list[Column]:
    percentiles = F.percentile("latency_ms", F.array(F.lit(0.5), F.lit(0.95), F.lit(0.99)))
    completeness = F.try_divide(F.sum("n_present"), F.sum("n_expected"))
    return [
        F.count("arrived_at").alias("n_records"),
        F.max("arrived_at").alias("arrived_at"),
        *((percentiles[place] / 1000).alias(f"latency_p{p}_seconds") for place, p in enumerate((50, 95, 99))),
        # Where nothing is required, nothing is missing.
        F.coalesce(completeness, F.lit(1.0)).alias("completeness_share"),
    ]


def _volume_ratio() -> Column:
    """Records against the mean of the same weekday in the four weeks before, over the days that were delivered."""
    day = F.unix_date("delivery_day")
    weekday = W.partitionBy("source", "record_table", F.dayofweek("delivery_day")).orderBy(day)
    return F.col("n_records") / F.avg("n_records").over(weekday.rangeBetween(-7 * _WEEKS, -7))


def _collected(event_records: DataFrame, order_records: DataFrame, sources: Mapping[str, Source]) -> DataFrame:
    """Per source and delivery day, the share of its online orders that left a purchase event.

    An order counts on a day that delivers a kept line of it which is a sale outside the tills, unless one was delivered
    in the source's `repeat_days` before. Its event may have been delivered in these days as well, and is of the same
    channel where order numbers count within one. A source that feeds no events is not asked.
    """
    is_online_sale = (F.col("channel") != "pos") & ~F.col("is_return")
    is_purchase = F.col("event_type") == "purchase"
    told = _told_days(order_records.where(is_online_sale), "is_order", sources).unionByName(
        _told_days(event_records.where(is_purchase), "is_event", sources), allowMissingColumns=True
    )
    days = told.groupBy("source", "order_scope", "order_id", "delivery_day").agg(
        F.max("is_order").alias("is_order"), F.max("is_event").alias("is_event")
    )
    in_order = W.partitionBy("source", "order_scope", "order_id").orderBy("delivery_day")
    before, so_far = (in_order.rowsBetween(W.unboundedPreceding, end) for end in (-1, W.currentRow))
    ordered_day, seen_day = (F.when(F.col(name), F.col("delivery_day")) for name in ("is_order", "is_event"))
    return (
        days
        .withColumns({
            "is_counted": _is_in_reach(F.last(ordered_day, ignorenulls=True).over(before), sources),
            "is_seen": _is_in_reach(F.last(seen_day, ignorenulls=True).over(so_far), sources),
        })
        .where(F.col("is_order") & ~F.col("is_counted"))
        .groupBy("source", F.lit(silver.ORDER_RECORDS.name).alias("record_table"), "delivery_day")
        .agg(F.avg(F.col("is_seen").cast("int")).alias("collection_share"))
    )


def _told_days(records: DataFrame, marked: str, sources: Mapping[str, Source]) -> DataFrame:
    """The days that delivered kept records of an order of a source with events, marked with a column of that name."""
    asked = [name for name, source in sources.items() if source.feeds_of("events")]
    told = records.where(is_kept() & F.col("order_id").isNotNull() & F.col("source").isin(asked))
    scope = _order_scope(sources).alias("order_scope")
    return told.select("source", scope, "order_id", "delivery_day", F.lit(True).alias(marked))


def _order_scope(sources: Mapping[str, Source]) -> Column:
    """Where an order's number counts for its event as well: the channel, if all feeds of orders of the source say so."""
    of_channel = [
        name for name, source in sources.items() if {feed.id_scope for feed in source.feeds_of("orders").values()} == {"channel"}
    ]
    return F.when(F.col("source").isin(of_channel), F.coalesce("channel", F.lit(""))).otherwise(F.lit(""))


def _is_in_reach(day: Column, sources: Mapping[str, Source]) -> Column:
    """Whether the day lies in the `repeat_days` of its source before the delivery day; of any earlier day without a limit."""
    reach = F.lit(None).cast("int")
    for name, source in sources.items():
        reach = F.when(F.col("source") == name, F.lit(source.repeat_days).cast("int")).otherwise(reach)
    return day.isNotNull() & F.coalesce(F.date_diff("delivery_day", day) <= reach, F.lit(True))
