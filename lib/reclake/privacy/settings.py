"""The settings sections of keys, and of who may be profiled or marketed to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, PositiveInt, model_validator

from reclake.strict import Name, Section


class SecretsSettings(Section):
    directory: str


Years = Annotated[int, Field(ge=0, le=120)]


class AgeLimits(Section):
    profiling: Years
    marketing: Years


class MinAgeSettings(Section):
    any_basis: AgeLimits
    of_basis: Mapping[Name, AgeLimits]
    unknown_is_allowed: bool

    @model_validator(mode="before")
    @classmethod
    def fills_in(cls, values: Any) -> Any:
        """Let a basis that says nothing of a use ask for what holds for every basis."""
        if not isinstance(values, Mapping):
            return values
        least, bases = values.get("any_basis"), values.get("of_basis")
        if not isinstance(least, Mapping) or not isinstance(bases, Mapping):
            return values
        uses = {use: least[use] for use in AgeLimits.model_fields if use in least}
        filled = {basis: {**uses, **limits} if isinstance(limits, Mapping) else limits for basis, limits in bases.items()}
        return {**values, "of_basis": filled}

    @model_validator(mode="after")
    def asks_for_no_less(self) -> MinAgeSettings:
        """Refuse a basis that asks for less than all of them: the limit of any_basis holds for every basis."""
        for basis, limits in self.of_basis.items():
            for use in ("profiling", "marketing"):
                least, own = getattr(self.any_basis, use), getattr(limits, use)
                if own < least:
                    raise ValueError(
                        f"of_basis.{basis}.{use} is {own}, below any_basis.{use} ({least}), which holds for every basis"
                    )
        return self


class PrivacySettings(Section):
    min_age: MinAgeSettings
    id_key_id: str = Field(pattern="^[a-z][a-z0-9_]{0,30}$")
    contact_key_id: str = Field(pattern="^[a-z][a-z0-9_]{0,30}$")
    default_region: str = Field(pattern="^[A-Z]{2}$")
    min_group_size: PositiveInt
