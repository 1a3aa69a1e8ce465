"""Charts of parts that add up, of two numbers per name, and shaded tables: marks lie where their numbers are."""

import doctest
import random

import pytest

from parsed_pages import assert_inside, contrast, rows_of, text_in
from reclake.pages import colours, values
from reclake.pages import heat as heat_module
from reclake.pages.dumbbells import Dumbbell, Dumbbells
from reclake.pages.funnel import FunnelBars, FunnelStep
from reclake.pages.heat import HeatRow, HeatTable
from reclake.pages.style import STYLE
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


def funnel(*counts, n_excluded=0, names="abcdefghijkl"):
    """Steps of which (reached, lost, open) are given."""
    return FunnelBars(NAME, tuple(FunnelStep(name, *one) for name, one in zip(names, counts, strict=False)), n_excluded)


def test_the_parts_of_a_step_are_those_of_the_step_before():
    drawn = funnel((90, 50, 10), (30, 20, 0), (10, 0, 0), n_excluded=10).drawn()
    bars = [r for r in drawn.iter("rect") if r.get("data-value")]
    by_line = {}
    for bar in bars:
        by_line.setdefault(float(bar.get("y")), []).append((
            float(bar.get("x")),
            float(bar.get("width")),
            int(bar.get("data-value")),
        ))
    assert [[n for *_, n in line] for line in by_line.values()] == [[90, 10], [30, 50, 10], [10, 20]]
    unit = by_line[min(by_line)][0][1] / 90
    for line in by_line.values():
        end = 0.0
        for x, width, n in line:
            assert (x, width) == pytest.approx((end, n * unit), abs=0.2)
            end += n * unit
    values = [text_in(one) for one in drawn.iter("text") if one.get("class") == "value"]
    assert values == ["90 · 90.0 %", "30 · 30.0 %", "10 · 10.0 %"]  # of the hundred that entered
    said = [text_in(one) for one in drawn.iter("text")]
    assert "33.3 % go on · 50 lost · 10 still open" in said
    assert "33.3 % go on · 20 lost · 0 still open" in said
    assert "excluded" in said
    assert_inside(drawn)


def test_the_key_of_a_funnel_names_only_what_it_has():
    said = [text_in(one) for one in funnel((5, 0, 0), (5, 0, 0)).drawn().iter("text")]
    assert "reached the step" in said
    assert not {"lost before it", "still open", "excluded"} & set(said)


@pytest.mark.parametrize(("counts", "match"), [((), "no step"), (((9, 5, 0), (5, 0, 0)), r"are not 5 \+ 5 \+ 0")])
def test_a_funnel_that_does_not_add_up_is_refused(counts, match):
    with pytest.raises(ValueError, match=match):
        funnel(*counts)


@pytest.mark.parametrize("seed", range(10))
def test_labels_of_any_funnel_do_not_overlap(seed):
    drawn_by, counts = random.Random(seed), []
    n = drawn_by.choice((0, 7, 1_234_567))
    while len(counts) < drawn_by.randint(2, 12):
        n_lost, n_open = drawn_by.randint(0, n), 0
        counts.append((n, n_lost, n_open))
        n -= n_lost
    counts[-1] = (counts[-1][0], 0, 0)
    names = [
        drawn_by.choice(("a", "a step of a name that is far too long to stand beside its number of units", "结账"))
        for _ in counts
    ]
    assert_inside(funnel(*counts, n_excluded=drawn_by.choice((0, 3)), names=names).drawn())


def heat(*rows, darkest=None):
    width = len(rows[0])
    columns = tuple(str(n) for n in range(width))
    return HeatTable(NAME, (NAME,), columns, tuple(HeatRow(str(n), row) for n, row in enumerate(rows)), darkest)


def test_a_share_is_written_in_per_cent_and_what_is_open_is_empty():
    drawn = heat((1.0, 0.125, None), (1.0, None, None), (0.0, 0.0004, 0.5)).drawn()
    assert rows_of(drawn.find("div/table")) == [["100", "12", ""], ["100", "", ""], ["0", "<0.1", "50"]]
    cells = [(one.get("class"), one.get("data-value")) for one in drawn.iter("td")]
    assert cells[2] == ("open", None)
    assert cells[6] == ("shade-0", "0")  # nought is a number
    assert text_in(drawn.find("figcaption")) == "a name"
    assert [one.get("scope") for one in drawn.iter("th")] == ["col"] * 4 + ["row"] * 3


def test_the_darker_the_greater():
    shares = tuple(n / 20 for n in range(21))
    classes = [int(one.get("class").removeprefix("shade-")) for one in heat(shares).drawn().iter("td")]
    assert classes == sorted(classes)
    assert (classes[0], classes[-1]) == (0, len(colours.SHADES) - 1)
    capped = [int(one.get("class").removeprefix("shade-")) for one in heat(shares, darkest=0.5).drawn().iter("td")]
    assert capped[10:] == [len(colours.SHADES) - 1] * 11


def test_every_shade_has_a_rule_and_leaves_its_number_legible():
    assert [
        colour for n, colour in enumerate(colours.SHADES) if f".heat .shade-{n} {{ background: {colour}; }}" not in STYLE
    ] == []
    assert min(contrast(colours.INK, colour) for colour in colours.SHADES) >= 4.5


@pytest.mark.parametrize("rows", [(), ((0.5,), (0.5, 0.5))])
def test_a_table_of_shares_without_rows_or_with_uneven_ones_is_refused(rows):
    with pytest.raises(ValueError, match=r"has no row|have not the cells"):
        HeatTable(NAME, (NAME,), ("0",), tuple(HeatRow("a", row) for row in rows))


def test_a_picture_has_a_name_for_those_who_hear_it():
    (picture,) = funnel((5, 0, 0)).drawn().iter("svg")
    assert (picture.get("role"), picture.get("aria-label")) == ("img", "a name · 名称")


@pytest.mark.parametrize("module", [heat_module, values], ids=lambda module: module.__name__)
def test_the_examples_hold(module):
    outcome = doctest.testmod(module)
    assert outcome.attempted > 1
    assert outcome.failed == 0
