"""The way by which lakes in object stores are read, tried on a folder: delta-rs's own file system instead of this machine's."""

import json

import pytest

from lakes import ROOT
from reclake import tables
from reclake.errors import ServiceDown
from reclake.lake.commits import CommitLog
from reclake.look import delta_rs
from reclake.look.delta_rs import DeltaRs
from reclake.look.lake import look_at
from reclake.look.reader import Reader
from reclake.look.small_files import LocalFiles, StoredFiles
from reclake.settings import load_settings

GOLDEN = ROOT / "tests" / "data" / "lake-0.1"


def nobody():
    raise AssertionError("Spark is not asked")


@pytest.fixture
def as_store(monkeypatch):
    """No folder counts as one of this machine."""
    monkeypatch.setattr(delta_rs, "_is_local", lambda path: False)
    delta_rs._file_system.cache_clear()
    yield str(GOLDEN / "lake")
    delta_rs._file_system.cache_clear()


def test_logs_say_the_same_there(as_store):
    stored, local = DeltaRs(as_store).files, LocalFiles()
    assert isinstance(stored, StoredFiles)
    path = f"{as_store}/silver/events"
    assert CommitLog(stored).versions(path) == CommitLog(local).versions(path) == [0, 1]
    assert CommitLog(stored).commit(path, 1) == CommitLog(local).commit(path, 1)
    assert CommitLog(stored).checksum(path, 1) == CommitLog(local).checksum(path, 1)
    nowhere = f"{as_store}/silver/nothing"
    assert (CommitLog(stored).newest(nowhere), stored.exists(nowhere), stored.exists(f"{path}/_delta_log")) == (None, False, True)


def test_every_table_is_read_there(as_store):
    reader = Reader(as_store, spark=nobody)
    n_read = 0
    for path in sorted((GOLDEN / "rows").glob("*.jsonl")):
        noted = [json.loads(line) for line in path.read_text().splitlines()]
        table = tables.BY_NAME[path.stem]
        assert reader.count(table) == len(noted)
        key = [name for name in table.key if noted and name in noted[0]]
        rows = [[str(row[name]) for name in key] for row in reader.rows(table, key)]
        assert sorted(rows) == sorted([str(row[name]) for name in key] for row in noted), path.stem
        n_read += len(rows)
    assert n_read > 500


def test_a_storage_that_does_not_answer_is_a_service_that_is_down(monkeypatch):
    look = look_at(ROOT, load_settings(ROOT, profile="local", overrides=["lake.root=s3://bucket/lake"], environment={}))

    def refused(path):
        raise OSError(111, "Generic S3 error: key AKIA123")

    monkeypatch.setattr(look.reader._engine.files, "names", refused)
    with pytest.raises(ServiceDown) as stopped:
        look.require_lake()
    lines = str(stopped.value).splitlines()
    assert (lines[0], len(lines), stopped.value.exit_code) == ("the lake cannot be reached", 3, 6)
    assert "AKIA123" not in str(stopped.value)


@pytest.mark.parametrize("scheme", ["s3", "s3a"])
def test_hadoops_name_of_s3_is_the_one_that_delta_rs_knows(scheme):
    assert delta_rs._uri(f"{scheme}://bucket/lake") == "s3://bucket/lake"
