"""The JARs of a folder as a bill of materials in CycloneDX: `make sbom` writes one for Spark's and one for the BI readers'.

Maven knows those that pom.xml names; most come inside Spark's own package, and a scanner of Python packages sees neither.

    python requirements/jars.py FOLDER FILE
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

_OF_MAVEN = re.compile(r"META-INF/maven/[^/]+/[^/]+/pom\.properties")
# A version begins with a digit after the last hyphen that one follows: hive-storage-api-2.8.1, RoaringBitmap-1.5.3.
_NAMED = re.compile(r"(?P<artifact>.+?)-(?P<version>[0-9][A-Za-z0-9._+-]*)\.jar")


@dataclass(frozen=True, order=True)
class Jar:
    """One file: what it calls itself, and the digest of its bytes in hex."""

    artifact: str
    version: str
    group: str  # empty where only the file's name tells
    sha256: str


def jars_in(folder: Path) -> Iterator[Jar]:
    """Every JAR of the folder by its own statement, else by its file's name.

    Raises
    ------
    ValueError
        When neither tells a version.
    """
    for path in sorted(folder.glob("*.jar")):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        with ZipFile(path) as packed:
            told = [packed.read(name).decode() for name in packed.namelist() if _OF_MAVEN.fullmatch(name)]
        stated = [dict(line.split("=", 1) for line in text.splitlines() if "=" in line and line[0] != "#") for text in told]
        # One that has swallowed others states all of them: its own is the one that its file is named after.
        own = [one for one in stated if path.name.startswith(f"{one['artifactId'].strip()}-{one['version'].strip()}")]
        named = _NAMED.fullmatch(path.name)
        if own:
            yield Jar(own[0]["artifactId"].strip(), own[0]["version"].strip(), own[0]["groupId"].strip(), digest)
        elif named:
            yield Jar(named["artifact"], named["version"], "", digest)
        else:
            raise ValueError(f"{path.name} tells no version")


def main(folder: Path, written: Path) -> None:
    """Write the file, the same for the same JARs."""
    from cyclonedx.model import HashAlgorithm, HashType
    from cyclonedx.model.bom import Bom
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.output.json import JsonV1Dot6
    from packageurl import PackageURL

    components = [
        Component(
            type=ComponentType.LIBRARY,
            name=jar.artifact,
            version=jar.version,
            group=jar.group or None,
            purl=PackageURL("maven", jar.group, jar.artifact, jar.version) if jar.group else None,
            bom_ref=f"{jar.artifact}-{jar.version}",
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=jar.sha256)],
        )
        for jar in jars_in(folder)
    ]
    if not components:
        sys.exit(f"no JAR in {folder}")
    told = json.loads(JsonV1Dot6(Bom(components=components)).output_as_string())
    del told["serialNumber"], told["metadata"]  # drawn, and the time
    written.write_text(json.dumps(told, indent=2, sort_keys=True))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
