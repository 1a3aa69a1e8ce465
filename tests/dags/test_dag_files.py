"""All DAG files: what they import, how they are run and by whom, what conf they take, and that no secret shows."""

import ast
import copy
import json
import os
import random
import subprocess
import sys
import tomllib
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import pytest
from runs import DAGS, JOBS, ROOT, StandIn, read_dag, run_of, states_of, without_waiting

from webhook import webhook

pytestmark = pytest.mark.usefixtures("database")
HEAVY = {"pyspark", "delta", "pandas", "numpy", "mlflow", "great_expectations", "torch", "pyarrow"}
NOW = datetime(2026, 5, 3, 2, tzinfo=UTC)
PLANTED = "pl4nted-s3cret"


@pytest.fixture
def stand_in(monkeypatch, tmp_path):
    monkeypatch.setenv("RECLAKE_JOBS_ENV", "")  # so that it is put back afterwards
    return StandIn.at(tmp_path)


def test_a_dag_imports_of_reclake_the_declarations_only():
    """What tells of a broken environment is the one exception: it must send where the jobs' environment is missing."""
    files = sorted((ROOT / "dags").rglob("*.py"))
    assert {path.stem for path in files if path.parent.name == "dags"} == set(DAGS)
    for path in files:
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
        names |= {f"{node.module}.{alias.name}" for node in nodes if isinstance(node, ast.ImportFrom) for alias in node.names}
        sends = {f"reclake.run.posting.{name}" for name in ("Finding", "sent", "tell")} if path.stem == "telling" else set()
        assert {name for name in names if name.startswith("reclake")} <= {"reclake.tables", "reclake.tables.Table"} | sends
        assert not {name for name in names if name.split(".")[0] in HEAVY}


PARSE = """
import json, sys, time
from airflow.dag_processing.dagbag import DagBag
from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator  # as a DAG processor holds it already
errors, seconds = {}, {}
for name in sys.argv[1:]:
    before = time.process_time()
    errors |= DagBag(f"dags/{name}.py").import_errors
    seconds[name] = time.process_time() - before
loaded = sorted({name.split(".")[0] for name in sys.modules})
print(json.dumps({"errors": errors, "seconds": seconds, "loaded": loaded}))
"""


def test_no_dag_file_loads_a_heavy_library_or_works_for_a_second():
    """Seconds of the processor, not of the clock: other processes do not count."""
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'lib'}:{ROOT / 'dags'}"}
    command = [sys.executable, "-c", PARSE, *DAGS]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert (found["errors"], sorted(found["seconds"])) == ({}, sorted(DAGS))
    assert "jinja2" in found["loaded"], "nothing was looked at"
    assert HEAVY & set(found["loaded"]) == set()
    assert max(found["seconds"].values()) <= 1, found["seconds"]


@pytest.mark.parametrize("name", DAGS)
def test_every_task_states_owner_retries_and_limits(name):
    dag = read_dag(name)
    assert (dag.catchup, dag.max_active_runs) == (False, 1)
    for task in dag.tasks:
        assert task.owner.startswith("reclake")
        assert (task.retries, bool(task.retry_exponential_backoff)) == (4, True)
        assert task.retry_delay < task.max_retry_delay < task.execution_timeout


def waits_of(task, number):
    """What Airflow waits after each try of the task, as its back-off draws `number`."""
    from airflow.models.taskinstance import TaskInstance

    ended = datetime(2026, 3, 2, 2, tzinfo=UTC)
    of_try = SimpleNamespace(
        task=task, dag_id="d", task_id=task.task_id, logical_date=None, end_date=ended, retry_delay_override=None
    )
    drawn = SimpleNamespace(sha1=lambda *_, **__: SimpleNamespace(hexdigest=lambda: f"{number:x}"))
    with patch("airflow.models.taskinstance.hashlib", drawn):
        return [TaskInstance.next_retry_datetime(vary(of_try, try_number=n + 1)) - ended for n in range(task.retries)]


