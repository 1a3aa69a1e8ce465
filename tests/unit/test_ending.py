"""How a process ends: interrupted, with a lake that cannot be written, or started without its settings."""

import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from reclake import cli
from reclake.cli.console import Console
from reclake.errors import UsageError
from reclake.lake.session import _require_profile
from reclake.run import application, job, opened
from reclake.run.faults import next_step
from reclake.run.opened import require_writable
from reclake.run.report import TableReport, summary


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
    return lambda verb, **options: job.main(verb, lambda parser: None, argv=[], publishes=False, **options)


def test_ctrl_c_ends_a_job_with_three_lines(capsys, opened_job):
    code, lines = ended(capsys, lambda: opened_job(interrupted))
    assert (code, len(lines), lines[0]) == (130, 3, "interrupted")


def test_a_job_says_what_it_did(opened_job, caplog):
    def build(app, options):
        app.reporter.finished(TableReport("silver", "silver.events", "built", n_rows=5))
        app.reporter.finished(TableReport("silver", "silver.products", "up to date"))

    with caplog.at_level("INFO", logger="reclake"):
        opened_job(build)
    assert "done: 1 table built (silver.events), 1 up to date" in caplog.messages


@pytest.mark.parametrize(
    ("outcomes", "line"),
    [
        ([], []),
        (["not asked for"], []),
        (["up to date", "up to date", "not asked for"], ["nothing to do: 2 tables are up to date"]),
        (["not fed"], ["nothing to do: nothing feeds its tables"]),
        (
            ["built", "unchanged", "stopped", "not built"],
            ["done: 1 table built (t0), 1 unchanged (t1), 1 stopped (t2), 1 not built (t3)"],
        ),
        (["built", "built", "not fed"], ["done: 2 tables built (t0, t1), 1 not fed"]),
    ],
)
def test_a_summary_tells_what_was_worked_on(outcomes, line):
    assert summary([TableReport("s", f"t{number}", outcome) for number, outcome in enumerate(outcomes)]) == line


def test_a_summary_and_a_line_name_the_as_ofs_of_as_of_tables(capsys):
    one = TableReport("customers", "gold.customer_segments", "built", n_rows=5, n_jobs=2, seconds=1.0, as_ofs=("2026-03-02",))
    several = TableReport(
        "recommendations", "gold.recommendations", "unchanged", as_ofs=("2026-02-16", "2026-02-23", "2026-03-02")
    )
    assert summary([one, several]) == [
        "done: 1 table built (gold.customer_segments as_of 2026-03-02), "
        "1 unchanged (gold.recommendations as_of 2026-02-16 … 2026-03-02)"
    ]
    console = Console()
    console.finished(one)
    assert capsys.readouterr().out.split("built")[1].strip() == "as_of 2026-03-02, 5 rows, 2 jobs, 1.0 s"
    Console(as_json=True).finished(one)
    assert capsys.readouterr().out == ""


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
