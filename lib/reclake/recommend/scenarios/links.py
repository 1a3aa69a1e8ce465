"""The links of a chain, each a way to come by products; a file of conf/scenarios names them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from reclake.strict import Strict, near
from reclake.tables import BY_NAME, Table, models

Relation = Literal["seen_together", "bought_together", "seen_next", "bought_next"]  # of gold.product_relations
# Of gold.popular_products; last_category: of the newest one at hand alone, last_7_days: of all, without what is older.
Scope = Literal["all", "category", "channel", "last_7_days", "last_category", "tier"]
Wanted = bool | str | int | tuple[str, ...]
_ALLOWED: Mapping[str, tuple[type, ...]] = {"boolean": (bool,), "string": (str, tuple), "integer": (int,), "long": (int,)}
_LISTS = "gold.recommendations"  # reads what a scenario may name


class ModelLink(Strict):
    """What the promoted version of a model chooses for the customer; nothing where none is promoted."""

    link: Literal["model"]
    model: str

    @field_validator("model")
    @classmethod
    def is_declared(cls, value: str) -> str:
        """Refuse a model that nobody declared."""
        if value not in models.BY_NAME:
            raise ValueError(f"there is no model {value!r}{_known(value, models.BY_NAME)}")
        return value

    @property
    def key(self) -> str:
        """Under what its candidates arrive."""
        return f"model/{self.model}"

    @property
    def strategy(self) -> str:
        """What its rows are called."""
        return self.model


class RelatedLink(Strict):
    """What gold.product_relations relates to products: those that a customer bought or has seen, or those of the query."""

    link: Literal["related"]
    relation: Relation
    to: Literal["bought", "seen", "last", "query"] = "query"  # last: the one product that a customer had to do with last
    above_chance: bool = False  # only pairs of enough orders that meet more often than chance

    @property
    def key(self) -> str:
        """Under what its candidates arrive."""
        return f"{self.relation}/{self.to}" + ("/above_chance" if self.above_chance else "")

    @property
    def strategy(self) -> str:
        """What its rows are called."""
        return self.relation


class BasketLink(Strict):
    """What orders that hold the whole basket hold as well, more often than chance; the greatest confidence first."""

    link: Literal["basket"]

    @property
    def key(self) -> str:
        """Under what its candidates arrive."""
        return "basket"

    @property
    def strategy(self) -> str:
        """What its rows are called."""
        return "bought_with_basket"


class PopularLink(Strict):
    """What most customers take: of all, lately, of the categories at hand, on the customer's channel, in the customer's tier."""

    link: Literal["popular"]
    scope: Scope

    @property
    def key(self) -> str:
        """Under what its candidates arrive."""
        return f"popular/{self.scope}"

    @property
    def strategy(self) -> str:
        """What its rows are called."""
        return "popular" if self.scope == "all" else f"popular_in_{self.scope}"


class RowsLink(Strict):
    """Products of a table of gold with a row per customer and product, the greatest score first."""

    link: Literal["rows"]
    table: str
    score: str
    where: Mapping[str, Wanted] = {}

    @model_validator(mode="after")
    def can_be_read(self) -> RowsLink:
        """Refuse a table that is not there or not read, and columns that it does not have."""
        table = read_table(self.table, needs=("customer_id", "product_id"))
        if _type_of(table, self.score, key="score") not in ("double", "long", "integer"):
            raise ValueError(f"score: {self.table}.{self.score} is no number")
        require_columns(table, self.where)
        return self

    @property
    def key(self) -> str:
        """Under what its candidates arrive."""
        wanted = ",".join(f"{name}={value}" for name, value in sorted(self.where.items()))
        return f"rows/{self.table}/{self.score}/{wanted}"

    @property
    def strategy(self) -> str:
        """What its rows are called."""
        return self.table.partition(".")[2]


Link = Annotated[ModelLink | RelatedLink | BasketLink | PopularLink | RowsLink, Field(discriminator="link")]


class Eligible(Strict):
    """The customers whom a scenario is for: those with a row in a table of gold."""

    table: str
    where: Mapping[str, Wanted] = {}

    @model_validator(mode="after")
    def can_be_read(self) -> Eligible:
        """Refuse a table that is not there or not read, and columns that it does not have."""
        require_columns(read_table(self.table, needs=("customer_id",)), self.where)
        return self

    @property
    def key(self) -> str:
        """The same for two scenarios that are for the same customers."""
        return f"{self.table}/" + ",".join(f"{name}={value}" for name, value in sorted(self.where.items()))


def read_table(name: str, *, needs: Collection[str]) -> Table:
    """The table of the name, which gold.recommendations reads and which has these columns.

    Raises
    ------
    ValueError
        When there is none.
    """
    fit = {i.table.name for i in BY_NAME[_LISTS].reads if set(needs) <= {f.name for f in i.table.fields} and i.table.is_as_of}
    if name not in BY_NAME:
        raise ValueError(f"there is no table {name!r}{_known(name, fit)}")
    if name not in fit:
        raise ValueError(f"{name} is no table that a list can be made of{_known(name, fit)}")
    return BY_NAME[name]


def require_columns(table: Table, where: Mapping[str, Wanted]) -> None:
    """Refuse a condition on a column that the table does not have, and a value of another type.

    Raises
    ------
    ValueError
        Naming the column.
    """
    for name, value in where.items():
        kind = _type_of(table, name, key="where")
        if type(value) not in _ALLOWED.get(kind, ()):
            raise ValueError(f"where.{name}: {table.name}.{name} is {kind}, {value!r} is not")


def _type_of(table: Table, name: str, *, key: str) -> str:
    types = {f.name: f.type for f in table.fields}
    if name not in types:
        raise ValueError(f"{key}: {table.name} has no column {name!r}{_known(name, types)}")
    return types[name]


def _known(name: str, known: Collection[str]) -> str:
    hint = near(name, known)
    return f"{f' ({hint})' if hint else ''}; known are {', '.join(sorted(known))}"
