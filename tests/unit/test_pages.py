"""The page kit: what is shown is what was given, in both languages, and nothing leaves or enters the page."""

import doctest
import itertools
import random
import re
from base64 import b64encode
from datetime import date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256

import pytest

from parsed_pages import assert_inside, contrast, parsed, rows_of, text_in
from reclake.pages import colours, scales, texts, values
from reclake.pages.charts import Bar, Bars, Lines, Series
from reclake.pages.elements import element, html_of
from reclake.pages.flow import Flow, Group, Stream
from reclake.pages.page import Page, Shown, write
from reclake.pages.panels import Commands, Folded, Heading, Panel, Step, Steps, Table
from reclake.pages.scales import LINE, spread, ticks
from reclake.pages.texts import Text
from reclake.pages.values import Code, Duration, Few, Money, Share, people, written

NAME = Text("a name", "名称")
HOSTILE = "<script>alert(1)</script>\"'&<b>{x}\u202e\x1b[31m"


def page(*parts, title=NAME, note=None):
    shown = Shown("/lake", 7, date(2026, 3, 2), date(2026, 3, 1), datetime(2026, 11, 30, 0, 30))
    return Page(title, Text("a lead", "引言"), shown, (Panel("one", NAME, (NAME,), parts),), note)


@pytest.mark.parametrize("module", [texts, values, scales], ids=lambda module: module.__name__)
def test_the_examples_hold(module):
    outcome = doctest.testmod(module)
    assert outcome.attempted > 1
    assert outcome.failed == 0


# Texts and values


@pytest.mark.parametrize(("en", "zh"), [("files", ""), ("", "文件"), ("files", "  ")])
def test_a_missing_translation_is_refused(en, zh):
    with pytest.raises(ValueError, match="a text has no"):
        Text(en, zh)


def test_languages_that_name_different_values_are_refused():
    with pytest.raises(ValueError, match="different values"):
        Text("{n} files", "文件")


def test_values_are_put_in_once_and_stand_as_they_are():
    text = Text("{name}, {n}", "{name}：{n}").filled(name="{n}{{", n=3)
    assert (text.of("en"), text.of("zh")) == ("{n}{{, 3", "{n}{{：3")
    assert text.filled().of("en") == "{n}{{, 3"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"), (1234567, "1,234,567"), (-1234, "-1,234"), (0.5, "0.5"), (1234.5, "1,234.5"), (Decimal("12.3400"), "12.34"),
        (Money(Decimal("917955.0000"), "CNY"), "917,955.00 CNY"), (Money(Decimal("-0.125"), "EUR"), "-0.12 EUR"),
        (Money(None, "EUR"), "–"), (Share(0.01534), "1.5 %"), (Duration(3723.4), Text("1 h 2 min", "1 小时 2 分")), (Few(10), "< 10"), (None, "–"),
        (date(2026, 3, 1), "2026-03-01"), (datetime(2026, 3, 1, 4, 5, 6), "2026-03-01 04:05 UTC"), ("1234567", "1234567"),
        (Code("c_1234567"), "c_1234567"), (True, Text("yes", "是")),
    ],
)  # fmt: skip
def test_how_values_are_written(value, shown):
    assert written(value) == shown


def test_people_below_the_smallest_group_are_not_counted_out():
    assert [people(n, at_least=10) for n in (0, 1, 9, 10, 11)] == [0, Few(10), Few(10), 10, 11]


# Escaping, and what a page refers to


def test_text_of_others_is_text_wherever_it_stands():
    parts = (
        Table((NAME,), ((HOSTILE,), (Code(HOSTILE),))),
        Bars(NAME, (Bar(HOSTILE, 3, HOSTILE, HOSTILE),)),
        Heading(Text("{x}", "{x}").filled(x=HOSTILE)),
        Commands(((HOSTILE, NAME),)),
        Steps((Step(NAME, HOSTILE, ((HOSTILE, HOSTILE),)),)),
    )
    html = page(*parts).html()
    tree = parsed(html)
    assert len(list(tree.iter("script"))) == 1  # the page's own
    shown = text_in(tree.find("body"))
    seen = "<script>alert(1)</script>\"'&<b>{x}\\u202e\\x1b[31m"
    # Two cells; a bar's name and its note; a heading; a command; a step's figure, and its detail's name and value.
    assert shown.count(seen) == 9
    assert "\u202e" not in html
    assert "\x1b" not in html


