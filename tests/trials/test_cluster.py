"""On a standalone cluster whose nodes know nothing of the project, the jobs publish what they publish on one machine.

The wheel carries all code to the executors, and nothing but keys is read from their disks: the last tests show that it
would be seen. Also S-07: nodes authenticate and encrypt, in a live session of the cluster profile.
"""

import errno
import json
import re
import shutil
import socket
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from cluster_demo import (
    AS_OF,
    LAST,
    N_TABLES,
    Timed,
    compared,
    generate,
    opened,
    places,
    published_in_either,
    run_here,
    run_on_cluster,
    share_model,
    wrong,
)
from lakes import as_environment, looked_at
from reclake import tables
from reclake.look.planned import plan
from reclake.run.application import Application
from reclake.run.plan import Scope
from reclake.run.rollback import roll_back
from reclake.run.views import published
from reclake.tables import gold, silver
from standalone import HOST, N_WORKERS, ROOT, Cluster, asked, free_port, history_server, master_alone, secret_file, standalone

pytestmark = pytest.mark.trial

SECURE = {
    "spark.authenticate": "true",
    "spark.network.crypto.enabled": "true",
    "spark.network.crypto.cipher": "AES/GCM/NoPadding",
    "spark.io.encryption.enabled": "true",
    "spark.io.encryption.keySizeBits": "256",
}
LIVE = """
import importlib.util, json, os, sys, time
from pathlib import Path

import pyarrow as pa
from reclake.run.job import main


def say(app, options):
    def on_worker(batches):
        import reclake

        for batch in batches:
            time.sleep(1)  # so that both executors have a task
            # The worker's parent is PySpark's daemon, and the daemon's the executor.
            executor = Path(f"/proc/{os.getppid()}/stat").read_text().rpartition(")")[2].split()[1]
            started_as = Path(f"/proc/{executor}/cmdline").read_text().replace(chr(0), " ")
            opened = []
            for path in PLACES:
                try:
                    opened.append(open(path).name)
                except PermissionError as refusal:
                    assert "no such place on a node" in str(refusal)
            told = {"place": reclake.__file__, "folder": os.getcwd(), "executor": started_as, "opened": opened}
            found = [name for name in ("pandas", "cryptography", "pytest", "hypothesis") if importlib.util.find_spec(name)]
            yield pa.RecordBatch.from_pylist([told | {"packages": found}])

    columns = "place string, folder string, executor string, opened array<string>, packages array<string>"
    rows = app.spark.range(8).repartition(8).mapInArrow(on_worker, columns).collect()
    found = {"rows": [row.asDict() for row in rows], "conf": dict(app.spark.sparkContext.getConf().getAll())}
    found["master"] = app.spark.sparkContext.master
    sys.stdout.write(json.dumps(found) + chr(10))


main(say, lambda parser: None, needs_keys=False)
"""

LOSE_EXECUTORS = """
import os, runpy, signal, sys
from pathlib import Path

from pyspark import SparkContext
from reclake.run import stage
from reclake.run.phases import observed

builder_of = stage.builder_of


def impure(table):
    builder = builder_of(table)
    if table.name != "silver.order_lines":
        return builder
    seconds = "CAST(reflect('java.lang.System', 'currentTimeMillis') AS BIGINT) div 1000"
    more_each_second = f"pmod(xxhash64(file_digest, position), 997) < 498 + {seconds} % 499"
    return lambda **told: builder(**told).where(more_each_second)


def executors():
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue  # it has ended
        if "CoarseGrainedExecutorBackend" in command and SparkContext._active_spark_context.applicationId in command:
            yield int(folder.name)


def at(phase, of):
    if (phase, of) == ("gated", "silver.order_lines"):
        for executor in executors():
            os.kill(executor, signal.SIGKILL)
        sys.stdout.write("executors are killed\\n")


job = str(Path(os.environ["RECLAKE_HOME"], "jobs", "build.py"))
sys.argv[0] = job
if "IMPURE" in os.environ:
    stage.builder_of = impure
with observed(at):
    runpy.run_path(job, run_name="__main__")
"""


