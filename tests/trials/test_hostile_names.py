"""No name leads out of its folder: of a table, a source, a profile, a key, a run or a file (S-03)."""

import json
import os
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from lakes import ROOT
from reclake import tables
from reclake.errors import SecretMissing, UsageError
from reclake.lake.store import Store
from reclake.privacy.keys import check_keys, load_key, make_key_files
from reclake.run.application import open_application
from reclake.run.items import load_sources
from reclake.run.plan import require_table
from reclake.settings import load_settings
from reclake.sources.catalogues import SOURCES
from reclake.sources.intake import take_in
from reclake.sources.source import Source
from reclake.tables import Table
from reclake.tables.declaration import plain
from trials.shop import FIRST

HOSTILE = (
    "..", "../../etc/passwd", "%2e%2e", "%2e%2e%2fetc", "/etc/passwd", "a/../../b", "a\x00b", "a\\..\\b", "file:///etc/passwd",
    "s3a://other/lake", "~root", ".", "", "a b", "a\n", "Å",
)  # fmt: skip
hostile = pytest.mark.parametrize("name", HOSTILE, ids=ascii)
TRIAL = SOURCES.read(ROOT / "tests" / "trials" / "sources" / "trial.toml")
LIMITS = load_settings(ROOT, profile="test", environment={}).landing


def settings(*overrides: str, profile: str = "test"):
    return load_settings(ROOT, profile=profile, overrides=overrides, environment={})


@hostile
def test_no_table_has_a_hostile_name(name):
    with pytest.raises(UsageError, match="there is no table"):
        require_table(name)


@pytest.mark.parametrize("name", [name for name in HOSTILE if name != "a\n"], ids=ascii)
def test_no_table_is_declared_under_a_hostile_name(name):
    for told in (name, f"silver.{name}", f"{name}.orders"):
        with pytest.raises(ValueError, match="is not a table name"):
            Table(name=told, grain="", key=("a",), fields=(plain("a", "string", ""),), stage="silver", write="replace_whole")


def test_every_table_lies_below_the_root_of_its_lake():
    store = Store.__new__(Store)
    store.root = "/lake"
    paths = [os.path.normpath(store.path(table)) for table in tables.TABLES]
    assert len(paths) > 20
    assert all(path.startswith("/lake/") and path.count("/") == 3 for path in paths)


@hostile
def test_no_source_has_a_hostile_name(name):
    with pytest.raises(UsageError, match="there is no source"):
        load_sources(ROOT, settings(), [name])
    told = TRIAL.model_dump(by_alias=True, exclude_unset=True)
    with pytest.raises(ValidationError):
        Source.model_validate(told | {"name": name})
    with pytest.raises(ValidationError):
        Source.model_validate(told | {"feeds": {name: told["feeds"]["events"]}})


@pytest.mark.parametrize(
    "pattern", ["../*.jsonl", "a/../../*", "/etc/*", "%2e%2e/*", "a%2f*", "file:///etc/*", "s3a://other/*", "a\x00/*", "~/x"]
)
def test_no_feed_reads_outside_its_folder(pattern):
    told = TRIAL.model_dump(by_alias=True, exclude_unset=True)
    told["feeds"]["events"]["pattern"] = pattern
    with pytest.raises(ValidationError, match="must stay below the landing folder"):
        Source.model_validate(told)


@hostile
@pytest.mark.parametrize("setting", ["privacy.id_key_id", "privacy.contact_key_id"])
def test_no_key_has_a_hostile_name(tmp_path, setting, name):
    with pytest.raises(UsageError):
        settings(f"{setting}={json.dumps(name)}")
    for use in (
        lambda: check_keys(str(tmp_path), [name]),
        lambda: load_key(str(tmp_path), name),
        lambda: make_key_files(str(tmp_path), [name]),
    ):
        with pytest.raises(SecretMissing, match="is no name of a key"):
            use()
    assert list(tmp_path.iterdir()) == []


@hostile
def test_no_run_has_a_hostile_id(spark, tmp_path, name):
    chosen = settings(f"lake.root={tmp_path / 'lake'}")
    with pytest.raises(UsageError, match="run id"):
        open_application(ROOT, chosen, name="trial", run_id=name, spark=spark)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["scheduled__2026-03-01T02:00:00+00:00__silver__1", "20260301T020000-0a1b2c3d", "r1"])
def test_ids_of_airflow_and_of_the_command_line_are_plain(spark, tmp_path, name):
    chosen = settings(f"lake.root={tmp_path / 'lake'}")
    assert open_application(ROOT, chosen, name="trial", run_id=name, spark=spark).run_id == name


def names_in(intake) -> set[str]:
    return {row["file_name"] for row in intake.records["events"].collect()}


def test_uploads_with_hostile_names_stay_what_they_are(spark, tmp_path):
    """Encoded dots are letters, links lead nowhere, and what lies outside the folder is not read."""

    def line(name: str) -> bytes:
        return f'{{"id":"{name}","at":"{FIRST}T10:00:00Z","type":"view_item","device":"d"}}\n'.encode()

    outside, landing = tmp_path / "other", tmp_path / "landing"
    for folder in (outside / "deep", landing / "events" / "a"):
        folder.mkdir(parents=True)
    (outside / "deep" / f"{FIRST}.jsonl").write_bytes(line("secret"))
    (landing / "events" / "linked").symlink_to(outside / "deep")
    (landing / "events" / "a" / f"linked-{FIRST}.jsonl").symlink_to(outside / "deep" / f"{FIRST}.jsonl")
    (landing / "events" / "a" / f"%2e%2e%2f{FIRST}.jsonl").symlink_to(outside / "deep" / f"{FIRST}.jsonl")
    literal = [
        f"%2e%2e%2fother%2fdeep%2f{FIRST}.jsonl",
        f"..{FIRST} *[a]?{{b}}.jsonl",
        f"a+b&c#d {FIRST}.jsonl",
        f"中文{FIRST}.jsonl",
        f"'; DROP{FIRST}.jsonl",
    ]
    for number, name in enumerate(literal):
        (landing / "events" / "a" / name).write_bytes(line(f"n{number}"))
    intake = take_in(
        spark, TRIAL, str(landing), known=None, delivery_days=None, limits=LIMITS, now=datetime.now(UTC), batch_id="b1"
    )
    rows = intake.records["events"].collect()
    assert not [row for row in rows if b"secret" in bytes(row["raw"])]
    wanted = {f"events/a/{name}" for name in literal if not name.startswith(".")}
    assert {row["file_name"] for row in rows} == wanted
    reasons = {file.file_name: file.reason for file in intake.waiting}
    assert {name for name, reason in reasons.items() if "link out of" in reason} >= {
        f"events/a/linked-{FIRST}.jsonl",
        "events/linked",
    }


def test_following_links_is_told(spark, tmp_path, monkeypatch):
    """The known-bad variant: an intake that looks at no link reads the file outside."""
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "x").write_bytes(b'{"id":"secret"}\n')
    (tmp_path / "landing" / "events" / "a").mkdir(parents=True)
    (tmp_path / "landing" / "events" / "a" / f"{FIRST}.jsonl").symlink_to(tmp_path / "other" / "x")
    monkeypatch.setattr("reclake.sources.walk._is_link", lambda entry: False)
    intake = take_in(
        spark,
        TRIAL,
        str(tmp_path / "landing"),
        known=None,
        delivery_days=None,
        limits=LIMITS,
        now=datetime.now(UTC),
        batch_id="b1",
    )
    assert [bytes(row["raw"]) for row in intake.records["events"].collect()] == [b'{"id":"secret"}']
