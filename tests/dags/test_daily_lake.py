"""The daily DAG: every stage and table once, in order; what a stopped table stops; what is told of what was published."""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from runs import (
    DAY,
    JOBS,
    ROOT,
    StandIn,
    all_asset_events,
    asset_events,
    go_on,
    read_dag,
    run_of,
    states_of,
    without_waiting,
)

from webhook import webhook

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


def table_tasks_of(stage: str, names=None) -> set[str]:
    return {f"{stage}_tables.{name}" for name in (names_of(stage) if names is None else names)}


def uris(names) -> set[str]:
    return {f"delta://{name.replace('.', '/')}" for name in names}


def every_table() -> set[str]:
    from reclake import tables

    return set.union(*(names_of(stage) for stage in tables.STAGES))


def test_every_stage_is_one_task_in_order(dag):
    from reclake import tables

    stages = [task.task_id for task in dag.topological_sort() if task.task_id in tables.STAGES]
    assert stages == list(tables.STAGES)
    told = set.union(*(table_tasks_of(stage) for stage in tables.STAGES))
    assert set(dag.task_dict) == {"check", *tables.STAGES, *told, "alert", "all_built"}
    assert dag.task_dict["all_built"].upstream_task_ids == {*tables.STAGES, *told}
    assert {dag.task_dict[stage].application for stage in tables.STAGES[1:]} == {str(ROOT / "jobs" / "build.py")}


def test_every_declared_table_is_the_asset_of_one_task_per_writer_and_its_inputs_are_that_tasks_inlets(dag):
    from reclake import tables

    told = [task for one in (dag, read_dag("train_recommenders")) for task in one.tasks if "_tables." in task.task_id]
    assets = {task.task_id.partition("_tables.")[2]: [asset.uri for asset in task.outlets] for task in told}
    assert assets == {table.name: [f"delta://{table.layer}/{table.noun}"] for table in tables.GATED}
    models = (*tables.models.MODELS, *tables.models.WEIGHTS)
    per_training = len(tables.of_stage("training"))  # its tables are written for each model
    assert len(told) == len(tables.GATED) + per_training * (len(models) - 1)
    inlets = {task.task_id.partition("_tables.")[2]: {asset.name for asset in task.inlets} for task in told}
    assert inlets == {table.name: {i.table.name for i in table.reads} for table in tables.GATED}
    [segments] = dag.task_dict["customers_tables.gold.customer_segments"].outlets
    assert segments.extra["grain"] == tables.BY_NAME["gold.customer_segments"].grain
    assert "silver.interactions" in inlets["gold.recommendations"], "nothing was compared"


def test_what_airflow_shows_has_a_text_beside_it(dag):
    from runs import DAGS

    for one in map(read_dag, DAGS):
        assert one.doc_md
        assert all(task.doc_md for task in one.tasks), [task.task_id for task in one.tasks if not task.doc_md]
        assert all(one.params.get_param(name).description for name in one.params)
    assert "| 4 | more of a delivery was refused" in dag.task_dict["silver"].doc_md
    assert dag.tags >= {"reclake", "bronze", "silver", "customers", "behaviour", "recommendations"}
    owners = {task.owner for task in dag.tasks}
    assert owners >= {"reclake-bronze", "reclake-silver"}


def test_the_run_that_starts_in_the_night_is_for_the_day_before(dag):
    from airflow.serialization.encoders import coerce_to_core_timetable
    from airflow.timetables.base import TimeRestriction

    begin = datetime(2026, 3, 1, tzinfo=UTC)
    info = coerce_to_core_timetable(dag.timetable).next_dagrun_info(
        last_automated_data_interval=None, restriction=TimeRestriction(earliest=begin, latest=None, catchup=True)
    )
    assert (str(info.logical_date.date()), str(info.run_after)[:16]) == ("2026-03-01", "2026-03-02 02:00")