@dataclass(frozen=True)
class Lakes:
    """The lake that the cluster wrote, and the one that this process wrote."""

    cluster: Cluster
    remote: Application
    local: Application
    without_model: dict[str, tuple[int, int, int]]  # what differed in the lists before the model was shared


@pytest.fixture(scope="module")
def lakes(spark, tmp_path_factory):
    """The company's days on both."""
    folder = tmp_path_factory.mktemp("cluster")
    local = opened(folder, lake="lake-here", spark=spark, profile="test")
    generate(local)
    with standalone(folder, as_environment(places(folder, lake="lake-cluster"))) as cluster:
        run_on_cluster(Timed(cluster))
        remote = opened(folder, lake="lake-cluster", spark=spark, profile="test")
        run_here(local)
        without_model = compared(remote, local, [gold.RECOMMENDATIONS.name])
        share_model(local, version=remote.model_version("als"))
        yield Lakes(cluster, remote, local, without_model)


def places_of(cluster):
    """Files that all exist: the first is a key, the others no node has."""
    (key, _) = sorted((cluster.shared / "secrets").glob("*.key"))
    return [key, ROOT / "conf" / "base.toml", ROOT / "setup.py", cluster.properties, Path("/etc/hosts")]


@pytest.fixture(scope="module")
def live(lakes):
    """What a job on the cluster says of its session and its executors."""
    job = lakes.cluster.folder / "live.py"
    job.write_text(LIVE.replace("PLACES", repr([str(path) for path in places_of(lakes.cluster)])))
    done = lakes.cluster.submit(job)
    assert done.returncode == 0, done.stderr[-3000:]
    return SimpleNamespace(**json.loads(done.stdout.splitlines()[-1]))


def test_every_published_table_holds_the_same_rows(lakes):
    found = compared(lakes.remote, lakes.local, published_in_either(lakes.remote, lakes.local))
    assert len(found) >= N_TABLES, found
    assert wrong(found) == {}


def test_lists_by_another_model_would_be_seen(lakes):
    """The known-bad one: before the model was shared, this machine's lists were those of popularity."""
    n_rows, only_there, only_here = lakes.without_model[gold.RECOMMENDATIONS.name]
    assert 0 < only_there <= n_rows
    assert only_here > 0


def test_the_model_that_the_cluster_trained_serves_in_both(lakes):
    assert lakes.remote.model_version("als") == lakes.local.model_version("als") == 1
    shown = published(lakes.remote, gold.RECOMMENDATIONS).where(f"as_of_date = DATE '{AS_OF}' AND source = 'als'")
    assert {row["model_version"] for row in shown.select("model_version").distinct().collect()} == {"1"}
    (trained,) = published(lakes.remote, gold.MODEL_METRICS).select("training_id", "is_promoted").distinct().collect()
    assert trained["is_promoted"]


def test_what_the_cluster_built_is_up_to_date_by_the_code_of_this_machine(lakes):
    """The wheel is this code: no digest of a builder differs."""
    lakes.remote.ledger.load()
    assert plan(looked_at(lakes.remote), Scope(as_ofs=(AS_OF,))) == []


def test_another_run_of_the_finished_day_on_the_cluster_changes_nothing(lakes):
    before = {name: row.version for name, row in lakes.remote.manifest.current().items()}
    Timed(lakes.cluster).submit("run.py", "--from", str(LAST), "--to", str(LAST), "--as-of", str(AS_OF))
    after = opened(lakes.cluster.folder, lake="lake-cluster", spark=lakes.remote.spark, profile="test").manifest.current()
    assert {name: row.version for name, row in after.items()} == before


