"""The map of all 125 cells: total, disjoint by priority, without a hidden gap, and monotone."""

from itertools import pairwise

import pytest

from reclake.segment.rfm_tiers import RFM_ORDER, rfm_tier_of
from reclake.segment.segments import NO_ORDERS, SEGMENTS, cells, segment_of
from reclake.segment.table import TIER_RULES, table_markdown
from reclake.segment.tiers import ORDER, PROSPECT, TIER_NAMES_ZH

CELLS = list(cells())


def test_every_cell_lies_in_a_segment_and_every_segment_has_a_cell():
    assert len(set(CELLS)) == 125
    assert {segment_of(*cell).name for cell in CELLS} == {one.name for one in SEGMENTS}


def test_no_segment_takes_all_that_the_others_leave():
    assert all(not all(one.holds(*cell) for cell in CELLS) for one in SEGMENTS)


def test_without_any_one_segment_the_map_changes():
    for dropped in SEGMENTS:
        rest = [one for one in SEGMENTS if one is not dropped]
        changed = [cell for cell in CELLS if next((one for one in rest if one.holds(*cell)), None) is not segment_of(*cell)]
        assert changed, f"{dropped.name} is never reached"


@pytest.mark.parametrize("place", [0, 1, 2], ids=["recency", "frequency", "monetary"])
@pytest.mark.parametrize("on_one_day", [True, False])
def test_a_higher_score_never_gives_a_worse_tier(place, on_one_day):
    compared = 0
    for cell in CELLS:
        if cell[place] < 5:
            better = tuple(score + (i == place) for i, score in enumerate(cell))
            lower, higher = (RFM_ORDER.index(rfm_tier_of(*one, on_one_day=on_one_day)) for one in (cell, better))
            assert lower <= higher, f"{cell} → {better}"
            compared += 1
    assert compared == 100


def test_buying_on_a_second_day_never_gives_a_worse_tier():
    for cell in CELLS:
        once, again = (RFM_ORDER.index(rfm_tier_of(*cell, on_one_day=on_one_day)) for on_one_day in (True, False))
        assert once <= again


def test_every_tier_is_reached_and_named_in_both_languages():
    reached = {rfm_tier_of(*cell, on_one_day=on_one_day) for cell in CELLS for on_one_day in (True, False)}
    assert reached == set(ORDER) == set(RFM_ORDER)
    assert set(TIER_NAMES_ZH) == set(ORDER) | {PROSPECT}
    assert {tier for tier, _, _ in TIER_RULES} == set(ORDER) | {PROSPECT}
    assert NO_ORDERS not in {one.name for one in SEGMENTS}
    assert all(first.name != second.name and first.name_zh != second.name_zh for first, second in pairwise(SEGMENTS))


def test_the_printed_table_has_all_cells_and_the_docs_are_current(root):
    lines = table_markdown().splitlines()
    assert sum(line.startswith(tuple(f"| {r} {f} {m} |" for r, f, m in CELLS)) for line in lines) == 125
    assert (root / "docs" / "segments.md").read_text(encoding="utf-8") == table_markdown(), (
        "write it anew: python -m reclake.segment.table > docs/segments.md"
    )
