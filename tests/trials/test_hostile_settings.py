"""A profile and an enabled source are names and no paths (S-03)."""

import json
import os

import pytest

from lakes import ROOT
from reclake.errors import UsageError
from reclake.settings import load_settings
from reclake.tables import Table
from reclake.tables.declaration import plain

HOSTILE = (
    "..",
    "../../etc/passwd",
    "%2e%2e",
    "/etc/passwd",
    "a/../../b",
    "a\x00b",
    "file:///etc/passwd",
    "s3a://other/lake",
    ".",
    "",
)


def settings(*overrides: str, profile: str = "test"):
    return load_settings(ROOT, profile=profile, overrides=overrides, environment={})


@pytest.fixture
def outside(tmp_path):
    """A folder beside the project's own, with settings that would show if they were read."""
    (tmp_path / "leak.toml").write_text('[business]\ntimezone = "Asia/Kathmandu"\n')
    return os.path.relpath(tmp_path, ROOT / "conf"), os.path.relpath(tmp_path, ROOT / "conf" / "sources"), tmp_path


def test_a_profile_is_a_name_and_no_path(outside):
    for profile in (f"{outside[0]}/leak", str(outside[2] / "leak"), "sources/../test", *HOSTILE):
        with pytest.raises(UsageError):
            settings(profile=profile)


def test_an_enabled_source_is_a_name_and_no_path(outside):
    for name in (f"{outside[1]}/leak", str(outside[2] / "leak")):
        with pytest.raises(UsageError):
            settings(f"sources.enabled={json.dumps([name])}")


def test_a_line_end_is_no_part_of_a_table_name():
    with pytest.raises(ValueError, match="is not a table name"):
        Table(name="silver.a\n", grain="", key=("a",), fields=(plain("a", "string", ""),), stage="silver", write="replace_whole")
