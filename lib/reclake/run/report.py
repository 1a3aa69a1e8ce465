"""What a run says of itself while it works: one report per table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class TableReport:
    """What became of one table in one stage."""

    stage: str
    table: str
    outcome: str  # built, unchanged, up to date, stopped, not built, not fed, not asked for
    n_rows: int = 0
    n_days: int = 0
    n_rejected: int = 0
    verdict: str = ""
    n_jobs: int = 0
    seconds: float = 0.0
    message: str = ""
    warnings: tuple[str, ...] = ()  # what stops nothing and somebody should know; no value of the data


class Reporter(Protocol):
    """Takes reports up: a progress bar, log lines, or a list in tests."""

    def started(self, stage: str, table: str) -> None:
        """A table is about to be built."""

    def finished(self, report: TableReport) -> None:
        """A table is done with."""


class Silent:
    """Keeps the reports and says nothing."""

    def __init__(self) -> None:
        self.reports: list[TableReport] = []

    def started(self, stage: str, table: str) -> None:
        """Nothing to say."""

    def finished(self, report: TableReport) -> None:
        """Keep it."""
        self.reports.append(report)
