"""Paths whose figures are published: the toy of a guide, and the visits of two shops."""

import csv
import gzip
import os
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lakes import ROOT
from path_streams import definition, read
from reclake.behaviour.paths.definition import Paths

ECOM = Path(os.environ.get("ECOM_FILE", ROOT.parent / "shared" / "data" / "retentioneering" / "ecom.csv.gz"))
TOY = {
    "u1": "home catalog cart purchase",
    "u2": "home catalog cart purchase",
    "u3": "home catalog catalog cart",
    "u4": "home search cart",
    "u5": "home search search",
}


def seen(at, node, device="d"):
    return {"at": at, "node": node, "device": device, "channel": None}


def toy(*, collapse):
    histories = [[seen(at, node) for at, node in enumerate(path.split())] for path in TOY.values()]
    return read(histories, [definition(name="toy", collapse=collapse, n_steps=4)])["toy"]


def step(sums, number, *, anchor="path_start", direction="from"):
    """Node → how many paths are there."""
    at = ("steps", "all", "all", anchor, "first", direction, number)
    return {key[-1]: of["n"] for key, of in sums.items() if key[:-1] == at}


def transitions(sums):
    """(from, to) → how often, between nodes."""
    edges = {key[3:]: of["n"] for key, of in sums.items() if key[:3] == ("edges", "all", "all")}
    return Counter({pair: n for pair, n in edges.items() if not {"path_start", "path_end"} & set(pair)})


def test_the_steps_of_the_toy():
    raw, collapsed = toy(collapse=False), toy(collapse=True)
    assert (step(raw, 3)["cart"], step(collapsed, 3)["cart"]) == (3, 4)  # of 5 paths
    assert step(raw, 4) == {"purchase": 2, "cart": 1, "path_end": 2}
    assert step(collapsed, 4) == {"purchase": 2, "path_end": 3}


def test_the_transitions_of_the_toy():
    assert transitions(toy(collapse=False)).total() == 13
    collapsed = transitions(toy(collapse=True))
    assert collapsed == {
        ("home", "catalog"): 3, ("home", "search"): 2, ("catalog", "cart"): 3, ("search", "cart"): 1, ("cart", "purchase"): 2,
    }  # fmt: skip
    assert sum(n for _, n in collapsed.most_common(3)) == 8
    assert collapsed.total() - 8 == 3


@pytest.mark.parametrize("collapse", [False, True])
def test_the_ways_of_the_toy_to_the_cart(collapse):
    sums = toy(collapse=collapse)
    paths_with = [sums["nodes", "all", "all", node]["n_paths"] for node in ("home", "cart", "purchase")]
    assert paths_with == [5, 4, 2]  # 100, 80 and 40 %
    assert step(sums, 1, anchor="cart", direction="to") == {"catalog": 3, "search": 1}  # 75 and 25 % of 4
    assert step(sums, 3, anchor="cart", direction="to") == ({"path_start": 4} if collapse else {"path_start": 3, "home": 1})
    home = ("home", "catalog", "cart")
    assert sums["routes", "all", "all", home] == (
        {"n": 3, "n_paths": 3, "n_customers": 3, "n_converted": 2} if collapse
        else {"n": 2, "n_paths": 2, "n_customers": 2, "n_converted": 2}
    )  # fmt: skip