@pytest.mark.parametrize("name", ["src", "style", "onclick", "srcset", "action", "poster"])
def test_no_attribute_fetches_or_runs_anything(name):
    with pytest.raises(ValueError, match="a page has no attribute"):
        element("img", **{name: "x"})


@pytest.mark.parametrize("place", ["https://example.org", "//example.org", "javascript:alert(1)", "other.html"])
def test_links_lead_to_places_of_the_page_only(place):
    with pytest.raises(ValueError, match="places of its own"):
        element("a", href=place)


def every_part():
    days = tuple(date(2026, 1, 5) + timedelta(days=7 * n) for n in range(3))
    groups = {"a": Group(NAME, colours.BLUE), "b": Group(NAME, colours.RED)}
    return (
        Table((NAME, NAME), ((1, "x"),), n_more=3),
        Bars(NAME, (Bar(NAME, 3), Bar("x", Few(10)))),
        Lines(NAME, days, (Series(NAME, colours.BLUE, (1, Few(10), 3)),)),
        Flow(NAME, groups, (Stream("a", "b", 12), Stream("a", "a", Few(10)))),
        Steps((Step(NAME, 1, ((NAME, 2),)),)),
        Commands((("reclake status", NAME),)),
        Folded(NAME, Table((NAME,), ())),
    )


def test_a_page_refers_to_nothing_outside_itself():
    html = page(*every_part()).html()
    tree = parsed(html)
    attributes = [(one.tag, name, value) for one in tree.iter() for name, value in one.attrib.items()]
    assert len(attributes) > 100
    assert [found for found in attributes if re.search(r"(?i)https?:|//|url\(|javascript:", found[2])] == []
    assert {tag for tag, name, value in attributes if name in ("href", "src") and not value.startswith("#")} == set()
    assert not {"link", "img", "iframe", "object", "embed", "form", "base"} & {one.tag for one in tree.iter()}
    (style,) = tree.iter("style")
    assert not re.search(r"(?i)url\(|@import|https?:", style.text)


def test_only_the_pages_own_script_may_run():
    tree = parsed(page().html())
    (script,) = tree.iter("script")
    (policy,) = (one.get("content") for one in tree.iter("meta") if one.get("http-equiv") == "Content-Security-Policy")
    digest = b64encode(sha256(script.text.encode()).digest()).decode()
    assert "default-src 'none'" in policy
    assert f"script-src 'sha256-{digest}'" in policy


def test_every_sentence_stands_in_both_languages():
    tree = parsed(page(*every_part(), note=NAME).html())
    body = tree.find("body")
    spoken = [one for one in body.iter() if one.tag in ("span", "tspan") and one.get("lang")]
    assert len([one for one in spoken if one.get("lang") == "en"]) > 20
    for parent in body.iter():
        languages = [child.get("lang") for child in parent if child.tag in ("span", "tspan") and child.get("lang")]
        assert languages in ([], ["en", "zh-CN"]), text_in(parent)
    assert "a name" not in text_in(body, "zh")
    assert "名称" not in text_in(body, "en")
    assert "名称" in text_in(body, "zh")


def test_without_scripts_one_language_is_shown():
    """The style hides one language by which of the two choices is checked: the first is, before any script runs."""
    tree = parsed(page().html())
    choices = [one for one in tree.iter("input") if one.get("type") == "radio"]
    assert [(one.get("id"), one.get("checked") is not None) for one in choices] == [("language-en", True), ("language-zh", False)]
    (style,) = tree.iter("style")
    assert re.search(
        r'#language-en:checked ~ \* \[lang="zh-CN"\], #language-zh:checked ~ \* \[lang="en"\] \{ display: none; \}', style.text
    )
    body = list(tree.find("body"))
    assert all(body.index(choice) < body.index(tree.find("body").find("main")) for choice in choices)


