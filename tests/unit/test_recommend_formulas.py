"""Formulas against published or hand-computed figures."""

from __future__ import annotations

import doctest

import numpy as np
import pytest

from reclake.recommend import bootstrap, judging, metrics, picking, pooling
from reclake.recommend.metrics import ideal_dcg, ndcg_at, recall_at
from reclake.recommend.picking import inner_products, picks_of, top_k
from reclake.recommend.scenarios import judging as of_scenarios
from reclake.registry import proof


@pytest.mark.parametrize(
    "module", [bootstrap, judging, metrics, of_scenarios, picking, pooling, proof], ids=lambda module: module.__name__
)
def test_examples(module):
    found = doctest.testmod(module)
    assert found.attempted
    assert not found.failed


def test_ndcg_with_hits_at_2_and_5():
    assert ndcg_at(5, list("abcde"), {"b", "e"}) == pytest.approx(0.62405, abs=5e-6)


def test_only_the_first_k_count():
    assert (recall_at(2, list("abc"), {"c"}), ndcg_at(2, list("abc"), {"c"})) == (0, 0)
    assert recall_at(3, list("abc"), {"c", "x", "y", "z"}) == 0.25


def test_the_ideal_list_has_no_more_than_k_hits():
    assert ideal_dcg(2, 50) == ideal_dcg(2, 2)


@pytest.mark.parametrize("seed", range(20))
def test_top_k_agrees_with_sorting(seed):
    random = np.random.default_rng(seed)
    scores = random.integers(0, 4, 12).astype(np.float32)
    scores[random.random(12) < 0.3] = -np.inf
    k = int(random.integers(1, 14))
    by_sorting = sorted((i for i in range(12) if np.isfinite(scores[i])), key=lambda i: (-scores[i], i))[:k]
    assert top_k(scores, k=k).tolist() == by_sorting


def test_equal_products_tie_in_any_block():
    """The last bit of a GEMM depends on its shape; equal factors must still give equal scores."""
    random = np.random.default_rng(3)
    one, customers = random.normal(size=(1, 64)).astype(np.float32), random.normal(size=(131, 64)).astype(np.float32)
    products = np.repeat(one, 997, axis=0)
    for block in (customers[:1], customers[:7], customers):
        scores = inner_products(block, products)
        assert (scores == scores[:, :1]).all()
        assert (scores[0] == inner_products(customers[:1], products[:1])[0, 0]).all()


def test_cut_into_steps_gives_the_same_picks(monkeypatch):
    random = np.random.default_rng(5)
    vectors, factors = random.normal(size=(9, 4)), random.normal(size=(20, 4))
    seen = [random.choice(20, size=size, replace=False) for size in range(9)]
    candidates, places = np.arange(1, 20, 2), np.arange(100, 110)
    whole = picks_of(vectors, seen, factors, candidates, places, n=4)
    monkeypatch.setattr(picking, "_SCORES_AT_ONCE", 20)
    stepped = picks_of(vectors, seen, factors, candidates, places, n=4)
    assert [[part.tolist() for part in pick] for pick in whole] == [[part.tolist() for part in pick] for pick in stepped]
    assert all(len(pick[0]) == 4 for pick in whole[:5])
    assert any((pick[2] >= 0).any() for pick in whole)


def test_resamples_depend_on_customer_seed_and_resample():
    hashes = np.array([-5, 17, 2**62], dtype=np.int64)
    weights = bootstrap.poisson_weights(hashes, samples=400, seed=7)
    assert (weights[[2, 0]] == bootstrap.poisson_weights(hashes[[2, 0]], samples=400, seed=7)).all()
    assert (weights != bootstrap.poisson_weights(hashes, samples=400, seed=8)).any()
    assert len({tuple(row) for row in weights}) == 3
    assert len({tuple(column) for column in weights.T}) > 20
