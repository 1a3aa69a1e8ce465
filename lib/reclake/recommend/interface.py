"""What every recommender can do, and by what it is judged.

A declared model names its `Recommender`. Tuning, training, judging, scoring and the registry use what stands here, and no more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, Protocol

from pyspark.sql import Column, DataFrame

from reclake.recommend.settings import TrainingSettings, TuningSettings

# A mapping of kind to weight, or a settings section, which yields the same pairs.
KindWeights = Mapping[str, float] | Iterable[tuple[str, float]]

# What a model chooses for a customer, in order: the product's place in the catalogue, the model's score, and the number of the
# customer's own product that speaks most for it, null for none.
PICKS = "array<struct<place:int,score:double,because_index:int>>"


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of a fitted model that are stored as one folder of files.

    Who withdraws leaves every part that has a column customer_id.
    """

    name: str  # of its tags in the registry
    folder: str
    schema: str  # as Spark writes it: struct<customer_id:string,factors:array<float>>

    @property
    def is_of_customers(self) -> bool:
        """Whether its rows belong to customers, one row each."""
        return "customer_id:string" in self.schema


class FittedRecommender(Protocol):
    """A model that has learnt from the days before `cut`; what a customer has seen comes with each call."""

    @property
    def name(self) -> str:
        """The name of the declared model."""

    @property
    def cut(self) -> date:
        """The first day that it has not learnt from."""

    @property
    def version(self) -> str | None:
        """Version of the registered model; None for one that is not registered."""

    @property
    def products(self) -> DataFrame:
        """product_id, product_index: the products that it knows, numbered. They are few enough to be broadcast."""

    def with_picks(self, people: DataFrame, candidates: DataFrame, *, n: int) -> DataFrame:
        """One row per customer: customer_id, is_personal, seen_places, picks.

        `picks` has the type PICKS: the best candidates that the customer has not seen, at most `n`; empty for those whom it must
        not choose for, and, unless it `serves_unseen_customers`, for those whom it does not know. Equal scores go to the smaller product_index.

        Parameters
        ----------
        people
            customer_id, each once; is_personal: whether the model may choose for them; seen_places, seen_indices: sorted numbers
            of what they have seen, in the catalogue and in `products`.
        candidates
            place, product_index: the products of the model that may be shown, with their places in the catalogue.
        n
            Length of a list.
        """

    def facts(self) -> Mapping[str, int]:
        """The whole numbers that `Recommender.facts` names."""

    def rows(self) -> Mapping[str, DataFrame]:
        """The rows of each part by its name, to be stored."""

    def release(self) -> None:
        """Let go of what the fit keeps in memory and on disk; the model can still be used, at a price."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A setting that a search draws from a list."""

    values: tuple[int, ...]

    def allows(self, value: float) -> bool:
        """Whether a search could draw the value."""
        return value in self.values


@dataclass(frozen=True, slots=True)
class LogRange:
    """A setting that a search draws between two ends above 0, on a log scale."""

    least: float
    greatest: float

    def allows(self, value: float) -> bool:
        """Whether a search could draw the value."""
        return self.least <= value <= self.greatest


class Recommender(Protocol):
    """The trainer of a declared model with its settings. `fit` returns a new object, so "not fitted yet" cannot happen."""

    name: ClassVar[str]  # of the declared model
    parts: ClassVar[tuple[Part, ...]]  # what a fitted one is stored as
    facts: ClassVar[tuple[str, ...]]  # names of the whole numbers that are stored beside the parts
    serves_unseen_customers: ClassVar[bool]  # whether what a customer has seen is enough, and they need not be known to the model
    searched: ClassVar[tuple[str, ...]]  # the settings that a search varies; the others cost time, or change nothing
    file_lists: ClassVar[str]  # the module that makes lists of the stored files without Spark (`recommend.file_lists`)

    @property
    def settings(self) -> Any:
        """A frozen dataclass of numbers and texts: what the training logs, a search varies and a refit takes over."""

    @classmethod
    def of(cls, sections: Mapping[str, Any]) -> Recommender:
        """A recommender with the settings of these sections, which are those that the model declares."""

    def with_settings(self, settings: Any) -> Recommender:
        """The same recommender with other settings, of the same class as before."""

    def space(self, tuning: TuningSettings) -> Mapping[str, Choice | LogRange]:
        """Where a search looks for each of the `searched` settings, by the section [tuning]."""

    def fit(self, interactions: DataFrame, *, as_of: date) -> FittedRecommender:
        """Learn from the days before `as_of` only.

        `interactions`: customer_id, product_id, event_date, kind, n_events (`weights.resolved`).

        Raises
        ------
        ContractBroken
            When there is nothing to learn from, or the settings make a model that is too large.
        """

    @classmethod
    def is_sound(cls, part: Part, facts: Mapping[str, int]) -> Column:
        """Whether a stored row of the part can be used."""

    @classmethod
    def restored(
        cls, rows: Mapping[str, DataFrame], facts: Mapping[str, int], n_rows: Mapping[str, int], *, cut: date, version: str
    ) -> FittedRecommender:
        """The fitted model again, of the stored rows of its parts and their counts by the parts' names."""


@dataclass(frozen=True, slots=True)
class Judging:
    """By what a model is judged, and against which limits."""

    metric: str  # of the declaration: ndcg_at_10, …
    training: TrainingSettings
    min_group_size: int  # a metric of fewer customers says too much of each of them, and is not measured
