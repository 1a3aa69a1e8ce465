"""The settings section of customer value."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, PositiveFloat, PositiveInt

from reclake.strict import Section

_Share = Annotated[float, Field(gt=0, lt=1)]


class ValueSettings(Section):
    """Of what is forecast, and how the models are judged."""

    horizon_periods: PositiveInt
    period_days: PositiveFloat
    discount_per_period: Annotated[float, Field(ge=0, lt=1)]
    interval_share: _Share
    holdout_share: _Share
    max_groups: Annotated[int, Field(ge=1000)]