@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai", "America/Los_Angeles", "Australia/Lord_Howe", "America/St_Johns"])
@pytest.mark.parametrize("hour", ["0", "2", "13", "23"])
def test_every_day_of_two_years_has_its_run_once_its_files_have_come_there(monkeypatch, zone, hour):
    """Whatever the clocks do: its interval begins on it, and the run starts at the hour of the next day, or when that exists."""
    from airflow.serialization.encoders import coerce_to_core_timetable
    from airflow.timetables.base import TimeRestriction

    monkeypatch.setenv("RECLAKE_SCHEDULE_ZONE", zone)
    monkeypatch.setenv("RECLAKE_DAILY_HOUR", hour)
    timetable = coerce_to_core_timetable(read_dag().timetable)
    local_day, there = sys.modules["submitting.days"].local_day, sys.modules["submitting.environment"].ZONE
    bounds = TimeRestriction(earliest=datetime(2026, 1, 1, 12, tzinfo=UTC), latest=None, catchup=True)
    days, interval = [], None
    for _ in range(730):
        info = timetable.next_dagrun_info(last_automated_data_interval=interval, restriction=bounds)
        interval = info.data_interval
        days.append(local_day(interval.start))
        late = info.run_after.astimezone(there)
        assert local_day(info.run_after) == str(datetime.fromisoformat(days[-1]).date() + timedelta(days=1))
        assert late.hour in (int(hour), int(hour) + 1)
    first = datetime.fromisoformat(days[0])
    assert days == [str((first + timedelta(days=n)).date()) for n in range(730)]


@pytest.mark.parametrize(
    ("zone", "started", "day"),
    [
        ("Asia/Shanghai", "2026-03-02T17:59", "2026-03-01"),  # 01:59 of March 3 there
        ("Asia/Shanghai", "2026-03-02T18:00", "2026-03-02"),
        ("America/Los_Angeles", "2026-03-03T09:59", "2026-03-01"),
        ("America/Los_Angeles", "2026-03-03T10:00", "2026-03-02"),
    ],
)
@pytest.mark.parametrize("has_interval", [True, False])
def test_a_run_by_hand_takes_the_day_of_the_schedules_zone(monkeypatch, stand_in, zone, started, day, has_interval):
    monkeypatch.setenv("RECLAKE_SCHEDULE_ZONE", zone)
    moment = datetime.fromisoformat(started).replace(tzinfo=UTC)
    run = without_waiting(read_dag()).test(logical_date=moment if has_interval else None, run_after=moment)
    assert str(run.state) == "success", states_of(run)
    assert {call[call.index("--day") + 1] for call in stand_in.calls()} == {day}


def test_a_run_by_hand_is_for_the_last_day_whose_files_have_come(stand_in):
    run = run_of(without_waiting(read_dag()))
    assert str(run.state) == "success", states_of(run)
    assert [call[call.index("--day") + 1] for call in stand_in.calls()] == [DAY] * 6
    assert asset_events(run) == dict.fromkeys(uris(every_table()), stand_in.version)


def test_a_stage_is_asked_for_its_as_of_by_name(stand_in):
    """So that a day on which nothing was delivered leaves no gap among the as_ofs; the day may end a month."""
    from reclake import tables

    run = run_of(without_waiting(read_dag()), run_conf={"day": "2026-02-28"})
    assert str(run.state) == "success", states_of(run)
    as_ofs = {call[0]: [call[n + 1] for n, word in enumerate(call) if word == "--as-of"] for call in stand_in.calls()}
    assert as_ofs == {"bronze": []} | {task: ["2026-03-01"] for task in (*tables.STAGES[1:], "alert")}


@pytest.mark.parametrize(
    ("started", "day"), [("2026-01-02T12:00", DAY), ("2026-01-02T01:59", "2025-12-31"), ("2026-01-02T02:00", DAY)]
)
def test_a_run_without_a_logical_date_is_for_the_same_day(stand_in, started, day):
    """That is how `airflow dags trigger` starts one: it has no interval."""
    run = without_waiting(read_dag()).test(logical_date=None, run_after=datetime.fromisoformat(started).replace(tzinfo=UTC))
    assert str(run.state) == "success", states_of(run)
    assert run.data_interval_start is None
    assert [call[call.index("--day") + 1] for call in stand_in.calls()] == [day] * 6