def vary(known, **changed):
    return SimpleNamespace(**vars(known) | changed)


def claim_time():
    """How long a driver that died on another host of the cluster holds what it was writing."""
    found = {}
    for profile in ("base", "cluster"):
        found |= tomllib.loads((ROOT / "conf" / f"{profile}.toml").read_text())["run"]
    return timedelta(minutes=found["claim_minutes"])


def test_the_tries_of_a_task_that_writes_outlast_the_claim_of_a_dead_driver():
    """Summed over the shortest waits that Airflow may draw; a task that writes is one that takes a pool's slot."""
    writing = [task for name in DAGS for task in read_dag(name).tasks if task.pool != "default_pool"]
    assert len(writing) == 9
    for task in writing:
        shortest, drawn = waits_of(task, 0), waits_of(task, random.SystemRandom().getrandbits(160))
        assert all(least <= wait <= task.max_retry_delay for least, wait in zip(shortest, drawn, strict=True))
        assert sum(shortest, timedelta()) > claim_time(), (task.task_id, shortest)
        # The known bad: one try less ends too early.
        assert sum(shortest[:-1], timedelta()) < claim_time()


def test_who_writes_a_table_waits_for_whoever_else_does():
    pools = json.loads((ROOT / "conf" / "airflow" / "pools.json").read_text())
    tasks = {f"{name}.{task.task_id}": task for name in DAGS for task in read_dag(name).tasks}
    taken = {name: task.pool for name, task in tasks.items() if task.pool != "default_pool"}
    from reclake import tables

    writers = {f"daily_lake.{stage}": "reclake_lake" for stage in tables.STAGES}
    trainings = {f"train_recommenders.training_{name}": "reclake_training" for name in ("als", "item_item", "linkage")}
    assert taken == writers | trainings | {"maintain_lake.maintain": "reclake_lake"}
    assert {name: pools[name]["slots"] for name in set(taken.values())} == {"reclake_lake": 1, "reclake_training": 1}


def call_of(stand_in, model):
    """The one call for the model; the weights of linkage have one as well."""
    calls = {call[call.index("--model") + 1]: call for call in stand_in.calls()}
    assert calls.keys() == {"als", "item_item", "linkage"}
    assert len(stand_in.calls()) == 3
    return calls[model]


def test_training_is_weekly_and_reads_the_days_before_its_monday(stand_in):
    run = without_waiting(read_dag("train_recommenders")).test(logical_date=datetime(2026, 4, 29, 8, tzinfo=UTC))
    assert str(run.state) == "success", states_of(run)
    call = call_of(stand_in, "als")
    assert (call[0], call[call.index("--as-of") + 1]) == ("training", "2026-04-27")
    assert call[call.index("--tune") + 1] == "when-due"


def test_every_declared_model_has_a_training_of_its_own(monkeypatch):
    from reclake.tables import models

    monkeypatch.setattr(models, "MODELS", (models.ALS, replace(models.ALS, name="other")))
    tasks = {task.task_id: task for task in read_dag("train_recommenders").tasks}
    assert sorted(tasks) == sorted([
        "check",
        *(f"training_{name}{what}" for name in ("als", "other", "linkage") for what in ("", "_tables.gold.model_metrics")),
    ])
    for name in ("als", "other", "linkage"):
        arguments = tasks[f"training_{name}"].application_args
        assert arguments[arguments.index("--model") + 1] == name
        assert tasks[f"training_{name}"].downstream_task_ids == {f"training_{name}_tables.gold.model_metrics"}


def test_a_search_of_the_settings_is_had_on_request(stand_in):
    run = without_waiting(read_dag("train_recommenders")).test(
        logical_date=None, run_after=datetime(2026, 4, 29, 8, tzinfo=UTC), run_conf={"tune": True}
    )
    assert str(run.state) == "success", states_of(run)
    call = call_of(stand_in, "als")
    assert call[call.index("--tune") + 1] == "always"
    assert call[call.index("--as-of") + 1] == "2026-04-29", "without an interval, the days before the run"


