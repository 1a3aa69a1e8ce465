"""What every recommender can do, and the settings it takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import ClassVar, Protocol

from pyspark.sql import DataFrame

# A mapping of kind to weight, or a settings section, which yields the same pairs.
KindWeights = Mapping[str, float] | Iterable[tuple[str, float]]


class FittedRecommender(Protocol):
    """Knows what it has learnt; what a customer must not be shown is told at the time of asking."""

    def recommend(self, customers: DataFrame, seen: DataFrame, *, n: int) -> DataFrame:
        """At most `n` rows per customer: customer_id, rank (1, 2, … without gaps), product_id, score.

        Parameters
        ----------
        customers
            customer_id, each once.
        seen
            customer_id, product_id: pairs that are left out of the lists.
        n
            Length of a list.
        """


class Recommender(Protocol):
    """`fit` returns a new object, so "not fitted yet" cannot happen."""

    name: ClassVar[str]
    serves_unseen_customers: ClassVar[bool]

    def fit(self, interactions: DataFrame, *, as_of: date) -> FittedRecommender:
        """Learn from the days before `as_of` only.

        `interactions`: customer_id, product_id, event_date, kind, n_events (`weights.resolved`).
        """


class PopularitySettings(Protocol):
    """The section [popularity]."""

    @property
    def half_life_days(self) -> float: ...


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
        return cls(**{name: getattr(settings, name) for name in cls.__slots__})


class TuningSettings(Protocol):
    """The section [tuning]."""

    @property
    def n_trials(self) -> int: ...
    @property
    def seed(self) -> int: ...
    @property
    def ranks(self) -> tuple[int, ...]: ...
    @property
    def regularisation(self) -> tuple[float, float]: ...
    @property
    def alpha(self) -> tuple[float, float]: ...
    @property
    def half_life_days(self) -> tuple[float, float]: ...


class TrainingSettings(Protocol):
    """The section [training]."""

    @property
    def test_days(self) -> int: ...
    @property
    def bootstrap_samples(self) -> int: ...
    @property
    def bootstrap_seed(self) -> int: ...
    @property
    def min_champion_ratio(self) -> float: ...
    @property
    def max_item_factor_bytes(self) -> int: ...
