"""Customers who are judged, by tier, channel and length of history: what was measured of them, with paired intervals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reclake.recommend.bootstrap import Resamples, resampled_groups
from reclake.recommend.interface import Judging

SEGMENTS = ("tier", "channel", "history")
_HISTORY = ((0, "none"), (4, "1-4 products"), (19, "5-19 products"))  # up to how many products seen before the cut
_LONGEST = "20 products or more"


def described_customers(interactions: DataFrame, profiled: DataFrame, segments: DataFrame) -> DataFrame:
    """One row per customer: customer_id, tier at the as_of, and channel, that of the accounts with most of their interactions.

    Parameters
    ----------
    profiled
        account_id, customer_id, channel of those who may be profiled.
    segments
        customer_id, tier at the as_of.
    """
    by_channel = (
        interactions
        .join(profiled.select("account_id", "customer_id", "channel"), on="account_id", how="inner")
        .groupBy("customer_id", "channel")
        .agg(F.sum("n_events").alias("n"))
    )
    most = by_channel.groupBy("customer_id").agg(F.max_by("channel", F.struct("n", "channel")).alias("channel"))
    return most.join(segments.select("customer_id", "tier"), on="customer_id", how="left")


def with_segments(frame: DataFrame, *, seen: DataFrame, described: DataFrame) -> DataFrame:
    """The customers with their segments.

    Parameters
    ----------
    seen
        customer_id, product_id before the cut, each pair once: its length is the history.
    described
        Rows of `described_customers`.
    """
    n_seen = seen.groupBy("customer_id").agg(F.count("*").alias("n_seen"))
    unknown = {name: F.coalesce(name, F.lit("(none)")) for name in ("tier", "channel")}
    return (
        frame
        .join(described, on="customer_id", how="left")
        .join(n_seen, on="customer_id", how="left")
        .withColumns({**unknown, "history": _history(F.coalesce("n_seen", F.lit(0)))})
    )


def _history(n_seen: Column) -> Column:
    words = F.lit(_LONGEST)
    for most, name in reversed(_HISTORY):
        words = F.when(n_seen <= most, name).otherwise(words)
    return words


def by_segment(whole: DataFrame, columns: Sequence[str], judging: Judging) -> Iterator[tuple[str, str, int, Resamples]]:
    """Kind of segment, segment, customers and resamples, of all first; segments of fewer customers than a group needs are left out.

    Parameters
    ----------
    whole
        customer_id, the segments and `columns`: a row per customer and origin. A customer of several origins is one person.
    """
    settings = judging.training
    kinds = (("all", F.lit("all")), *((kind, F.col(kind)) for kind in SEGMENTS))
    groups = F.array(*(F.concat(F.lit(f"{kind}/"), value) for kind, value in kinds))
    grouped = whole.select("customer_id", *columns, F.explode(groups).alias("group"))
    people = {
        row["group"]: row["n"] for row in grouped.groupBy("group").agg(F.count_distinct("customer_id").alias("n")).collect()
    }
    drawn = resampled_groups(grouped, *columns, samples=settings.bootstrap_samples, seed=settings.bootstrap_seed)
    order = [kind for kind, _ in kinds]
    for group in sorted(people, key=lambda group: (order.index(group.partition("/")[0]), group)):
        if people[group] >= judging.min_group_size:
            kind, _, value = group.partition("/")
            yield kind, value, people[group], drawn[group]
