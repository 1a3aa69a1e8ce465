"""The settings sections of recommenders, their training and their lists."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, NonNegativeInt, PositiveFloat, PositiveInt

from reclake.strict import Section


class PopularitySettings(Section):
    half_life_days: PositiveFloat


class InteractionWeights(Section):
    view: PositiveFloat
    add_to_cart: PositiveFloat
    purchase: PositiveFloat
    rating: PositiveFloat


class InteractionsSettings(Section):
    weights: InteractionWeights


class AlsSettings(Section):
    rank: PositiveInt
    iterations: PositiveInt
    regularisation: PositiveFloat
    alpha: PositiveFloat
    half_life_days: PositiveFloat
    blocks: PositiveInt
    seed: int


def _is_range(value: tuple[float, float]) -> tuple[float, float]:
    if not 0 < value[0] < value[1]:
        raise ValueError("needs a least value above 0 and a greater one")
    return value


Tune = Literal["when-due", "always", "never"]  # whether a training searches its settings first
Range = Annotated[tuple[float, float], AfterValidator(_is_range)]


class TuningSettings(Section):
    every_days: NonNegativeInt
    n_trials: int = Field(ge=2)
    seed: int
    ranks: tuple[PositiveInt, ...] = Field(min_length=1)
    regularisation: Range
    alpha: Range
    half_life_days: Range


class TrainingSettings(Section):
    test_days: PositiveInt
    bootstrap_samples: PositiveInt
    bootstrap_seed: int
    min_champion_ratio: PositiveFloat
    max_item_factor_bytes: PositiveInt


class RecommendationsSettings(Section):
    n: PositiveInt


class ModelsSettings(Section):
    max_withdrawn_days: NonNegativeInt
