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
    "an unknown key": (
        "[lake]\nrot = 1\n",
        "lake.rot: is no known key (did you mean 'root'?), known are root, keep_manifests_days",
    ),
    "an unknown section": ("[lakes]\nroot = 'x'\n", "lakes: is no known key (did you mean 'lake'?), known are lake, files"),
    "a word that is not known": (
        "[alerts]\nchannel = 'webhok'\n",
        "alerts.channel: Input should be 'none', 'webhook' or 'mail' (did you mean 'webhook'?)",
    ),
    "a value of another type": ("[run]\nclaim_minutes = 'soon'\n", "claim_minutes"),
    "no TOML": ("[lake\n", "settings file mine.toml cannot be read"),
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


def test_a_key_that_is_missing_is_told(home):
    base = (home / "conf" / "base.toml").read_text()
    (home / "conf" / "base.toml").write_text(base.replace("gap_minutes = ", "gap_minute = "))
    with pytest.raises(SettingsInvalid, match=r"sessions\.gap_minutes: is missing; sessions\.gap_minute: is no known key"):
        load_settings(home, profile="local", environment={})


def test_a_source_file_that_settings_are_taken_from_is_named(home):
    (home / "conf" / "sources" / "demo.toml").write_text("[business\n")
    with pytest.raises(SettingsInvalid, match=r"source file demo\.toml cannot be read\n  found: it is not TOML"):
        load_settings(home, profile="local", environment={})


def test_a_right_settings_file_is_taken(home):
    (home / "conf" / "mine.toml").write_text("[run]\nclaim_minutes = 7\n")
    assert load_settings(home, profile="mine", environment={}).run.claim_minutes == 7


def with_ages(home, of_basis, *overrides):
    overrides = (f"privacy.min_age.of_basis={of_basis}", *overrides)
    return load_settings(home, profile="local", overrides=overrides, environment={}).privacy.min_age


def test_an_age_for_a_basis_that_no_source_states_is_refused(home):
    with pytest.raises(SettingsInvalid, match="a basis that no source states") as refused:
        with_ages(home, "{consnet={profiling=16}, consent={profiling=16}}")
    assert refused.value.args[1] == "consnet; sources state consent, research"
    (home / "conf" / "sources" / "mine.toml").write_text("basis = 'consnet'\n")
    assert set(with_ages(home, "{consnet={profiling=16}}").of_basis) == {"consnet"}


def test_an_age_for_a_source_that_is_not_taken_now_is_no_slip(home):
    assert set(with_ages(home, "{consent={profiling=16}}", "sources.enabled=['movielens']").of_basis) == {"consent"}


def test_a_use_that_a_basis_does_not_name_has_the_age_of_every_basis(home):
    assert with_ages(home, "{consent={profiling=16}, research={marketing=21}}").model_dump()["of_basis"] == {
        "consent": {"profiling": 16, "marketing": 18},
        "research": {"profiling": 14, "marketing": 21},
    }
    raised = with_ages(home, "{consent={profiling=16}}", "privacy.min_age.any_basis={profiling=15, marketing=20}")
    assert raised.of_basis["consent"].marketing == 20


@pytest.mark.parametrize("limits", ["{sales=18}", "16", "{profiling=13}", "{profiling='old'}"])
def test_an_age_that_cannot_be_used_is_refused(home, limits):
    with pytest.raises(SettingsInvalid, match="of_basis"):
        with_ages(home, f"{{consent={limits}}}")


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
