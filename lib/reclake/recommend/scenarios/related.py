"""What gold.product_relations relates to a customer's own products, looked up on the workers where a list asks for it.

Relations move every day, and with them what is related to anybody. Most lists are full before a link of relations is asked, so
nothing is joined per customer: a block of customers meets one copy of the relations, beside that of the products.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reclake.recommend.weights import SUMMED_DIGITS

from .definition import BOUGHT, LOOKED_AT
from .links import Link, RelatedLink
from .serving import Candidate

PAIRED = "bought_together"  # the relation that "goes with" rests on
LISTS = {
    "product_id": "string",
    "relation": "string",
    "places": "array<int>",
    "scores": "array<double>",
    "units": "array<long>",  # scores as whole numbers, so that a sum is the same in any order
    "is_strong": "array<boolean>",
}
_UNITS = 10**SUMMED_DIGITS


class Own(NamedTuple):
    """A product that the customer had to do with lately, or bought lately."""

    product_id: str
    recency: int  # 1 = the newest
    is_viewed: bool
    is_bought: bool
    is_new: bool  # among the newest ones of any kind
    is_newly_bought: bool  # among the newest ones of those that were bought


class Best(NamedTuple):
    """What speaks for a product: the sum over the own products, and the one of the greatest score, ties by product_id."""

    units: int
    score: float  # of that one
    own: Own


Entries = Iterator[tuple[int, float, int, bool]]  # place, score, units, is_strong
LookUp = Callable[[str, str], Entries]


def relation_lists(relations: DataFrame, places: DataFrame, links: Iterable[Link], *, is_strong: Column) -> DataFrame:
    """One row per product and relation that a link or "goes with" follows, in the columns of LISTS.

    Parameters
    ----------
    relations
        Rows of gold.product_relations of the as_of.
    places
        product_id, place of what may be shown. It is broadcast.
    is_strong
        Whether a pair meets more often than chance (`products.above_chance`).
    """
    followed = {PAIRED, *(link.relation for link in links if isinstance(link, RelatedLink))}
    units = (F.col("score").cast(f"decimal(26,{SUMMED_DIGITS})") * F.lit(_UNITS)).cast("long")
    one = F.struct("place", "score", units.alias("units"), F.coalesce(is_strong, F.lit(False)).alias("is_strong"))
    shown = F.broadcast(places.withColumnRenamed("product_id", "related_product_id"))
    return (
        relations
        .where(F.col("relation").isin(*sorted(followed)))
        .join(shown, on="related_product_id", how="inner")
        .groupBy("product_id", "relation")
        .agg(F.collect_list(one).alias("related"))
        .select(
            "product_id",
            "relation",
            F.col("related.place").alias("places"),
            F.col("related.score").alias("scores"),
            F.col("related.units").alias("units"),
            F.col("related.is_strong").alias("is_strong"),
        )
    )


def look_up_in(table: pa.Table) -> LookUp:
    """The related products by product and relation, of a table with the columns of LISTS; its numbers stay arrays until asked for."""
    columns = {name: table[name].combine_chunks() for name in LISTS}
    lists = [columns[name].flatten().to_numpy(zero_copy_only=False) for name in ("places", "scores", "units", "is_strong")]
    lengths = columns["places"].value_lengths().to_pylist()
    spans: dict[tuple[str, str], slice] = {}
    start = 0
    for product, relation, length in zip(
        columns["product_id"].to_pylist(), columns["relation"].to_pylist(), lengths, strict=True
    ):
        spans[product, relation] = slice(start, start + length)
        start += length

    def entries(product_id: str, relation: str) -> Entries:
        span = spans.get((product_id, relation), slice(0, 0))
        return zip(*(values[span].tolist() for values in lists), strict=True)

    return entries


class Partners(Mapping[int, str]):
    """`RelatedToOwn.partners`, looked up when a row is asked what it goes with."""

    def __init__(self, related: RelatedToOwn) -> None:
        self._related = related

    @cached_property
    def _products(self) -> dict[int, str]:
        return self._related.partners()

    def __getitem__(self, place: int) -> str:
        return self._products[place]

    def __iter__(self) -> Iterator[int]:
        return iter(self._products)

    def __len__(self) -> int:
        return len(self._products)


class RelatedToOwn(Mapping[str, Sequence[Candidate]]):
    """Candidates by the key of their link: those that came with the customer, and what is related to the own products."""

    def __init__(
        self, given: Mapping[str, Sequence[Candidate]], own: Sequence[Own], links: Mapping[str, RelatedLink], look_up: LookUp
    ) -> None:
        self._given, self._own, self._links, self._look_up = dict(given), sorted(own), links, look_up

    def __getitem__(self, key: str) -> Sequence[Candidate]:
        """The candidates of a link, the best first; looked up when it is first asked for."""
        if key not in self._given and key in self._links:
            self._given[key] = self._of(self._links[key])
        return self._given[key]

    def __iter__(self) -> Iterator[str]:
        return iter({**self._links, **self._given})

    def __len__(self) -> int:
        return len({**self._links, **self._given})

    def partners(self) -> dict[int, str]:
        """Place → the bought product that it goes with: bought together with it more often than chance."""
        best = self._best(PAIRED, [one for one in self._own if one.is_newly_bought], only_strong=True)
        return {place: of_place.own.product_id for place, of_place in best.items()}

    def _of(self, link: RelatedLink) -> list[Candidate]:
        followed = [
            one for one in self._own if {"bought": one.is_newly_bought, "last": one.recency == 1}.get(link.to, one.is_new)
        ]
        best = self._best(link.relation, followed, only_strong=link.above_chance)

        def fact(own: Own) -> str | None:
            if own.is_viewed and link.to != "bought":
                return LOOKED_AT
            return BOUGHT if own.is_bought else None

        candidates = (Candidate(place, one.units / _UNITS, one.own.product_id, fact(one.own)) for place, one in best.items())
        return sorted(candidates, key=lambda candidate: (-candidate.score, candidate.place))

    def _best(self, relation: str, own: Sequence[Own], *, only_strong: bool) -> dict[int, Best]:
        best: dict[int, Best] = {}
        for one in own:  # in order of their ids: of equal scores the first stays
            for place, score, units, is_strong in self._look_up(one.product_id, relation):
                if only_strong and not is_strong:
                    continue
                before = best.get(place)
                if before is None:
                    best[place] = Best(units, score, one)
                elif score > before.score:
                    best[place] = Best(before.units + units, score, one)
                else:
                    best[place] = before._replace(units=before.units + units)
        return best
