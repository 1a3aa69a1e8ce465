"""Fitted weights: what each level of agreement says, in bits, and from which sum on two records are one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from reclake.identity.linkage.declared import EXACT, MISSING, N_LEVELS
from reclake.identity.linkage.rarity import LOWEST_SHARE

Floats = npt.NDArray[np.float64]
_DECIMALS = 6  # of stored weights: sums in another order differ far below


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """A fitted model of linkage.

    The weight of a level is log2(m / u): m its share among pairs of one person, u among pairs of two. A missing value weighs
    nothing. `threshold` is the sum at which both are equally likely, given how many of all pairs are of one person.

    References
    ----------
    Fellegi, Sunter (1969), A theory for record linkage, JASA 64(328).
    """

    attributes: tuple[str, ...]
    m: tuple[tuple[float, ...], ...]  # by attribute and level; the missing level's is 0
    u: tuple[tuple[float, ...], ...]
    threshold: float  # bits
    n_pairs: int = 0  # of records, compared or not, that it was fitted on
    n_matches: float = 0.0  # of them, expected to be of one person
    n_rounds: int = 0  # until the fit came to rest
    expected_precision: float = 0.0  # share of one person's pairs among those that reach the threshold, by the fit itself
    expected_recall: float = 0.0  # share of one person's pairs that reach it, of those that blocking brings together

    def __post_init__(self) -> None:
        shapes = {len(self.m), len(self.u), len(self.attributes)}
        if len(shapes) != 1 or any(len(row) != N_LEVELS for row in (*self.m, *self.u)):
            raise ValueError(f"m and u hold {N_LEVELS} levels for each of {len(self.attributes)} attributes")

    @property
    def table(self) -> Floats:
        """Bits by attribute and level, shape (attributes, levels)."""
        m, u = np.array(self.m), np.array(self.u)
        with np.errstate(divide="ignore", invalid="ignore"):
            bits = np.where((m > 0) & (u > 0), np.log2(m / u), 0.0)
        bits[:, MISSING] = 0.0
        return np.asarray(np.round(bits, _DECIMALS), np.float64)

    def parts(self, levels: npt.NDArray[np.int8], shares: Mapping[str, Floats]) -> Floats:
        """Bits by pair and attribute, shape (pairs, attributes).

        Parameters
        ----------
        levels
            Shape (pairs, attributes).
        shares
            By attribute with rare values: how likely another record holds the left record's value by chance, NaN where that
            is rarer than LOWEST_SHARE. It takes the place of the average chance where both agree.
        """
        table, parts = self.table, np.empty(levels.shape)
        for place, name in enumerate(self.attributes):
            parts[:, place] = table[place, levels[:, place]]
            if name in shares:
                agree = levels[:, place] == EXACT
                rarest = min(self.u[place][EXACT], LOWEST_SHARE)
                chance = np.nan_to_num(shares[name][agree], nan=rarest)
                parts[agree, place] = np.round(np.log2(self.m[place][EXACT] / chance), _DECIMALS)
        return parts

    def total(self, parts: Floats) -> Floats:
        """Bits of each pair: the sum over the attributes, in their order."""
        total = np.zeros(len(parts))
        for place in range(parts.shape[1]):
            total += parts[:, place]
        return np.round(total, _DECIMALS)

    def probability(self, total: Floats) -> Floats:
        """How likely pairs of these weights are of one person.

        Examples
        --------
        >>> weights = Weights(attributes=("a",), m=((0.0,) * 6,), u=((0.0,) * 6,), threshold=3.0)
        >>> weights.probability(np.array([3.0, 4.0])).round(3).tolist()
        [0.5, 0.667]
        """
        return np.asarray(1 / (1 + 2.0 ** (self.threshold - total)))

    def weight_at(self, probability: float) -> float:
        """The weight from which on a pair is at least that likely of one person.

        Examples
        --------
        >>> weights = Weights(attributes=("a",), m=((0.0,) * 6,), u=((0.0,) * 6,), threshold=3.0)
        >>> weights.weight_at(0.5), weights.weight_at(0.8)
        (3.0, 5.0)
        """
        return round(self.threshold + float(np.log2(probability / (1 - probability))), _DECIMALS)

    def to_json(self) -> str:
        """A text that `from_json` reads; equal weights make equal texts."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Weights:
        """The weights of a text that `to_json` wrote."""
        stored: dict[str, Any] = json.loads(text)
        return cls(**{name: _tuples(value) for name, value in stored.items()})

    @property
    def version(self) -> str:
        """A name that changes with the weights: 12 hex digits."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:12]


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
