"""Distances and levels against plain Python."""

import random
from functools import cache

import numpy as np
import pyarrow as pa
import pytest

from reclake.identity.linkage.declared import CLOSE, DIFFERENT, EXACT, MISSING, SIMILAR, SWAPPED, Attribute, Band, Comparison
from reclake.identity.linkage.distance import MAX_LENGTH, Texts
from reclake.identity.linkage.levels import Records, levels_of, patterns


def osa(a, b):
    """Optimal string alignment by its definition."""

    @cache
    def of(i, j):
        if not i or not j:
            return i + j
        best = min(of(i - 1, j) + 1, of(i, j - 1) + 1, of(i - 1, j - 1) + (a[i - 1] != b[j - 1]))
        if i > 1 and j > 1 and a[i - 1] == b[j - 2] and a[i - 2] == b[j - 1]:
            best = min(best, of(i - 2, j - 2) + 1)
        return best

    return of(len(a), len(b))


def random_texts(n, seed):
    chance = random.Random(seed)
    letters = ("abc", "abcdefghij", "王李张伟芳娜", "0123456789")
    made = {"".join(chance.choices(chance.choice(letters), k=chance.randint(0, 12))) for _ in range(n)}
    for text in sorted(made)[: n // 2]:  # near ones as well
        place = chance.randint(0, len(text))
        made.add(text[:place] + chance.choice("abx王7") + text[place + chance.randint(0, 1) :])
    return sorted(made)


@pytest.mark.parametrize("limit", [1, 3, 12])
def test_distances_agree_with_the_definition_up_to_the_limit(limit):
    texts = random_texts(60, seed=limit)
    left, right = (side.ravel() for side in np.meshgrid(np.arange(len(texts)), np.arange(len(texts))))
    found = Texts(texts).distances(left, right, limit=limit)
    expected = np.array([osa(texts[i], texts[j]) for i, j in zip(left, right, strict=True)])
    assert (np.minimum(found, limit + 1) == np.minimum(expected, limit + 1)).all()
    assert len(set(expected.tolist())) > 10


def test_the_quick_look_never_drops_a_near_pair():
    texts = random_texts(80, seed=9)
    left, right = (side.ravel() for side in np.meshgrid(np.arange(len(texts)), np.arange(len(texts))))
    for limit in (1, 2, 3):
        may = Texts(texts).may_lie_within(left, right, np.full(len(left), limit))
        near = np.array([osa(texts[i], texts[j]) <= limit for i, j in zip(left, right, strict=True)])
        assert may[near].all()
        assert may.mean() < 0.6  # it drops something


def test_long_texts_are_compared_by_their_beginning():
    same = "x" * MAX_LENGTH
    texts = Texts([same + "a", same + "bcd", ""])
    assert texts.distances(np.array([0, 0]), np.array([1, 2]), limit=3).tolist()[0] == 0


PEOPLE = Comparison(
    attributes=(
        Attribute(name="given", swaps_with="family", close=Band(1, 0.34), similar=Band(2, 0.5)),
        Attribute(name="family", close=Band(1, 0.34), similar=Band(2, 0.5)),
        Attribute(name="phone", close=Band(1)),
        Attribute(name="gender"),
    ),
    rules=("any",),
)


def levels(one, other):
    columns = {name: pa.array([one.get(name), other.get(name)], pa.string()) for name in ("given", "family", "phone", "gender")}
    pair = np.array([0]), np.array([1])
    forth = Records(columns, PEOPLE).levels(*pair)[0].tolist()
    assert forth == Records(columns, PEOPLE).levels(*reversed(pair))[0].tolist(), "the order of the two must not matter"
    return forth


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ({}, {}, [MISSING] * 4),
        ({"given": " ", "phone": "1"}, {"given": " ", "gender": "f"}, [MISSING] * 4),
        ({"given": "anna", "gender": "f"}, {"given": "anna", "gender": "m"}, [EXACT, MISSING, MISSING, DIFFERENT]),
        ({"given": "anna"}, {"given": "amna"}, [CLOSE, MISSING, MISSING, MISSING]),
        ({"given": "anan"}, {"given": "anna"}, [CLOSE, MISSING, MISSING, MISSING]),
        ({"given": "anna"}, {"given": "ammo"}, [DIFFERENT, MISSING, MISSING, MISSING]),  # three edits
        ({"given": "anna"}, {"given": "amma"}, [SIMILAR, MISSING, MISSING, MISSING]),
        ({"given": "an"}, {"given": "on"}, [SIMILAR, MISSING, MISSING, MISSING]),  # one of two letters is half of the text
        ({"given": "王伟芳"}, {"given": "王伟"}, [CLOSE, MISSING, MISSING, MISSING]),
        ({"given": "wei", "family": "wang"}, {"given": "wang", "family": "wei"}, [SWAPPED, MISSING, MISSING, MISSING]),
        ({"given": "wei"}, {"family": "wei"}, [SWAPPED, MISSING, MISSING, MISSING]),
        ({"given": "wei", "family": "wei"}, {"given": "wei", "family": "wei"}, [EXACT, EXACT, MISSING, MISSING]),
        ({"phone": "13800138000"}, {"phone": "13800130800"}, [MISSING, MISSING, CLOSE, MISSING]),
        ({"phone": "13800138000"}, {"phone": "13900130800"}, [MISSING, MISSING, DIFFERENT, MISSING]),
    ],
)
def test_a_pair_has_the_level_of_its_values(one, other, expected):
    assert levels(one, other) == expected


def test_an_attribute_that_stands_in_for_another_counts_only_where_that_is_missing():
    comparison = Comparison(attributes=(Attribute(name="name"), Attribute(name="latin", instead_of="name")), rules=("any",))
    columns = {"name": pa.array(["王伟", "王伟", None]), "latin": pa.array(["weiwang", "weiwang", "weiwang"])}
    found = Records(columns, comparison).levels(np.array([0, 0]), np.array([1, 2]))
    assert found.tolist() == [[EXACT, MISSING], [MISSING, EXACT]]


def test_patterns_hold_their_levels():
    made = np.array(np.meshgrid(*[range(6)] * 4)).reshape(4, -1).T.astype(np.int8)
    numbers = patterns(made)
    assert len(set(numbers.tolist())) == 6**4
    assert (levels_of(numbers, n_attributes=4) == made).all()


@pytest.mark.parametrize(
    "make",
    [
        lambda: Comparison(attributes=(), rules=("a",)),
        lambda: Comparison(attributes=(Attribute(name="a"), Attribute(name="a")), rules=("a",)),
        lambda: Comparison(attributes=(Attribute(name="a"),), rules=()),
        lambda: Comparison(attributes=(Attribute(name="a", swaps_with="b"),), rules=("a",)),
        lambda: Comparison(attributes=(Attribute(name="a", instead_of="b"), Attribute(name="b")), rules=("a",)),
        lambda: Attribute(name="a", close=Band(3), similar=Band(2)),
    ],
)
def test_a_comparison_that_cannot_be_meant_is_refused(make):
    with pytest.raises(ValueError):
        make()
