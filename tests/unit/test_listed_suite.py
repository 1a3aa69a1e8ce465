"""The suite of a table as a listing gives it."""

import json
import shutil
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from reclake import cli
from reclake.errors import UsageError
from reclake.run.suites import listed_suite
from reclake.settings import load_settings
from reclake.tables import gold, ops, silver


@pytest.fixture
def home(root, tmp_path):
    for folder in ("conf", "expectations"):
        shutil.copytree(root / folder, tmp_path / folder)
    return tmp_path


def listed(home, table):
    return listed_suite(home, load_settings(home, profile="local", overrides=[]), table)


def test_it_holds_what_is_derived_and_what_the_file_adds(home):
    whole = listed(home, gold.RECOMMENDATIONS)
    assert (whole["name"], whole["meta"]["n_expectations"], len(whole["expectations"])) == ("gold.recommendations", 24, 24)
    columns = [one["kwargs"]["column"] for one in whole["expectations"]]
    assert {"customer_id", "rank"} <= set(columns)  # one that is derived, one of the file


def test_a_table_without_a_gate_has_none(home):
    with pytest.raises(UsageError, match=r"ops.ledger has no suite\n  found: no gate judges it"):
        listed(home, ops.LEDGER)


def test_a_missing_file_is_told_with_its_path(home):
    path = home / "expectations" / "silver.sessions.json"
    path.unlink()
    with pytest.raises(UsageError) as refused:
        listed(home, silver.SESSIONS)
    assert str(refused.value) == (
        f"the suite of silver.sessions cannot be used\n  found: its file is missing\n  next:  correct or restore {path}"
    )


def test_it_needs_no_spark():
    code = "import sys, reclake.run.suites; sys.exit('pyspark' in sys.modules or 'great_expectations' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_command_prints_it_as_great_expectations_reads_it(home, monkeypatch):
    from great_expectations.core.expectation_suite import ExpectationSuite

    monkeypatch.setenv("RECLAKE_HOME", str(home))
    done = CliRunner().invoke(cli.app, ["tables", "silver.sessions", "--suite"], catch_exceptions=False)
    printed = json.loads(done.stdout)
    assert printed == listed(home, silver.SESSIONS)
    assert len(ExpectationSuite(**printed).expectations) == 27


def test_the_command_needs_a_table():
    refused = CliRunner().invoke(cli.app, ["tables", "--suite"]).exception
    assert isinstance(refused, UsageError)
    assert "--suite names no table" in str(refused)
