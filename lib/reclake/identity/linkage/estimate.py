"""m, u and the share of matches from counts of patterns of agreement, without labels."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reclake.errors import ReclakeError
from reclake.identity.linkage.declared import CLOSE, DIFFERENT, EXACT, MISSING, N_LEVELS, SIMILAR, SWAPPED, Comparison
from reclake.identity.linkage.distance import Ints
from reclake.identity.linkage.levels import Levels, levels_of
from reclake.identity.linkage.population import Patterns, Population
from reclake.identity.linkage.weights import Floats, Weights

MAX_ROUNDS = 500
_AT_REST = 1e-9
_MIN_MATCHES = 10  # expected pairs of one person; m cannot be learned from fewer
_PRIOR = 0.5  # pairs added to each level that an attribute can have (Jeffreys): a level never seen is rare, not impossible
_FIRST_M = {DIFFERENT: 0.05, SIMILAR: 0.04, CLOSE: 0.05, SWAPPED: 0.02, EXACT: 0.84}  # where the search starts; no result


class NothingToLearn(ReclakeError):
    """Records among which no pairs of one person stand out."""

    exit_code = 3


@dataclass(frozen=True, slots=True)
class _Counted:
    """Patterns with the pairs of each."""

    levels: Levels  # shape (patterns, attributes)
    n_pairs: Floats

    def by_level(self, shares: Floats) -> Floats:
        """Pairs by attribute and level, each pattern's taken by a share."""
        n_attributes = self.levels.shape[1]
        return np.stack([
            np.bincount(self.levels[:, place], weights=self.n_pairs * shares, minlength=N_LEVELS) for place in range(n_attributes)
        ])

    def bits(self, table: Floats) -> Floats:
        """The weight of each pattern."""
        total = np.zeros(len(self.levels))
        for place in range(self.levels.shape[1]):
            total += table[place, self.levels[:, place]]
        return total


def estimate(candidates: Patterns, population: Population, comparison: Comparison) -> Weights:
    """The weights that fit the pairs best, by expectation and maximisation (EM).

    All pairs of the population are a mixture of those of one person and those of two; levels are independent within each.
    Pairs that no rule brings together are taken for two persons', so their number enters, and they are not compared.
    u is what remains of the population's agreement when the expected matches are taken out, so duplicates in the data do
    not raise it. The sums run over sorted patterns: equal counts give bit-equal weights.

    Parameters
    ----------
    candidates
        Patterns of the pairs that blocking brings together, and the number of pairs of each.

    Raises
    ------
    NothingToLearn
        When fewer than ten pairs of one person are expected.

    References
    ----------
    Winkler (1988), Using the EM algorithm for weight computation in the Fellegi–Sunter model of record linkage.
    """
    of_candidates, of_random = (_counted(counted, comparison) for counted in (candidates, population.random_pairs))
    can_have = _declared_levels(comparison)
    n_all = float(population.n_pairs)
    # Of an attribute that stands in for another, equal values are no comparison where the other is there.
    stands_in = np.array([attribute.instead_of is not None for attribute in comparison.attributes])
    equal = np.where(stands_in, np.nan, np.array(population.exact_shares) * n_all)
    m = np.where(can_have, [_FIRST_M.get(level, 0.0) for level in range(N_LEVELS)], 0.0)
    m /= m.sum(axis=1, keepdims=True)
    n_matches = max(1.0, min(of_candidates.n_pairs.sum() / 2, population.n_records / 4))
    u = _u(of_random, np.ones(len(of_random.n_pairs)), equal / max(1.0, n_all), can_have)
    n_rounds, change = 0, 1.0
    while change >= _AT_REST and n_rounds < MAX_ROUNDS:
        n_rounds += 1
        table, odds = _bits(m, u), _log_odds(n_matches, n_all)
        shares = _probability(of_candidates.bits(table) + odds)
        matched = of_candidates.by_level(shares)
        before, n_matches = n_matches, float((of_candidates.n_pairs * shares).sum())
        if n_matches < _MIN_MATCHES:
            raise _nothing_to_learn(population, n_matches)
        known = matched * can_have
        next_m = (known + _PRIOR * can_have) / (known + _PRIOR * can_have).sum(axis=1, keepdims=True)
        by_chance = np.maximum(equal - matched[:, EXACT], 0.0) + _PRIOR
        u = _u(of_random, 1 - _probability(of_random.bits(table) + odds), by_chance / (n_all - n_matches), can_have)
        change = max(abs(n_matches - before) / n_matches, float(np.abs(next_m - m).max()))
        m = next_m
    # An attribute of which hardly any pair of one person holds both values has taught nothing, and says nothing.
    m = np.where((known.sum(axis=1) >= _MIN_MATCHES)[:, None], m, u)
    threshold = round(-_log_odds(n_matches, n_all), 6)
    bits = of_candidates.bits(_bits(m, u))
    shares, is_linked = of_candidates.n_pairs * _probability(bits - threshold), bits >= threshold
    return Weights(
        attributes=comparison.names,
        m=_rows(m),
        u=_rows(u),
        threshold=threshold,
        n_pairs=population.n_pairs,
        n_matches=round(n_matches, 3),
        n_rounds=n_rounds,
        expected_precision=round(float(shares[is_linked].sum() / max(1.0, of_candidates.n_pairs[is_linked].sum())), 6),
        expected_recall=round(float(shares[is_linked].sum() / max(1e-9, shares.sum())), 6),
    )


