"""reclake funnel: what it prints is what gold says, without Spark; a question that has no answer is told in three lines."""

import json
from datetime import date, timedelta

import pytest
from typer.testing import CliRunner

from lakes import ROOT, as_environment
from reclake.cli import app
from reclake.errors import UsageError
from reclake.tables import gold
from without_spark import publish

AS_OF = date(2026, 3, 10)
NAME = "browse_cart_order_pay"
NAMES = ("browse", "cart", "order", "pay")
REACHED = {"app": (60, 30, 20, 10), "web": (40, 10, 5, 2)}


def steps(value, reached, *, as_of=AS_OF, period="window", entry=AS_OF - timedelta(days=28)):
    for n, here in enumerate(reached):
        further = reached[n + 1] if n + 1 < len(reached) else here
        yield {
            "as_of_date": as_of, "funnel": NAME, "period": period, "entry_date": entry, "dimension": "all" if value == "all" else "channel",
            "value": value, "step": n + 1, "step_name": NAMES[n], "n_entered": reached[0] + 3, "n_customers": 50, "n_reached": here,
            "n_lost": here - further - (1 if n == 0 else 0), "n_open": 1 if n == 0 else 0, "n_excluded": 3 if n == 0 else 0,
            "n_lost_customers": 1, "n_mature": 1, "n_mature_reached": 1, "step_share": 0.5, "overall_share": 0.5, "mature_share": 0.5,
            "step_seconds_median": 60.0, "is_final": False,
        }  # fmt: skip


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    whole = tuple(map(sum, zip(*REACHED.values(), strict=True)))
    rows = [*steps("all", whole), *(row for value, reached in REACHED.items() for row in steps(value, reached))]
    for ago in range(1, 12):
        rows += steps("all", (ago + 20, 15, 12, 10), period="day", entry=AS_OF - timedelta(days=ago))
    rows += steps("all", (11, 10, 10, 10), as_of=AS_OF - timedelta(days=1))
    lost = {
        "as_of_date": AS_OF,
        "funnel": NAME,
        "step": 1,
        "step_name": "browse",
        "dimension": "next_event",
        "value": "left",
        "n_lost": 59,
        "lost_share": 1.0,
    }
    root = tmp_path_factory.mktemp("funnels") / "lake"
    publish(root, {gold.FUNNELS: rows, gold.FUNNEL_LOSSES: [lost]})
    return root


@pytest.fixture(autouse=True)
def environment(lake, monkeypatch):
    for name, value in (as_environment({"lake.root": str(lake)}) | {"RECLAKE_HOME": str(ROOT)}).items():
        monkeypatch.setenv(name, value)


def reclake(*arguments):
    done = CliRunner().invoke(app, ["funnel", *arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_the_steps_of_the_newest_as_of_are_printed():
    rows = json.loads(reclake(NAME, "--json"))
    assert [(row["step_name"], row["n_reached"], row["n_lost"]) for row in rows] == [
        ("browse", 100, 59),
        ("cart", 40, 15),
        ("order", 25, 13),
        ("pay", 12, 0),
    ]
    by_channel = json.loads(reclake(NAME, "--by", "channel", "--json"))
    assert [(row["value"], row["n_reached"]) for row in by_channel] == [
        (value, n) for value, reached in REACHED.items() for n in reached
    ]
    assert "103 entered (50 customers) = 12 converted + 87 lost + 1 open + 3 excluded" in reclake(NAME)
    earlier = json.loads(reclake(NAME, "--as-of", "2026-03-09", "--json"))
    assert [row["n_reached"] for row in earlier] == [11, 10, 10, 10]


def test_the_newest_days_are_printed_first():
    rows = json.loads(reclake(NAME, "--period", "day", "--last", "3", "--json"))
    assert [row["entry_date"] for row in rows[::4]] == ["2026-03-09", "2026-03-08", "2026-03-07"]
    assert [row["n_reached"] for row in rows[:4]] == [21, 15, 12, 10]


def test_where_the_lost_went_is_printed():
    (row,) = json.loads(reclake(NAME, "--losses", "--json"))
    assert (row["value"], row["n_lost"], row["expected_lost"]) == ("left", 59, None)


def test_without_a_name_all_funnels_are_listed():
    assert [row["funnel"] for row in json.loads(reclake("--json"))] == [NAME, "same_product_purchase", "search_to_order"]


def test_a_funnel_that_nobody_entered_says_so():
    told = reclake("search_to_order")
    assert "nobody entered it, or fewer customers than privacy.min_group_size" in told


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (["brows_cart_order_pay"], "did you mean 'browse_cart_order_pay'?"),
        ([NAME, "--by", "weekday"], "browse_cart_order_pay has no breakdown 'weekday'"),
        ([NAME, "--period", "month"], "--period knows no 'month'"),
        ([NAME, "--as-of", "2026-01-01"], "gold.funnels has no rows of the as_of 2026-01-01"),
    ],
)
def test_what_cannot_be_answered_is_told_in_three_lines(asked, told):
    with pytest.raises(UsageError) as error:
        reclake(*asked)
    assert len(str(error.value).splitlines()) == 3
    assert told in str(error.value)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("funnel", "--losses"), "a list of all funnels does not read --losses"),
        (("funnel", "pay", "--to", "people.csv"), "a funnel without --who does not read --to"),
        (("funnel", "pay", "--losses", "--by", "channel"), "--losses does not read --by"),
        (("funnel", "pay", "--last", "3"), "--period window does not read --last"),
        (("funnel", "pay", "--who", "lost", "--receiver", "x"), "--who without --to does not read --receiver"),
        (("sales", "--best", "3", "--by", "channel"), "--best does not read --by"),
        (("sales", "--first-orders", "--period", "week"), "--first-orders does not read --period"),
        (("retention", "--lifecycle", "daily", "--period", "week"), "--lifecycle daily does not read --period"),
        (("retention", "--lifecycle", "interval", "--counts"), "--lifecycle does not read --counts"),
        (("cube", "--series"), "a list of all pairs does not read --series"),
    ],
)
def test_an_option_that_is_not_read_is_refused_and_not_passed_over(words, told):
    with pytest.raises(UsageError, match=told):
        CliRunner().invoke(app, list(words), catch_exceptions=False)
