"""What tests keep from one run to the next: whole or not there, and only as long as nothing that made it has changed."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import date
from pathlib import Path
from threading import Event

import pytest

from kept import ROOT, WATCHED, copy_of, digest_of

prepared: list[Path] = []


@pytest.fixture(autouse=True)
def nothing_prepared():
    prepared.clear()


def one_file(spark, folder):
    prepared.append(folder)
    (folder / "lake").mkdir()
    (folder / "lake" / "rows").write_text("whole")


def below(folder):
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_it_is_prepared_once_and_what_a_test_does_to_its_copy_stays_there(tmp_path):
    kept = tmp_path / "kept"
    first = copy_of("rows", one_file, None, tmp_path / "first", kept=kept)
    (first / "lake" / "rows").write_text("written by a test")
    second = copy_of("rows", one_file, None, tmp_path / "second", kept=kept)
    assert (below(second), len(prepared)) == ({"lake/rows": "whole"}, 1)


def test_two_who_come_at_once_have_it_prepared_once(tmp_path):
    begun, goes_on = Event(), Event()

    def slow(spark, folder):
        one_file(spark, folder)
        begun.set()
        assert goes_on.wait(timeout=30)

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(copy_of, "rows", slow, None, tmp_path / "first", kept=tmp_path / "kept")
        assert begun.wait(timeout=30)
        second = pool.submit(copy_of, "rows", slow, None, tmp_path / "second", kept=tmp_path / "kept")
        goes_on.set()
        assert below(first.result(timeout=30)) == below(second.result(timeout=30)) == {"lake/rows": "whole"}
    assert len(prepared) == 1


def test_what_was_left_half_done_is_prepared_anew(tmp_path):
    def breaks_off(spark, folder):
        (folder / "half").write_text("half")
        if not prepared:
            prepared.append(folder)
            raise KeyboardInterrupt
        one_file(spark, folder)

    with pytest.raises(KeyboardInterrupt):
        copy_of("rows", breaks_off, None, tmp_path / "first", kept=tmp_path / "kept")
    (prepared[0] / "left by the one that broke off").write_text("")
    assert not (tmp_path / "first").exists()
    second = copy_of("rows", breaks_off, None, tmp_path / "second", kept=tmp_path / "kept")
    assert below(second) == {"lake/rows": "whole", "half": "half"}
    assert len(prepared) == 2


@pytest.fixture
def project(tmp_path):
    """A file of each kind that counts, as in the project."""
    for name in ("lib/reclake/silver/events.py", "conf/base.toml", "expectations/silver.events.json", "tests/lakes.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("one line\n")
    return tmp_path


@pytest.mark.parametrize(
    "name",
    ["lib/reclake/silver/events.py", "conf/base.toml", "expectations/silver.events.json", "tests/lakes.py", "conf/new.toml"],
)
def test_a_changed_line_of_what_makes_it_is_another_digest(project, name, monkeypatch):
    def now():
        return digest_of(one_file, root=project, day=date(2026, 3, 1))

    before = now()
    assert now() == before
    (project / name).write_text("another line\n")
    clear_remembered()
    assert now() != before


def clear_remembered():
    """Files do not change during a run: their digest is remembered for it."""
    from kept import _digest_below

    _digest_below.cache_clear()


def test_a_folder_of_another_day_is_prepared_anew():
    """What is kept grows no older than a day: maintenance and alerts look at the age of what a lake notes."""
    assert digest_of(one_file, day=date(2026, 3, 1)) == digest_of(one_file, day=date(2026, 3, 1))
    assert digest_of(one_file, day=date(2026, 3, 1)) != digest_of(one_file, day=date(2026, 3, 2))


def test_files_that_make_nothing_of_it_change_no_digest(project):
    before = digest_of(one_file, root=project, day=date(2026, 3, 1))
    for name in ("docs/operations.md", "tests/unit/test_days.py", "lib/reclake/silver/__pycache__/events.cpython-311.pyc"):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text("another line\n")
    clear_remembered()
    assert digest_of(one_file, root=project, day=date(2026, 3, 1)) == before


def test_all_that_is_watched_is_there():
    assert [pattern for pattern in WATCHED if not list(ROOT.glob(pattern))] == []
    assert "lib/reclake" in WATCHED


def test_what_was_kept_under_an_earlier_digest_goes(tmp_path, monkeypatch):
    kept = tmp_path / "kept"
    copy_of("rows", one_file, None, tmp_path / "first", kept=kept)
    copy_of("other", one_file, None, tmp_path / "other", kept=kept)
    (before,) = (kept / "rows").iterdir()
    monkeypatch.setattr("kept.digest_of", lambda prepare: "changed")
    copy_of("rows", one_file, None, tmp_path / "second", kept=kept)
    assert [path.name for path in (kept / "rows").iterdir()] == ["changed"]
    assert before.name != "changed"
    assert len(list((kept / "other").iterdir())) == 1
    assert len(prepared) == 3


def test_a_model_registry_names_the_files_of_its_copy(tmp_path):
    def with_registry(spark, folder):
        with closing(sqlite3.connect(folder / "mlflow.db")) as connection, connection:
            connection.execute("CREATE TABLE experiments (artifact_location TEXT)")
            connection.execute("CREATE TABLE runs (artifact_uri TEXT)")
            connection.execute("CREATE TABLE logged_models (artifact_location TEXT)")
            connection.execute("CREATE TABLE model_versions (source TEXT, storage_location TEXT)")
            connection.execute("INSERT INTO model_versions VALUES (?, NULL)", [f"{folder.as_uri()}/models/1"])
            connection.execute("INSERT INTO runs VALUES ('file:///elsewhere/2')")

    for name in ("first", "second"):
        copied = copy_of("registry", with_registry, None, tmp_path / name, kept=tmp_path / "kept")
        with closing(sqlite3.connect(copied / "mlflow.db")) as connection:
            assert connection.execute("SELECT source, storage_location FROM model_versions").fetchall() == [
                (f"{copied.as_uri()}/models/1", None)
            ]
            assert connection.execute("SELECT artifact_uri FROM runs").fetchall() == [("file:///elsewhere/2",)]
