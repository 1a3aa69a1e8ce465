"""Weights from counts of patterns: known shares are found again, and the order of patterns does not matter."""

import numpy as np
import pytest

from reclake.identity.linkage.declared import CLOSE, DIFFERENT, EXACT, MISSING, N_LEVELS, Attribute, Band, Comparison
from reclake.identity.linkage.estimate import NothingToLearn, estimate
from reclake.identity.linkage.levels import levels_of, patterns
from reclake.identity.linkage.population import Population
from reclake.identity.linkage.weights import Weights

THREE = Comparison(attributes=tuple(Attribute(name=name, close=Band(1)) for name in "abcd"), rules=("a",))
M = {DIFFERENT: 0.06, CLOSE: 0.10, EXACT: 0.84}
U = {"a": 1 / 500, "b": 1 / 300, "c": 1 / 80, "d": 1 / 12}
MISSING_SHARE = 0.15


def shares_of(m_exact, m_close):
    shares = np.zeros(N_LEVELS)
    shares[[DIFFERENT, CLOSE, EXACT]] = [1 - m_exact - m_close, m_close, m_exact]
    return shares * (1 - MISSING_SHARE) + np.eye(N_LEVELS)[MISSING] * MISSING_SHARE


def expected_counts(n_pairs, by_attribute):
    """Every pattern with its expected pairs, when attributes are independent."""
    all_levels = np.array(np.meshgrid(*[[MISSING, DIFFERENT, CLOSE, EXACT]] * 4)).reshape(4, -1).T.astype(np.int8)
    probability = np.prod([by_attribute[k][all_levels[:, k]] for k in range(4)], axis=0)
    return all_levels, n_pairs * probability


def world(n_matches=4_000, n_pairs=20_000_000):
    of_one = expected_counts(n_matches, [shares_of(M[EXACT], M[CLOSE])] * 4)
    of_two = expected_counts(n_pairs - n_matches, [shares_of(u, 2 * u) for u in U.values()])
    levels, counts = of_one[0], of_one[1] + of_two[1]
    blocked = (levels == EXACT).any(axis=1)
    numbers = patterns(levels)
    candidates = (numbers[blocked].tolist(), np.round(counts[blocked]).tolist())
    random = (numbers.tolist(), np.round(counts / n_pairs * 1_000_000).tolist())
    exact = tuple(float(counts[levels[:, k] == EXACT].sum() / n_pairs) for k in range(4))
    return candidates, Population(6_325, n_pairs, exact, random)


def test_known_shares_are_found_again():
    weights = estimate(*world(), THREE)
    # Matches that no rule brings together are not seen: here the share that agrees exactly on nothing.
    assert weights.n_matches == pytest.approx(4_000 * (1 - (1 - 0.84 * 0.85) ** 4), rel=0.02)
    m, u = np.array(weights.m), np.array(weights.u)
    assert m[3, [DIFFERENT, CLOSE, EXACT]] == pytest.approx([M[DIFFERENT], M[CLOSE], M[EXACT]], abs=0.01)
    assert u[:, EXACT] == pytest.approx(list(U.values()), rel=0.02)
    assert u[:, CLOSE] == pytest.approx([2 * of_exact for of_exact in U.values()], rel=0.05)
    assert (weights.table[:, MISSING] == 0).all()
    assert weights.threshold == pytest.approx(np.log2((20_000_000 - weights.n_matches) / weights.n_matches), abs=0.001)


def test_the_order_of_patterns_does_not_move_a_bit():
    (numbers, counts), known = world()
    order = np.random.default_rng(1).permutation(len(numbers))
    shuffled = ([numbers[i] for i in order], [counts[i] for i in order])
    assert estimate(shuffled, known, THREE).to_json() == estimate((numbers, counts), known, THREE).to_json()


def test_records_without_a_second_one_teach_nothing():
    levels, counts = expected_counts(20_000_000, [shares_of(u, 2 * u) for u in U.values()])
    blocked = levels[:, 0] == EXACT
    candidates = (patterns(levels)[blocked].tolist(), np.round(counts[blocked]).tolist())
    random = (patterns(levels).tolist(), np.round(counts / 20).tolist())
    exact = tuple(float(counts[levels[:, k] == EXACT].sum() / 20_000_000) for k in range(4))
    with pytest.raises(NothingToLearn, match=r"cannot be learned from these records\n  found: .* pairs of one person expected"):
        estimate(candidates, Population(6_325, 20_000_000, exact, random), THREE)


@pytest.mark.parametrize("n_records", [0, 1, 2])
def test_hardly_any_records_teach_nothing(n_records):
    with pytest.raises(NothingToLearn):
        estimate(([], []), Population(n_records, n_records // 2, (0.0,) * 4, ([], [])), THREE)


def test_weights_survive_their_text():
    weights = estimate(*world(), THREE)
    again = Weights.from_json(weights.to_json())
    assert again == weights
    assert again.version == weights.version
    assert len(weights.version) == 12


def test_agreement_on_a_rare_value_weighs_more():
    weights = estimate(*world(), THREE)
    levels = np.array([[EXACT, DIFFERENT, MISSING, EXACT]] * 3, np.int8)
    parts = weights.parts(levels, {"a": np.array([1 / 10, 1 / 10_000, np.nan])})
    m = weights.m[0][EXACT]
    assert parts[:, 0] == pytest.approx([np.log2(m * 10), np.log2(m * 10_000), np.log2(m * 20_000)], abs=1e-5)
    assert parts[:, 1].tolist() == [weights.table[1, DIFFERENT]] * 3
    assert parts[:, 2].tolist() == [0.0] * 3
    assert parts[:, 3].tolist() == [weights.table[3, EXACT]] * 3
    assert weights.total(parts) == pytest.approx(parts.sum(axis=1), abs=1e-5)


def test_an_attribute_that_nobody_has_says_nothing():
    (numbers, counts), known = world()
    more = Comparison(attributes=(*THREE.attributes, Attribute(name="e", instead_of="a", close=Band(1))), rules=("a",))
    weights = estimate(
        (numbers, counts), known.__class__(known.n_records, known.n_pairs, (*known.exact_shares, 0.001), known.random_pairs), more
    )
    assert (weights.table[4] == 0).all()
    assert (weights.table[:4] == estimate((numbers, counts), known, THREE).table).all()


def test_links_are_as_sure_as_the_fit_says():
    candidates, known = world()
    weights = estimate(candidates, known, THREE)
    levels = levels_of(candidates[0], n_attributes=4)
    is_linked = weights.total(weights.parts(levels, {})) >= weights.threshold
    of_one = expected_counts(4_000, [shares_of(M[EXACT], M[CLOSE])] * 4)
    right = dict(zip(patterns(of_one[0]).tolist(), of_one[1], strict=True))
    n_right = sum(right[number] for number, linked in zip(candidates[0], is_linked, strict=True) if linked)
    n_linked = sum(count for count, linked in zip(candidates[1], is_linked, strict=True) if linked)
    assert weights.expected_precision == pytest.approx(n_right / n_linked, abs=0.01)
    assert 0.5 < weights.expected_recall < 1
