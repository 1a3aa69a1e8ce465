"""How a job is submitted to a cluster: its wheel, and the properties file that stands beside the profile."""

import json
import os
import subprocess

import pytest
from runs import JOBS, ROOT, StandIn, read_dag, run_of, states_of, without_waiting

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
    run = run_of(without_waiting(read_dag()))
    assert str(run.state) == "success", states_of(run)
    calls = stand_in.calls()
    assert len(calls) == 5  # one per stage, and one that alerts
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


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"AIRFLOW_CONN_SPARK_DEFAULT": YARN}, "submits to yarn, so RECLAKE_WHEEL"),
        ({"AIRFLOW_CONN_SPARK_DEFAULT": "spark://node:7077", "RECLAKE_WHEEL": ""}, "submits to spark://node:7077"),
        ({"RECLAKE_SPARK_PROPERTIES": "/nowhere/secret.properties"}, "/nowhere/secret.properties"),
    ],
)
def test_an_environment_that_lacks_something_ends_the_run_at_once_and_says_what(stand_in, monkeypatch, capfd, variables, told):
    """When the task runs, not when the file is read: the DAGs of a worker that is not ready are still seen."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    run = run_of(without_waiting(read_dag("maintain_lake"), retries=1))
    assert str(run.state) == "failed"
    assert [instance.try_number for instance in run.get_task_instances()] == [1]
    assert stand_in.calls() == []
    shown = capfd.readouterr()
    assert any("AirflowFailException" in line and told in line for line in (shown.out + shown.err).splitlines())


def test_a_lake_of_its_own_on_one_machine_needs_no_wheel(stand_in, monkeypatch):
    """As the profile of a development lake, whatever its name."""
    monkeypatch.setenv("RECLAKE_PROFILE", "staging")
    run = run_of(without_waiting(read_dag("maintain_lake")))
    assert str(run.state) == "success", states_of(run)
    [call] = stand_in.calls()
    assert "--py-files" not in call


def test_a_cluster_with_a_wheel_is_submitted_to(stand_in, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_SPARK_DEFAULT", YARN)
    monkeypatch.setenv("RECLAKE_PROFILE", "cluster")
    monkeypatch.setenv("RECLAKE_WHEEL", "/srv/reclake.whl")
    run = run_of(without_waiting(read_dag("maintain_lake")))
    assert str(run.state) == "success", states_of(run)
    [call] = stand_in.calls()
    assert call[call.index("--py-files") + 1] == "/srv/reclake.whl"


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
