"""A builder is given each input as its table declares it: the days, the window, what was valid, the as_of before."""

from dataclasses import replace
from datetime import date

import pytest
from pyspark.sql import functions as F

from kept import copy_of
from lakes import run_days, with_inputs
from reclake.lake.claims import ALL_DAYS
from reclake.run import building
from reclake.run.building import built
from reclake.run.plan import Scope, Work
from reclake.run.runner import scope_of
from reclake.run.stage import build_stage
from reclake.run.stage_run import open_stage
from reclake.tables import PEOPLE, gold, silver
from reclake.tables.declaration import Table, plain
from reclake.tables.inputs import (
    Each,
    Input,
    day_before,
    days,
    previous_as_of,
    same_day,
    until_as_of,
    valid_at_as_of,
)  # fmt: skip
from till import FIRST, MENDED, SECOND, THIRD, opened_lake, order

AS_OFS = tuple(date(2026, 3, day) for day in (29, 30, 31))
ONLY = with_inputs(gold.CUSTOMER_SEGMENTS)


def three_days_of_segments(spark, folder):
    """Three days of orders of one customer, a price list's worth of accounts, and segments at two of three as_ofs."""
    (folder / "mended").mkdir()
    (folder / "mended" / "till.toml").write_text(MENDED)
    place = folder / "landing" / "till" / "app"
    place.mkdir(parents=True)
    for number, day in enumerate((FIRST, SECOND, THIRD)):
        customer = "later" if day == THIRD else "c1"
        (place / f"{day}.jsonl").write_text(order(f"o{number}", customer=customer, day=day) + "\n")
    app = opened_lake(spark, folder, folder / "landing", "mended")
    assert run_days(app, only=ONLY) == {}
    scope = replace(scope_of(app, first=None, last=None), as_ofs=(AS_OFS[0], AS_OFS[2]), tables=ONLY)
    assert build_stage(app, "customers", scope, stopped={}) == {}


@pytest.fixture(scope="module")
def lake(spark, tmp_path_factory):
    folder = copy_of("three-days-of-segments", three_days_of_segments, spark, tmp_path_factory.mktemp("cut"))
    return opened_lake(spark, folder, folder / "landing", "mended")


def given_to(app, *inputs, as_of=AS_OFS[2], windows=None):
    """What the builder of a table with these inputs is given for one as_of: argument → rows."""
    table = Table(
        name="gold.customer_segments", grain="", key=(), fields=(plain("as_of_date", "date", ""),), stage="customers",
        write="replace_days", day_column="as_of_date", inputs=inputs,
    )  # fmt: skip
    seen = {}

    def builder(*, as_of, **frames):
        seen.update(frames)
        (first, *_) = frames.values()
        return (first if not isinstance(first, dict) else next(iter(first.values()))).select(F.lit(as_of).alias("as_of_date"))

    planner = app.planner(Scope())
    if windows:
        planner._windows = windows
    with open_stage(app, "customers", planner, {table.name: (ALL_DAYS,)}) as run:
        built(run, Work(table, {str(as_of): "asked"}), builder)
        return {name: _rows(frame) for name, frame in seen.items()}


def _rows(frame):
    if isinstance(frame, dict):
        return {noun: of_table.collect() for noun, of_table in frame.items()}
    return frame.collect()


def of(rows, column):
    return sorted(str(row[column]) for row in rows)


def test_days_around_an_as_of_arrive_and_no_others(lake):
    found = given_to(lake, Input(gold.CUSTOMER_SEGMENTS, days(before=1)), Input(silver.ORDER_LINES, days(before=2, after=-2)))
    assert set(of(found["customer_segments"], "as_of_date")) == {"2026-03-31"}  # none was built for the day before
    assert of(found["order_lines"], "event_date") == ["2026-03-29"]
    wider = given_to(lake, Input(gold.CUSTOMER_SEGMENTS, days(before=2)))
    assert set(of(wider["customer_segments"], "as_of_date")) == {"2026-03-29", "2026-03-31"}


def test_the_day_before_and_the_as_of_built_before_are_two_things(lake):
    """The calendar day before was never built; the last as_of that was built lies two days back."""
    table = gold.CUSTOMER_SEGMENTS
    found = given_to(lake, Input(table, same_day()), Input(table, previous_as_of()))
    assert set(of(found["customer_segments"], "as_of_date")) == {"2026-03-31"}
    assert set(of(found["previous_customer_segments"], "as_of_date")) == {"2026-03-29"}
    assert given_to(lake, Input(table, day_before()))["customer_segments"] == []
    first = given_to(lake, Input(table, previous_as_of()), as_of=AS_OFS[0])
    assert first["previous_customer_segments"] == []


@pytest.mark.parametrize(
    ("n_days", "expected"),
    [(1, ["2026-03-29"]), (2, ["2026-03-28", "2026-03-29"]), (0, ["2026-03-28", "2026-03-29"])],
    ids=["one day", "two days", "all of them"],
)
def test_a_window_ends_before_the_as_of_whether_it_is_declared_or_a_setting(lake, n_days, expected):
    fixed = given_to(lake, Input(silver.ORDER_LINES, until_as_of(n_days or None)), as_of=AS_OFS[1])
    setting = given_to(
        lake, Input(silver.ORDER_LINES, until_as_of(window="a.window")), as_of=AS_OFS[1], windows={"a.window": n_days}
    )
    assert of(fixed["order_lines"], "event_date") == of(setting["order_lines"], "event_date") == expected


def test_a_dimension_holds_what_was_valid_and_people_what_follows(lake):
    dimension = Input(silver.ACCOUNTS, valid_at_as_of())
    now, before = (given_to(lake, PEOPLE, dimension, as_of=as_of) for as_of in (AS_OFS[2], AS_OFS[1]))
    assert (len(now["accounts"]), len(before["accounts"])) == (2, 1)
    assert [row["may_be_profiled"] for row in now["people"]] == [True, True]  # the source rests on a contract
    assert of(before["people"], "account_id") == of(before["accounts"], "account_id")
    assert now["people"][0]["scopes"] == ["profiling"]


def test_a_family_arrives_as_a_mapping_cut_like_a_single_input(lake):
    family = Each("facts", (silver.ORDER_LINES, silver.INTERACTIONS), until_as_of())
    found = given_to(lake, family, as_of=AS_OFS[1])["facts"]
    assert of(found["order_lines"], "event_date") == ["2026-03-28", "2026-03-29"]
    assert found["interactions"] == []  # never built in this lake


def test_as_ofs_that_are_planned_apart_hold_the_same_rows_in_one_commit(lake, monkeypatch):
    monkeypatch.setattr(building, "AS_OFS_AT_ONCE", 1)
    table = gold.CUSTOMER_SEGMENTS
    scope = Scope(as_ofs=(AS_OFS[0], AS_OFS[2]), tables=frozenset({table.name}), force=True)
    assert build_stage(lake, "customers", scope, stopped={}) == {}
    report = next(one for one in reversed(lake.reporter.reports) if one.table == table.name)
    assert (report.outcome, report.n_days, report.verdict) == ("unchanged", 2, "passed")
    assert report.n_rows > 2
