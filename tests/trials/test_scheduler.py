"""The local Airflow as `make airflow` starts it: who is let in and may do what (S-11), a backfill, and a scheduled day.

The day misses its hour or keeps it, and starts the DAGs that wait for what it has published.
"""

import ipaddress
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import pytest

from dags.runs import DAGS, StandIn
from lakes import ROOT
from reclake import tables
from standalone import free_port
from webhook import webhook

pytestmark = pytest.mark.trial
FIRST = date(2026, 2, 1)
_START, _COMMAND = ROOT / "conf" / "airflow" / "start.sh", ROOT / "conf" / "airflow" / "airflow"
_TIMEOUT_SECONDS = 900


@dataclass
class Airflow:
    """A local Airflow, started and stopped by its script; its state stays in between."""

    folder: Path
    port: int
    settings: Mapping[str, str] = field(default_factory=dict)  # further variables of its environment

    @property
    def environment(self):
        own = {
            "AIRFLOW_HOME": str(self.folder / "home"), "RECLAKE_AIRFLOW_PORT": str(self.port), "TZ": "UTC",
            "RECLAKE_JOBS_ENV": str(self.folder), "RECLAKE_REPORTS": str(self.folder / "reports"),
        }  # fmt: skip
        left = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "SPARK_", "PYSPARK_"))}
        return left | own | dict(self.settings)

    @contextmanager
    def running(self):
        """All its processes, ended with the block; gives their session."""
        with (self.folder / "log.txt").open("a") as log:
            process = subprocess.Popen(
                [_START], env=self.environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )  # fmt: skip
            try:
                self.wait_until(lambda: "Ctrl-C stops it" in (self.folder / "log.txt").read_text(), process)
                yield process.pid
            finally:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(timeout=120)
                finally:
                    # Whatever did not follow its script's word.
                    if _is_alive(process.pid):
                        os.killpg(process.pid, signal.SIGKILL)
        (self.folder / "log.txt").unlink()

    def wait_until(self, is_so, process=None):
        deadline = time.monotonic() + _TIMEOUT_SECONDS
        while not is_so():
            assert time.monotonic() < deadline, "it took too long"
            assert process is None or process.poll() is None, (self.folder / "log.txt").read_text()[-3000:]
            time.sleep(2)

    def command(self, *arguments):
        done = subprocess.run([_COMMAND, *arguments], env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        return done.stdout

    def asked(self, path, *, token=None, method="GET", **body):
        """Status and answer of the API."""
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        data = json.dumps(body).encode() if body else None
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data=data, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - loopback
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as refusal:
            return refusal.code, refusal.read().decode()

    def token(self, user):
        passwords = json.loads((self.folder / "home" / "simple_auth_manager_passwords.json.generated").read_text())
        status, answer = self.asked("/auth/token", method="POST", username=user, password=passwords[user])
        assert status == 201, answer
        return answer["access_token"]


def addresses_listened_on(session):
    """IP address and port of every listening socket of the session's processes."""
    inodes = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if os.getsid(int(process.name)) == session:
                inodes |= {os.readlink(one) for one in (process / "fd").iterdir()}
        except OSError:
            continue  # it has ended
    rows = [line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]]
    listening = [row[1].split(":") for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in inodes]
    # Each word of four bytes stands there in the machine's order.
    words = [([address[n : n + 8] for n in range(0, len(address), 8)], int(port, 16)) for address, port in listening]
    return {(ipaddress.ip_address(b"".join(bytes.fromhex(word)[::-1] for word in one)), port) for one, port in words}


def _is_alive(group):
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def stand_in_at(folder):
    """A spark-submit that notes its calls, beside the real Python of the jobs environment."""
    if not (ROOT / ".venv" / "airflow" / "bin" / "airflow").exists():
        pytest.skip("make airflow-test sets the environment up: not run is not passed")
    before = os.environ.get("RECLAKE_JOBS_ENV")
    found = StandIn.at(folder)
    found.with_python(Path(sys.executable))
    if before is None:
        del os.environ["RECLAKE_JOBS_ENV"]
    else:
        os.environ["RECLAKE_JOBS_ENV"] = before
    return found


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory):
    return stand_in_at(tmp_path_factory.mktemp("scheduled"))