@pytest.fixture(scope="module")
def ecom():
    if not ECOM.exists():
        pytest.skip(f"needs ecom.csv.gz of the package retentioneering 5.2.4 at {ECOM}, or where ECOM_FILE says")
    with gzip.open(ECOM, "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 31_106
    at = [int(datetime.fromisoformat(row["timestamp"]).replace(tzinfo=UTC).timestamp()) for row in rows]
    order = sorted(range(len(rows)), key=lambda n: (rows[n]["user_id"], at[n], n))
    return [(rows[n]["user_id"], rows[n]["session_id"], at[n], rows[n]["event"]) for n in order]


def of_events(events, *, collapse):
    """The definition whose nodes are these events."""
    nodes = [{"name": name, "any_of": [{"event": "view_page"}]} for name in events]
    return Paths(name="shop", description="d", collapse=collapse, nodes=nodes, goal="purchase", n_steps=5, longest_route=3)


def histories_of(rows):
    histories = {}
    for customer, at, node in rows:
        histories.setdefault(customer, []).append(seen(at, node))
    return list(histories.values())


@pytest.mark.data
@pytest.mark.parametrize(
    ("collapse", "n_visits", "n_transitions", "n_edges", "top_50", "heaviest", "second", "ended", "first", "ended_at_5"),
    [
        (False, 31_106, 27_501, 336, 0.7388, {("catalog", "product_view"): 1_679, ("product_view", "catalog"): 1_403, ("product_view", "product_view"): 1_321},
         {"catalog": 831, "product_view": 646, "search": 619}, 231, {"home": 1_148, "catalog": 910, "search": 689}, 884),
        (True, 27_535, 23_930, 318, 0.7317, {("catalog", "product_view"): 1_679, ("product_view", "catalog"): 1_403, ("search", "product_view"): 943},
         {"catalog": 737, "product_view": 678, "search": 557}, 258, {"home": 1_148, "catalog": 910, "search": 689}, 1_057),
    ],
)  # fmt: skip
def test_the_paths_of_a_shop_are_as_published(
    ecom, collapse, n_visits, n_transitions, n_edges, top_50, heaviest, second, ended, first, ended_at_5
):
    events = list(dict.fromkeys(event for *_, event in ecom))
    sums = read(histories_of((user, at, event) for user, _, at, event in ecom), [of_events(events, collapse=collapse)])["shop"]
    assert sums["paths", "all", "all"]["n"] == 3_605
    assert sum(of["n"] for key, of in sums.items() if key[0] == "nodes") == n_visits
    edges = transitions(sums)
    assert (edges.total(), len(edges)) == (n_transitions, n_edges)
    if not collapse:
        assert sum(n for (one, other), n in edges.items() if one == other) == 3_571
    assert dict(edges.most_common(3)) == heaviest
    covered = sum(n for _, n in edges.most_common(50))
    assert round(covered / n_transitions, 4) == top_50
    assert covered == 17_510 or not collapse
    top = {node: n for node, n in step(sums, 2).items() if node in second}
    assert top == second
    assert step(sums, 2)["path_end"] == ended
    assert {node: n for node, n in step(sums, 1).items() if node in first} == first
    assert step(sums, 5)["path_end"] == ended_at_5


@pytest.mark.data
def test_the_paths_of_a_shop_are_its_true_visits(ecom):
    """Each visit's own device changes nothing: cut by pauses, paths are one to one with the true ones."""
    as_cut, as_true = histories_of((user, at, event) for user, _, at, event in ecom), {}
    for user, session, at, event in ecom:
        as_true.setdefault(user, []).append(seen(at, event, device=session[5:]))
    events = list(dict.fromkeys(event for *_, event in ecom))
    one = of_events(events, collapse=False)
    assert read(as_cut, [one]) == read(list(as_true.values()), [one])


@pytest.mark.data
def test_the_visits_of_another_shop():
    path = ROOT.parent / "shared" / "data" / "retailrocket-subset" / "events.csv"
    if not path.exists():
        pytest.skip("needs shared/data/retailrocket-subset")
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    nodes = {"view": "catalog", "addtocart": "cart", "transaction": "purchase"}
    order = sorted(rows, key=lambda row: (row["visitorid"], int(row["timestamp"]), list(nodes).index(row["event"])))
    sums = read(histories_of((row["visitorid"], int(row["timestamp"]), nodes[row["event"]]) for row in order), [definition()])[
        "p"
    ]
    assert sums["paths", "all", "all"]["n"] == 15_877
    assert sums["paths", "all", "all"]["n_customers"] == 2_174
