"""The settings of implicit ALS: those of the section [als], or what a search found better, and where a search looks."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Protocol


class AlsSettings(Protocol):
    """The section [als]."""

    @property
    def rank(self) -> int: ...
    @property
    def iterations(self) -> int: ...
    @property
    def regularisation(self) -> float: ...
    @property
    def alpha(self) -> float: ...
    @property
    def half_life_days(self) -> float: ...
    @property
    def blocks(self) -> int: ...
    @property
    def seed(self) -> int: ...


class AlsRanges(Protocol):
    """The ranges of the section [tuning]."""

    @property
    def ranks(self) -> tuple[int, ...]: ...
    @property
    def regularisation(self) -> tuple[float, float]: ...
    @property
    def alpha(self) -> tuple[float, float]: ...
    @property
    def half_life_days(self) -> tuple[float, float]: ...


@dataclass(frozen=True, slots=True)
class AlsValues:
    """The section [als], or what a search found better."""

    rank: int
    iterations: int
    regularisation: float
    alpha: float
    half_life_days: float
    blocks: int
    seed: int

    @classmethod
    def of(cls, settings: AlsSettings) -> AlsValues:
        """The same values, to be varied."""
        return cls(**{field.name: getattr(settings, field.name) for field in fields(cls)})
