"""A file as a landing folder lists it, and what it is to a run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal

FileState = Literal["waiting", "refused", "unmatched", "skipped"]


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file as the folder lists it."""

    path: str  # as Spark writes it
    name: str  # below the landing folder
    n_bytes: int
    modified_at: datetime

    @property
    def modified_millis(self) -> int:
        """Milliseconds since 1970, as Spark tells file times."""
        return (self.modified_at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class OfferedFile(FoundFile):
    """A complete file of one of the source's feeds."""

    feed: str
    day: date | None  # None if its name states none


@dataclass(frozen=True, slots=True)
class Waiting:
    """A file that is left where it lies, and why.

    It waits to be complete; or it is refused as it cannot even be read, which each run finds anew (a file that was read
    and is refused has a row in bronze.files instead); or no feed takes its name; or it was decided on before.
    """

    file_name: str  # control characters in it are escaped
    reason: str
    state: FileState = "waiting"
    age_seconds: int | None = None  # of a file that is not complete: since its last change
    is_misplaced: bool = False  # a copy of a file that was taken in for another day