UNBUILT = {"silver.order_lines", "silver.interactions"}  # interactions read order_lines
A_FAILED_GATE = {
    "exit_code": 3,
    "tables": {
        "silver.order_lines": {"outcome": "stopped", "message": "silver.order_lines did not pass its gate: 1 of 9 failed"},
        "silver.interactions": {"outcome": "not built", "message": "waits for silver.order_lines, which was stopped"},
    },
}


def stopped_at_a_gate(version):
    return A_FAILED_GATE | {"published": dict.fromkeys(names_of("silver") - UNBUILT, version)}


def test_a_failed_gate_shows_which_tables_it_stopped_and_why(stand_in, capfd):
    stand_in.plan(silver=stopped_at_a_gate(stand_in.version + 4))
    run = run_of(without_waiting(read_dag(), retries=2), run_conf={"day": "2026-01-02"})
    assert str(run.state) == "failed"
    states = states_of(run)
    # Later stages have built what they can. They are red as well, and so are cleared with the one that must be mended.
    red = dict.fromkeys({"silver", "customers", "behaviour", "recommendations", *table_tasks_of("silver", UNBUILT)}, "failed")
    assert states == dict.fromkeys(states, "success") | red | {"all_built": "upstream_failed"}
    calls = stand_in.calls()
    assert [call[0] for call in calls] == ["bronze", "silver", "customers", "behaviour", "recommendations", "alert"], "once each"
    assert all(call[call.index("--day") + 1] == "2026-01-02" for call in calls)
    found = asset_events(run)
    assert set(found) == uris(every_table() - UNBUILT)
    assert found["delta://silver/sessions"] == stand_in.version + 4
    shown = capfd.readouterr()
    lines = [line.strip() for line in (shown.out + shown.err).splitlines()]
    assert any("Stopped: silver is not whole" in line for line in lines)
    assert {"found: a stand-in", "next:  mend its plan"} <= set(lines)
    assert any("not built: waits for silver.order_lines, which was stopped" in line for line in lines)
    assert not any("Cannot execute" in line for line in lines), "the command is not the error"


def test_a_job_that_ends_before_its_tables_leaves_none_of_them_pink(stand_in):
    """A setting that cannot be used: the job reports its error and no table."""
    stand_in.plan(customers={"exit_code": 2, "published": {}, "no_tables": True})
    run = run_of(without_waiting(read_dag()))
    states = states_of(run)
    assert {states[task] for task in table_tasks_of("customers")} == {"failed"}


def test_what_was_built_and_not_published_is_red(stand_in):
    """A stage that broke off between its commits and its manifest."""
    stand_in.plan(customers={"exit_code": 1, "published": {}, "tables": {"gold.segment_bins": {"outcome": "built"}}})
    states = states_of(run_of(without_waiting(read_dag())))
    assert states["customers_tables.gold.segment_bins"] == "failed"


def test_a_table_of_an_older_run_that_is_cleared_tells_no_old_version(stand_in):
    """As a person does who clears one task two runs back: a later version was told of since."""
    dag, version = without_waiting(read_dag()), stand_in.version
    runs = []
    for n, day in enumerate(("2026-01-20", "2026-01-21")):
        stand_in.plan(customers={"published": dict.fromkeys(names_of("customers"), version + n)})
        runs.append(run_of(dag, day))
    first = go_on(dag, runs[0], task_ids=("customers_tables.gold.customer_segments",))
    assert states_of(first)["customers_tables.gold.customer_segments"] == "skipped"
    told = [extra["version"] for uri, extra in all_asset_events(first) if uri == "delta://gold/customer_segments"]
    assert told == [version]


def test_what_is_published_without_being_asked_for_is_told(stand_in):
    """Bronze takes in all feeds."""
    version = stand_in.version
    stand_in.plan(bronze={"published": {"bronze.events": version, "bronze.orders": version}})
    run = run_of(without_waiting(read_dag()), run_conf={"day": "2026-01-02", "tables": ["bronze.events"]})
    assert str(run.state) == "success", states_of(run)
    assert asset_events(run) == dict.fromkeys(uris(["bronze.events", "bronze.orders"]), version)


