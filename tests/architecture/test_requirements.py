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


def script(name):
    spec = spec_from_file_location(name, REQUIREMENTS / f"{name}.py")
    sys.modules[name] = module = module_from_spec(spec)  # a dataclass looks its module up
    spec.loader.exec_module(module)
    return module


def jars_module():
    return script("jars")


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


def test_the_jars_beside_spark_are_those_whose_digests_are_pinned():
    """Those that lie in Spark's own folder, where they run."""
    folder = Path(pyspark.__file__).parent / "jars"
    pinned, held = script("digests").pinned((REQUIREMENTS / "jars.sha256").read_text()), script("digests").digests_in(folder)
    assert {name: held.get(name) for name in pinned} == pinned
    named = re.findall(r"<artifactId>((?:delta|jts)-[^<]+)</artifactId>", (ROOT / "pom.xml").read_text())
    assert len(named) == len(pinned)
    assert all(any(name.startswith(f"{artifact}-") for name in pinned) for artifact in named)


@pytest.mark.parametrize("listed", ["jars.sha256", "bi-jars.sha256"])
def test_make_compares_each_folder_of_jars_with_its_list(listed):
    steps = [line.strip() for line in (ROOT / "Makefile").read_text().splitlines()]
    (place,) = [at for at, step in enumerate(steps) if step.endswith(f"requirements/{listed}") and "digests.py" in step]
    assert "mvn " in steps[place - 1], "it is compared before anything takes it"
    assert "||" not in steps[place]
    assert any(f"requirements/{listed}" in step and ".installed:" in step for step in steps)


def changed(folder):
    (folder / "b-2.jar").write_bytes(b"another")


def missing(folder):
    (folder / "a-1.jar").unlink()


def unlisted(folder):
    (folder / "c-3.jar").write_bytes(b"c")


@pytest.mark.parametrize(
    ("break_it", "told"),
    [
        (changed, "b-2.jar has the SHA-256 "),
        (missing, "a-1.jar is not there"),
        (unlisted, "c-3.jar stands in no list"),
        (None, ""),
    ],
)
def test_a_jar_that_is_another_stops_the_installation(tmp_path, capsys, break_it, told):
    digests, folder, listed = script("digests"), tmp_path / "jars", tmp_path / "jars.sha256"
    folder.mkdir()
    (folder / "a-1.jar").write_bytes(b"a")
    (folder / "b-2.jar").write_bytes(b"b")
    assert digests.main(["--write", str(folder), str(listed)]) == 0
    if break_it:
        break_it(folder)
    assert digests.main([str(folder), str(listed)]) == (2 if break_it else 0)
    assert [told in line for line in capsys.readouterr().err.splitlines()] == [True] * bool(break_it)


@pytest.mark.parametrize(
    "text",
    ["", "# nothing\n", f"{'0' * 64} a.jar\n", f"{'0' * 63}  a.jar\n", f"{'0' * 64}  ../a.jar\n", f"{'0' * 64}  a.jar\n" * 2],
)
def test_a_list_of_something_else_is_refused(text):
    with pytest.raises(ValueError, match="SHA-256"):
        script("digests").pinned(text)
