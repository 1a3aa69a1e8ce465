"""The settings sections of recommenders, their training and their lists."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

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
    neighbours: tuple[PositiveInt, ...] = Field(min_length=1)
    shrinkage: Range


class TrainingSettings(Section):
    test_days: PositiveInt
    bootstrap_samples: PositiveInt
    bootstrap_seed: int
    min_champion_ratio: PositiveFloat
    max_item_factor_bytes: PositiveInt


_Exponent = Annotated[float, Field(ge=0, le=1)]


class EvaluationSettings(Section):
    origins: PositiveInt


class RelationsSettings(Section):
    window_days: NonNegativeInt
    n: PositiveInt
    min_customers: int = Field(ge=2)
    max_products: int = Field(ge=2)
    shrinkage: float = Field(ge=0)
    weight_power: _Exponent


class ItemItemSettings(Section):
    neighbours: PositiveInt
    shrinkage: float = Field(ge=0)
    weight_power: _Exponent
    max_products: int = Field(ge=2)
    blocks: PositiveInt


class PopularProductsSettings(Section):
    n: PositiveInt


class DueAgainSettings(Section):
    window_days: NonNegativeInt
    least_ratio: PositiveFloat
    greatest_ratio: PositiveFloat
    min_repeats: PositiveInt
    min_evidence: PositiveFloat
    prior_gaps: PositiveFloat
    max_order_days: int = Field(ge=2)
    max_products: PositiveInt

    @model_validator(mode="after")
    def is_window(self) -> DueAgainSettings:
        """Refuse a window that ends before it begins."""
        if self.least_ratio >= self.greatest_ratio:
            raise ValueError(f"least_ratio {self.least_ratio} must lie below greatest_ratio {self.greatest_ratio}")
        return self


class RecommendationsSettings(Section):
    n_related: PositiveInt
    n_candidates: PositiveInt
    min_together: PositiveInt
    min_lift: float = Field(ge=1)


class ModelsSettings(Section):
    max_withdrawn_days: NonNegativeInt