def test_a_page_names_the_state_that_it_shows():
    header = parsed(page().html()).find("body").find("header")
    assert {text_in(one.find("dt")): text_in(one.find("dd")) for one in header.find("dl")} == {
        "Lake": "/lake",
        "Manifest": "7",
        "As of": "2026-03-02",
        "Newest delivery": "2026-03-01, 274 days before this page was made",
        "Page made": "2026-11-30 00:30 UTC",
    }


# Tables and charts show the numbers that they were given


def test_a_table_shows_its_cells_and_how_many_rows_are_left_out():
    table = Table((NAME, NAME), ((1234, None), (Money(Decimal(5), "EUR"), "x")), n_more=1200)
    drawn = parsed(html_of(table.drawn()))
    assert rows_of(drawn.find("table")) == [["1,234", "–"], ["5.00 EUR", "x"]]
    assert "1,200 more rows." in text_in(drawn)


def test_rows_of_another_width_are_refused():
    with pytest.raises(ValueError, match="cells"):
        Table((NAME,), ((1, 2),))


@pytest.mark.parametrize("name", ["short", "a name that is far too long to stand beside its bar"])
def test_bars_are_as_long_as_their_numbers(name):
    numbers = [400, 100, 0]
    drawn = Bars(NAME, (*(Bar(f"{name} {n}", n) for n in numbers), Bar(f"{name} few", Few(10)))).drawn()
    rectangles = list(drawn.iter("rect"))
    lengths = [float(one.get("width")) for one in rectangles]
    assert [one.get("data-value") for one in rectangles] == ["400", "100", "0", None]
    assert lengths[0] == pytest.approx(4 * lengths[1], abs=0.2)
    assert lengths[2:] == [0, 0]
    assert [text_in(one) for one in drawn.iter("text") if one.get("class") == "value"] == ["400", "100", "0", "< 10"]
    assert_inside(drawn)


def test_points_lie_where_their_numbers_are():
    days = tuple(date(2026, 1, 5) + timedelta(days=n) for n in (0, 7, 21, 28))
    values = (100, 250, Few(10), 400)
    drawn = Lines(NAME, days, (Series(NAME, colours.BLUE, values),)).drawn()
    points = [(float(c.get("cx")), float(c.get("cy")), int(c.get("data-value"))) for c in drawn.iter("circle")]
    assert [n for *_, n in points] == [100, 250, 400]
    (x0, y0, _), (x1, y1, _), (x3, y3, _) = points
    assert (x1 - x0) / (x3 - x0) == pytest.approx(7 / 28, abs=0.01)
    assert (y1 - y0) / (y3 - y0) == pytest.approx(150 / 300, abs=0.01)
    # What is not shown parts the line, and has no point.
    assert [len(one.get("points").split()) for one in drawn.iter("polyline")] == [2, 1]
    assert "400 a name" in [text_in(one) for one in drawn.iter("text")]
    assert_inside(drawn)


def test_ribbons_are_as_thick_as_their_numbers():
    groups = {key: Group(Text(key, f"{key}组"), colours.BLUE) for key in "abc"}
    streams = (
        Stream("a", "a", 200), Stream("a", "b", 50), Stream("b", "a", 25), Stream("b", "c", Few(10)), Stream("c", "c", 0),
    )  # fmt: skip
    drawn = Flow(NAME, groups, streams).drawn()
    ribbons = {(p.get("data-before"), p.get("data-after")): p for p in drawn.iter("path")}
    assert {pair: int(p.get("data-value")) for pair, p in ribbons.items()} == {("a", "a"): 200, ("a", "b"): 50, ("b", "a"): 25}
    thick = {pair: thickness(p.get("d")) for pair, p in ribbons.items()}
    assert thick["a", "a"] == pytest.approx(4 * thick["a", "b"], abs=0.5)
    assert thick["a", "b"] == pytest.approx(2 * thick["b", "a"], abs=0.5)
    # Sums of what is shown: the hidden count does not follow from them.
    assert [text_in(one) for one in drawn.iter("text")] == ["a 250", "b 25", "a 225", "b 50"]
    assert_inside(drawn)


