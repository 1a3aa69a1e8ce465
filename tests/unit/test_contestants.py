"""What a scenario is judged beside: the same rules with other chains."""

import cloudpickle
import pytest

from lakes import ROOT
from reclake.recommend.catalogues import SCENARIOS
from reclake.recommend.scenarios.contestants import contestants
from reclake.recommend.scenarios.serving import Asked, Candidate, served_scenarios
from reclake.recommend.scenarios.shelf import LATELY, Shelf

SHIPPED = SCENARIOS.load(ROOT / "conf" / "scenarios")
FITTED = ("als", "item_item")


def keys_of(name, **asked):
    found = contestants(SHIPPED[name], **({"fitted": FITTED, "serving": (), "champions": ()} | asked))
    return {other: [link.key for link in next(iter(one.blocks.values())).chain] for other, one in found.items()}


def test_a_chain_is_judged_as_it_serves_and_as_it_could():
    alone = [link.key for _, link in SHIPPED["home"].links]
    assert alone[0] == "model/als"
    unpromoted = keys_of("home")
    assert unpromoted["chain"] == alone[1:]
    assert unpromoted["chain_challenger"] == alone
    assert unpromoted["als"] == ["model/als", "popular/all"]
    assert unpromoted["item_item"] == ["model/item_item", "popular/all"]
    assert unpromoted["popular_7_days"] == ["popular/last_7_days", "popular/all"]
    assert unpromoted["last_category"] == ["popular/last_category", "popular/all"]
    assert unpromoted["popularity"] == ["popular/all"]
    promoted = keys_of("home", serving=("als",))
    assert promoted["chain"] == alone
    assert "chain_challenger" not in promoted
    assert "chain_champion" not in promoted
    old_enough = keys_of("home", serving=("als",), champions=("als",))
    assert old_enough["chain_champion"] == ["model/als_champion", *alone[1:]]
    assert old_enough["als_champion"] == ["model/als_champion", "popular/all"]


@pytest.mark.parametrize("name", ["item_page", "cart"])
def test_products_and_baskets_know_no_model_of_customers(name):
    found = keys_of(name, serving=("als",), champions=("als",))
    assert found.keys() == {"chain", "popular_7_days", "popularity", "last_category", "seen_together"}
    assert found["seen_together"] == ["seen_together/query", "popular/all"]


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_every_other_chain_keeps_the_rules(name):
    for one in contestants(SHIPPED[name], fitted=FITTED, serving=FITTED, champions=()).values():
        assert not one.reasons
        assert not one.reaches_out
        assert (one.query, one.eligible, one.blocks.keys()) == (
            SHIPPED[name].query,
            SHIPPED[name].eligible,
            SHIPPED[name].blocks.keys(),
        )
        for block, other in zip(SHIPPED[name].blocks.values(), one.blocks.values(), strict=True):
            assert block.model_dump(exclude={"chain"}) == other.model_dump(exclude={"chain"})


def test_every_other_chain_is_served_as_it_says():
    """Twelve products of three categories by popularity; the customer saw 5 (cups) last and 1 (tea) before, and has products of two models."""
    category = [("tea", "cups", "cats")[n % 3] for n in range(12)]
    shelf = Shelf(
        [True] * 12,
        category,
        [str(n) for n in range(12)],
        [12.0 - n for n in range(12)],
        [False] * 12,
        {LATELY: [(9, 3.0), (4, 2.0)]},
    )
    own = {"model/als": [Candidate(12, 1.0)], "model/item_item": [Candidate(11, 1.0)]}
    asked = Asked(seen={1, 5}, recent=[5, 1], candidates=own)
    # As Spark does it: the chains travel to the workers.
    others = cloudpickle.loads(cloudpickle.dumps(contestants(SHIPPED["home"], fitted=FITTED, serving=(), champions=())))
    lists = {}
    for name, _, pick in served_scenarios(asked, shelf, others):
        lists.setdefault(name, []).append(pick.place)
    popular = [2, 3, 4, 6, 7, 8, 9, 10, 11, 12]
    assert lists["popularity"] == lists["chain"] == popular  # no model is promoted, and nothing was seen together
    for name, first in {
        "popular_7_days": [9, 4],
        "last_category": [2, 8, 11],
        "als": [12],
        "chain_challenger": [12],
        "item_item": [11],
    }.items():
        assert lists[name] == [*first, *(place for place in popular if place not in first)], name
