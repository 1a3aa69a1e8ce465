"""The doctor on a machine that is ready, and on one with a single thing wrong."""

import json
import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest
from typer.testing import CliRunner

from reclake import cli
from reclake.errors import UsageError
from reclake.privacy.keys import make_key_files
from reclake.run import doctor

CHECKS = ["python", "java", "packages", "jars", "sources", "suites", "spark settings", "lake", "landing", "secrets"]


@pytest.fixture
def places(tmp_path):
    """Settings under which everything is in order."""
    make_key_files(str(tmp_path / "secrets"), ("id1", "c1"))
    (tmp_path / "landing").mkdir()
    return {
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
        "demo, online_retail; contacts tie nobody, as nothing says that they are verified: demo.accounts (phone_token, email_token)"
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
    places["spark.conf_dir"] = places["landing.root"]


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
