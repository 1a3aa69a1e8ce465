"""What is installed is named with its version, and from nowhere in particular (S-13)."""

import re

import pytest

from lakes import ROOT

FILES = sorted((ROOT / "requirements").glob("*.txt"))
PIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(\[[a-z,]+\])?==[0-9][A-Za-z0-9.!+]*")


def entries(text):
    """The lines of a requirements file that ask for something."""
    return [line for line in (line.partition(" #")[0].strip() for line in text.splitlines()) if line and line[0] != "#"]


def unpinned(text):
    return [line for line in entries(text) if not PIN.fullmatch(line) and not re.fullmatch(r"-r [a-z]+\.txt", line)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_package_is_pinned(path):
    text = path.read_text()
    assert entries(text), "it asks for nothing"
    assert unpinned(text) == []


@pytest.mark.parametrize(
    "line", ["pyspark>=4.2", "pyspark", "pyspark==4.*", "git+https://example.com/x", "--index-url https://example.com"]
)
def test_a_package_that_is_not_pinned_is_seen(line):
    assert unpinned(f"numpy==2.4.6\n{line}\n") == [line]


def test_every_jar_is_pinned():
    # A version stands in place, or once for several as a property.
    versions = re.findall(r"<(?:[a-z]+\.)?version>([^<$]*)</", (ROOT / "pom.xml").read_text())
    assert len(versions) > 1
    assert [version for version in versions if not re.fullmatch(r"[0-9][A-Za-z0-9.-]*", version)] == []
