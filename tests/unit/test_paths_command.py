"""reclake paths: what it prints is what gold says, without Spark; a question that has no answer is told in three lines."""

import json
from datetime import date

import pytest
from typer.testing import CliRunner

from lakes import ROOT, as_environment
from reclake.cli import app
from reclake.errors import UsageError
from reclake.tables import gold
from without_spark import publish

AS_OF = date(2026, 3, 10)
NAME = "visits"
COMMON = {"as_of_date": AS_OF, "path": NAME, "form": "collapsed", "dimension": "all", "value": "all"}
START = COMMON | {
    "anchor": "path_start",
    "occurrence": "first",
    "direction": "from",
    "n_customers": 20,
    "n_paths": 100,
    "n_ways": 100,
}
STEPS = {1: {"list": 60, "search": 40}, 2: {"product": 55, "other": 15, "path_end": 30}}


def steps():
    for step, nodes in STEPS.items():
        for node, n in nodes.items():
            yield START | {"step": step, "node": node, "n_at_node": n, "node_share": n / 100}
    cart = START | {"anchor": "cart", "occurrence": "all", "direction": "to", "step": 1, "n_ways": 60, "n_paths": 50}
    yield cart | {"node": "product", "n_at_node": 45, "node_share": 0.75}
    yield cart | {"node": "path_start", "n_at_node": 15, "node_share": 0.25}
    web = START | {"dimension": "channel", "value": "web", "step": 1, "n_ways": 30, "n_paths": 30}
    yield web | {"node": "list", "n_at_node": 30, "node_share": 1.0}
    yield START | {
        "as_of_date": date(2026, 3, 9),
        "step": 1,
        "node": "page",
        "n_at_node": 7,
        "n_ways": 7,
        "n_paths": 7,
        "node_share": 1.0,
    }


def transitions():
    row = COMMON | {"n_paths": 20, "n_customers": 20, "from_share": 0.5, "to_share": 0.5}
    for other, n in (("product", 55), ("other", 15), ("path_end", 30)):
        yield row | {
            "from_node": "list",
            "to_node": other,
            "n_transitions": n,
            "seconds_median": None if other == "path_end" else 20.0,
        }


def routes():
    row = {name: COMMON[name] for name in ("as_of_date", "path", "form")} | {"base_share": 0.2}
    yield row | {"n_nodes": 3, "route": "other", "n_occurrences": 500}
    for route, n in (("list > product > cart", 30), ("search > product > cart", 20)):
        yield row | {
            "n_nodes": 3, "route": route, "n_occurrences": n, "n_paths": n, "n_customers": n, "n_converted": 12,
            "support_share": n / 100, "conversion_share": 12 / n, "lift_ratio": 60 / n,
        }  # fmt: skip


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    root = tmp_path_factory.mktemp("paths") / "lake"
    publish(root, {gold.PATH_STEPS: list(steps()), gold.PATH_TRANSITIONS: list(transitions()), gold.PATH_ROUTES: list(routes())})
    return root


@pytest.fixture(autouse=True)
def environment(lake, monkeypatch):
    for name, value in (as_environment({"lake.root": str(lake)}) | {"RECLAKE_HOME": str(ROOT)}).items():
        monkeypatch.setenv(name, value)


def reclake(*arguments):
    done = CliRunner().invoke(app, ["paths", *arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_the_step_matrix_of_the_newest_as_of_is_printed():
    assert json.loads(reclake(NAME, "--json")) == [
        {"node": "list", "1": 0.6, "2": None}, {"node": "search", "1": 0.4, "2": None}, {"node": "product", "1": None, "2": 0.55},
        {"node": "path_end", "1": None, "2": 0.3}, {"node": "other", "1": None, "2": 0.15},
    ]  # fmt: skip
    assert "100 % are 100 paths" in reclake(NAME)
    assert json.loads(reclake(NAME, "--as-of", "2026-03-09", "--json")) == [{"node": "page", "1": 1.0}]
    assert json.loads(reclake(NAME, "--by", "channel", "--json")) == [{"value": "web", "node": "list", "1": 1.0}]
    assert "web: 100 % are 30 paths" in reclake(NAME, "--by", "channel")


def test_ways_to_an_anchor_print_what_they_are_shares_of():
    asked = (NAME, "--anchor", "cart", "--direction", "to", "--occurrence", "all")
    assert json.loads(reclake(*asked, "--json")) == [{"node": "product", "1": 0.75}, {"node": "path_start", "1": 0.25}]
    assert "100 % are 60 ways in 50 paths that hold cart" in reclake(*asked)


def test_transitions_and_routes_are_printed_with_what_is_left():
    rows = json.loads(reclake(NAME, "--transitions", "--json"))
    assert [(row["to_node"], row["n_transitions"], row["seconds_median"]) for row in rows] == [
        ("product", 55, 20.0), ("path_end", 30, None), ("other", 15, 20.0),
    ]  # fmt: skip
    assert "Not shown: 2 rows of 45 more" in reclake(NAME, "--transitions", "--top", "1")
    rows = json.loads(reclake(NAME, "--routes", "--json"))
    assert [(row["route"], row["n_paths"], row["lift_ratio"]) for row in rows] == [
        ("list > product > cart", 30, 2.0), ("search > product > cart", 20, 3.0), ("other", None, None),
    ]  # fmt: skip
    assert "Not shown: 2 rows of 520 more" in reclake(NAME, "--routes", "--top", "1")


def test_without_a_name_all_definitions_are_listed():
    (row,) = json.loads(reclake("--json"))
    assert (row["path"], row["form"], row["goal"]) == (NAME, "collapsed", "purchase")


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        (["visit"], "did you mean 'visits'?"),
        ([NAME, "--by", "hour"], "--by: visits counts no 'hour'"),
        ([NAME, "--anchor", "video"], "--anchor: visits counts no 'video'"),
        ([NAME, "--direction", "up"], "--direction: visits counts no 'up'"),
        ([NAME, "--occurrence", "all"], "--direction and --occurrence are of an anchor"),
        ([NAME, "--routes", "--transitions"], "are three questions"),
        ([NAME, "--as-of", "2026-01-01"], "gold.path_steps has no rows of the as_of 2026-01-01"),
    ],
)
def test_what_cannot_be_answered_is_told_in_three_lines(asked, answer):
    with pytest.raises(UsageError) as error:
        reclake(*asked)
    assert len(str(error.value).splitlines()) == 3
    assert answer in str(error.value)
