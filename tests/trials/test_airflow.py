"""The trials of tests/dags run in Airflow's own environment, which cannot hold Spark as well (R-04, R-17 in part)."""

import os
import subprocess

import pytest

from lakes import ROOT

pytestmark = pytest.mark.trial
PYTHON = ROOT / ".venv" / "airflow" / "bin" / "python"


def test_what_airflow_runs_holds_under_real_spark_submit():
    """A day with a killed driver against the local runner, and one with a failed gate; its known bad is a test of the same file."""
    assert PYTHON.exists(), "make airflow sets the environment up"
    command = [
        str(PYTHON),
        "-m",
        "pytest",
        "tests/dags",
        "-m",
        "trial",
        "--confcutdir=tests/dags",
        "-c",
        "/dev/null",
        "--rootdir=.",
    ]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "SPARK_", "PYSPARK_"))}
    environment |= {"PYTHONPATH": str(ROOT / "lib"), "RECLAKE_JOBS_ENV": str(ROOT / ".venv" / "jobs")}
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider", "-q"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-6000:]
    assert " passed" in done.stdout
