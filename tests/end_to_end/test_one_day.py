"""One whole day on the local profile, as a newcomer runs it: with code generation and adaptive plans."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def reclake(root, tmp_path_factory):
    """The command line on an own lake; gives exit code, standard output and standard error."""
    folder = tmp_path_factory.mktemp("one-day")
    own = {
        "RECLAKE__LAKE__ROOT": str(folder / "lake"),
        "RECLAKE__LANDING__ROOT": str(folder / "landing"),
        "RECLAKE__SECRETS__DIRECTORY": str(folder / "secrets"),
        "RECLAKE__MLFLOW__TRACKING_URI": f"sqlite:///{folder / 'mlflow.db'}",
        "RECLAKE__MLFLOW__ARTIFACT_ROOT": str(folder / "models"),
        "RECLAKE__DEMO__N_CUSTOMERS": "60",
        "RECLAKE_HOME": str(root),
    }
    environment = {name: value for name, value in os.environ.items() if name != "SPARK_CONF_DIR"} | own

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(Path(sys.executable).with_name("reclake")), *arguments]
        return subprocess.run(command, env=environment, cwd=root, capture_output=True, text=True, check=False, timeout=600)

    return run


def test_a_day_from_files_to_recommendations(reclake):
    made = reclake("generate", "--days", "2")
    assert made.returncode == 0, made.stderr
    done = reclake("run", "--day", "2026-01-01", "--json")
    assert done.returncode == 0, done.stderr
    rows = {row["table"]: row for row in json.loads(done.stdout)}
    built = {name for name, row in rows.items() if row["outcome"] == "built"}
    assert {"silver.events", "silver.sessions", "gold.customer_segments", "gold.recommendations", "ops.freshness"} <= built
    assert all(
        row["rows"] > 0 and row["gate"] == "passed"
        for name, row in rows.items()
        if name in built and name != "silver.rejected_records"
    )
    again = reclake("run", "--day", "2026-01-01")
    assert (again.returncode, "Everything is up to date" in again.stdout) == (0, True), again.stdout + again.stderr


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (("show", "silver.nothing"), "silver.nothing"),
        (("run", "--day", "2026-01-01", "--source", "unheard"), "unheard"),
        (("run", "--set", "lake.colour=blue"), "lake.colour"),
        (("run", "--set", "business.timezone=Mars/Olympus"), "Mars/Olympus"),
        (("status", "--profile", "unheard"), "unheard"),
        (("run", "--set", "secrets.directory=nowhere"), "nowhere"),
        (("run", "--landing", "nowhere"), "nowhere"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_used_gives_three_lines_and_exit_code_2(reclake, arguments, names):
    done = reclake(*arguments)
    lines = [line for line in done.stderr.splitlines() if line.strip() and "WARNING" not in line and "log level" not in line]
    assert done.returncode == 2, done.stderr
    assert len(lines) == 3, done.stderr
    assert [line.split(":")[0].strip() for line in lines[1:]] == ["found", "next"]
    assert names in "\n".join(lines)
