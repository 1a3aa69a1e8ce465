"""silver.events: kept events by event day, machines flagged."""

from collections.abc import Mapping
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reclake.behaviour import bots as bot_rules
from reclake.behaviour.settings import BotSettings
from reclake.behaviour.units import unit_as_seen
from reclake.records.delivery import is_kept
from reclake.sources.source import Source


def events(event_records: DataFrame, order_lines: DataFrame, *, sources: Mapping[str, Source], bots: BotSettings) -> DataFrame:
    """One row per kept event. Nothing is deleted: what a machine made carries `is_bot` and the rules that say so.

    The user agent speaks for its own event, behaviour for all events of the unit on that event day. A source says which
    of the two are asked, and which types of event count for no behaviour; one without a source file is asked neither.
    The events are exchanged and sorted once, and not at all where no source asks for behaviour.
    """
    kept = event_records.where(is_kept() & F.col("event_date").isNotNull())
    rules: dict[str, Column] = {}
    if by_user_agent := [name for name, source in sources.items() if source.bots.by_user_agent]:
        kept = kept.withColumn("is_crawler", bot_rules.is_crawler("user_agent"))
        rules["user_agent"] = F.col("is_crawler") & F.col("source").isin(by_user_agent)
    if by_behaviour := [name for name, source in sources.items() if source.bots.by_behaviour]:
        asked = F.col("source").isin(by_behaviour)
        units = kept.withColumn("unit_id", unit_as_seen())
        buyers = bot_rules.days_of_buyers(units.where(asked), order_lines, min_events=bots.min_events_for_rhythm)
        kept = bot_rules.with_activity(units, is_automatic=_is_automatic(sources)).join(
            buyers.withColumn("has_ordered", F.lit(True)), on=list(bot_rules.UNIT_DAY), how="left"
        )
        is_person = F.col("is_by_hand") | F.coalesce("has_ordered", F.lit(False))
        rules |= {name: rule & asked for name, rule in bot_rules.behaviour_rules(bots, is_person=is_person).items()}
    return kept.withColumn("bot_reason", bot_rules.bot_reason(rules)).withColumn("is_bot", F.col("bot_reason").isNotNull())


def _is_automatic(sources: Mapping[str, Source]) -> Column | None:
    """Whether a client sends events of the type by itself, as its source says; None where no source names such a type."""
    types = {name: source.bots.automatic_events for name, source in sources.items() if source.bots.automatic_events}
    named = [(F.col("source") == name) & F.col("event_type").isin(*of_source) for name, of_source in types.items()]
    return reduce(Column.__or__, named) if named else None
