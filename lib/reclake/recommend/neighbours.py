"""Scores of products by their nearest neighbours, exact and the same in any block, with Spark and without."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from scipy.sparse import csr_array

from reclake.recommend.picking import Floats, Ints, as_lists, int_lists, nobody, numbered, top_k

_ENTRIES_AT_ONCE = 4_000_000  # of the sparse matrix of scores


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The nearest products of each product: those of `product` lie from starts[product] to starts[product + 1]."""

    starts: Ints  # (n products + 1,)
    products: Ints  # product indices, ascending within a product
    similarities: Floats  # float32, above 0

    def of(self, product: int) -> tuple[Ints, Floats]:
        """Product indices, ascending, and how similar they are."""
        own = slice(self.starts[product], self.starts[product + 1])
        return self.products[own], self.similarities[own]


def neighbours_of(table: pa.Table) -> Neighbours:
    """Of the columns neighbours and similarities, in order of product_index."""
    lists = table["neighbours"].combine_chunks()
    starts = np.concatenate(([0], np.cumsum(lists.value_lengths().to_numpy())))
    return Neighbours(starts, lists.flatten().to_numpy(), table["similarities"].combine_chunks().flatten().to_numpy())


def scorer(neighbours: Neighbours, *, n: int) -> Callable[[pa.Table, pa.Table], pa.Table]:
    """For `picked_in_blocks`: the best `n` products for each customer of a block."""

    def score(customers: pa.Table, products: pa.Table) -> pa.Table:
        """One block: customers with seen_indices; products with product_index, place."""
        if not customers.num_rows:
            return nobody()
        candidates, places = numbered(products)
        return as_lists(
            customers["customer_id"], picks_of(int_lists(customers["seen_indices"]), neighbours, candidates, places, n=n)
        )

    return score


def picks_of(
    seen: list[Ints], neighbours: Neighbours, candidates: Ints, places: Ints, *, n: int
) -> list[tuple[Ints, Floats, Ints]]:
    """For each customer the places, scores and reasons (product indices) of the best `n` products that are like seen ones.

    Parameters
    ----------
    seen
        Product indices of each customer, ascending: what scores, and what must not be shown.
    candidates, places
        Indices of the products on sale, ascending, and what to call them in the answer.
    n
        Length of a list.
    """
    n_products = len(neighbours.starts) - 1
    by_seen = _by_seen_product(neighbours, candidates)
    position_of = np.full(n_products, -1, dtype=np.int64)
    position_of[candidates] = np.arange(len(candidates))
    step = max(1, _ENTRIES_AT_ONCE // max(1, len(candidates)))
    picks = []
    for start in range(0, len(seen), step):
        block = seen[start : start + step]
        ends = np.concatenate(([0], np.cumsum([len(own) for own in block])))
        flat = np.concatenate(block) if block else np.empty(0, dtype=np.int64)
        owners = csr_array((np.ones(len(flat)), flat, ends), shape=(len(block), n_products))
        # A row is added up in the order of the seen products, so it does not depend on the block.
        scores = csr_array(owners @ by_seen)
        for row, own in enumerate(block):
            picks.append(_best(scores, row, own, neighbours, candidates, places, position_of, n))
    return picks


def _by_seen_product(neighbours: Neighbours, candidates: Ints) -> csr_array:
    """Similarities (n products, n candidates) of each candidate to its neighbours."""
    starts = neighbours.starts
    sizes = starts[candidates + 1] - starts[candidates]
    taken = np.repeat(starts[candidates] - np.concatenate(([0], np.cumsum(sizes)))[:-1], sizes) + np.arange(sizes.sum())
    columns = np.repeat(np.arange(len(candidates)), sizes)
    values = neighbours.similarities[taken].astype(np.float64)
    return csr_array((values, (neighbours.products[taken], columns)), shape=(len(starts) - 1, len(candidates)))


def _best(
    scores: csr_array, row: int, own: Ints, neighbours: Neighbours, candidates: Ints, places: Ints, position_of: Ints, n: int
) -> tuple[Ints, Floats, Ints]:
    """Of one row of scores the best `n` that are not the customer's own."""
    entries = slice(scores.indptr[row], scores.indptr[row + 1])
    columns = scores.indices[entries]
    order = np.argsort(columns)  # equal scores go to the smaller product_index
    columns, values = columns[order], scores.data[entries][order]
    is_new = ~np.isin(columns, position_of[own])
    columns, values = columns[is_new], values[is_new]
    best = top_k(values, k=n)
    picked = columns[best]
    reasons = np.array([_because(neighbours, int(candidates[column]), own) for column in picked], dtype=np.int64)
    return places[picked], values[best], reasons


def _because(neighbours: Neighbours, product: int, own: Ints) -> int:
    """The customer's own product that the product is most like; the first of equals."""
    near, similarities = neighbours.of(product)
    is_own = np.isin(near, own)
    return int(near[is_own][similarities[is_own].argmax()])
