"""What is installed is named with its version, down to what packages bring along, and from nowhere in particular (S-13)."""

import re
import sys
from importlib import metadata
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from zipfile import ZipFile

import pyspark
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


@pytest.mark.parametrize("environment", ["jobs", "airflow", "bi"])
def test_what_is_installed_is_what_the_list_names(environment):
    """Nothing came along that the list does not pin: `make pins` writes it anew."""
    folder = (
        Path(sys.prefix).parent
        / environment
        / "lib"
        / f"python{sys.version_info.major}.{sys.version_info.minor}"
        / "site-packages"
    )
    if not folder.is_dir():
        pytest.skip(f"the environment of {environment} is not set up here: make {environment}")
    listed = pins((REQUIREMENTS / "constraints" / f"{environment}.txt").read_text())
    installed = {canonical(found.name): found.version for found in metadata.distributions(path=[str(folder)])}
    assert {name: version for name, version in installed.items() if name not in UNLISTED} == listed


def jars_module():
    spec = spec_from_file_location("jars", REQUIREMENTS / "jars.py")
    sys.modules["jars"] = module = module_from_spec(spec)  # a dataclass looks its module up
    spec.loader.exec_module(module)
    return module


def test_every_jar_of_spark_is_listed_with_its_version_and_digest():
    folder = Path(pyspark.__file__).parent / "jars"
    listed = list(jars_module().jars_in(folder))
    assert len(listed) == len(list(folder.glob("*.jar"))) > 200
    assert all(re.fullmatch("[0-9a-f]{64}", jar.sha256) for jar in listed)
    versions = {jar.artifact: jar.version for jar in listed}
    text = (ROOT / "pom.xml").read_text()
    for artifact in re.findall(r"<artifactId>((?:delta|jts)-[^<]+)</artifactId>", text):
        assert f">{versions[artifact]}<" in text, artifact
    groups = {jar.artifact: jar.group for jar in listed}
    assert (groups["hadoop-client-api"], groups["jackson-databind"]) == ("org.apache.hadoop", "com.fasterxml.jackson.core")


def test_a_jar_says_itself_what_it_is_and_not_what_it_has_swallowed(tmp_path):
    with ZipFile(tmp_path / "a-b-1.2.jar", "w") as packed:
        packed.writestr("META-INF/maven/x/swallowed/pom.properties", "groupId=x\nartifactId=swallowed\nversion=9\n")
        packed.writestr("META-INF/maven/g/a-b/pom.properties", "#at\ngroupId=g\nartifactId=a-b\nversion=1.2\n")
    with ZipFile(tmp_path / "c_2.13-3.4-x.jar", "w") as packed:
        packed.writestr("META-INF/maven/x/swallowed/pom.properties", "groupId=x\nartifactId=swallowed\nversion=9\n")
    found = [(jar.artifact, jar.version, jar.group) for jar in jars_module().jars_in(tmp_path)]
    assert found == [("a-b", "1.2", "g"), ("c_2.13", "3.4-x", "")]
    (tmp_path / "a-b-1.2.jar").rename(tmp_path / "nameless.jar")
    with pytest.raises(ValueError, match=r"nameless\.jar"):
        list(jars_module().jars_in(tmp_path))


def test_every_jar_is_pinned():
    # A version stands in place, or once for several as a property.
    versions = re.findall(r"<(?:[a-z]+\.)?version>([^<$]*)</", (ROOT / "pom.xml").read_text())
    assert len(versions) > 1
    assert [version for version in versions if not re.fullmatch(r"[0-9][A-Za-z0-9.-]*", version)] == []
