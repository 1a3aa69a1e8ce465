"""What is installed is named with its version, down to what packages bring along, and from nowhere in particular (S-13)."""

import re
from importlib import metadata

import pytest

from lakes import ROOT

REQUIREMENTS = ROOT / "requirements"
CONSTRAINTS = sorted((REQUIREMENTS / "constraints").glob("*.txt"))
FILES = [*sorted(REQUIREMENTS.glob("*.txt")), *CONSTRAINTS]
PIN = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[a-z,]+\])?==([0-9][A-Za-z0-9.!+]*)")
UNLISTED = {"pip", "setuptools", "wheel", "reclake"}  # what installs, and this project


def entries(text):
    """The lines of a requirements file that ask for something."""
    return [line for line in (line.partition(" #")[0].strip() for line in text.splitlines()) if line and line[0] != "#"]


def unpinned(text):
    return [line for line in entries(text) if not PIN.fullmatch(line) and not re.fullmatch(r"-r [a-z]+\.txt", line)]


def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(text):
    """Package → version."""
    found = [PIN.fullmatch(line) for line in entries(text)]
    return {canonical(pin[1]): pin[2] for pin in found if pin}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(REQUIREMENTS)))
def test_every_package_is_pinned(path):
    text = path.read_text()
    assert entries(text), "it asks for nothing"
    assert unpinned(text) == []


@pytest.mark.parametrize(
    "line", ["pyspark>=4.2", "pyspark", "pyspark==4.*", "git+https://example.com/x", "--index-url https://example.com"]
)
def test_a_package_that_is_not_pinned_is_seen(line):
    assert unpinned(f"numpy==2.4.6\n{line}\n") == [line]


@pytest.mark.parametrize("path", CONSTRAINTS, ids=lambda path: path.stem)
def test_what_is_asked_for_stands_in_the_list_with_its_version(path):
    asked_for = pins((REQUIREMENTS / path.name).read_text())
    assert asked_for.items() <= pins(path.read_text()).items()


def test_what_is_installed_is_what_the_list_names():
    """Nothing came along that the list does not pin: `make pins` writes it anew."""
    listed = pins((REQUIREMENTS / "constraints" / "jobs.txt").read_text())
    installed = {canonical(found.name): found.version for found in metadata.distributions()}
    assert {name: version for name, version in installed.items() if name not in UNLISTED} == listed


def test_every_jar_is_pinned():
    # A version stands in place, or once for several as a property.
    versions = re.findall(r"<(?:[a-z]+\.)?version>([^<$]*)</", (ROOT / "pom.xml").read_text())
    assert len(versions) > 1
    assert [version for version in versions if not re.fullmatch(r"[0-9][A-Za-z0-9.-]*", version)] == []
