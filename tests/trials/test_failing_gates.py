"""While a gate stops a gold table, every reader sees the version that passed (R-17)."""

import shutil
import time
from datetime import date, timedelta

import pytest

from lakes import ROOT, bag, open_lake, run_days, with_inputs
from reclake.tables import gold
from suites import demand_what_no_row_is
from trials.processes import Place, ended, told
from trials.readers import Reader, by_manifest, by_path, polled_by_duckdb

pytestmark = pytest.mark.trial
TABLE = gold.CUSTOMER_SEGMENTS
FIRST, DAY = date(2026, 1, 1), date(2026, 1, 2)
AS_OFS = [str(day + timedelta(days=1)) for day in (FIRST, DAY)]
POLLS_PER_SECOND = 20


@pytest.fixture
def place(spark, company, tmp_path):
    """A lake whose second day lacks its segments only."""
    app = open_lake(spark, tmp_path, source="demo", landing=company)
    assert run_days(app, FIRST, only=with_inputs(TABLE)) == {}
    assert run_days(app, DAY, only=with_inputs(TABLE) - {TABLE.name}) == {}
    suites = shutil.copytree(ROOT / "expectations", tmp_path / "suites")
    return Place(tmp_path, company, {"RECLAKE__EXPECTATIONS__DIRECTORY": str(suites)})


def run(place):
    return ended(place, "build", "--stage", "customers", "--day", str(DAY))


def test_readers_keep_the_version_that_passed_and_a_later_good_run_publishes(
    spark, company, place, tmp_path, trial_size, record_property
):
    app = open_lake(spark, tmp_path, source="demo", landing=company)
    before, rows = by_manifest(app, TABLE), bag(app, TABLE)
    suite = tmp_path / "suites" / f"{TABLE.name}.json"
    demand_what_no_row_is(suite)
    pause, begun, codes = 1 / POLLS_PER_SECOND, time.monotonic(), []
    with (
        Reader(app, TABLE, by_manifest, pause) as of_manifest,
        Reader(app, TABLE, by_path, pause) as of_path,
        polled_by_duckdb(app, TABLE, tmp_path, pause) as of_duckdb,
    ):
        while time.monotonic() - begun < trial_size.polled_seconds:
            codes.append(run(place))
        seconds = time.monotonic() - begun
    by_duckdb = of_duckdb.result()
    assert set(codes) == {3}, told(place)
    assert (of_manifest.wrong, of_path.wrong, by_duckdb["wrong"]) == ([], [], [])
    assert of_manifest.states == of_path.states == [before], "nobody saw anything else"
    assert [seen for seen in by_duckdb["seen"] if seen != {AS_OFS[0]: rows.total()}] == []
    n_polls = {"manifest": len(of_manifest.seen), "path": len(of_path.seen), "duckdb": len(by_duckdb["seen"])}
    record_property("polls a second", {reader: round(n / seconds, 1) for reader, n in n_polls.items()})
    # All three are slowed by the run beside them on a small machine.
    assert min(n_polls.values()) > trial_size.polled_seconds
    shutil.copy(ROOT / "expectations" / suite.name, suite)
    assert run(place) == 0, told(place)
    after = open_lake(spark, tmp_path, source="demo", landing=company)
    assert after.manifest.current()[TABLE.name].version == before[0] + 1
    assert rows < bag(after, TABLE), "the day before as it was, and the new one"


def test_a_gate_that_lets_everything_through_is_told(spark, company, place, tmp_path):
    """The known-bad variant: without the rule the same run publishes, and the readers see it."""
    app = open_lake(spark, tmp_path, source="demo", landing=company)
    with (
        Reader(app, TABLE) as of_manifest,
        Reader(app, TABLE, by_path) as of_path,
        polled_by_duckdb(app, TABLE, tmp_path, 0.5) as of_duckdb,
    ):
        assert run(place) == 0, told(place)
        time.sleep(2)
    assert len(of_manifest.states) == len(of_path.states) == 2
    assert {tuple(seen) for seen in of_duckdb.result()["seen"]} == {(AS_OFS[0],), tuple(AS_OFS)}
