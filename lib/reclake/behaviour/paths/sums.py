"""Counts by key: of items that lie in paths, and added up over blocks."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from reclake.behaviour.sittings import Longs

N, N_PATHS, N_CUSTOMERS, N_CONVERTED = range(4)  # the columns of counts
_BITS = 62


@dataclass(frozen=True)
class Whose:
    """Whose each item is: numbers of paths and of customers, which rise from item to item."""

    path: Longs
    customer: Longs

    def chosen(self, items: Longs) -> Whose:
        """Of some of the items, in their order."""
        return Whose(self.path[items], self.customer[items])


def counts_by(key: Longs, whose: Whose, *, converts: NDArray[np.bool_] | None = None) -> tuple[Longs, Longs]:
    """Distinct keys in order, and (keys, 4): items, distinct paths, distinct customers, and paths that converted.

    Parameters
    ----------
    key
        Of each item a number that is not negative.
    converts
        Whether the path of each item converts behind it; the first item of a path and key decides.
    """
    if not len(key):
        return key, np.empty((0, 4), dtype=np.int64)
    key, item = _in_order(key)
    path, customer = whose.path[item], whose.customer[item]
    is_new = np.append(True, key[1:] != key[:-1])
    is_new_path = is_new | np.append(True, path[1:] != path[:-1])
    is_new_customer = is_new | np.append(True, customer[1:] != customer[:-1])
    begins = np.flatnonzero(is_new)
    counts = np.zeros((len(begins), 4), dtype=np.int64)
    counts[:, N] = np.diff(np.append(begins, len(key)))
    counts[:, N_PATHS] = _added(is_new_path, begins)
    counts[:, N_CUSTOMERS] = _added(is_new_customer, begins)
    if converts is not None:
        counts[:, N_CONVERTED] = _added(is_new_path & converts[item], begins)
    return key[begins], counts


def _in_order(key: Longs) -> tuple[Longs, Longs]:
    """The keys sorted, and the item of each; items of one key stay in their order."""
    bits = len(key).bit_length()
    if int(key.max()) >> (_BITS - bits):
        order = np.argsort(key, kind="stable")
        return key[order], order
    packed = (key << bits) | np.arange(len(key))
    packed.sort()  # several times as fast as an argsort, and as stable: no two are equal
    return packed >> bits, packed & ((1 << bits) - 1)


def _added(is_counted: NDArray[np.bool_], begins: Longs) -> Longs:
    so_far = np.append(0, np.cumsum(is_counted))
    return np.diff(np.append(so_far[begins], so_far[-1]))


@dataclass
class Sums:
    """Counts of several blocks. Nobody's rows lie in two blocks, so customers and paths add up."""

    keys: list[Longs] = field(default_factory=list)
    counts: list[Longs] = field(default_factory=list)

    def __len__(self) -> int:
        return sum(map(len, self.keys))

    def add(self, keys: Longs, counts: Longs) -> None:
        """Further counts."""
        if len(keys):
            self.keys.append(keys)
            self.counts.append(counts)

    def condensed(self, *, of_one_customer: bool = False) -> tuple[Longs, Longs]:
        """Each key once, in order; what parts of one customer counted counts that customer once."""
        if not self.keys:
            return np.empty(0, dtype=np.int64), np.empty((0, 4), dtype=np.int64)
        if len(self.keys) > 1:
            keys, counts = np.concatenate(self.keys), np.concatenate(self.counts)
            order = np.argsort(keys, kind="stable")
            keys = keys[order]
            begins = np.flatnonzero(np.append(True, keys[1:] != keys[:-1]))
            self.keys, self.counts = [keys[begins]], [np.add.reduceat(counts[order], begins, axis=0)]
        if of_one_customer:
            self.counts[0][:, N_CUSTOMERS] = np.minimum(self.counts[0][:, N_CUSTOMERS], 1)  # seconds count none
        return self.keys[0], self.counts[0]