def thickness(path):
    """From the upper edge of a ribbon's right end to the lower one."""
    upper = float(re.search(r"C\S+ \S+ \S+ \S+ \S+ (\S+) V", path)[1])
    return float(re.search(r"V(\S+)", path)[1]) - upper


def test_a_group_without_a_name_is_refused():
    with pytest.raises(ValueError, match="without a name"):
        Flow(NAME, {"a": Group(NAME, colours.BLUE)}, (Stream("a", "b", 3),))


# Nothing overlaps, and everything can be told from the paper


@pytest.mark.parametrize("seed", range(20))
def test_labels_of_any_numbers_do_not_overlap(seed):
    drawn_by = random.Random(seed)
    names = [Text(f"a tier of {n}", f"分层{n}") for n in range(7)]
    days = tuple(date(2026, 1, 5) + timedelta(days=7 * n) for n in range(drawn_by.randint(2, 12)))
    series = tuple(Series(name, colours.BLUE, tuple(drawn_by.choice((0, 5, 390, 395, 2053)) for _ in days)) for name in names)
    assert_inside(Lines(NAME, days, series).drawn())
    groups = {str(n): Group(name, colours.BLUE) for n, name in enumerate(names)}
    streams = tuple(
        Stream(one, other, drawn_by.choice((10, 11, 400, Few(10))))
        for one in groups
        for other in groups
        if drawn_by.random() < 0.4
    )
    assert_inside(Flow(NAME, groups, streams).drawn())


@pytest.mark.parametrize("seed", range(20))
def test_spread_keeps_order_gap_and_bounds(seed):
    drawn_by = random.Random(seed)
    wanted = [drawn_by.uniform(0, 200) for _ in range(8)]
    placed = spread(wanted, gap=LINE, low=0, high=200)
    order = sorted(range(8), key=wanted.__getitem__)
    assert all(placed[b] - placed[a] >= LINE - 1e-9 for a, b in itertools.pairwise(order))
    assert min(placed) >= 0
    assert max(placed) <= 200


@pytest.mark.parametrize("highest", [0, 1, 7, 99, 100, 101, 2053, 10**7])
def test_ticks_reach_the_highest_and_are_few(highest):
    marks = ticks(highest)
    assert marks[0] == 0
    assert marks[-1] >= highest
    assert 2 <= len(marks) <= 6
    assert len({b - a for a, b in itertools.pairwise(marks)}) == 1


def test_colours_stand_out_from_the_paper():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert {mark: contrast(mark, colours.PAPER) >= 3 for mark in colours.MARKS} == dict.fromkeys(colours.MARKS, True)
    assert contrast(colours.INK, colours.PAPER) >= 7
    assert contrast(colours.MUTED, colours.PAPER) >= 4.5
    assert len(set(colours.MARKS)) == len(colours.MARKS)


# The file


def test_a_page_is_replaced_in_one_step(tmp_path, monkeypatch):
    place = tmp_path / "new" / "page.html"
    write(page(), place)
    before = place.read_text(encoding="utf-8")
    assert before.startswith("<!doctype html>\n<html")
    monkeypatch.setattr(Page, "html", lambda self: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write(page(), place)
    assert place.read_text(encoding="utf-8") == before
    assert list(place.parent.iterdir()) == [place]


def test_two_panels_of_one_place_are_refused():
    one = Panel("one", NAME)
    with pytest.raises(ValueError, match="one key"):
        Page(NAME, NAME, Shown("", 0, None, None, datetime(2026, 3, 2)), (one, one))
