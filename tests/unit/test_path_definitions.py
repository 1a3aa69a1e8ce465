"""Definitions of paths: the shipped one holds, and what contradicts itself is refused with its reason."""

import pytest

from lakes import ROOT
from reclake.behaviour.catalogues import PATHS
from reclake.behaviour.paths.definition import MOST_NODES, Paths
from reclake.errors import SettingsInvalid


def test_the_shipped_definition_names_a_node_for_every_kind_that_people_do():
    (visits,) = PATHS.load(ROOT / "conf" / "paths").values()
    assert visits.names == ("list", "product", "cart", "checkout", "page", "video", "search", "purchase", "login", "rate")
    assert visits.form == "collapsed"
    assert [way.anchor for way in (visits.ways[0], *visits.ways[1::6])] == ["path_start", "cart", "search"]
    assert len(visits.ways) == 13


def test_a_kind_keeps_its_node_where_a_rule_takes_only_some_of_it():
    values = {
        "name": "p", "description": "d", "goal": "purchase",
        "nodes": [{"name": "app_view", "any_of": [{"event": "view_item", "where": [{"property": "channel", "one_of": ["app"]}]}]}],
    }  # fmt: skip
    one = Paths.model_validate(values)
    assert (one.names[0], one.code_of("app_view"), "view_item" in one.names) == ("app_view", 1, True)
    assert len(one.names) < MOST_NODES


NODE = '[[nodes]]\nname = "{}"\nany_of = [{{ event = "{}" }}]\n'


@pytest.mark.parametrize(
    ("lines", "wrong"),
    [
        ('goal = "bought"', "goal: there is no node 'bought'; nodes are session_start"),
        ('goal = "purchase"\nanchors = ["basket"]', "anchors: there is no node 'basket'"),
        ('goal = "purchase"\nanchors = ["search", "search"]', "search stands twice"),
        ('goal = "purchase"\nbreakdowns = ["month", "day"]', "month follows from day"),
        ('goal = "purchase"\nignore = ["purchase"]', "there is no node 'purchase'"),
        ('goal = "purchase"\nignore = ["blink"]', "ignore.0"),
        ('goal = "purchase"\nshortest_route = 5\nlongest_route = 4', "routes of 5 nodes at least and 4 at most"),
        ('goal = "purchase"\nlongest_route = 9', "longest_route"),
        ('goal = "purchase"\nsteps = 3', "steps"),
        ('goal = "purchase"\n' + NODE.format("other", "search"), "other is no name of a node"),
        ('goal = "purchase"\n' + NODE.format("till", "order"), "an order line belongs to no device"),
        ('goal = "purchase"\n' + 2 * NODE.format("find", "search"), "two nodes are named find"),
        (
            'goal = "purchase"\nignore = ["search"]\n' + NODE.format("find", "search"),
            "search is ignored, and node find asks for it",
        ),
    ],
)
def test_what_contradicts_itself_is_refused(tmp_path, lines, wrong):
    (tmp_path / "p.toml").write_text(f'description = "d"\n{lines}\n', encoding="utf-8")
    with pytest.raises(SettingsInvalid) as error:
        PATHS.load(tmp_path)
    assert wrong in str(error.value)
    assert len(str(error.value).splitlines()) == 3
