"""How a job is submitted to a cluster: its wheel, and the properties file that stands beside the profile."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from runs import JOBS, ROOT, StandIn, read_dag, run_of, states_of, without_waiting

from webhook import webhook

pytestmark = pytest.mark.usefixtures("database")
SECRET = "5ecret" * 8
YARN = json.dumps({"conn_type": "spark", "host": "yarn", "extra": {"deploy-mode": "client"}})
PROBE = """
import sys

from pyspark import SparkConf, SparkContext

SparkContext._ensure_initialized()
read = SparkConf()
sys.stdout.write(f"{read.get('spark.master.rest.enabled')} {read.get('spark.executor.cores')} {read.get('spark.authenticate.secret')}")
"""


@pytest.fixture
def stand_in(monkeypatch, tmp_path):
    monkeypatch.setenv("RECLAKE_JOBS_ENV", "")  # so that it is put back afterwards
    return StandIn.at(tmp_path)


@pytest.fixture
def properties(monkeypatch, tmp_path):
    """A file with the cluster's secret, and one setting of the profile in its own way."""
    path = tmp_path / "secret.properties"
    path.write_text(f"spark.authenticate.secret {SECRET}\nspark.executor.cores 7\n")
    monkeypatch.setenv("RECLAKE_SPARK_PROPERTIES", str(path))
    return path


def test_the_properties_file_reaches_every_job_and_its_content_no_log(stand_in, properties, home):
    from reclake import tables

    run = run_of(without_waiting(read_dag()))
    assert str(run.state) == "success", states_of(run)
    calls = stand_in.calls()
    assert len(calls) == len(tables.STAGES) + 1  # one per stage, and one that alerts
    for call in calls:
        options = call[: next(place for place, word in enumerate(call) if word.endswith(".py") and "/jobs/" in word)]
        assert options[options.index("--properties-file") + 1] == str(properties)
        assert "--load-spark-defaults" in options
    written = {path: path.read_bytes() for path in (home / "home").rglob("*") if path.is_file()}
    assert any(str(properties).encode() in content for content in written.values()), "nothing is proven"
    assert [path for path, content in written.items() if SECRET.encode() in content] == []
    assert SECRET not in json.dumps(calls)


def test_without_a_properties_file_nothing_is_said_of_one(stand_in):
    run_of(without_waiting(read_dag("maintain_lake")))
    [call] = stand_in.calls()
    assert not {"--properties-file", "--load-spark-defaults"} & set(call)


