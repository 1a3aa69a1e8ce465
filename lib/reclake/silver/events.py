"""silver.events: kept events by event day, machines flagged."""

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reclake.behaviour import bots as bot_rules
from reclake.behaviour.bots import BotLimits
from reclake.behaviour.units import unit_as_seen
from reclake.records.delivery import is_kept
from reclake.sources.source import Source


def events(event_records: DataFrame, *, sources: Mapping[str, Source], bots: BotLimits) -> DataFrame:
    """One row per kept event. Nothing is deleted: what a machine made carries `is_bot` and the rules that say so.

    The user agent speaks for its own event, behaviour for all events of the unit on that event day. A source says which
    of the two are asked; one without a source file is asked neither. One exchange and one sort, none where no source
    asks for behaviour.
    """
    kept = event_records.where(is_kept() & F.col("event_date").isNotNull())
    rules: dict[str, Column] = {}
    if by_user_agent := [name for name, source in sources.items() if source.bots.by_user_agent]:
        kept = kept.withColumn("is_crawler", bot_rules.is_crawler("user_agent"))
        rules["user_agent"] = F.col("is_crawler") & F.col("source").isin(by_user_agent)
    if by_behaviour := [name for name, source in sources.items() if source.bots.by_behaviour]:
        kept = bot_rules.with_activity(kept.withColumn("unit_id", unit_as_seen()))
        asked = F.col("source").isin(by_behaviour)
        rules |= {name: rule & asked for name, rule in bot_rules.behaviour_rules(bots).items()}
    return kept.withColumn("bot_reason", bot_rules.bot_reason(rules)).withColumn("is_bot", F.col("bot_reason").isNotNull())