def test_an_event_tells_version_rows_and_day(stand_in):
    run = run_of(without_waiting(read_dag()), run_conf={"day": "2026-01-02"})
    told = dict(all_asset_events(run))["delta://gold/customer_segments"]
    assert told == {"version": stand_in.version, "run_id": run.run_id, "rows": 3, "days": 1, "day": "2026-01-02"}


@pytest.mark.parametrize("cleared", ["only failed", "with downstream"])
def test_a_mended_stage_is_told_of_as_on_an_undisturbed_day(stand_in, cleared):
    """Whichever way it is cleared: each new version once, no green stage that would be built anew, every table green at last.

    The mended code changes a table that was published before, and whose task stays green.
    """
    first, second = stand_in.version, stand_in.version + 1
    stand_in.plan(silver=stopped_at_a_gate(first))
    dag = without_waiting(read_dag())
    run = run_of(dag, "2026-01-09")
    before = asset_events(run)
    new = {**dict.fromkeys(names_of("silver"), first), **dict.fromkeys(UNBUILT | {"silver.products"}, second)}
    later = dict.fromkeys(names_of("customers") | names_of("behaviour") | names_of("recommendations"), second)
    stand_in.plan(
        silver={"published": new},
        **{
            stage: {"published": {name: later[name] for name in names_of(stage)}}
            for stage in ("customers", "behaviour", "recommendations")
        },
    )
    n_before = len(stand_in.calls())
    run = go_on(dag, run, **({"only_failed": True} if cleared == "only failed" else {"task_ids": ("silver",)}))
    assert str(run.state) == "success", states_of(run)
    again = [call[0] for call in stand_in.calls()[n_before:]]
    assert again[:4] == ["silver", "customers", "behaviour", "recommendations"]
    events = [(uri, extra["version"]) for uri, extra in all_asset_events(run)]
    assert len(set(events)) == len(events), "told twice"
    new_versions = {f"delta://{name.replace('.', '/')}": version for name, version in {**new, **later}.items()}
    assert dict(events) == before | new_versions
    states = states_of(run)
    assert set(states.values()) <= {"success", "skipped"}
    told_before = {f"silver_tables.{name}" for name in names_of("silver") - UNBUILT - {"silver.products"}}
    skipped = {task for task, state in states.items() if state == "skipped"}
    assert skipped == (set() if cleared == "only failed" else told_before), "published and told before"


def test_a_run_of_some_tables_hands_them_on_and_passes_the_other_stages(stand_in):
    asked = ["silver.sessions", "gold.segment_bins"]
    version = stand_in.version
    stand_in.plan(silver={"published": {asked[0]: version}}, customers={"published": {asked[1]: version}})
    run = run_of(without_waiting(read_dag()), run_conf={"day": "2026-01-02", "tables": asked, "force": True})
    assert str(run.state) == "success", states_of(run)
    calls = {call[0]: call for call in stand_in.calls()}
    assert sorted(calls) == ["alert", "customers", "silver"]
    assert [calls["silver"][n + 1] for n, word in enumerate(calls["silver"]) if word == "--table"] == ["silver.sessions"]
    assert "--force" in calls["silver"]
    assert "--force" in calls["customers"]
    assert set(asset_events(run)) == uris(asked)
    assert {states_of(run)[task] for task in ("bronze", "recommendations")} == {"skipped"}


def test_a_crash_is_tried_again_and_told_apart_by_the_run_id(stand_in):
    stand_in.plan(customers={"exit_code": 1, "reports": False})
    stand_in.with_python(JOBS / "bin" / "python")
    run = run_of(without_waiting(read_dag(), retries=1))
    assert str(run.state) == "failed"
    tries = [call[call.index("--run-id") + 1] for call in stand_in.calls() if call[0] == "customers"]
    assert tries == [f"{run.run_id}__customers__{number}" for number in (1, 2)]
    assert not uris(names_of("customers")) & asset_events(run).keys()
    states = states_of(run)
    assert {states[task] for task in table_tasks_of("customers")} == {"failed"}, "nobody knows what became of them"