def _nothing_to_learn(population: Population, n_matches: float) -> NothingToLearn:
    return NothingToLearn(
        "the weights of linkage cannot be learned from these records",
        found=f"{n_matches:.1f} pairs of one person expected among {population.n_records} records, fewer than {_MIN_MATCHES}",
        next_step="keep the present weights until more accounts state names, phones or addresses",
    )


def _counted(counted: Patterns, comparison: Comparison) -> _Counted:
    numbers: Sequence[int] | Ints = counted[0]
    order = np.argsort(np.asarray(numbers, np.int64), kind="stable")
    levels = levels_of(np.asarray(numbers, np.int64)[order], n_attributes=len(comparison.names))
    return _Counted(levels, np.asarray(counted[1], np.float64)[order])


def _declared_levels(comparison: Comparison) -> np.ndarray:
    """Which levels each attribute can have, the missing one aside; shape (attributes, levels)."""
    has = {DIFFERENT: True, EXACT: True}
    rows = []
    for attribute in comparison.attributes:
        of_this = has | {SIMILAR: bool(attribute.similar), CLOSE: bool(attribute.close), SWAPPED: bool(attribute.swaps_with)}
        rows.append([of_this.get(level, False) for level in range(N_LEVELS)])
    return np.array(rows)


def _u(random: _Counted, shares: Floats, exact: Floats, can_have: np.ndarray) -> Floats:
    """The share of each level among pairs of two persons that hold both values, shape (attributes, levels).

    Parameters
    ----------
    exact
        By attribute: the share of all pairs of two persons that hold equal values, those without a value included; NaN: that
        of the random pairs.
    """
    counts = random.by_level(shares)
    n_with_both = np.maximum(counts.sum(axis=1) - counts[:, MISSING], 1.0)
    of_random = (counts[:, EXACT] + _PRIOR) / (n_with_both + 2 * _PRIOR)
    of_exact = np.minimum(np.where(np.isnan(exact), of_random, exact * counts.sum(axis=1) / n_with_both), 1 - 1e-9)
    others = can_have.copy()
    others[:, EXACT] = False
    smoothed = counts * others + _PRIOR * others
    u = smoothed / smoothed.sum(axis=1, keepdims=True) * (1 - of_exact)[:, None]
    u[:, EXACT] = of_exact
    return np.asarray(u, np.float64)


def _bits(m: Floats, u: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        bits = np.where((m > 0) & (u > 0), np.log2(m / u), 0.0)
    bits[:, MISSING] = 0.0
    return np.asarray(bits, np.float64)


def _log_odds(n_matches: float, n_all: float) -> float:
    return float(np.log2(n_matches / max(1.0, n_all - n_matches)))


def _probability(bits: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp2(-np.clip(bits, -1000, 1000))))


def _rows(shares: Floats) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(float(value) for value in row) for row in np.round(shares, 12))