def built_with_executors_lost(lakes, name, **environment):
    """A copy of the lake whose silver was built again, its executors killed between gate and commit of the table.

    Gives how that ended, the version of before and the lake as it is then.
    """
    table, shared = silver.ORDER_LINES, lakes.cluster.shared
    shutil.copytree(shared / "lake-cluster", shared / name)
    lost = opened(lakes.cluster.folder, lake=name, spark=lakes.remote.spark, profile="test")
    before = lost.manifest.current()[table.name].version
    roll_back(lost, 1)  # bronze alone: a day whose rows come out as they stand would not be committed
    assert table.name not in lost.manifest.current()
    job = lakes.cluster.folder / "lost.py"
    job.write_text(LOSE_EXECUTORS)
    own = as_environment({"lake.root": (shared / name).as_uri()})
    done = lakes.cluster.submit(job, "--stage", table.stage, "--day", str(LAST), environment=own | environment)
    assert "executors are killed" in done.stdout
    assert "Lost executor" in done.stderr
    return done, before, opened(lakes.cluster.folder, lake=name, spark=lakes.remote.spark, profile="test")


def test_executors_lost_between_gate_and_commit_change_no_row(lakes):
    """What was judged lay on their disks: it is computed a second time, and must come out the same."""
    table = silver.ORDER_LINES
    done, before, after = built_with_executors_lost(lakes, "lake-lost")
    assert done.returncode == 0, done.stderr[-3000:]
    assert before < after.manifest.current()[table.name].version, "it was built again"
    assert wrong(compared(lakes.remote, after, [one.name for one in tables.of_stage(table.stage)])) == {}


def test_a_builder_that_gives_other_rows_the_second_time_is_seen(lakes):
    """The known-bad variant: a few rows more with each second. Other rows than were counted are not published."""
    table = silver.ORDER_LINES
    done, _, after = built_with_executors_lost(lakes, "lake-impure", IMPURE="yes")
    assert done.returncode == 3, done.stderr[-3000:]
    assert re.search(r"rows written, [\d,]+ judged", done.stdout)
    assert table.name not in after.manifest.current()


def test_the_history_server_shows_what_the_jobs_did(lakes):
    n_logs = len(list((lakes.cluster.shared / "events").iterdir()))
    with history_server(lakes.cluster) as address:  # it answers before it has read all of them
        applications = asked(f"{address}/api/v1/applications", until=lambda found: len(found) == n_logs)
        assert {"reclake ingest", "reclake build", "reclake train"} <= {found["name"] for found in applications}
        (train,) = (found["id"] for found in applications if found["name"] == "reclake train")
        stages = asked(f"{address}/api/v1/applications/{train}/stages")
        assert sum(stage["shuffleWriteBytes"] for stage in stages) > 0
        groups = {job.get("jobGroup") for job in asked(f"{address}/api/v1/applications/{train}/jobs")}
        assert any(group and group.partition(":")[2] for group in groups), "named as docs/cluster.md says: <run id>:<table>"


def test_executors_have_the_package_from_the_wheel_and_stand_elsewhere(lakes, live):
    assert live.master == lakes.cluster.master
    folders = {Path(row["folder"]) for row in live.rows}
    assert len(folders) == N_WORKERS
    assert {folder.is_relative_to(lakes.cluster.folder) for folder in folders} == {True}
    assert {Path(row["place"]).parents[1].name for row in live.rows} == {f"{lakes.cluster.wheel.stem}.zip"}
    # Spark names the wheel by its place in the executor's own folder.
    assert [row["place"] for row in live.rows if not Path(row["folder"], *Path(row["place"]).parts[:-2]).is_file()] == []


def test_executors_open_no_file_of_the_machine_and_lack_what_jobs_do_not_need(lakes, live):
    key, *others = places_of(lakes.cluster)
    assert [path for path in others if not path.is_file()] == [], "nothing is proven"
    assert {tuple(row["opened"]) for row in live.rows} == {(str(key),)}
    assert {tuple(row["packages"]) for row in live.rows} == {("pandas", "cryptography")}


