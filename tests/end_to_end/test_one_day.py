"""One whole day on the local profile, as a newcomer runs it: with code generation and adaptive plans."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from decoded import decoded_files

PHONE = "13800138000"  # demo.canary_phone


@pytest.fixture(scope="module")
def folder(root, tmp_path_factory):
    """Where everything of this module's lake lies, Spark's event log as well."""
    folder = tmp_path_factory.mktemp("one-day")
    shutil.copytree(root / "conf" / "spark" / "local", folder / "spark")
    (folder / "events").mkdir()
    with (folder / "spark" / "spark-defaults.conf").open("a") as settings:
        # Not compressed: Spark packs its event log by default, and a search of packed bytes finds nothing.
        settings.write(
            f"spark.eventLog.enabled true\nspark.eventLog.compress false\nspark.eventLog.dir {folder / 'events'}\n"
            f"spark.local.dir {folder / 'scratch'}\n"
        )
    return folder


@pytest.fixture(scope="module")
def reclake(root, folder):
    """The command line on the lake; gives exit code, standard output and standard error, which are kept as logs."""
    own = {
        "RECLAKE__LAKE__ROOT": str(folder / "lake"),
        "RECLAKE__LANDING__ROOT": str(folder / "landing"),
        "RECLAKE__SECRETS__DIRECTORY": str(folder / "secrets"),
        "RECLAKE__MLFLOW__TRACKING_URI": f"sqlite:///{folder / 'mlflow.db'}",
        "RECLAKE__MLFLOW__ARTIFACT_ROOT": str(folder / "models"),
        "RECLAKE__DEMO__N_CUSTOMERS": "60",
        "RECLAKE__TRAINING__TEST_DAYS": "1",
        "RECLAKE_HOME": str(root),
        "SPARK_CONF_DIR": str(folder / "spark"),
        "RECLAKE_VERBOSE": "1",
    }

    def run(*arguments: str, quiet: bool = False) -> subprocess.CompletedProcess[str]:
        command = [str(Path(sys.executable).with_name("reclake")), *arguments]
        environment = os.environ | own | ({"RECLAKE_VERBOSE": ""} if quiet else {})
        done = subprocess.run(command, env=environment, cwd=root, capture_output=True, text=True, check=False, timeout=900)
        with (folder / "log.txt").open("a") as log:
            log.write(done.stdout + done.stderr)
        return done

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


@pytest.mark.trial
def test_contact_data_stay_in_landing_and_bronze_and_keys_in_their_files(reclake, folder):
    assert reclake("train", "--as-of", "2026-01-02").returncode == 0
    keys = [path.read_text().strip().encode() for path in (folder / "secrets").glob("*.key")]
    assert len(keys) == 2
    needles = [PHONE.encode(), b"138 0013 8000", b"138-0013-8000", *keys, *(bytes.fromhex(key.decode()) for key in keys)]
    found = {
        str(path.relative_to(folder)).split("/part-")[0]
        for path, content in decoded_files(folder)
        if any(n in content for n in needles)
    }
    places = {name.split("/")[0] if not name.startswith("lake") else "/".join(name.split("/")[:2]) for name in found}
    assert {"landing", "lake/bronze", "secrets"} <= places, "the canary is not where it was planted: nothing is proven"
    assert places <= {"landing", "landing-truth", "lake/bronze", "secrets"}
    logs = [content for _, content in decoded_files(folder / "events")]
    assert any(b"SparkListenerApplicationStart" in content for content in logs), "the event log cannot be read: nothing is proven"


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (("show", "silver.nothing"), "silver.nothing"),
        (("run", "--day", "2026-01-01", "--source", "unheard"), "unheard"),
        (("run", "--set", "lake.colour=blue"), "lake.colour"),
        (("run", "--set", "business.timezone=Mars/Olympus"), "Mars/Olympus"),
        (("status", "--profile", "unheard"), "unheard"),
        (("run", "--set", "secrets.directory=nowhere"), "nowhere"),
        pytest.param(("run", "--landing", "nowhere"), "nowhere", marks=pytest.mark.trial),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_used_gives_three_lines_and_exit_code_2(reclake, arguments, names):
    done = reclake(*arguments, quiet=True)
    lines = [line for line in done.stderr.splitlines() if line.strip() and "WARNING" not in line and "log level" not in line]
    assert done.returncode == 2, done.stderr
    assert len(lines) == 3, done.stderr
    assert [line.split(":")[0].strip() for line in lines[1:]] == ["found", "next"]
    assert names in "\n".join(lines)
