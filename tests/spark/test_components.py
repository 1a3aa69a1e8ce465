"""Connected components against scipy."""

import random
from itertools import pairwise

import numpy as np
import pytest
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components as by_scipy

from reclake.identity.components import LinksUnsettled, connected_components


def random_edges(seed):
    """A graph `seed` of its own: its nodes are called apart from those of other seeds."""
    chance = random.Random(seed)
    n_nodes = chance.randint(2, 30)
    names = [f"{seed:02d}-{chance.random():.9f}" for _ in range(n_nodes)]
    return [(chance.choice(names), chance.choice(names)) for _ in range(chance.randint(1, 30))]


def chain(n_nodes, seed=1):
    names = [f"chain-{i:03d}" for i in range(n_nodes)]
    random.Random(seed).shuffle(names)
    return list(pairwise(names))


def smallest_in_reach(edges):
    """Node → smallest node of its component, by scipy; nodes of loops only are left out."""
    edges = [edge for edge in edges if edge[0] != edge[1]]
    nodes = sorted({node for edge in edges for node in edge})
    place = {node: i for i, node in enumerate(nodes)}
    left, right = ([place[edge[side]] for edge in edges] for side in (0, 1))
    _, labels = by_scipy(coo_matrix((np.ones(len(edges)), (left, right)), shape=(len(nodes), len(nodes))), directed=False)
    smallest = {}
    for node in nodes:
        smallest.setdefault(labels[place[node]], node)
    return {node: smallest[labels[place[node]]] for node in nodes}


# One edge at a time leaves all to the rounds, seven leave something, and the worker can hold them all.
@pytest.mark.parametrize("edges_at_once", [1, 7, 1000])
def test_twenty_random_graphs_and_a_chain_agree_with_scipy(spark, edges_at_once):
    edges = [edge for seed in range(20) for edge in random_edges(seed)] + chain(30)
    graph = spark.createDataFrame(edges, "left string, right string")
    found = connected_components(graph, edges_at_once=edges_at_once).collect()
    expected = smallest_in_reach(edges)
    assert len(set(expected.values())) > 20
    assert len(found) == len(expected)
    assert {row["node"]: row["component"] for row in found} == expected


def test_no_edges_give_no_components(spark):
    assert connected_components(spark.createDataFrame([("a", "a")], "left string, right string")).isEmpty()


def test_too_few_rounds_are_an_error_not_a_wrong_answer(spark):
    with pytest.raises(LinksUnsettled, match=r"did not settle in 1 rounds\n  found: .*\n  next: "):
        connected_components(spark.createDataFrame(chain(40), "left string, right string"), max_rounds=1, edges_at_once=1)
