"""What a table's Delta log says of its commits, from the log's own files; needs no Spark."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

# What maintenance commits: other files or properties, the same rows. By hand or by the job, Delta names it itself.
_KEEPING_ROWS = frozenset({
    "OPTIMIZE", "REORG", "SET TBLPROPERTIES", "UNSET TBLPROPERTIES", "VACUUM START", "VACUUM END", "COMPUTE STATS",
})  # fmt: skip
KEEPS_ROWS = "keeps_rows"  # in the entry of a commit that holds the rows of the version before, in other files


class SmallFiles(Protocol):
    """Listing and reading of small files, on whatever file system."""

    def exists(self, path: str) -> bool:
        """Whether something lies at the path."""

    def names(self, path: str) -> list[str]:
        """Names in the folder, sorted; none if it does not exist."""

    def text(self, path: str) -> str:
        """Content of a small UTF-8 file."""


@dataclass(frozen=True, slots=True)
class Commit:
    """What one commit says of itself."""

    version: int
    operation: str
    user_metadata: dict[str, Any]  # our entry; empty for commits of others
    n_output_rows: int | None
    committed_at: datetime | None = None  # UTC


@dataclass(frozen=True, slots=True)
class Size:
    """Files and bytes of one version."""

    n_files: int
    n_bytes: int


class CommitLog:
    """Reads `_delta_log` itself: DESCRIBE HISTORY costs a Spark job per call."""

    def __init__(self, files: SmallFiles) -> None:
        self._files = files

    def newest(self, path: str) -> int | None:
        """The newest version; None if the table does not exist."""
        versions = self.versions(path)
        return versions[-1] if versions else None

    def versions(self, path: str) -> list[int]:
        """The versions whose commit files are kept, ascending."""
        names = self._files.names(f"{path}/_delta_log")
        return [int(name[:20]) for name in names if len(name) == 25 and name.endswith(".json") and name[:20].isdigit()]

    def commit(self, path: str, version: int) -> Commit:
        """What the commit says of itself."""
        for line in self._files.text(f"{path}/_delta_log/{version:020d}.json").splitlines():
            action = json.loads(line)
            if info := action.get("commitInfo"):
                rows, at = info.get("operationMetrics", {}).get("numOutputRows"), info.get("timestamp")
                return Commit(
                    version,
                    operation=info.get("operation", ""),
                    user_metadata=_entry(info.get("userMetadata")),
                    n_output_rows=None if rows is None else int(rows),
                    committed_at=None if at is None else datetime.fromtimestamp(at / 1000, UTC).replace(tzinfo=None),
                )
        return Commit(version, "", {}, None)

    def commits_after(self, path: str, version: int) -> list[Commit]:
        """The commits newer than `version`, ascending."""
        return [self.commit(path, newer) for newer in self.versions(path) if newer > version]

    def kept_since(self, path: str, version: int, *, passing: Callable[[Commit], bool] = lambda commit: False) -> int:
        """The newest version that still holds the version's rows, as nothing but maintenance lies in between.

        `passing` names further commits to go past.
        """
        for commit in self.commits_after(path, version):
            is_same = commit.operation in _KEEPING_ROWS or bool(commit.user_metadata.get(KEEPS_ROWS))
            if not is_same and not passing(commit):
                break
            version = commit.version
        return version

    def checksum(self, path: str, version: int) -> Size | None:
        """Files and bytes as Delta's checksum file of the commit says; None without one. Costs no Spark job."""
        name = f"{path}/_delta_log/{version:020d}.crc"
        if not self._files.exists(name):
            return None
        found = json.loads(self._files.text(name))
        return Size(int(found["numFiles"]), int(found["tableSizeBytes"]))


def _entry(text: str | None) -> dict[str, Any]:
    if not text:
        return {}
    try:
        entry = json.loads(text)
    except json.JSONDecodeError:
        return {}  # a commit made by hand, with a note that is not ours
    return entry if isinstance(entry, dict) else {}
