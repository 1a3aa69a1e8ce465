"""Chance that does not depend on who draws first: every stream is named, so any partitioning draws the same."""

import math
import random
from bisect import bisect_right
from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")


def digest(*parts: object, size: int = 12) -> str:
    """Lower-case hex of `size` bytes that the parts determine.

    Examples
    --------
    >>> digest(7, "event", 1, size=4) == digest(7, "event", 1, size=4) != digest(7, "event", 11, size=4)
    True
    """
    return blake2b("|".join(map(str, parts)).encode(), digest_size=size).hexdigest()


class Draws:
    """The stream of draws for one purpose of one entity.

    Examples
    --------
    >>> Draws(7, "person", 1).uniform() == Draws(7, "person", 1).uniform()
    True
    """

    __slots__ = ("_source", "uniform")

    def __init__(self, seed: int, purpose: str, *ids: object) -> None:
        # Not secret, and keyed: the hash of the name is the state.
        self._source = random.Random(int(digest(seed, purpose, *ids, size=16), 16))  # noqa: S311
        self.uniform = self._source.random

    def chance(self, probability: float) -> bool:
        """Whether it happens."""
        return self.uniform() < probability

    def between(self, low: float, high: float) -> float:
        """A number of [low, high)."""
        return low + (high - low) * self.uniform()

    def below(self, n: int) -> int:
        """A whole number of 0 … n − 1."""
        return int(self.uniform() * n)

    def one_of(self, choices: Sequence[T]) -> T:
        """One of the choices, each as likely."""
        return choices[self.below(len(choices))]

    def index(self, cumulative: Sequence[float]) -> int:
        """An index, drawn by its cumulated weights."""
        return min(bisect_right(cumulative, self.uniform() * cumulative[-1]), len(cumulative) - 1)

    def exponential(self, mean: float) -> float:
        """A waiting time."""
        return -mean * math.log(1.0 - self.uniform())

    def poisson(self, mean: float) -> int:
        """A count; waiting times are added up, so the effort grows with the mean."""
        n, waited = 0, self.exponential(1.0)
        while waited < mean:
            n += 1
            waited += self.exponential(1.0)
        return n

    def gamma(self, shape: float, scale: float) -> float:
        """A Gamma variate with mean shape × scale."""
        return self._source.gammavariate(shape, scale)

    def beta(self, a: float, b: float) -> float:
        """A Beta variate with mean a / (a + b)."""
        return self._source.betavariate(a, b)

    def log_normal(self, median: float, sigma: float) -> float:
        """A log-normal variate."""
        return median * math.exp(sigma * self._source.normalvariate(0.0, 1.0))


def cumulated(weights: Sequence[float]) -> tuple[float, ...]:
    """Running sums, for `Draws.index`."""
    total, sums = 0.0, []
    for weight in weights:
        total += weight
        sums.append(total)
    return tuple(sums)
