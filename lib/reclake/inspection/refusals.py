"""What a source would refuse of a file, found with the readers that an ingest and the records tables use."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from reclake.sources.broken import LandingLimits
from reclake.sources.source import Feed, Source

WHOLE_BYTES = 64 << 20  # a larger file is judged by its head
_RECORDS = 20_000  # of each file


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason for which a file, or records of it, would be refused; the first place where it holds."""

    file_name: str
    reason: str
    n_records: int  # 0: the file as a whole
    line: int | None
    value: str


def refusals_of(path: Path, name: str, source: Source, feed: Feed, limits: LandingLimits) -> list[Refusal]:
    return []
