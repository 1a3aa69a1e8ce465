"""The settings sections of segments and tiers."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt

from reclake.strict import Section


class SegmentsSettings(Section):
    window_days: NonNegativeInt


class TierWordsSettings(Section):
    """What the words of tiers mean to the business."""

    recent_days: PositiveInt
    high_rate_per_day: PositiveFloat
    lapsed_days: PositiveInt


class TiersSettings(Section):
    """How tiers are decided."""

    stay_days: Annotated[int, Field(ge=1, le=7)]
    look_back_days: Annotated[int, Field(ge=0, le=90)]
    min_repeats: PositiveInt
    sample_customers: Annotated[int, Field(ge=1, le=100_000)]


class SalesSettings(Section):
    shown_days: PositiveInt


class CustomerProductsSettings(Section):
    n: PositiveInt
