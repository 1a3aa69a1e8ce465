"""How a process ends: interrupted, with a lake that cannot be written, or started without its settings."""

import json
import os
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest

from reclake import cli
from reclake.cli.console import Console
from reclake.errors import GateFailed, UsageError
from reclake.lake.session import _require_profile
from reclake.run import application, job, opened
from reclake.run.faults import next_step
from reclake.run.opened import require_writable
from reclake.run.report import TableReport
from reclake.tables import of_stage


def interrupted(*arguments, **options):
    raise KeyboardInterrupt


def ended(capsys, run):
    """The exit code and the lines on standard error."""
    with pytest.raises(SystemExit) as end:
        run()
    return end.value.code, capsys.readouterr().err.splitlines()


def test_ctrl_c_ends_a_command_with_three_lines(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["reclake", "run"])
    code, lines = ended(capsys, lambda: cli.main(interrupted))
    assert (code, lines[:2]) == (130, ["interrupted", "  found: Ctrl-C"])
    assert len(lines) == 3


@pytest.fixture
def opened_job(monkeypatch, root, tmp_path):
    """A job whose application opens without Spark; gives what it is called with."""
    monkeypatch.setenv("RECLAKE_HOME", str(root))
    monkeypatch.setenv("RECLAKE__LAKE__ROOT", str(tmp_path / "lake"))

    def open_application(home, settings, *, reporter, **options):
        return SimpleNamespace(spark=SimpleNamespace(stop=lambda: None), settings=settings, reporter=reporter)

    monkeypatch.setattr(application, "open_application", open_application)

    def with_day(parser):
        parser.add_argument("--day", type=date.fromisoformat)

    return lambda verb, *argv, **options: job.main(verb, with_day, argv=argv, publishes=False, **options)


def test_ctrl_c_ends_a_job_with_three_lines(capsys, opened_job):
    code, lines = ended(capsys, lambda: opened_job(interrupted))
    assert (code, len(lines), lines[0]) == (130, 3, "interrupted")


def in_silver(options):
    return ("silver",)


def test_a_job_ends_with_a_line_that_sums_up(opened_job, caplog):
    def build(app, options):
        for table in of_stage("silver"):
            outcome = "built" if table.noun == "events" else "up to date"
            app.reporter.finished(TableReport("silver", table.name, outcome, n_rows=5))

    with caplog.at_level("INFO", logger="reclake"):
        opened_job(build, "--day", "2026-11-21", stages=in_silver)
    assert caplog.messages[-1] == f"silver 2026-11-21: 1 built, {len(of_stage('silver')) - 1} up to date, 0 s"
    assert "silver.events: built, 5 rows, 0.0 s" in caplog.messages


def test_the_three_lines_of_the_error_are_the_last_that_a_job_says(opened_job, capsys, caplog):
    def build(app, options):
        app.reporter.finished(TableReport("silver", "silver.events", "stopped", message="a rule"))
        raise GateFailed("silver.events is stopped", "a rule", "correct the source")

    with caplog.at_level("INFO", logger="reclake"):
        code, lines = ended(capsys, lambda: opened_job(build, "--day", "2026-11-21", stages=in_silver))
    assert (code, lines[-3:]) == (3, ["silver.events is stopped", "  found: a rule", "  next:  correct the source"])
    assert caplog.messages[-1] == f"silver 2026-11-21: 1 stopped, {len(of_stage('silver')) - 1} not built, 0 s"


def test_a_job_that_works_on_no_stage_sums_nothing_up(opened_job, caplog):
    with caplog.at_level("INFO", logger="reclake"):
        opened_job(lambda app, options: None)
    assert caplog.messages == []


def test_a_job_that_cannot_begin_leaves_a_report_with_its_error(opened_job, capsys, monkeypatch, tmp_path):
    def refused(*arguments, **options):
        raise UsageError("there is no such source", "tills", "name one of them")

    monkeypatch.setattr(application, "open_application", refused)
    place = tmp_path / "reports" / "one.json"
    code, lines = ended(capsys, lambda: opened_job(interrupted, "--report", str(place), "--run-id", "r1", stages=in_silver))
    report = json.loads(place.read_text())
    assert (code, report["exit_code"], report["run_id"], len(lines)) == (2, 2, "r1", 3)
    assert report["error"] == {"wrong": "there is no such source", "found": "tills", "next": "name one of them"}
    assert [row["table"] for row in report["tables"]] == [table.name for table in of_stage("silver")]
    assert {row["outcome"] for row in report["tables"]} == {"not built"}


def test_a_line_names_the_as_ofs_of_as_of_tables(capsys):
    one = TableReport("customers", "gold.customer_segments", "built", n_rows=5, n_jobs=2, seconds=1.0, as_ofs=("2026-03-02",))
    console = Console()
    console.finished(one)
    assert capsys.readouterr().out.split("built")[1].strip() == "as_of 2026-03-02, 5 rows, 2 jobs, 1.0 s"
    Console(as_json=True).finished(one)
    assert capsys.readouterr().out == ""
    several = replace(one, as_ofs=("2026-02-16", "2026-02-23", "2026-03-02"))
    assert several.as_of == "as_of 2026-02-16 … 2026-03-02"


@pytest.mark.parametrize(("number", "hint"), [(28, "free space there"), (30, "grant the right to write there"), (13, "grant")])
def test_a_lake_that_cannot_be_written_is_named_before_anything_starts(monkeypatch, tmp_path, number, hint):
    def refused(dir):  # noqa: A002 - the name of tempfile's parameter
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(opened.tempfile, "TemporaryFile", refused)
    with pytest.raises(UsageError) as stopped:
        require_writable(str(tmp_path / "not" / "yet"))
    lines = str(stopped.value).splitlines()
    assert lines[:2] == ["the lake cannot be written", f"  found: {tmp_path}: {os.strerror(number)}"]
    assert lines[2].startswith(f"  next:  {hint}")


def test_a_lake_that_can_be_written_is_left_as_it_is(tmp_path):
    require_writable(str(tmp_path))
    require_writable("hdfs:///reclake/lake")
    assert list(tmp_path.iterdir()) == []


def test_a_session_without_the_settings_of_the_profile_is_refused(monkeypatch):
    stopped = []
    session = SimpleNamespace(conf=SimpleNamespace(get=lambda name, default: default), stop=lambda: stopped.append(True))
    monkeypatch.delenv("SPARK_CONF_DIR", raising=False)
    with pytest.raises(UsageError) as refused:
        _require_profile(session, Path("/srv/reclake/conf/spark/cluster"))
    assert str(refused.value).splitlines() == [
        "Spark was started without the settings of reclake",
        "  found: no Delta among spark.sql.extensions; SPARK_CONF_DIR named no folder",
        "  next:  export SPARK_CONF_DIR=/srv/reclake/conf/spark/cluster before spark-submit is called",
    ]
    assert stopped == [True]


def test_to_do_the_same_again_is_said_only_where_it_helps():
    again = "the same command goes on from there"
    assert again in next_step("OSError: No space left on device in save, store.py:3")
    assert again in next_step("Py4JJavaError in save. Cause: java.net.ConnectException: Connection refused")
    assert again not in next_step("OSError: Read-only file system")
    assert again not in next_step("KeyError in rows, look/listings.py:10")
