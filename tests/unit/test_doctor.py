"""The doctor on a machine that is ready, and on one with a single thing wrong."""

import json
import shutil
import subprocess
import sys
import tempfile
from collections import namedtuple
from pathlib import Path

import pytest
from typer.testing import CliRunner

from reclake import cli
from reclake.errors import UsageError
from reclake.look import doctor
from reclake.privacy.keys import make_key_files
from reclake.run import rights

CHECKS = [
    "python", "java", "packages", "jars", "sources", "suites", "spark settings", "lake", "landing", "secrets", "readers",
    "temporary files",
]  # fmt: skip


@pytest.fixture
def places(tmp_path, root):
    """Settings under which everything is in order."""
    make_key_files(str(tmp_path / "secrets"), ("id1", "c1"))
    (tmp_path / "landing").mkdir()
    (tmp_path / "spark").mkdir()
    shutil.copy(root / "conf" / "spark" / "local" / "spark-defaults.conf", tmp_path / "spark")
    with (tmp_path / "spark" / "spark-defaults.conf").open("a") as defaults:
        defaults.write(f"\nspark.local.dir {tmp_path / 'scratch'}\n")
    return {
        "spark.conf_dir": tmp_path / "spark",
        "mlflow.tracking_uri": f"sqlite:///{tmp_path / 'mlflow.db'}",
        "mlflow.artifact_root": tmp_path / "models",
        "bi.metastore": tmp_path / "metastore",
        "bi.duckdb_file": tmp_path / "reclake.duckdb",
        "lake.root": tmp_path / "lake",
        "landing.root": tmp_path / "landing",
        "secrets.directory": tmp_path / "secrets",
        "sources.enabled": '["demo","online_retail"]',
    }


def examined(places, root, monkeypatch):
    """The findings of the command, and how it ended."""
    monkeypatch.setenv("RECLAKE_HOME", str(root))
    overrides = [word for name, value in places.items() for word in ("--set", f"{name}={value}")]
    done = CliRunner().invoke(cli.app, ["doctor", "--json", *overrides])
    return {finding["check"]: finding for finding in json.loads(done.stdout)}, done.exception


def test_a_machine_that_is_ready(places, root, monkeypatch):
    found, error = examined(places, root, monkeypatch)
    assert error is None
    assert [(name, finding["state"], finding["next"]) for name, finding in found.items()] == [(name, "ok", "") for name in CHECKS]
    pins = [line for line in (root / "requirements" / "jobs.txt").read_text().splitlines() if "==" in line]
    assert found["packages"]["found"] == f"{len(pins)} as pinned"
    assert found["sources"]["found"] == "demo, online_retail"
    assert found["readers"]["found"] == "landing: its owner alone; secrets: its owner alone"
    assert found["temporary files"]["found"] == f"a closed folder of each run in {places['lake.root'].parent / 'scratch'}"
    assert found["suites"]["found"] == f"{len(list((root / 'expectations').glob('*.json')))} files"


def test_contacts_of_which_nothing_says_that_they_are_verified_are_named(places, root, monkeypatch, tmp_path):
    sources = shutil.copytree(root / "conf" / "sources", tmp_path / "sources")
    stated = (sources / "demo.toml").read_text()
    silent = "".join(line for line in stated.splitlines(keepends=True) if not line.startswith("verified_contacts"))
    assert silent != stated
    (sources / "demo.toml").write_text(silent)
    found, error = examined(places | {"sources.directory": sources}, root, monkeypatch)
    assert error is None
    assert found["sources"]["state"] == "ok"
    assert found["sources"]["found"] == (
        "demo, online_retail; contacts tie nobody, as nothing says that they are verified: demo.accounts (phone_token, email_token), "
        "demo.profiles (phone_token, email_token)"
    )


def test_a_machine_that_only_submits_is_told_what_was_not_checked(places, root, monkeypatch, tmp_path):
    home = tmp_path / "home"
    for folder in ("conf", "expectations"):
        shutil.copytree(root / folder, home / folder)
    places |= {"lake.root": "hdfs:///reclake/lake", "landing.root": "hdfs:///reclake/landing"}
    found, error = examined(places, home, monkeypatch)
    assert error is None
    assert {name for name, one in found.items() if one["found"].startswith("not checked")} == {"packages", "lake", "landing"}


def no_landing_folder(places, monkeypatch):
    places["landing.root"].rmdir()


def a_key_that_others_can_read(places, monkeypatch):
    next(places["secrets.directory"].glob("id1*")).chmod(0o644)


def a_missing_key(places, monkeypatch):
    next(places["secrets.directory"].glob("c1*")).unlink()


def an_unheard_source(places, monkeypatch):
    places["sources.enabled"] = '["unheard"]'


def no_suites(places, monkeypatch):
    places["expectations.directory"] = places["landing.root"]


