"""What a job's log says of its tables: a line for each as it is done, at its level, and one line in the end."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from reclake.tables import Table

from .report import Silent, TableReport, merged, named, summary

logger = logging.getLogger("reclake")
_LEVELS = {
    "built": logging.INFO, "unchanged": logging.INFO, "up to date": logging.INFO, "not fed": logging.INFO,
    "not asked for": logging.DEBUG, "maintained": logging.INFO, "stopped": logging.ERROR, "damaged": logging.ERROR,
}  # fmt: skip
_UNREACHED = "the run ended before it"
_BROKEN_OFF = "the run broke off while it was built"


class LogReporter(Silent):
    """Logs each report, keeps it, and knows the tables that the job was to report.

    Parameters
    ----------
    expected
        The tables of the job's stages.
    """

    def __init__(self, expected: Sequence[Table] = ()) -> None:
        super().__init__()
        self.expected = expected
        self.is_written = False  # whether the report for the scheduler was
        self._begun = time.monotonic()
        self._started: set[str] = set()

    def started(self, stage: str, table: str) -> None:
        """Remember it, should the run break off now."""
        self._started.add(table)

    def finished(self, report: TableReport) -> None:
        """One line for the table, and one for each warning."""
        super().finished(report)
        logger.log(_LEVELS.get(report.outcome, logging.WARNING), "%s: %s", report.table, _ending_of(report))
        for warning in report.warnings:
            logger.warning("%s: %s", report.table, warning)

    def untaken(self, files: Sequence[Mapping[str, Any]]) -> None:
        """One line per file; one that merely waits to be complete is no warning."""
        super().untaken(files)
        for state, level in (("refused", logging.WARNING), ("unmatched", logging.WARNING), ("waiting", logging.INFO)):
            for sentence in named([file for file in files if file["state"] == state]):
                logger.log(level, "file not taken in: %s", sentence)

    def tables(self) -> list[TableReport]:
        """One report per table, in build order. A run that broke off has not come to all of them: those are not built."""
        reports = merged(self.reports)
        reached = {report.table for report in reports}
        for table in self.expected:
            if table.name not in reached:
                why = _BROKEN_OFF if table.name in self._started else _UNREACHED
                reports.append(TableReport(table.stage, table.name, "not built", message=why))
        order = {table.name: number for number, table in enumerate(self.expected)}
        return sorted(reports, key=lambda report: order.get(report.table, len(order)))

    @contextmanager
    def summed_up(self, title: str) -> Iterator[None]:
        """Log what was done in one line at the end of the block, also when an error ends it; nothing without a title."""
        try:
            yield
        finally:
            if title:
                logger.info("%s", summary(self.tables(), title, seconds=time.monotonic() - self._begun))


def _ending_of(report: TableReport) -> str:
    """How the table ended, and the figures or the message of it."""
    if report.outcome not in ("built", "unchanged"):
        return ": ".join(part for part in (report.outcome, report.message) if part)
    parts = [report.outcome, report.as_of, f"{report.n_rows:,} {'row' if report.n_rows == 1 else 'rows'}"]
    parts += [f"{report.n_days} {'day' if report.n_days == 1 else 'days'}"] if report.n_days else []
    parts += [f"{report.n_rejected:,} refused"] if report.n_rejected else []
    parts += [f"gate {report.verdict}"] if report.verdict else []
    parts += [f"version {report.version}"] if report.version is not None else []
    return ", ".join(part for part in (*parts, f"{report.seconds:.1f} s") if part)
