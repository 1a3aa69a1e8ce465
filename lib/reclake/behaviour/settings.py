"""The settings sections of bots, sessions, cohorts, breakdowns, histories and the cube."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt, field_validator, model_validator

from reclake.strict import Section

from .dimensions import DIMENSIONS, Of, require_apart

if TYPE_CHECKING:
    CustomerDimension = str
else:
    CustomerDimension = Literal[tuple(one.name for one in DIMENSIONS if one.of is Of.CUSTOMER)]


class BotSettings(Section):
    max_events_per_minute: PositiveInt
    min_events_for_rhythm: PositiveInt
    min_gap_deviation: PositiveFloat
    max_active_hours: PositiveInt


class SessionsSettings(Section):
    gap_minutes: PositiveInt = Field(le=1440)  # sessions read one day before and after


class CohortsOfPeriod(Section):
    """Which cohorts of one period are shown, and how far they are followed."""

    shown: PositiveInt
    intervals: PositiveInt
    brackets: tuple[NonNegativeInt, ...]

    @model_validator(mode="after")
    def is_ascending(self) -> CohortsOfPeriod:
        """Refuse brackets that overlap, or that reach beyond what is followed."""
        if list(self.brackets) != sorted(set(self.brackets)) or any(end > self.intervals for end in self.brackets):
            raise ValueError("brackets name the last interval of each bracket: they ascend, up to `intervals`")
        return self


class CohortsSettings(Section):
    day: CohortsOfPeriod
    week: CohortsOfPeriod
    month: CohortsOfPeriod


class BreakdownsSettings(Section):
    retention: Annotated[tuple[CustomerDimension, ...], Field(max_length=3)]

    @field_validator("retention")
    @classmethod
    def are_apart(cls, names: tuple[CustomerDimension, ...]) -> tuple[CustomerDimension, ...]:
        """Refuse a dimension that stands twice, and two of which one decides the other."""
        require_apart(names)
        return names


class CubeSettings(Section):
    shown_days: PositiveInt = Field(ge=31)  # fewer days may hold the first day of no month


class HistoriesSettings(Section):
    window_days: NonNegativeInt  # 0: all
