"""Who can read a path, and folders for temporary files that end with their process."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from reclake.errors import SettingsInvalid
from reclake.lake import scratch
from reclake.lake.scratch import PREFIX, remove_abandoned, scratch_folder
from reclake.run.rights import EVERYBODY, GROUP, NOBODY, allowed_readers, open_leftovers, other_readers, readers_of_files
from reclake.settings import load_settings


@pytest.mark.parametrize(
    ("above", "mode", "who"),
    [
        (0o755, 0o644, EVERYBODY),
        (0o755, 0o604, EVERYBODY),
        (0o755, 0o640, GROUP),
        (0o750, 0o644, GROUP),
        (0o710, 0o644, GROUP),
        (0o701, 0o604, EVERYBODY),
        (0o700, 0o644, NOBODY),
        (0o755, 0o600, NOBODY),
        (0o755, 0o611, {"file": NOBODY, "folder": EVERYBODY}),
        (0o755, 0o711, {"file": NOBODY, "folder": EVERYBODY}),
        (0o755, 0o710, {"file": NOBODY, "folder": GROUP}),
        (0o710, 0o711, {"file": NOBODY, "folder": GROUP}),
        (0o700, 0o711, NOBODY),
        (0o755, 0o700, NOBODY),
        (0o701, 0o640, NOBODY),
    ],
)
@pytest.mark.parametrize("kind", ["file", "folder"])
def test_who_can_read_it(kind, above, mode, who, monkeypatch):
    """Below /tmp, as pytest's own folder is closed and would hide the rest."""
    folder = Path("/tmp") / f"reclake-rights-{os.getpid()}-{time.monotonic_ns()}"
    folder.mkdir()
    inner = folder / "inner"
    try:
        inner.mkdir() if kind == "folder" else inner.write_text("")
        inner.chmod(mode)
        folder.chmod(above)
        assert other_readers(inner).startswith(who if isinstance(who, str) else who[kind])
    finally:
        folder.chmod(0o700)
        inner.rmdir() if kind == "folder" else inner.unlink()
        folder.rmdir()


LOOKS = f"{NOBODY} ({EVERYBODY} can look into the folder; its files are closed)"


@pytest.mark.parametrize(
    ("folder_mode", "file_mode", "who"),
    [
        (0o700, 0o600, NOBODY),
        (0o700, 0o644, NOBODY),
        (0o755, 0o600, LOOKS),
        (0o711, 0o400, LOOKS),
        (0o755, 0o604, EVERYBODY),
        (0o711, 0o644, EVERYBODY),
        (0o755, 0o640, GROUP),
    ],
)
def test_who_can_read_keys_one_by_one(folder_mode, file_mode, who):
    folder = Path("/tmp") / f"reclake-rights-{os.getpid()}-{time.monotonic_ns()}"
    folder.mkdir()
    try:
        for name, mode in (("c1.key", 0o600), ("id1.key", file_mode)):
            (folder / name).write_text("")
            (folder / name).chmod(mode)
        folder.chmod(folder_mode)
        found = readers_of_files(folder)
        assert found.startswith(GROUP) if who == GROUP else found == who
        assert found.startswith(allowed_readers("077")) is who.startswith(NOBODY)
    finally:
        folder.chmod(0o700)
        shutil.rmtree(folder)


@pytest.mark.parametrize(
    ("umask", "allowed"), [("077", (NOBODY,)), ("027", (NOBODY, GROUP)), ("022", (NOBODY, GROUP, EVERYBODY))]
)
def test_a_umask_lets_in(umask, allowed):
    assert allowed_readers(umask) == allowed


@pytest.mark.parametrize("umask", ["777", "77", "0o77", "99", "", "177"])
def test_a_umask_that_is_none_or_shuts_its_owner_out_is_refused(root, umask):
    with pytest.raises(SettingsInvalid, match=r"files\.umask"):
        load_settings(root, profile="local", overrides=[f'files.umask="{umask}"'], environment={})


def test_nobody_else_is_let_in_by_default(root):
    for profile in ("local", "cluster"):
        assert load_settings(root, profile=profile, environment={}).files.umask == "077"


def test_open_folders_of_spark_are_seen(tmp_path):
    for name, mode in (("blockmgr-1", 0o755), ("spark-2", 0o710), ("pyspark-3", 0o700), ("other", 0o755)):
        (tmp_path / name).mkdir()
        (tmp_path / name).chmod(mode)
    (tmp_path / "spark-file").write_text("")
    (tmp_path / "spark-link").symlink_to(tmp_path / "other")
    assert {path.name for path in open_leftovers(tmp_path)} == {"blockmgr-1", "spark-2"}


HOLDING = """
import sys, time
from pathlib import Path
from reclake.lake.scratch import scratch_folder
folder = scratch_folder(Path(sys.argv[1]))
(folder / "blockmgr").mkdir()
(folder / "blockmgr" / "shuffle").write_text("raw records")
print(folder, flush=True)
if sys.argv[2] == "stays":
    time.sleep(600)
"""


def holding(base, how):
    process = subprocess.Popen([sys.executable, "-c", HOLDING, str(base), how], stdout=subprocess.PIPE, text=True, umask=0o022)
    return process, Path(process.stdout.readline().strip())


def aged(folder):
    """As if it had lain there for an hour."""
    long_ago = time.time() - 3600
    os.utime(folder, (long_ago, long_ago))


def test_a_process_removes_its_folder_at_its_end(tmp_path):
    process, folder = holding(tmp_path, "ends")
    assert process.wait(30) == 0
    assert folder.name.startswith(PREFIX)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_closed_and_goes_after_a_kill_with_the_next_run(tmp_path):
    alive, kept = holding(tmp_path, "stays")
    killed, left = holding(tmp_path, "stays")
    try:
        assert kept.stat().st_mode & 0o777 == left.stat().st_mode & 0o777 == 0o700
        killed.kill()
        killed.wait(30)
        for folder in (kept, left):
            aged(folder)
        (tmp_path / f"{PREFIX}link").symlink_to(tmp_path)
        (tmp_path / "blockmgr-of-somebody").mkdir()
        aged(tmp_path / "blockmgr-of-somebody")
        own = scratch_folder(tmp_path)
        assert {path.name for path in tmp_path.iterdir()} == {kept.name, own.name, f"{PREFIX}link", "blockmgr-of-somebody"}
        assert (kept / "blockmgr" / "shuffle").read_text() == "raw records"
    finally:
        alive.kill()
        alive.wait(30)


def test_a_folder_that_was_just_made_is_nobodys_leftover(tmp_path):
    """Between its making and its lock another run may look."""
    (tmp_path / f"{PREFIX}young").mkdir()
    assert remove_abandoned(tmp_path) == []
    aged(tmp_path / f"{PREFIX}young")
    assert remove_abandoned(tmp_path) == [tmp_path / f"{PREFIX}young"]


def test_a_fork_leaves_its_parents_folder(tmp_path):
    folder = scratch_folder(tmp_path)
    scratch._remove_as(os.getpid() + 1, folder)
    assert folder.is_dir()
    scratch._remove_as(os.getpid(), folder)
    assert not folder.exists()