def no_spark_settings(places, monkeypatch):
    (places["spark.conf_dir"] / "spark-defaults.conf").unlink()
    monkeypatch.setattr(tempfile, "tempdir", str(places["landing.root"]))  # where no earlier Spark has left anything


def open_to(places, monkeypatch, *names, who=rights.EVERYBODY):
    """As if others could reach it: pytest's folder is closed, and nobody gets below it."""
    seen = {places[name] for name in names}
    monkeypatch.setattr(doctor, "other_readers", lambda path: who if path in seen else rights.NOBODY)


def a_lake_that_others_read(places, monkeypatch):
    places["lake.root"].mkdir()
    open_to(places, monkeypatch, "lake.root")


def models_that_the_group_reads(places, monkeypatch):
    places["mlflow.artifact_root"].mkdir()
    open_to(places, monkeypatch, "mlflow.artifact_root", who="the group staff")


def a_registry_that_others_read(places, monkeypatch):
    registry = places["lake.root"].parent / "mlflow.db"
    registry.touch()
    monkeypatch.setattr(doctor, "other_readers", lambda path: rights.EVERYBODY if path == registry else "its owner alone")


def open_temporary_files(places, monkeypatch):
    left = places["lake.root"].parent / "scratch" / "blockmgr-0"
    left.mkdir(parents=True)
    left.chmod(0o755)


def a_full_disk(places, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(2**40, 2**40 - 2**20, 2**20))


def no_java(places, monkeypatch):
    monkeypatch.setenv("PATH", str(places["landing.root"]))


def another_java(places, monkeypatch):
    told = subprocess.CompletedProcess([], 0, stdout="", stderr='openjdk version "21.0.1" 2023-10-17\n')
    monkeypatch.setattr(doctor.subprocess, "run", lambda *arguments, **options: told)


def another_python(places, monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 12, 1))


def another_package(places, monkeypatch):
    version = doctor.importlib.metadata.version
    monkeypatch.setattr(doctor.importlib.metadata, "version", lambda name: "0.1" if name == "pyspark" else version(name))


def a_missing_jar(places, monkeypatch):
    glob = Path.glob
    monkeypatch.setattr(
        Path, "glob", lambda path, pattern: (one for one in glob(path, pattern) if not one.name.startswith("delta-storage"))
    )


WRONG = {
    a_lake_that_others_read: ("readers", "lake: everybody on this machine", "chmod -R go= "),
    models_that_the_group_reads: ("readers", "models: the group staff", "files.umask"),
    a_registry_that_others_read: ("readers", "model registry: everybody", "mlflow.db"),
    open_temporary_files: ("temporary files", "1 folders of yours, such as ", "when no Spark of yours is at work"),
    no_landing_folder: ("landing", "no landing folder", "reclake generate"),
    a_key_that_others_can_read: ("secrets", "id1", "mode 0600"),
    a_missing_key: ("secrets", "c1", "32 random bytes"),
    an_unheard_source: ("sources", "there is no source 'unheard'", "docs/sources.md"),
    no_suites: ("suites", "nothing there", "name the folder"),
    no_spark_settings: ("spark settings", "nothing there", "name the folder"),
    a_full_disk: ("lake", "disk almost full", "free space"),
    no_java: ("java", "no Java", "install OpenJDK 17"),
    another_java: ("java", "wrong Java", "put Java 17 first"),
    another_python: ("python", "wrong Python", "make install"),
    another_package: ("packages", "pyspark 0.1 instead of", "make install"),
    a_missing_jar: ("jars", "delta-storage", "make install"),
}


@pytest.mark.parametrize("breakage", WRONG, ids=lambda breakage: breakage.__name__)
def test_what_is_wrong_is_the_only_thing_that_is_told(places, root, monkeypatch, breakage):
    check, said, what_to_do = WRONG[breakage]
    breakage(places, monkeypatch)
    found, error = examined(places, root, monkeypatch)
    monkeypatch.undo()
    assert [name for name, finding in found.items() if finding["state"] == "bad"] == [check]
    assert said in found[check]["found"]
    assert what_to_do in found[check]["next"]
    assert isinstance(error, UsageError)
    assert error.args[:2] == ("1 checks failed", check)


def test_a_folder_that_others_can_look_into_does_not_open_its_keys(places, root, monkeypatch):
    """As if others could reach it, which nobody can below pytest's folder."""
    secrets = places["secrets.directory"]
    monkeypatch.setattr(rights, "other_readers", lambda path: rights.EVERYBODY if path == secrets else rights.NOBODY)
    found, error = examined(places, root, monkeypatch)
    assert error is None
    told = f"secrets: its owner alone ({rights.EVERYBODY} can look into the folder; its files are closed)"
    assert told in found["readers"]["found"]


def test_a_group_that_the_settings_let_in_may_read(places, root, monkeypatch):
    models_that_the_group_reads(places, monkeypatch)
    places["files.umask"] = '"027"'
    found, error = examined(places, root, monkeypatch)
    assert error is None
    assert "models: the group staff" in found["readers"]["found"]
