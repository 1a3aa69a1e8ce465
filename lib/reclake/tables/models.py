"""The models, written once: what each is trained by, reads, serves and is judged by. Standard library only: the DAG imports this.

Names in the registry, in the manifest and in `gold.model_metrics`, the tasks of the DAG, what a scoring takes and what maintenance
removes follow from a declaration. What is particular to a kind of model lies in its trainer (`recommend.interface.Recommender`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from . import bronze, silver
from .declaration import Table
from .inputs import Each, Input, Reads, Shared, until_as_of, valid_at_as_of, whole
from .people import PEOPLE

METRICS = ("recall_at_10", "ndcg_at_10")  # by which a model may be judged: means over customers
PREFIX = "model:"  # of a model's name in manifests, claims and ledger entries
_NAME = re.compile(r"^[a-z][a-z0-9_]{0,30}\Z")
_TRAINER = re.compile(r"^[a-z][a-z0-9_.]*:[A-Z][A-Za-z0-9]*\Z")
# Names that rows of gold.model_metrics and gold.recommendations give to what is no model.
_TAKEN = frozenset({"popularity", "champion", "refit", "popular", "non_personal", "popular_7_days", "last_category", "chain"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One model. Which scenarios it serves is theirs to say: a chain of conf/scenarios names it."""

    name: str
    trainer: str  # module:class
    serves: str  # the table of gold whose builder takes the champion
    inputs: tuple[Input | Each | Shared, ...]  # cut at the as_of of the training
    metric: str  # one of METRICS
    settings: tuple[str, ...]  # sections that decide a training; they are logged with it

    def __post_init__(self) -> None:
        if not _NAME.match(self.name) or self.name in _TAKEN:
            raise ValueError(f"{self.name!r} is not a model name: lower case, and none of {sorted(_TAKEN)}")
        if not _TRAINER.match(self.trainer):
            raise ValueError(f"{self.name}: the trainer {self.trainer!r} is not written as module:Class")
        if self.metric not in METRICS:
            raise ValueError(f"{self.name}: a model is judged by one of {METRICS}, not by {self.metric}")
        for i in self.reads:
            if i.days.reads not in (Reads.UNTIL_AS_OF, Reads.VALID_AT_AS_OF, Reads.WHOLE):
                raise ValueError(
                    f"{self.name}: a training has an as_of and no day, so {i.table.name} cannot be read by {i.days.reads}"
                )

    @property
    def reads(self) -> tuple[Input, ...]:
        """Every table that it reads, those of shared inputs included."""
        return tuple(i for declared in self.inputs for i in declared.reads)

    @property
    def published_name(self) -> str:
        """Its name in manifests, claims and ledger entries, which name tables too."""
        return f"{PREFIX}{self.name}"


ALS = Model(
    name="als",
    trainer="reclake.recommend.als:Als",
    serves="gold.recommendations",
    inputs=(Input(silver.INTERACTIONS, until_as_of()), PEOPLE, Input(silver.PRODUCTS, valid_at_as_of())),
    metric="ndcg_at_10",
    settings=("als", "training", "tuning", "popularity", "interactions.weights"),
)


def by_name(*declared: Model) -> dict[str, Model]:
    """The models by their names.

    Raises
    ------
    ValueError
        When two have the same name.
    """
    names = [model.name for model in declared]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"two models are called {', '.join(twice)}")
    return {model.name: model for model in declared}


ITEM_ITEM = Model(
    name="item_item",
    trainer="reclake.recommend.item_item:ItemItem",
    serves=ALS.serves,
    inputs=ALS.inputs,
    metric="ndcg_at_10",
    settings=("item_item", "training", "tuning", "popularity", "interactions.weights"),
)

MODELS = (ALS, ITEM_ITEM)
BY_NAME = by_name(*MODELS)


def serving(table: Table) -> tuple[Model, ...]:
    """The models whose champions the table's builder may take: those that a scenario names."""
    return tuple(model for model in MODELS if model.serves == table.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightsModel:
    """A model of some hundred numbers, without a row of any person: fitted without labels and judged by its own fit.

    The builder of the table that it serves takes the version that the manifest names as `fitted`, a text; None before the
    first promotion, and then weights of the settings serve. It ranks nothing for anybody, so a `Model` it is not.
    """

    name: str
    fitter: str  # module:function
    serves: str
    inputs: tuple[Input, ...]

    @property
    def reads(self) -> tuple[Input, ...]:
        """Every table that it is fitted on."""
        return self.inputs

    @property
    def published_name(self) -> str:
        """Its name in manifests, claims and ledger entries."""
        return f"{PREFIX}{self.name}"


LINKAGE = WeightsModel(
    name="linkage",
    fitter="reclake.identity.linkage.account_weights:account_weights",
    serves="silver.identity_pairs",
    inputs=(Input(silver.ACCOUNT_RECORDS, whole()), Input(bronze.ACCOUNTS, whole())),
)
WEIGHTS = (LINKAGE,)
WEIGHTS_BY_NAME = {model.name: model for model in WEIGHTS}


def weighing(table: Table) -> WeightsModel | None:
    """The model whose weights the table's builder takes as `fitted`."""
    return next((model for model in WEIGHTS if model.serves == table.name), None)
