"""The settings sections of bots and sessions."""

from __future__ import annotations

from pydantic import Field, PositiveFloat, PositiveInt

from reclake.strict import Section


class BotSettings(Section):
    max_events_per_minute: PositiveInt
    min_events_for_rhythm: PositiveInt
    min_gap_deviation: PositiveFloat
    max_active_hours: PositiveInt


class SessionsSettings(Section):
    gap_minutes: PositiveInt = Field(le=1440)  # sessions read one day before and after
