"""The daily DAG: every stage and table once, in order; what a stopped table stops; what is told of what was published."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from runs import DAY, ROOT, StandIn, asset_events, read_dag, run_of, states_of, without_waiting

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def dag():
    return read_dag()


@pytest.fixture
def stand_in(monkeypatch, tmp_path):
    monkeypatch.setenv("RECLAKE_JOBS_ENV", "")  # so that it is put back afterwards
    return StandIn.at(tmp_path)


def names_of(stage: str) -> set[str]:
    from reclake import tables

    return {table.name for table in tables.of_stage(stage)}


def uris(names) -> set[str]:
    return {f"delta://{name.replace('.', '/')}" for name in names}


def every_table() -> set[str]:
    from reclake import tables

    return set.union(*(names_of(stage) for stage in tables.STAGES))


def test_every_stage_is_one_task_in_order(dag):
    from reclake import tables

    stages = [task.task_id for task in dag.topological_sort() if task.task_id in tables.STAGES]
    assert stages == list(tables.STAGES)
    assert set(dag.task_dict) == {*tables.STAGES, *(f"{stage}_published" for stage in tables.STAGES), "alert", "all_built"}
    assert dag.task_dict["all_built"].upstream_task_ids == {*tables.STAGES, *(f"{stage}_published" for stage in tables.STAGES)}
    assert {dag.task_dict[stage].application for stage in tables.STAGES[1:]} == {str(ROOT / "jobs" / "build.py")}


def test_every_declared_table_is_the_asset_of_one_task(dag):
    from reclake import tables

    training = read_dag("train_recommenders")
    inlets = [asset.uri for one in (dag, training) for task in one.tasks for asset in task.inlets]
    assert sorted(inlets) == sorted(uris(table.name for table in tables.GATED))
    assert {outlet.name for task in dag.tasks for outlet in task.outlets} == {f"published_by_{stage}" for stage in tables.STAGES}


def test_the_run_that_starts_in_the_night_is_for_the_day_before(dag):
    from airflow.serialization.encoders import coerce_to_core_timetable
    from airflow.timetables.base import TimeRestriction

    begin = datetime(2026, 3, 1, tzinfo=UTC)
    info = coerce_to_core_timetable(dag.timetable).next_dagrun_info(
        last_automated_data_interval=None, restriction=TimeRestriction(earliest=begin, latest=None, catchup=True)
    )
    assert (str(info.logical_date.date()), str(info.run_after)[:16]) == ("2026-03-01", "2026-03-02 02:00")


def test_a_run_by_hand_is_for_the_last_day_whose_files_have_come(stand_in):
    run = run_of(without_waiting(read_dag()))
    assert str(run.state) == "success", states_of(run)
    assert [call[call.index("--day") + 1] for call in stand_in.calls()] == [DAY] * 6
    assert asset_events(run) == dict.fromkeys(uris(every_table()), stand_in.version)


@pytest.mark.parametrize(
    ("started", "day"), [("2026-01-02T12:00", DAY), ("2026-01-02T01:59", "2025-12-31"), ("2026-01-02T02:00", DAY)]
)
def test_a_run_without_a_logical_date_is_for_the_same_day(stand_in, started, day):
    """That is how `airflow dags trigger` starts one: it has no interval."""
    run = without_waiting(read_dag()).test(logical_date=None, run_after=datetime.fromisoformat(started).replace(tzinfo=UTC))
    assert str(run.state) == "success", states_of(run)
    assert run.data_interval_start is None
    assert [call[call.index("--day") + 1] for call in stand_in.calls()] == [day] * 6


def test_a_failed_gate_ends_the_day_red_and_stops_only_what_reads_it(stand_in):
    built = names_of("silver") - {"silver.order_lines"}
    stand_in.plan(
        silver={"exit_code": 3, "published": dict.fromkeys(built, 4)},
        behaviour={"exit_code": 3, "published": {"silver.sessions": 4}},  # interactions read order_lines
    )
    run = run_of(without_waiting(read_dag(), retries=2), run_conf={"day": "2026-01-02"})
    assert str(run.state) == "failed"
    states = states_of(run)
    stopped = {"silver": "failed", "behaviour": "failed", "all_built": "upstream_failed"}
    assert states == dict.fromkeys(states, "success") | stopped
    calls = stand_in.calls()
    assert [call[0] for call in calls] == ["bronze", "silver", "customers", "behaviour", "recommendations", "alert"], "once each"
    assert all(call[call.index("--day") + 1] == "2026-01-02" for call in calls)
    found = asset_events(run)
    unbuilt = {"silver.order_lines", "silver.interactions"}
    assert set(found) == uris(every_table() - unbuilt)
    assert found["delta://silver/sessions"] == 4


def test_a_crash_is_tried_again_and_told_apart_by_the_run_id(stand_in):
    stand_in.plan(customers={"exit_code": 1, "reports": False})
    run = run_of(without_waiting(read_dag(), retries=1))
    assert str(run.state) == "failed"
    tries = [call[call.index("--run-id") + 1] for call in stand_in.calls() if call[0] == "customers"]
    assert tries == [f"{run.run_id}__customers__{number}" for number in (1, 2)]
    assert not uris(names_of("customers")) & asset_events(run).keys()


def test_a_run_that_published_nothing_new_tells_nothing(stand_in):
    """The version that an earlier run has told is not told again."""
    stand_in.plan(bronze={"published": dict.fromkeys(names_of("bronze"), 77)})
    dag = without_waiting(read_dag())
    first = dag.test(logical_date=datetime(2026, 1, 5, 12, tzinfo=UTC))
    second = dag.test(logical_date=datetime(2026, 1, 6, 12, tzinfo=UTC))
    assert {uri: version for uri, version in asset_events(first).items() if "bronze" in uri} == dict.fromkeys(
        uris(names_of("bronze")), 77
    )
    assert not [uri for uri in asset_events(second) if "bronze" in uri]


def test_no_report_is_left_behind(stand_in, home):
    run_of(without_waiting(read_dag()))
    assert stand_in.calls()
    assert list(Path(home / "reports").glob("*")) == []
