"""Settings files: what a company writes there by mistake is told in three lines, before Spark is asked."""

import shutil

import pytest
from typer.testing import CliRunner

from lakes import ROOT
from reclake import cli
from reclake.errors import SettingsInvalid
from reclake.settings import load_settings


@pytest.fixture
def home(tmp_path):
    shutil.copytree(ROOT / "conf", tmp_path / "conf")
    return tmp_path


MISTAKES = {
    "an unknown key": ("[lake]\nrot = 1\n", "rot"),
    "an unknown section": ("[lakes]\nroot = 'x'\n", "lakes"),
    "a value of another type": ("[run]\nclaim_minutes = 'soon'\n", "claim_minutes"),
    "no TOML": ("[lake\n", "mine.toml"),
}


@pytest.mark.parametrize(("text", "named"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_in_a_settings_file_is_told_in_three_lines(home, monkeypatch, text, named):
    (home / "conf" / "mine.toml").write_text(text)
    with pytest.raises(SettingsInvalid) as told:
        load_settings(home, profile="mine", environment={})
    assert (len(str(told.value).splitlines()), told.value.exit_code) == (3, 2)
    assert named in str(told.value)
    monkeypatch.setenv("RECLAKE_HOME", str(home))
    assert isinstance(CliRunner().invoke(cli.app, ["status", "--profile", "mine"]).exception, SettingsInvalid)


def test_a_right_settings_file_is_taken(home):
    (home / "conf" / "mine.toml").write_text("[run]\nclaim_minutes = 7\n")
    assert load_settings(home, profile="mine", environment={}).run.claim_minutes == 7


@pytest.mark.parametrize(
    ("address", "is_taken"),
    [
        ("https://mlflow", True),
        ("https://anna:secret@mlflow:5000", True),
        ("http://127.0.0.1:5000", True),
        ("http://localhost:5000", True),
        ("http://[::1]:5000", True),
        ("sqlite:///mlflow.db", True),
        ("http://mlflow:5000", False),
        ("HTTP://mlflow:5000", False),
        ("http://127.0.0.1.example.org", False),
        ("http://anna:secret@10.0.0.7", False),
        ("http://localhost@mlflow", False),
    ],
)
@pytest.mark.parametrize("profile", ["local", "cluster"])
def test_a_registry_on_another_machine_is_asked_by_tls(profile, address, is_taken):
    def loaded(*more):
        return load_settings(ROOT, profile=profile, overrides=[f"mlflow.tracking_uri={address}", *more], environment={}).mlflow

    if is_taken:
        assert loaded().tracking_uri == address
        return
    with pytest.raises(SettingsInvalid, match="asks another machine in clear") as refused:
        loaded()
    assert "secret" not in str(refused.value)
    assert loaded("mlflow.unencrypted=true").tracking_uri == address
