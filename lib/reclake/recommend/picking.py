"""The best products of customers, in NumPy and Arrow: the same on workers of Spark and without Spark."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Floats = npt.NDArray[np.float32] | npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32] | npt.NDArray[np.int64]

_SCORES_AT_ONCE = 4_000_000  # doubles of one GEMM: 32 MB
_PICK = pa.struct([("place", pa.int32()), ("score", pa.float64()), ("because_index", pa.int32())])
_LISTS = pa.schema([("customer_id", pa.string()), ("picks", pa.list_(_PICK))])


def top_k(scores: Floats, *, k: int) -> Ints:
    """Positions of the `k` greatest finite scores, greatest first; equal scores in order of position.

    Examples
    --------
    >>> top_k(np.array([0.5, 0.9, 0.5, -np.inf, 0.5]), k=3).tolist()
    [1, 0, 2]
    >>> top_k(np.array([-np.inf, 0.1]), k=3).tolist()
    [1]
    """
    k = min(k, int(np.isfinite(scores).sum()))
    if k == 0:
        return np.empty(0, dtype=np.int64)
    # argpartition alone would choose any of the products that share the last place.
    least = scores[np.argpartition(scores, len(scores) - k)[len(scores) - k :]].min()
    candidates = np.flatnonzero(scores >= least)
    return candidates[np.argsort(-scores[candidates], kind="stable")[:k]]


def inner_products(left: Floats, right: Floats) -> npt.NDArray[np.float32]:
    """`left` (a, rank) times `right` (b, rank) as (a, b), summed in doubles and rounded to floats.

    The last bit of a sum depends on the shape of a GEMM; rounded, equal products get equal scores in any block.
    """
    product: npt.NDArray[np.float32] = (left.astype(np.float64) @ right.astype(np.float64).T).astype(np.float32)
    return product


def because(picked: Floats, seen: Floats) -> Ints:
    """For each picked product the position of the seen one with the greatest positive inner product, or −1.

    Parameters
    ----------
    picked
        Factors (n picks, rank).
    seen
        Factors (n seen, rank); equal ones: the first wins.

    Examples
    --------
    >>> because(np.array([[1.0, 0.0], [-1.0, 0.0]]), np.array([[0.5, 1.0], [2.0, 0.0]])).tolist()
    [1, -1]
    """
    if not len(seen):
        return np.full(len(picked), -1, dtype=np.int64)
    pull = inner_products(picked, seen)
    best = pull.argmax(axis=1)
    return np.where(pull[np.arange(len(picked)), best] > 0, best, -1)


def int_lists(column: pa.ChunkedArray) -> list[Ints]:
    """The lists of a column of integer lists as arrays."""
    joined = column.combine_chunks()
    flat, ends = joined.flatten().to_numpy(), joined.value_lengths().to_numpy().cumsum()
    return np.split(flat, ends[:-1])


def vectors_of(column: pa.ChunkedArray, rank: int) -> Floats:
    """The vectors as (n, rank)."""
    vectors: Floats = column.combine_chunks().flatten().to_numpy().reshape(len(column), rank)
    return vectors


def numbered(products: pa.Table) -> tuple[Ints, Ints]:
    """product_index, ascending, and place of the candidates of a block."""
    ascending = products.sort_by("product_index")
    return ascending["product_index"].to_numpy(), ascending["place"].to_numpy()


def nobody() -> pa.Table:
    """What a scorer gives of a block without customers."""
    return _LISTS.empty_table()


def as_lists(customers: pa.ChunkedArray, picks: list[tuple[Ints, Floats, Ints]]) -> pa.Table:
    """customer_id, picks: of each customer the places, scores and reasons (product indices, −1 for none)."""
    ends = np.cumsum([0] + [len(places) for places, _, _ in picks]).astype(np.int32)
    places, scores, reasons = (np.concatenate(part) for part in zip(*picks, strict=True))
    structs = pa.StructArray.from_arrays(
        [
            pa.array(places, pa.int32()),
            pa.array(scores, pa.float64()),
            pa.array(reasons, pa.int32(), mask=reasons < 0),
        ],
        fields=list(_PICK),
    )
    lists = pa.ListArray.from_arrays(pa.array(ends), structs)
    return pa.Table.from_arrays([customers, lists], names=_LISTS.names).cast(_LISTS)


def picks_of(
    vectors: Floats, seen: list[Ints], product_factors: Floats, candidates: Ints, places: Ints, *, n: int
) -> list[tuple[Ints, Floats, Ints]]:
    """For each customer the places, scores and reasons (product indices, −1 for none) of the best `n` products.

    Parameters
    ----------
    vectors
        Customer factors (n customers, rank).
    seen
        Product indices that each customer must not be shown.
    product_factors
        (n products, rank) by product index.
    candidates, places
        Indices of the products on sale, ascending, and what to call them in the answer.
    n
        Length of a list.
    """
    position_of = np.full(len(product_factors), -1, dtype=np.int64)
    position_of[candidates] = np.arange(len(candidates))
    on_sale = product_factors[candidates]
    step = max(1, _SCORES_AT_ONCE // max(1, len(candidates)))
    picked = []
    for start in range(0, len(vectors), step):
        scores = inner_products(vectors[start : start + step], on_sale)
        for row, own in zip(scores, seen[start : start + step], strict=True):
            hidden = position_of[own]
            row[hidden[hidden >= 0]] = -np.inf
            best = top_k(row, k=n)
            reasons = because(on_sale[best], product_factors[own])
            picked.append((places[best], row[best], np.where(reasons >= 0, own[reasons], -1) if len(own) else reasons))
    return picked