def drawn_conf(rng, name):
    """A conf of one of many shapes, most of them wrong; `name` is that of the day."""
    day = f"{rng.choice([1999, 2025, 2026, 2027, 20260])}-{rng.randrange(0, 14):02}-{rng.randrange(0, 33):02}"
    value = rng.choice([
        lambda: day, lambda: f"2026-{rng.randrange(1, 13):02}-{rng.randrange(1, 32):02}", lambda: None,
        lambda: rng.choice(["../../etc/passwd", "/etc/passwd", "s3://a/b", "2026-01-01/..", "..", "", " 2026-01-01", "2026-01-01\n"]),
        lambda: rng.choice(["{{ var.value.x }}", "{{ conn.spark_default.password }}", "$(id)", "; rm -rf /", "--landing=/tmp"]),
        lambda: rng.choice(["20260101", "2026-W01-1", "2026-1-1", "2026-01-01T00:00:00", "٢٠٢٦-٠١-٠١", "０２"]),
        lambda: rng.choice([0, -1, 20260101, 2.5, True, False, [day], {"day": day}, 10**30]),
        lambda: "".join(chr(rng.randrange(1, 0x3000)) for _ in range(rng.randrange(1, 60))),
    ])()  # fmt: skip
    conf = {rng.choice([name] * 8 + [name.title(), "stage", "landing", f"../{name}"]): value}
    if rng.random() < 0.3:
        flag = "tune" if name == "as_of" else "force"
        conf[flag] = rng.choice([True, False, True, False, None, 1, 0, "true", "always", ["x"], "{{ 1 }}"])
    if name == "day" and rng.random() < 0.3:
        known = ["silver.events", "gold.customer_segments"]
        conf["tables"] = rng.choice([known, known[:1], [], None, ["silver.event"], "silver.events", [7], ["--force"]])
    return conf | ({"profile": "cluster"} if rng.random() < 0.05 else {}) if rng.random() > 0.02 else {}


def is_plain(conf, name):
    """Known names, a real day in its one plain form that is not to come, and of a training yes or no."""
    flag = "tune" if name == "as_of" else "force"
    if set(conf) - ({name, flag} | ({"tables"} if name == "day" else set())):
        return False
    if not isinstance(conf.get(flag, False), bool):
        return False
    asked = conf.get("tables")
    if asked is not None and not (
        isinstance(asked, list) and set(map(str, asked)) <= {"silver.events", "gold.customer_segments"}
    ):
        return False
    day = conf.get(name)
    if day is None:
        return True
    if not isinstance(day, str) or not day.isascii():
        return False
    try:
        return str(date(*map(int, day.split("-")))) == day and "2000" <= day <= str(NOW.date())
    except (ValueError, TypeError):
        return False


@pytest.mark.parametrize(("dag_id", "name"), [("daily_lake", "day"), ("train_recommenders", "as_of")])
def test_a_conf_is_taken_only_if_it_is_plain(dag_id, name):
    from airflow.sdk.definitions.param import process_params
    from airflow.sdk.exceptions import AirflowFailException, ParamValidationError

    dag = read_dag(dag_id)
    require_plain_conf = sys.modules["submitting.days"].require_plain_conf
    seed = random.SystemRandom().randrange(10**6)
    rng, n_taken = random.Random(seed), 0
    for conf in (drawn_conf(rng, name) for _ in range(500)):
        fresh = SimpleNamespace(params=copy.deepcopy(dag.params))
        try:
            params = process_params(fresh, SimpleNamespace(params=None), conf, suppress_exception=False)
            run = SimpleNamespace(conf=conf, run_after=NOW)
            require_plain_conf({"dag_run": run, "dag": dag, "params": params})
        except (ParamValidationError, AirflowFailException):
            assert not is_plain(conf, name), f"refused, seed {seed}: {conf!r}"
        else:
            assert is_plain(conf, name), f"taken, seed {seed}: {conf!r}"
            n_taken += 1
    assert 20 < n_taken < 400, f"seed {seed}"


