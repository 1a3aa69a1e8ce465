"""Pairs within blocks against plain Python."""

import random
from itertools import combinations

import pytest

from blocked import pairs


def expected_pairs(records):
    """Pairs that share a key of any rule and are not of one exclusive group, each once."""
    found = []
    for a, b in combinations(records, 2):
        shares = any(x is not None and x == y for x, y in zip(a["keys"], b["keys"], strict=True))
        if shares and (a["exclusive"] is None or a["exclusive"] != b["exclusive"]):
            found.append(tuple(sorted((a["record_id"], b["record_id"]))))
    return sorted(found)


def random_records(seed):
    chance = random.Random(seed)
    return [
        {
            "record_id": f"r{i:03d}",
            "exclusive": chance.choice([None, "shop", "app"]),
            "keys": [chance.choice([None, *range(size)]) for size in (3, 7, 12)],
        }
        for i in range(40)
    ]


@pytest.mark.parametrize("rows_at_once", [1, 3, 1000])
def test_a_pair_is_compared_once_however_the_rows_arrive(rows_at_once):
    for seed in range(10):
        records = random_records(seed)
        expected = expected_pairs(records)
        assert len(expected) > 50
        random.Random(seed).shuffle(records)
        assert sorted(pairs(records, rows_at_once=rows_at_once)) == expected


def test_many_pairs_are_made_in_parts(monkeypatch):
    monkeypatch.setattr("reclake.identity.linkage.blocking._PAIRS_AT_ONCE", 7)
    records = random_records(3)
    assert sorted(pairs(records)) == expected_pairs(records)


def test_no_key_brings_nobody_together():
    lonely = [{"record_id": f"r{i}", "exclusive": None, "keys": [None, i]} for i in range(3)]
    assert pairs(lonely) == []
    assert pairs([]) == []