@pytest.fixture(scope="module")
def airflow(stand_in):
    return Airflow(stand_in.folder, free_port())


def test_who_is_let_in_and_may_do_what(airflow, stand_in):
    """A viewer looks and starts nothing; nobody looks without a login; a conf that is not plain starts nothing."""
    runs = "/api/v2/dags/daily_lake/dagRuns"
    wanted = {"logical_date": None, "conf": {"day": "2026-01-01"}}
    with airflow.running() as session:
        admin, viewer = airflow.token("admin"), airflow.token("viewer")
        listed = lambda: {dag["dag_id"] for dag in airflow.asked("/api/v2/dags", token=admin)[1]["dags"]}  # noqa: E731
        airflow.wait_until(lambda: listed() == set(DAGS))
        assert airflow.asked("/api/v2/dags")[0] == 401
        assert airflow.asked("/api/v2/dags", token="of nobody")[0] in (401, 403)
        assert airflow.asked("/auth/token", method="POST", username="viewer", password="viewer")[0] == 401
        assert airflow.asked("/api/v2/dags", token=viewer)[0] == 200
        for path in ("/api/v2/connections", "/api/v2/connections/spark_default", "/api/v2/variables", "/api/v2/config"):
            assert airflow.asked(path, token=viewer)[0] == 403, path
        assert airflow.asked(runs, token=viewer, method="POST", **wanted)[0] == 403
        assert airflow.asked("/api/v2/dags/daily_lake", token=viewer, method="PATCH", is_paused=False)[0] == 403
        for bad in ({"day": "../../etc"}, {"day": "2026-02-30"}, {"day": "2026-02-01\n"}, {"day": 7}, {"day": ["2026-02-01"]}):
            assert airflow.asked(runs, token=admin, method="POST", logical_date=None, conf=bad)[0] in (400, 422), bad
        assert airflow.asked(runs, token=admin)[1]["total_entries"] == 0
        listened = addresses_listened_on(session)
        assert airflow.port in {port for _, port in listened}
        assert [address for address, _ in listened if not address.is_loopback] == []
        # The known-bad variant: the same request by who may.
        assert airflow.asked(runs, token=admin, method="POST", **wanted)[0] == 200
        assert airflow.asked(runs, token=admin)[1]["total_entries"] == 1
    assert stand_in.calls() == [], "the DAG is paused"
    for name in ("simple_auth_manager_passwords.json.generated", "jwt_secret", "secret_key", "airflow.db"):
        assert (airflow.folder / "home" / name).stat().st_mode & 0o077 == 0, name


def test_a_backfill_runs_each_of_its_days_once_and_a_training_comes_on_request(airflow, stand_in, trial_size):
    """Both asked for beside a stopped scheduler, as SQLite lets one process write at a time."""
    days = [FIRST + timedelta(days=n) for n in range(trial_size.n_backfilled_days)]
    with airflow.running():  # it reads the DAGs
        admin = airflow.token("admin")
        airflow.wait_until(lambda: airflow.asked("/api/v2/dags/daily_lake", token=admin)[0] == 200)
    for dag in ("daily_lake", "train_recommenders"):
        airflow.command("dags", "unpause", dag, "--yes")
    airflow.command("dags", "trigger", "train_recommenders", "--conf", '{"tune": true}')
    airflow.command(
        "backfill", "create", "--dag-id", "daily_lake", "--from-date", f"{days[0]}T02:00:00", "--to-date", f"{days[-1]}T02:00:00",
        "--max-active-runs", "1", "--reprocess-behavior", "completed",
    )  # fmt: skip
    with airflow.running():
        admin = airflow.token("admin")

        def states(dag, run_type):
            told = airflow.asked(f"/api/v2/dags/{dag}/dagRuns?run_type={run_type}&limit=100", token=admin)[1]["dag_runs"]
            return [run["state"] for run in told]

        def both():
            return states("daily_lake", "backfill") + states("train_recommenders", "manual")

        airflow.wait_until(lambda: len(both()) == len(days) + 1 and not {"queued", "running"} & set(both()))
        assert both() == ["success"] * (len(days) + 1)
    assert any(call[0] == "training" and call[call.index("--tune") + 1] == "always" for call in stand_in.calls())
    told = [(call[0], call[call.index("--day") + 1]) for call in stand_in.calls() if "--day" in call]
    for day in days:
        of_day = [task for task, of in told if of == str(day)]
        assert sorted(of_day) == sorted([*tables.STAGES, "alert"]), day
        assert [task for task in of_day if task in tables.STAGES] == list(tables.STAGES)