def test_a_run_with_an_unknown_name_or_a_day_to_come_submits_nothing(stand_in):
    for conf in ({"Day": "2026-01-02"}, {"day": "2099-01-01"}):
        assert str(run_of(without_waiting(read_dag(), retries=1), run_conf=conf).state) == "failed"
    assert stand_in.calls() == []


def test_no_planted_secret_shows_in_a_rendered_template_or_a_log(stand_in, home, monkeypatch):
    places = ("RECLAKE_ALERT_WEBHOOK", "RECLAKE_ALERT_MAIL", "AWS_SECRET_ACCESS_KEY", "RECLAKE__MLFLOW__TRACKING_URI")
    for name in places:
        monkeypatch.setenv(name, f"https://x/{PLANTED}")
    connection = {"conn_type": "spark", "host": "local[2]", "login": "lake", "password": PLANTED, "extra": {"token": PLANTED}}
    monkeypatch.setenv("AIRFLOW_CONN_SPARK_DEFAULT", json.dumps(connection))
    for name in DAGS:
        assert str(run_of(without_waiting(read_dag(name))).state) == "success"
    assert {call[0] for call in stand_in.calls()} >= {"bronze", "silver", "training", "maintain", "alert"}
    contents = {path: path.read_bytes() for path in Path(home / "home").rglob("*") if path.is_file()}
    assert any(b"train_recommenders" in content and b"--as-of" in content for content in contents.values()), "nothing is proven"
    assert [path for path, content in contents.items() if PLANTED.encode() in content] == []
    assert PLANTED not in json.dumps(stand_in.calls())


@pytest.fixture
def told(monkeypatch, stand_in):
    """What a webhook on loopback was told; the stand-in's Python is the real one."""
    stand_in.with_python(JOBS / "bin" / "python")
    with webhook() as server:
        monkeypatch.setenv("RECLAKE__ALERTS__CHANNEL", "webhook")
        monkeypatch.setenv("RECLAKE_ALERT_WEBHOOK", f"http://127.0.0.1:{server.server_port}/{PLANTED}")
        yield server.seen


def test_a_task_that_no_later_job_tells_of_is_told_by_airflow(told, stand_in):
    stand_in.plan(training={"exit_code": 1, "reports": False})
    run = run_of(without_waiting(read_dag("train_recommenders")))
    assert str(run.state) == "failed"
    assert sorted(
        (finding["subject"], finding["kind"], finding["told"]) for _, alert in told for finding in alert["findings"]
    ) == [
        (f"train_recommenders.training_{name}", "failure", "the task failed after its last try")
        for name in ("als", "item_item", "linkage")
    ]
    assert {alert["run_id"] for _, alert in told} == {run.run_id}


def test_a_missed_deadline_is_told_of_a_scheduled_run_that_could_have_kept_it(told):
    tell_missed = read_dag() and sys.modules["submitting.telling"].tell_missed
    due = datetime(2026, 3, 2, 6, tzinfo=UTC)
    for kind in ("backfill", "manual", "scheduled", "scheduled after its hour"):
        queued = "2026-03-02T06:00:01Z" if "after" in kind else "2026-03-02T02:00:03Z"
        run = {
            "run_type": kind.split()[0], "data_interval_start": "2026-03-01T02:00:00Z", "queued_at": queued,
            "dag_run_id": f"{kind}__x",
        }  # fmt: skip
        tell_missed({"dag_run": run, "deadline": {"deadline_time": due}})
    assert [(one["day"], one["run_id"], one["findings"][0]["kind"]) for _, one in told] == [
        ("2026-03-01", "scheduled__x", "deadline")
    ]