@pytest.mark.parametrize("reports", [True, False], ids=("reported", "before it could report"))
@pytest.mark.parametrize(("exit_code", "n_tries"), [(1, 2), (2, 1), (3, 1), (4, 1), (5, 2), (6, 2)])
def test_what_another_try_cannot_mend_is_not_tried_again(stand_in, exit_code, n_tries, reports):
    """A job without keys or with a wrong setting ends before it has a lake to report of: its own exit code says so."""
    stand_in.plan(recommendations={"exit_code": exit_code, "reports": reports})
    stand_in.with_python(JOBS / "bin" / "python")
    assert str(run_of(without_waiting(read_dag(), retries=1)).state) == "failed"
    assert [call[0] for call in stand_in.calls()].count("recommendations") == n_tries


def test_a_stage_that_breaks_off_is_told_at_once_and_a_gate_by_the_last_job(stand_in, monkeypatch):
    stand_in.plan(bronze={"exit_code": 6, "reports": False}, silver={"exit_code": 3}, customers={"exit_code": 2})
    stand_in.with_python(JOBS / "bin" / "python")
    with webhook() as server:
        monkeypatch.setenv("RECLAKE__ALERTS__CHANNEL", "webhook")
        monkeypatch.setenv("RECLAKE_ALERT_WEBHOOK", f"http://127.0.0.1:{server.server_port}/hook")
        assert str(run_of(without_waiting(read_dag())).state) == "failed"
    told = [finding["subject"] for _, alert in server.seen for finding in alert["findings"]]
    assert told == ["daily_lake.bronze", "daily_lake.customers"]
    of_jobs = {call[call.index("--day") + 1] for call in stand_in.calls()}
    assert {alert["day"] for _, alert in server.seen} == of_jobs, "the day that is to be run again"


@pytest.mark.parametrize(
    ("options", "day"),
    [
        (dict(conf={"day": "2026-01-30"}), "2026-01-30"),
        (dict(conf=None, data_interval_start=datetime(2026, 1, 31, 2, tzinfo=UTC)), "2026-01-31"),
        (dict(conf={}), "2026-02-01"),
    ],
    ids=("asked for", "scheduled", "by hand"),
)
def test_a_failure_names_the_delivery_day(monkeypatch, options, day):
    read_dag()
    telling, told = sys.modules["submitting.telling"], []
    monkeypatch.setattr(telling, "_alert", lambda *arguments: told.append(arguments))
    run = SimpleNamespace(
        **{"data_interval_start": None, "run_id": "r", "run_after": datetime(2026, 2, 2, 12, tzinfo=UTC)} | options
    )
    telling.tell_broken({"dag_run": run, "ti": SimpleNamespace(dag_id="daily_lake", task_id="silver")})
    assert told == [("--failed", "daily_lake.silver", "--day", day, "--run-id", "r")]


def test_a_run_that_published_nothing_new_tells_nothing(stand_in):
    """The version that an earlier run has told is not told again."""
    stand_in.plan(bronze={"published": dict.fromkeys(names_of("bronze"), stand_in.version + 7)})
    dag = without_waiting(read_dag())
    first = dag.test(logical_date=datetime(2026, 1, 5, 12, tzinfo=UTC))
    second = dag.test(logical_date=datetime(2026, 1, 6, 12, tzinfo=UTC))
    assert {uri: version for uri, version in asset_events(first).items() if "bronze" in uri} == dict.fromkeys(
        uris(names_of("bronze")), stand_in.version + 7
    )
    assert not [uri for uri in asset_events(second) if "bronze" in uri]


def test_no_report_is_left_behind(stand_in, home):
    run_of(without_waiting(read_dag()))
    assert stand_in.calls()
    assert list(Path(home / "reports").glob("*")) == []
