"""Rules of lists: 5,000 drawn settings against rules that are written once more, and what must not matter."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest

from reclake.recommend.scenarios.definition import PLACEHOLDERS, Block, Scenario
from reclake.recommend.scenarios.serving import NOBODY, Asked, Candidate, served, served_scenarios
from reclake.recommend.scenarios.shelf import Shelf

N_SETTINGS = 5_000
CHAIN = [
    {"link": "model", "model": "als"},
    {"link": "related", "relation": "bought_together", "to": "bought", "above_chance": True},
    {"link": "popular", "scope": "tier"},
    {"link": "popular", "scope": "category"},
    {"link": "popular", "scope": "all"},
]
FACTS = ("goes_with", "looked_at", "bought", "popular_in")


def drawn_shelf(draw, n):
    return Shelf(
        is_open=[draw.random() < 0.7 for _ in range(n)],
        category=[draw.choice(("tea", "cups", "cats", None)) for _ in range(n)],
        variant=[draw.choice((f"p{place}", "group", f"p{draw.randint(1, n)}")) for place in range(1, n + 1)],
        popularity=[float(n - place) for place in range(n)],
        is_popular_in_category=[draw.random() < 0.5 for _ in range(n)],
        lists={
            f"tier/{tier}": [(p, 1.0) for p in draw.sample(range(1, n + 1), draw.randint(0, n))] for tier in ("new", "dormant")
        },
    )


def drawn_candidates(draw, n):
    places = draw.sample(range(1, n + 1), draw.randint(0, n))
    return [Candidate(p, draw.random(), f"p{draw.randint(1, n)}", draw.choice((None, "looked_at", "bought"))) for p in places]


def drawn_asked(draw, n):
    def some():
        return draw.sample(range(1, n + 1), draw.randint(0, n))

    keys = [link.key for link in Block(chain=CHAIN).chain]
    return Asked(
        is_personal=draw.random() < 0.7,
        own=some()[:2] if draw.random() < 0.3 else (),
        seen=set(some()),
        bought={place: draw.randint(1, 40) for place in some()},
        shown={place: draw.randint(1, 10) for place in some()},
        recent=some(),
        groups={"tier": draw.choice(("new", "dormant", "prospect"))},
        candidates={key: drawn_candidates(draw, n) for key in keys if draw.random() < 0.8},
        partners=dict.fromkeys(some(), "partner"),
    )


def drawn_block(draw):
    chain = draw.sample(CHAIN[:-1], draw.randint(0, len(CHAIN) - 1)) + CHAIN[-1:]
    return Block(
        chain=chain,
        size=draw.randint(1, 12),
        unseen=draw.random() < 0.5,
        not_bought_days=draw.choice((0, 5, 30)),
        not_shown_days=draw.choice((0, 3)),
        per_category=draw.choice((0, 0, 1, 2)),
        category=draw.choice(("any", "any", "same", "other")),
    )


def alike(shelf, one, other):
    """Whether one product is the other, or a variant of it."""
    return shelf.variant[one - 1] == shelf.variant[other - 1]


def broken(asked, shelf, block, places):
    """The rules that a list breaks, each in words of its own."""
    known = asked if asked.is_personal else NOBODY
    categories, variants = [shelf.category[p - 1] for p in places], [shelf.variant[p - 1] for p in places]
    own = {shelf.category[p - 1] for p in known.own} - {None}
    per_category = Counter(category for category in categories if category)
    return {
        "too long": len(places) > block.size,
        "twice": len(set(places)) < len(places),
        "closed": any(not shelf.is_open[p - 1] for p in places),
        "seen": block.unseen and any(alike(shelf, p, one) for p in places for one in known.seen),
        "bought": any(
            alike(shelf, p, one) and days <= block.not_bought_days for p in places for one, days in known.bought.items()
        ),
        "shown": any(alike(shelf, p, one) and days <= block.not_shown_days for p in places for one, days in known.shown.items()),
        "variant": len(set(variants)) < len(variants) or bool({shelf.variant[p - 1] for p in known.own} & set(variants)),
        "itself": bool(set(places) & set(known.own)),
        "cap": bool(block.per_category) and any(n > block.per_category for n in per_category.values()),
        "not the same": block.category == "same" and any(c not in own for c in categories),
        "not another": block.category == "other" and any(c in own for c in categories),
    }


def test_no_rule_is_broken_and_no_list_is_shorter_than_it_must_be():
    draw = random.Random(25)
    n_rows, kinds = 0, Counter()
    for _ in range(N_SETTINGS):
        n = draw.randint(1, 14)
        shelf, asked, block = drawn_shelf(draw, n), drawn_asked(draw, n), drawn_block(draw)
        picks = served(asked, shelf, block, facts=FACTS)
        places = [pick.place for pick in picks]
        wrong = broken(asked, shelf, block, places)
        assert not any(wrong.values()), (wrong, asked, shelf, block)
        if len(picks) < block.size:  # nothing that is left out could be added
            for place in set(range(1, n + 1)) - set(places):
                added = broken(asked, shelf, block, [*places, place]) | {"too long": False}
                assert any(added.values()), (place, asked, shelf, block)
                kinds.update(name for name, is_broken in added.items() if is_broken)
        positions = [pick.position for pick in picks]
        assert positions == sorted(positions), "a later link stands before an earlier one"
        if asked.is_personal:
            assert all(pick.fact in (None, *FACTS) for pick in picks)
            assert all(asked.partners[pick.place] == pick.evidence for pick in picks if pick.fact == "goes_with")
        else:
            assert {pick.fact for pick in picks} <= {None, "popular_in"}
        n_rows += len(picks)
    assert n_rows > N_SETTINGS
    assert kinds.keys() >= {"closed", "seen", "bought", "shown", "variant", "cap", "not the same", "not another"}, "never drawn"


def test_nothing_that_is_known_of_who_opted_out_moves_their_list():
    draw = random.Random(14)
    n_compared = 0
    for _ in range(500):
        n = draw.randint(1, 14)
        shelf, block = drawn_shelf(draw, n), drawn_block(draw)
        one, other = (replace(drawn_asked(draw, n), is_personal=False) for _ in range(2))
        lists = [served(asked, shelf, block, facts=FACTS) for asked in (one, other, NOBODY)]
        assert lists[0] == lists[1] == lists[2]
        n_compared += len(lists[0])
    assert n_compared > 500


def test_positions_and_reasons_of_one_list():
    shelf = Shelf(
        is_open=[True, True, True, True, False],
        category=["tea", "tea", "cups", None, "tea"],
        variant=["p1", "p2", "p3", "p4", "p5"],
        popularity=[5.0, 4.0, 3.0, 2.0, 1.0],
        is_popular_in_category=[True, False, False, False, False],
    )
    asked = Asked(
        seen={2},
        recent=[2],
        candidates={"model/als": [Candidate(5, 0.9), Candidate(3, 0.8, "p2", "looked_at")]},
        partners={3: "p2"},
    )
    block = Block(chain=[CHAIN[0], CHAIN[4]], unseen=True)
    assert served(asked, shelf, block, facts=("looked_at", "goes_with", "popular_in")) == [
        (3, 1, 0.8, "p2", "looked_at", "p2"),
        (1, 2, 5.0, None, "popular_in", None),
        (4, 2, 2.0, None, None, None),
    ]
    assert served(asked, shelf, block, facts=("goes_with", "looked_at"))[0].fact == "goes_with"
    assert set(FACTS) <= set(PLACEHOLDERS)


def reaching(precedence):
    eligible = {"table": "gold.contact_list", "where": {"contact_purpose": "win_back"}}
    return Scenario(
        name="reaching",
        description="A message.",
        query="customer",
        label="bought",
        within_days=7,
        metric="hit_rate",
        blocks={"list": {"chain": [CHAIN[-1]], "size": 1}},
        eligible=eligible,
        reaches_out=True,
        precedence=precedence,
    )


@pytest.mark.parametrize("is_personal", [True, False])
def test_one_message_at_most_by_precedence_and_none_to_who_opted_out(is_personal):
    draw = random.Random(3)
    shelf = replace(drawn_shelf(draw, 5), is_open=[True] * 5)
    home = reaching(1).model_copy(update={"reaches_out": False, "eligible": None})
    scenarios = {"later": reaching(2), "earlier": reaching(1), "not_theirs": reaching(1), "home": home}
    rows = list(served_scenarios(Asked(is_personal=is_personal), shelf, scenarios, ("later", "earlier")))
    assert [name for name, _, _ in rows] == (["home", "earlier"] if is_personal else ["home"])
