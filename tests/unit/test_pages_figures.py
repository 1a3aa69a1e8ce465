"""Charts of parts that add up, and of two numbers per name: marks lie where their numbers are."""

import random

import pytest

from parsed_pages import assert_inside, text_in
from reclake.pages.dumbbells import Dumbbell, Dumbbells
from reclake.pages.texts import Text
from reclake.pages.waterfall import Addend, Waterfall

NAME = Text("a name", "名称")


def test_the_parts_of_a_waterfall_follow_each_other_and_end_at_the_sum():
    drawn = Waterfall(
        NAME, (Addend("base", -4.0), Addend("name", 9.5, "equal"), Addend("phone", -1.5)), Text("sum", "合计")
    ).drawn()
    bars = [(float(r.get("x")), float(r.get("width")), float(r.get("data-value"))) for r in drawn.iter("rect")]
    assert [value for *_, value in bars] == [-4.0, 9.5, -1.5, 4.0]
    unit = bars[0][1] / 4.0
    assert [width for _, width, _ in bars] == pytest.approx([4 * unit, 9.5 * unit, 1.5 * unit, 4 * unit], abs=0.2)
    zero = float(drawn.find("svg").find("line").get("x1"))
    base, name, phone, total = ((x, x + width) for x, width, _ in bars)
    assert base == pytest.approx((zero - 4 * unit, zero), abs=0.3)
    assert name == pytest.approx((base[0], base[0] + 9.5 * unit), abs=0.3)
    assert phone == pytest.approx((name[1] - 1.5 * unit, name[1]), abs=0.3)
    assert total == pytest.approx((zero, zero + 4 * unit), abs=0.3)
    beside = [text_in(one) for one in drawn.iter("text") if one.get("class") == "value"]
    assert beside == ["−4.0", "+9.5 · equal", "−1.5", "+4.0"]
    assert_inside(drawn)


def test_both_numbers_of_a_name_lie_on_one_scale():
    rows = (Dumbbell("1", 0.5, 1.0, 0.8, 1.2), Dumbbell("2", 2.0, 1.5), Dumbbell("few", 0.0, 0.0, note="n 12"))
    drawn = Dumbbells(NAME, Text("expected", "预期"), Text("came", "实际"), rows).drawn()
    at = {float(c.get("data-value")): float(c.get("cx")) for c in drawn.iter("circle") if c.get("data-value")}
    scale = (at[2.0] - at[0.0]) / 2
    assert at == pytest.approx({v: at[0.0] + v * scale for v in at}, abs=0.2)
    (interval,) = (one for one in drawn.iter("line") if one.get("stroke-width"))
    assert [float(interval.get(end)) for end in ("x1", "x2")] == pytest.approx([at[0.0] + v * scale for v in (0.8, 1.2)], abs=0.2)
    assert "0 | 0 · n 12" in [text_in(one) for one in drawn.iter("text")]
    assert_inside(drawn)


@pytest.mark.parametrize("chart", [lambda: Waterfall(NAME, (), NAME), lambda: Dumbbells(NAME, NAME, NAME, ())])
def test_a_chart_of_nothing_is_refused(chart):
    with pytest.raises(ValueError, match="has no"):
        chart()


@pytest.mark.parametrize("seed", range(10))
def test_labels_of_any_numbers_do_not_overlap(seed):
    drawn_by = random.Random(seed)
    values = [drawn_by.uniform(-20, 20) for _ in range(9)]
    assert_inside(Waterfall(NAME, tuple(Addend(f"part {n}", value, "equal") for n, value in enumerate(values)), NAME).drawn())
    rows = tuple(Dumbbell(f"decile {n}", abs(value), abs(value) * 1.1) for n, value in enumerate(values))
    assert_inside(Dumbbells(NAME, Text("what was expected", "预期"), Text("what came", "实际"), rows).drawn())