# One DAG per table that waits for it, as docs/bi.md has it.
WAITING = """
from airflow.sdk import DAG
from submitting import START, SubmitJob, asset_of

from reclake.tables import gold

for table in (gold.CUSTOMER_SEGMENTS, gold.SEGMENT_BINS):
    with DAG(dag_id=f"after_{table.noun}", schedule=[asset_of(table)], start_date=START, catchup=False):
        SubmitJob(task_id=f"export_{table.noun}", job="export", arguments=["--file", "/srv/bi/reclake.duckdb"])

with DAG(dag_id="after_both", schedule=[asset_of(gold.CUSTOMER_SEGMENTS), asset_of(gold.RECOMMENDATIONS)], start_date=START):
    SubmitJob(task_id="export_both", job="export", arguments=["--file", "/srv/bi/reclake.duckdb"])
"""


def test_a_dag_that_waits_for_a_table_starts_when_it_was_published_and_not_otherwise(tmp_path):
    stand_in = stand_in_at(tmp_path)
    stand_in.plan(customers={"published": {"gold.customer_segments": 4}})  # of the other one nothing new
    shutil.copytree(ROOT / "dags", tmp_path / "dags", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "dags" / "waiting.py").write_text(WAITING)
    airflow = Airflow(stand_in.folder, free_port(), {"AIRFLOW__CORE__DAGS_FOLDER": str(tmp_path / "dags")})
    with airflow.running():
        admin = airflow.token("admin")
        for name in ("after_customer_segments", "after_segment_bins", "after_both", "daily_lake"):
            airflow.wait_until(lambda dag=f"/api/v2/dags/{name}": airflow.asked(dag, token=admin)[0] == 200)
            assert airflow.asked(f"/api/v2/dags/{name}", token=admin, method="PATCH", is_paused=False)[0] == 200

        def states(name):
            return [run["state"] for run in airflow.asked(f"/api/v2/dags/{name}/dagRuns", token=admin)[1]["dag_runs"]]

        airflow.wait_until(lambda: states("daily_lake") == ["success"])
        airflow.wait_until(lambda: states("after_customer_segments") == ["success"])
        airflow.wait_until(lambda: states("after_both") == ["success"])
        time.sleep(20)  # several rounds of the scheduler
        assert (states("after_customer_segments"), states("after_segment_bins")) == (["success"], [])
    assert [call[0] for call in stand_in.calls() if "export" in str(call[1:])] == ["export", "export"]


