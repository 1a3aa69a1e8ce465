"""Blocks of the public FEBRL sets against published counts."""

import pytest

import febrl
from blocked import numbered, pairs

pytestmark = pytest.mark.skipif(not febrl.FOLDER.is_dir(), reason="no FEBRL sets: make linkage")

KEYS = ("given_name", "surname", "postcode", "date_of_birth", "soc_sec_id")
# Candidates and true pairs of each key alone, and of all together.
PUBLISHED = {
    1: [(2_082, 326), (1_707, 319), (920, 416), (456, 442), (450, 450), (4_162, 500)],
    2: [(48_883, 1_180), (49_781, 1_081), (14_052, 1_473), (1_979, 1_669), (1_686, 1_686), (110_927, 1_934)],
    3: [(39_775, 3_620), (37_255, 3_592), (16_115, 4_989), (5_966, 5_653), (5_601, 5_601), (87_583, 6_531)],
    4: [(77_249, 3_287), (84_831, 3_325), (28_609, 4_219), (5_107, 4_469), (4_561, 4_561), (185_055, 5_000)],
}
N_TRUE = {1: 500, 2: 1_934, 3: 6_538, 4: 5_000}


def candidates(records, columns, *, blank=None):
    keys = {name: numbered(records[name].fillna(blank) if blank else records[name]) for name in columns}
    rows = [
        {"record_id": record_id, "exclusive": exclusive, "keys": list(key)}
        for record_id, exclusive, *key in zip(records["record_id"], records["exclusive"], *keys.values(), strict=True)
    ]
    return pairs(rows)


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_blocks_hold_the_published_pairs(number):
    records = febrl.rows(number, with_blanks=True)
    true = febrl.true_pairs(records)
    assert len(true) == N_TRUE[number]
    found = []
    for columns in (*((key,) for key in KEYS), KEYS):
        made = candidates(records, columns)
        assert len(set(made)) == len(made), "a pair is compared twice"
        found.append((len(made), len(true.intersection(made))))
    assert found == PUBLISHED[number]


@pytest.mark.parametrize(("column", "expected"), [("given_name", 103_457), ("surname", 89_727), ("date_of_birth", 23_813)])
def test_blanks_that_joined_would_add_pairs(column, expected):
    records = febrl.rows(4, with_blanks=True)
    assert len(candidates(records, (column,), blank="(blank)")) == expected
    assert len(candidates(records, (column,))) < expected
