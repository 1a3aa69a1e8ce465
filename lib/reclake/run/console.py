"""What a person or a program reads of a run: a progress bar on a terminal, plain lines elsewhere, JSON on request."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console as RichConsole
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table as RichTable
from rich.text import Text

from reclake.printable import printable, printable_json
from reclake.tables import GATED

from .report import TableReport, named

_COLUMNS = ("stage", "table", "outcome", "rows", "rejected", "gate", "jobs", "seconds")
_ASIDE = ("not fed", "not asked for")
_DONE = ("up to date", *_ASIDE)
_WIDE = 400
_RIGHT = {"rows", "rejected", "jobs", "seconds"}


class Console:
    """Takes a run's reports up and prints listings: the only door to standard output.

    Cells and lines hold text of others, such as file names and user agents: none of it reaches a terminal as it came.
    """

    def __init__(self, *, as_json: bool = False) -> None:
        self.reports: list[TableReport] = []
        self.files: list[Mapping[str, Any]] = []
        self._as_json = as_json
        # A pipe has no width: long names must not be folded there.
        self._out = RichConsole() if sys.stdout.isatty() else RichConsole(width=_WIDE)
        self._progress: Progress | None = None
        self._task: Any = None

    def started(self, stage: str, table: str) -> None:
        """Name what is being built, on a terminal."""
        if self._as_json or not self._out.is_terminal:
            return
        if self._progress is None:
            columns = (
                SpinnerColumn(), BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn()
            )  # fmt: skip
            self._progress = Progress(*columns, console=self._out, transient=True)
            self._progress.start()
            self._task = self._progress.add_task("", total=len(GATED), completed=len(self.reports))
        self._progress.update(self._task, description=printable(f"{stage}: {table}"))

    def finished(self, report: TableReport) -> None:
        """One line for what was built or stopped; the rest shows in the table at the end."""
        self.reports.append(report)
        if self._progress is not None:
            self._progress.update(self._task, completed=len(self.reports))
        if self._as_json or report.outcome in _DONE:
            return
        numbers = f"{report.n_rows:,} rows, {report.n_jobs} jobs, {report.seconds:.1f} s" if report.n_jobs else ""
        self.say(f"{report.stage:<16}{report.table:<28}{report.outcome:<11}{report.message or numbers}")
        for warning in report.warnings:
            self.say(f"{'':<16}{report.table:<28}{'warning':<11}{warning}")

    def untaken(self, files: Sequence[Mapping[str, Any]]) -> None:
        """Kept for the end of the run, where they are named."""
        self.files.extend(files)

    def end(self) -> None:
        """The table of the run, or one sentence when everything was done already; then the files that were not taken in."""
        self._stop()
        if self._as_json:
            self.json([*map(_whole_row, self.reports), *map(_file_row, self.files)])
            return
        self._end_of_tables()
        if self.files:
            self.say(f"Not taken in: {len(self.files):,} files in the landing folders")
        for sentence in named(self.files):
            self.say(f"  {sentence}")

    def _end_of_tables(self) -> None:
        if all(report.outcome in _DONE for report in self.reports):
            n_asked = sum(report.outcome != "not asked for" for report in self.reports)
            self.say(f"Everything is up to date: {n_asked} tables looked at, nothing to build.")
        else:
            self.rows("run", [_row(report) for report in self.reports if report.outcome not in _ASIDE])

    def say(self, line: str) -> None:
        """One plain line."""
        if not self._as_json:
            self._out.print(Text(printable(line)), soft_wrap=True)

    def json(self, found: Any) -> None:
        """The same for programs."""
        sys.stdout.write(printable_json(json.dumps(found, ensure_ascii=False, indent=2, default=str)) + "\n")

    def rows(self, title: str, rows: Sequence[dict[str, Any]], *, empty: str = "Nothing.", n_more: int = 0) -> None:
        """A listing, and how many rows it leaves out."""
        self._stop()
        if self._as_json:
            self.json(list(rows))
        elif not rows:
            self.say(empty)
        else:
            self._out.print(_table(title, rows))
        self.more(title, n_more)

    def more(self, title: str, n_more: int) -> None:
        """One line if rows were left out: on standard error beside JSON, which a program reads to its end."""
        if n_more:
            told = f"{title}: {n_more:,} more; a higher --limit shows them"
            sys.stderr.write(f"{printable(told)}\n") if self._as_json else self.say(told)

    def _stop(self) -> None:
        if self._progress is not None:
            self._progress.stop()
            self._progress = None


def _table(title: str, rows: Sequence[dict[str, Any]]) -> RichTable:
    table = RichTable(title=Text(printable(title)), title_justify="left", box=None, pad_edge=False)
    for name, value in rows[0].items():
        is_number = name in _RIGHT or (isinstance(value, int | float) and not isinstance(value, bool))
        table.add_column(Text(printable(name)), justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        # As Text: what stands in square brackets in a cell is no markup.
        table.add_row(*(Text(printable(_text(value))) for value in row.values()))
    return table


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.4g}"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _row(report: TableReport) -> dict[str, Any]:
    values = (
        report.stage, report.table, report.outcome, report.n_rows, report.n_rejected, report.verdict, report.n_jobs, round(report.seconds, 1),
    )  # fmt: skip
    return dict(zip(_COLUMNS, values, strict=True)) | ({"message": report.message} if report.message else {})


def _whole_row(report: TableReport) -> dict[str, Any]:
    """The report for programs, which have no line of their own for warnings."""
    return _row(report) | ({"warnings": list(report.warnings)} if report.warnings else {})


def _file_row(file: Mapping[str, Any]) -> dict[str, Any]:
    """A file that was not taken in, among the reports of tables."""
    return {"stage": "bronze", "table": "", "outcome": file["state"], "file": file["file_name"], "message": file["reason"]}