def test_spark_reads_the_profile_and_the_properties_file_which_wins(properties, tmp_path):
    (tmp_path / "probe.py").write_text(PROBE)
    hook = read_dag().task_dict["bronze"]._get_hook()
    command = hook._build_spark_submit_command(str(tmp_path / "probe.py"))
    command = command[: command.index(str(tmp_path / "probe.py")) + 1]
    profile = {"SPARK_CONF_DIR": str(ROOT / "conf" / "spark" / "cluster"), "PYSPARK_PYTHON": str(JOBS / "bin" / "python")}

    def told(words):
        done = subprocess.run(words, env=os.environ | profile, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout.split()

    assert told(command) == ["false", "7", SECRET]
    # The known bad: what spark-submit does with the provider's option alone.
    assert told([word for word in command if word != "--load-spark-defaults"]) == ["None", "7", SECRET]


@pytest.fixture
def alerts(monkeypatch):
    """What a webhook on loopback is told; no jobs environment is needed for it."""
    with webhook() as server:
        monkeypatch.setenv("RECLAKE__ALERTS__CHANNEL", "webhook")
        monkeypatch.setenv("RECLAKE_ALERT_WEBHOOK", f"http://127.0.0.1:{server.server_port}/hook")
        yield server.seen


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"AIRFLOW_CONN_SPARK_DEFAULT": YARN}, "submits to yarn, so RECLAKE_WHEEL"),
        ({"AIRFLOW_CONN_SPARK_DEFAULT": "spark://node:7077", "RECLAKE_WHEEL": ""}, "submits to spark://node:7077"),
        ({"RECLAKE_SPARK_PROPERTIES": "/nowhere/secret.properties"}, "/nowhere/secret.properties"),
        ({"RECLAKE_HOME": "/nowhere"}, "/nowhere/conf/base.toml is not there"),
        ({"RECLAKE_JOBS_ENV": "/nowhere"}, "/nowhere/bin/spark-submit is not there"),
        ({"RECLAKE_PROFILE": "mistyped"}, "conf/mistyped.toml is not there"),
        ({"RECLAKE_WHEEL": "/nowhere/reclake.whl"}, "/nowhere/reclake.whl is not there"),
    ],
)
@pytest.mark.parametrize("dag_id", ["daily_lake", "maintain_lake"])
def test_an_unfit_environment_ends_the_run_at_once_says_what_it_lacks_and_alerts_once(
    stand_in, alerts, monkeypatch, capfd, dag_id, variables, told
):
    """When the task runs, not when the file is read: the DAGs of a worker that is not ready are still seen."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    run = run_of(without_waiting(read_dag(dag_id), retries=1))
    assert str(run.state) == "failed"
    states = states_of(run)
    assert states.pop("check") == "failed"
    assert set(states.values()) == {"upstream_failed"}
    assert {instance.task_id: instance.try_number for instance in run.get_task_instances()}["check"] == 1
    assert stand_in.calls() == []
    shown = capfd.readouterr()
    assert any(told in line for line in (shown.out + shown.err).splitlines())
    [(_, alert)] = alerts
    [finding] = alert["findings"]
    assert (finding["kind"], finding["subject"]) == ("failure", f"{dag_id} {run.run_id}")
    assert finding["told"].startswith("the run ended before its first job: this worker cannot start the jobs: ")
    assert told in finding["told"], "the first thing that is missing"


def test_a_mistyped_key_ends_the_run_with_one_alert_that_names_run_and_key(stand_in, alerts):
    run = run_of(without_waiting(read_dag(), retries=1), run_conf={"Day": "2026-01-02"})
    assert str(run.state) == "failed"
    assert stand_in.calls() == []
    [(_, alert)] = alerts
    [finding] = alert["findings"]
    assert finding["subject"] == f"daily_lake {run.run_id}"
    assert "the run's conf has 1 unknown key: 'Day'" in finding["told"]


def test_a_job_that_ends_before_it_has_a_lake_is_told_by_its_own_last_lines(stand_in, capfd):
    lines = ["a key is missing", "  found: no id1.key", "  next:  draw it, as docs/operations.md says"]
    stand_in.plan(bronze={"exit_code": 2, "reports": False, "says": "\n".join(["noise", *lines])})
    run = run_of(without_waiting(read_dag()))
    assert str(run.state) == "failed"
    shown = capfd.readouterr()
    logged = (shown.out + shown.err).splitlines()
    first = next(n for n, line in enumerate(logged) if "AirflowFailException: a key is missing" in line)
    assert [line.strip() for line in logged[first + 1 : first + 3]] == [line.strip() for line in lines[1:]]


def test_a_lake_of_its_own_on_one_machine_needs_no_wheel(stand_in, monkeypatch, tmp_path):
    """As the profile of a development lake, whatever its name."""
    home = shutil.copytree(
        ROOT,
        tmp_path / "home",
        ignore=lambda folder, names: {*names} - {"conf", "jobs", "expectations"} if Path(folder) == ROOT else [],
    )
    (home / "conf" / "staging.toml").write_text("")
    shutil.copytree(home / "conf" / "spark" / "local", home / "conf" / "spark" / "staging")
    monkeypatch.setenv("RECLAKE_HOME", str(home))
    monkeypatch.setenv("RECLAKE_PROFILE", "staging")
    run = run_of(without_waiting(read_dag("maintain_lake")))
    assert str(run.state) == "success", states_of(run)
    [call] = stand_in.calls()
    assert "--py-files" not in call


def test_a_cluster_with_a_wheel_is_submitted_to(stand_in, monkeypatch, tmp_path):
    monkeypatch.setenv("AIRFLOW_CONN_SPARK_DEFAULT", YARN)
    monkeypatch.setenv("RECLAKE_PROFILE", "cluster")
    wheel = tmp_path / "reclake.whl"
    wheel.touch()
    monkeypatch.setenv("RECLAKE_WHEEL", str(wheel))
    run = run_of(without_waiting(read_dag("maintain_lake")))
    assert str(run.state) == "success", states_of(run)
    [call] = stand_in.calls()
    assert call[call.index("--py-files") + 1] == str(wheel)


def test_a_packed_python_goes_to_the_nodes_and_not_to_the_driver(stand_in, monkeypatch):
    monkeypatch.setenv("RECLAKE_ARCHIVES", "hdfs:///reclake/env.tar.gz#env")
    monkeypatch.setenv("RECLAKE_NODES_PYTHON", "./env/bin/python")
    dag = without_waiting(read_dag("maintain_lake"))
    assert str(run_of(dag).state) == "success"
    [call] = stand_in.calls()
    assert call[call.index("--archives") + 1] == "hdfs:///reclake/env.tar.gz#env"
    environment = dag.task_dict["maintain"]._get_hook()._env_vars
    assert environment["PYSPARK_PYTHON"] == "./env/bin/python"
    assert environment["PYSPARK_DRIVER_PYTHON"] == str(stand_in.folder / "bin" / "python")


def test_a_report_of_this_machine_is_no_place_of_the_cluster(stand_in, home):
    """A driver takes a plain path for one of the default file system, which is HDFS on many clusters."""
    run_of(without_waiting(read_dag("maintain_lake")))
    [call] = stand_in.calls()
    assert call[call.index("--report") + 1].startswith((home / "reports").as_uri() + "/")


def test_without_a_variable_the_project_folder_is_the_one_around_the_dags(monkeypatch):
    monkeypatch.delenv("RECLAKE_HOME")
    read_dag()
    assert sys.modules["submitting.environment"].HOME == ROOT
