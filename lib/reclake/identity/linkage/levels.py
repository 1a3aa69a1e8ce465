"""Levels of agreement of many pairs of records, and the patterns that they make."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from reclake.identity.linkage.declared import CLOSE, DIFFERENT, EXACT, MISSING, N_LEVELS, SIMILAR, SWAPPED, Attribute, Comparison
from reclake.identity.linkage.distance import Ints, Texts

Levels = npt.NDArray[np.int8]


class Records:
    """Values of a lot of records, ready to be compared pair by pair.

    Parameters
    ----------
    columns
        By attribute: its texts, one per record, null or blank where nothing is known.
    """

    def __init__(self, columns: Mapping[str, pa.Array], comparison: Comparison) -> None:
        self._comparison = comparison
        self._codes: dict[str, Ints] = {}
        self._texts: dict[str, Texts] = {}
        for names in _families(comparison):
            # Values that may be swapped get their numbers from one list.
            values = pa.concat_arrays([columns[name].cast(pa.string()) for name in names]).dictionary_encode()
            texts = values.dictionary.to_pylist()
            codes = pc.fill_null(values.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
            blank = np.array([not text.strip() for text in texts] + [True])
            codes = np.where(blank[codes], -1, codes)
            shared = Texts(texts)
            for name, of_one in zip(names, np.split(codes, len(names)), strict=True):
                self._codes[name], self._texts[name] = of_one, shared

    def levels(self, left: Ints, right: Ints) -> Levels:
        """The level of each pair and attribute, shape (pairs, attributes).

        A swapped pair of values is evidence once: the later attribute of the two counts as missing.
        """
        found = np.empty((len(left), len(self._comparison.attributes)), np.int8)
        for place, attribute in enumerate(self._comparison.attributes):
            found[:, place] = self._of(attribute, left, right)
        places = {name: place for place, name in enumerate(self._comparison.names)}
        for attribute in self._comparison.attributes:
            if attribute.swaps_with is not None:
                is_swapped = self._is_swapped(attribute.name, attribute.swaps_with, left, right)
                found[is_swapped, places[attribute.name]] = SWAPPED
                found[is_swapped, places[attribute.swaps_with]] = MISSING
            if attribute.instead_of is not None:
                found[found[:, places[attribute.instead_of]] != MISSING, places[attribute.name]] = MISSING
        return found

    def _of(self, attribute: Attribute, left: Ints, right: Ints) -> Levels:
        a, b = self._codes[attribute.name][left], self._codes[attribute.name][right]
        found = np.full(len(left), DIFFERENT, np.int8)
        found[a == b] = EXACT
        found[(a < 0) | (b < 0)] = MISSING
        bands = [(level, band) for level, band in ((SIMILAR, attribute.similar), (CLOSE, attribute.close)) if band]
        if not bands:
            return found
        texts = self._texts[attribute.name]
        rows = np.flatnonzero(found == DIFFERENT)
        a, b = a[rows], b[rows]
        longer = np.maximum(texts.lengths[a], texts.lengths[b])
        allowed = {
            level: np.minimum(band.max_edits, np.floor(band.max_share * longer + 1e-9)).astype(np.int64) for level, band in bands
        }
        widest = np.maximum.reduce(list(allowed.values()))
        near = np.flatnonzero((widest > 0) & texts.may_lie_within(a, b, widest))
        if len(near):
            distances = texts.distances(a[near], b[near], limit=max(band.max_edits for _, band in bands))
            for level, _ in bands:
                found[rows[near[distances <= allowed[level][near]]]] = level
        return found

    def _is_swapped(self, one: str, other: str, left: Ints, right: Ints) -> npt.NDArray[np.bool_]:
        """Whether both values stand in each other's place; one of them may be absent in both records."""
        one_left, one_right = self._codes[one][left], self._codes[one][right]
        other_left, other_right = self._codes[other][left], self._codes[other][right]
        holds_any = (one_left >= 0) | (other_left >= 0)
        crosses = (one_left == other_right) & (other_left == one_right)
        return np.asarray(crosses & (one_left != other_left) & holds_any)


def _families(comparison: Comparison) -> list[tuple[str, ...]]:
    """The attributes, those that swap with each other together."""
    partners = {a.swaps_with: a.name for a in comparison.attributes if a.swaps_with is not None}
    firsts = [attribute for attribute in comparison.attributes if attribute.name not in partners]
    return [(first.name,) if first.swaps_with is None else (first.name, first.swaps_with) for first in firsts]


def patterns(levels: Levels) -> Ints:
    """One number per pair that holds its levels as digits, the first attribute's last.

    Examples
    --------
    >>> patterns(np.array([[5, 0, 1]], np.int8)).tolist()
    [41]
    >>> levels_of([41], n_attributes=3).tolist()
    [[5, 0, 1]]
    """
    digits = N_LEVELS ** np.arange(levels.shape[1], dtype=np.int64)
    return np.asarray(levels.astype(np.int64) @ digits, dtype=np.int64)


def levels_of(numbers: Sequence[int] | Ints, *, n_attributes: int) -> Levels:
    """The levels that `patterns` made one number of, shape (patterns, attributes)."""
    digits = N_LEVELS ** np.arange(n_attributes, dtype=np.int64)
    return (np.asarray(numbers, dtype=np.int64)[:, None] // digits % N_LEVELS).astype(np.int8)