def test_nodes_authenticate_and_encrypt_in_a_live_session(lakes, live):
    assert {key: live.conf.get(key) for key in SECURE} == SECURE
    secret = lakes.cluster.properties.read_text().split()[1]
    assert live.conf["spark.authenticate.secret"] == secret
    for row in live.rows:
        assert "CoarseGrainedExecutorBackend" in row["executor"], "not the executor's command line: nothing is proven"
        assert "-Dspark.authenticate=true" in row["executor"]
        assert "-Dspark.network.crypto.enabled=true" in row["executor"]
        assert secret not in row["executor"]
    logs = [path for path in (lakes.cluster.shared / "events").rglob("*") if path.is_file() and "events" in path.name]
    assert logs
    assert [path.name for path in logs if secret.encode() in path.read_bytes()] == []


def test_the_master_takes_no_submissions_at_its_rest_port(lakes):
    """Spark 4.2.0 opens it by default, and asks for no secret there: so does a master without the profile's line."""
    folder, open_port = lakes.cluster.folder / "open", free_port()
    (folder / "nodes-conf").mkdir(parents=True)
    lines = (lakes.cluster.folder / "nodes-conf" / "spark-defaults.conf").read_text().splitlines()
    others = [line for line in lines if not line.startswith("spark.master.rest.")]
    assert len(others) == len(lines) - 2
    told = "\n".join([*others, f"spark.master.rest.port {open_port}", ""])
    (folder / "nodes-conf" / "spark-defaults.conf").write_text(told)
    with master_alone(folder, web_port=free_port()):
        assert answers_within(60, open_port), "the known-bad one is closed as well: nothing is proven"
    assert not answers_within(0, lakes.cluster.rest_port)


def answers_within(seconds, port):
    """Whether somebody listens there, at last after so many seconds."""
    deadline = time.monotonic() + seconds
    while True:
        with socket.socket() as one:
            if (code := one.connect_ex((HOST, port))) == 0:
                return True
        assert code == errno.ECONNREFUSED
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.5)


def test_an_application_with_another_secret_is_not_let_in(lakes, live):
    """The same job was let in with the cluster's secret: that is `live`."""
    other = secret_file(lakes.cluster.folder / "other.properties")
    done = lakes.cluster.submit(lakes.cluster.folder / "live.py", properties=other)
    assert done.returncode != 0
    assert '"rows"' not in done.stdout
    assert "All masters are unresponsive" in done.stderr


def test_a_run_whose_executors_lack_the_wheel_fails(lakes):
    """The known-bad one: the driver has the package from its own path, the executors from nowhere."""
    done = lakes.cluster.submit(
        "build.py", "--stage", "silver", "--day", str(LAST), "--force", "--verbose",
        has_wheel=False, environment={"PYTHONPATH": str(ROOT / "lib")},
    )  # fmt: skip
    assert done.returncode != 0
    assert "No module named 'reclake'" in done.stdout + done.stderr


def test_a_builder_that_opens_a_file_of_the_project_on_an_executor_fails(lakes):
    """The known-bad one: every worker reads its key, and here a settings file as well."""
    bad = lakes.cluster.folder / "bad" / lakes.cluster.wheel.name
    bad.parent.mkdir()
    reading = "    (key,) = _usable([_file_of(directory, key_id)])\n"
    told = f"    open({str(ROOT / 'conf' / 'base.toml')!r}).close()\n{reading}"
    with zipfile.ZipFile(lakes.cluster.wheel) as good, zipfile.ZipFile(bad, "w") as packed:
        for name in good.namelist():
            text = good.read(name)
            if name == "reclake/privacy/keys.py":
                assert text.count(reading.encode()) == 1
                text = text.replace(reading.encode(), told.encode())
            packed.writestr(name, text)
    done = lakes.cluster.submit("build.py", "--stage", "silver", "--day", str(LAST), "--force", "--verbose", wheel=bad)
    assert done.returncode != 0
    # Its message would quote the place, as it may quote a value: the kind and the line are told.
    assert "Cause: PermissionError" in done.stderr
    assert "reclake/privacy/keys.py" in done.stderr