def test_a_stopped_day_is_mended_by_clearing_only_its_failed_tasks(tmp_path, record_property):
    """As a person does it in the browser; the mended stage also publishes a table anew that was green."""
    stand_in = stand_in_at(tmp_path)
    unbuilt = {"silver.order_lines": "stopped", "silver.interactions": "not built"}
    names = [table.name for table in tables.of_stage("silver")]
    rows = {name: {"outcome": outcome, "message": "a stand-in stopped it"} for name, outcome in unbuilt.items()}
    published = {name: 4 for name in names if name not in unbuilt}
    stand_in.plan(silver={"exit_code": 3, "published": published, "tables": rows})
    airflow = Airflow(stand_in.folder, free_port())
    dag = "/api/v2/dags/daily_lake"
    with airflow.running():
        admin = airflow.token("admin")
        airflow.wait_until(lambda: airflow.asked(dag, token=admin)[0] == 200)
        assert airflow.asked(dag, token=admin, method="PATCH", is_paused=False)[0] == 200

        def runs():
            return airflow.asked(f"{dag}/dagRuns", token=admin)[1]["dag_runs"]

        def tasks(run):
            found = airflow.asked(f"{dag}/dagRuns/{run}/taskInstances?limit=100", token=admin)[1]["task_instances"]
            return {task["task_id"]: task for task in found}

        def events():
            found = airflow.asked("/api/v2/assets/events?limit=200", token=admin)[1]["asset_events"]
            return sorted((event["name"], event["extra"]["version"]) for event in found)

        airflow.wait_until(lambda: [run["state"] for run in runs()] == ["failed"])
        [run] = [run["dag_run_id"] for run in runs()]
        red = {name for name, task in tasks(run).items() if task["state"] == "failed"}
        assert red == {"silver", "customers", "recommendations", *(f"silver_tables.{name}" for name in unbuilt)}
        light = [task["duration"] for name, task in tasks(run).items() if "_tables." in name]
        stand_in.plan(silver={"published": dict.fromkeys(names, 4) | dict.fromkeys([*unbuilt, "silver.products"], 5)})
        clear = {"dry_run": False, "dag_run_id": run, "only_failed": True, "reset_dag_runs": True}
        assert airflow.asked(f"{dag}/clearTaskInstances", token=admin, method="POST", **clear)[0] == 200
        airflow.wait_until(lambda: [run["state"] for run in runs()] == ["success"])
        assert {task["state"] for task in tasks(run).values()} <= {"success", "skipped"}
        silver = [(name, version) for name, version in events() if name in names]
    assert silver == sorted([*published.items(), *((name, 5) for name in (*unbuilt, "silver.products"))])
    record_property(f"{len(light)} tasks of tables, seconds together", round(sum(light), 1))


@pytest.mark.parametrize(("due_hours", "told"), [("0", ["deadline"]), ("1000", [])], ids=("missed", "kept"))
def test_a_scheduled_day_that_is_not_published_by_its_hour_is_told(tmp_path, due_hours, told):
    """The second is the known-bad variant of a scheduler that tells of every day."""
    stand_in = stand_in_at(tmp_path)
    with webhook() as server:
        settings = {
            "RECLAKE_DUE_HOURS": due_hours, "RECLAKE__ALERTS__CHANNEL": "webhook",
            "RECLAKE_ALERT_WEBHOOK": f"http://127.0.0.1:{server.server_port}/hook",
        }  # fmt: skip
        airflow = Airflow(stand_in.folder, free_port(), settings)
        with airflow.running():
            admin, dag = airflow.token("admin"), "/api/v2/dags/daily_lake"
            airflow.wait_until(lambda: airflow.asked(dag, token=admin)[0] == 200)
            assert airflow.asked(dag, token=admin, method="PATCH", is_paused=False)[0] == 200
            runs = f"{dag}/dagRuns?run_type=scheduled"
            airflow.wait_until(lambda: [run["state"] for run in airflow.asked(runs, token=admin)[1]["dag_runs"]] == ["success"])
            airflow.wait_until(lambda: len(server.seen) >= len(told))
            [run] = airflow.asked(runs, token=admin)[1]["dag_runs"]
            time.sleep(20)  # several rounds of the scheduler: what it tells late or twice comes now
    found = [alert for _, alert in server.seen]
    assert [finding["kind"] for alert in found for finding in alert["findings"]] == told
    assert {(alert["day"], alert["run_id"]) for alert in found} <= {(run["data_interval_start"][:10], run["dag_run_id"])}
