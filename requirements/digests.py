"""JARs as the project knows them: `make install` and `make bi` stop where one that was brought is another.

Maven compares a JAR with the checksum that the same server states; these digests were taken when the version was pinned.

    python requirements/digests.py FOLDER FILE          # FILE as sha256sum writes it; exit code 2 where they differ
    python requirements/digests.py --write FOLDER FILE  # after a version in pom.xml has changed: look at what differs
"""

from __future__ import annotations

import hashlib
import re
import sys
from pathlib import Path

_LINE = re.compile(r"(?P<digest>[0-9a-f]{64})  (?P<name>[A-Za-z0-9._+-]+\.jar)")


def pinned(text: str) -> dict[str, str]:
    """Name of each JAR and its SHA-256 in hex.

    Raises
    ------
    ValueError
        When a line says something else, or a name stands twice.
    """
    lines = [_LINE.fullmatch(line) for line in text.splitlines()]
    found = {line["name"]: line["digest"] for line in lines if line}
    if not lines or len(found) != len(lines):
        raise ValueError("each line is a SHA-256, two blanks and the name of a JAR, each once")
    return found


def digests_in(folder: Path) -> dict[str, str]:
    """The JARs that lie in the folder."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.glob("*.jar"))}


def differences(folder: Path, listed: Path) -> list[str]:
    """What of the folder is not as the list says, one sentence each."""
    wanted, held = pinned(listed.read_text(encoding="utf-8")), digests_in(folder)
    return [
        *(f"{name} is not there" for name in sorted(wanted.keys() - held.keys())),
        *(f"{name} stands in no list" for name in sorted(held.keys() - wanted.keys())),
        *(
            f"{name} has the SHA-256 {held[name]}, not {wanted[name]}"
            for name in sorted(wanted)
            if held.get(name, wanted[name]) != wanted[name]
        ),
    ]


def main(arguments: list[str]) -> int:
    """Compare, or write the list anew; gives the exit code."""
    folder, listed = (Path(argument) for argument in arguments[-2:])
    if arguments[0] == "--write":
        listed.write_text("".join(f"{digest}  {name}\n" for name, digest in digests_in(folder).items()), encoding="utf-8")
        return 0
    problems = differences(folder, listed)
    sys.stderr.write("".join(f"{listed.name}: {problem}\n" for problem in problems))
    return 2 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
