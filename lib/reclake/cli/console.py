"""What a person or a program reads of a run: a progress bar on a terminal, plain lines elsewhere, JSON on request."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from reclake.printable import printable, printable_json
from reclake.run.report import TableReport, merged, named
from reclake.tables import GATED

from .layout import Laid, as_blocks, as_csv, as_table, folded

if TYPE_CHECKING:
    from rich.progress import Progress

Form = Literal["table", "blocks", "csv", "json"]
_COLUMNS = ("stage", "table", "outcome", "rows", "rejected", "gate", "jobs", "seconds")
_ASIDE = ("not fed", "not asked for")
_DONE = ("up to date", *_ASIDE)


def terminal_width() -> int | None:
    """The cells of a line on a terminal; None for a pipe, where nothing is folded."""
    return shutil.get_terminal_size((100, 24)).columns if sys.stdout.isatty() else None


class Console:
    """Takes a run's reports up and prints listings: the only door to standard output.

    Cells and lines hold text of others, such as file names and user agents: none of it reaches a terminal as it came.

    Parameters
    ----------
    width
        Cells of a line; by default those of the terminal. A pipe has no width, and nothing is folded there.
    """

    def __init__(self, *, as_json: bool = False, form: Form | None = None, width: int | None = None) -> None:
        self.reports: list[TableReport] = []
        self.files: list[Mapping[str, Any]] = []
        self.form: Form = form or ("json" if as_json else "table")
        self.n_asked = len(GATED)  # tables that a run is asked for
        self._width = width or terminal_width()
        self._progress: Progress | None = None
        self._task: Any = None

    @property
    def is_for_programs(self) -> bool:
        """Whether standard output holds nothing but the listing."""
        return self.form in ("json", "csv")

    def started(self, stage: str, table: str) -> None:
        """Name what is being built, on a terminal."""
        if self.is_for_programs or not sys.stdout.isatty():
            return
        if self._progress is None:
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

            columns = (
                SpinnerColumn(), BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn()
            )  # fmt: skip
            self._progress = Progress(*columns, transient=True)
            self._progress.start()
            self._task = self._progress.add_task("", total=self.n_asked, completed=self._n_done())
        self._progress.update(self._task, description=printable(f"{stage}: {table}"))

    def _n_done(self) -> int:
        """The tables that were asked for and are done with; bronze reports one once per source."""
        return len({report.table for report in self.reports if report.outcome != "not asked for"})

    def finished(self, report: TableReport) -> None:
        """One line for what was built or stopped; the rest shows in the table at the end."""
        self.reports.append(report)
        if self._progress is not None:
            self._progress.update(self._task, completed=self._n_done())
        if self.is_for_programs or report.outcome in _DONE:
            return
        numbers = f"{report.n_rows:,} rows, {report.n_jobs} jobs, {report.seconds:.1f} s" if report.n_jobs else ""
        told = ", ".join(part for part in (report.as_of, report.message or numbers) if part)
        self.say(f"{report.stage:<16}{report.table:<28}{report.outcome:<11}{told}")
        for warning in report.warnings:
            self.say(f"{'':<16}{report.table:<28}{'warning':<11}{warning}")

    def untaken(self, files: Sequence[Mapping[str, Any]]) -> None:
        """Kept for the end of the run, where they are named."""
        self.files.extend(files)

    def end(self) -> None:
        """The table of the run, or one sentence when everything was done already; then the files that were not taken in."""
        self._stop()
        reports = merged(self.reports)
        if self.form == "json":
            self.json([*map(_whole_row, reports), *map(_file_row, self.files)])
            return
        self._end_of_tables(reports)
        if self.files:
            self.say(f"Not taken in: {len(self.files):,} files in the landing folders")
        for sentence in named(self.files):
            self.say(f"  {sentence}")

    def _end_of_tables(self, reports: Sequence[TableReport]) -> None:
        if all(report.outcome in _DONE for report in reports):
            n_asked = sum(report.outcome != "not asked for" for report in reports)
            self.say(f"Everything is up to date: {n_asked} tables looked at, nothing to build.")
        else:
            self.rows("run", [_row(report) for report in reports if report.outcome not in _ASIDE])

    def say(self, line: str) -> None:
        """One plain line."""
        if not self.is_for_programs:
            self._print(printable(line))

    def _print(self, line: str) -> None:
        if self._progress is not None:
            self._progress.console.print(line, markup=False, highlight=False, soft_wrap=True)
        else:
            sys.stdout.write(f"{line}\n")

    def json(self, listing: Any) -> None:
        """The same for programs."""
        sys.stdout.write(printable_json(json.dumps(listing, ensure_ascii=False, indent=2, default=str)) + "\n")

    def rows(self, title: str, rows: Sequence[Mapping[str, Any]], *, empty: str = "Nothing.", n_more: int = 0) -> None:
        """A listing, and how many rows it leaves out."""
        self._stop()
        if self.form == "json":
            self.json(list(rows))
        elif self.form == "csv":
            sys.stdout.write(as_csv(rows) if rows else "")
        elif not rows:
            self.say(empty)
        else:
            self._listed(title, rows)
        self.more(title, n_more)

    def _listed(self, title: str, rows: Sequence[Mapping[str, Any]]) -> None:
        self.say(title)
        laid = Laid(as_blocks(rows, self._width)) if self.form == "blocks" else as_table(rows, self._width)
        for line in laid.lines:
            self._print(line)
        if laid.left_out:
            for line in folded(f"Not shown here: {', '.join(laid.left_out)}; --vertical or --json shows all", self._width or 100):
                self._print(line)

    def more(self, title: str, n_more: int) -> None:
        """One line if rows were left out: on standard error beside what a program reads to its end."""
        if n_more:
            line = f"{title}: {n_more:,} more; a higher --limit shows them"
            sys.stderr.write(f"{printable(line)}\n") if self.is_for_programs else self.say(line)

    def _stop(self) -> None:
        if self._progress is not None:
            self._progress.stop()
            self._progress = None


def _row(report: TableReport) -> dict[str, Any]:
    values = (
        report.stage, report.table, report.outcome, report.n_rows, report.n_rejected, report.verdict, report.n_jobs, round(report.seconds, 1),
    )  # fmt: skip
    row = dict(zip(_COLUMNS, values, strict=True)) | ({"as_of": report.as_of.removeprefix("as_of ")} if report.as_ofs else {})
    return row | ({"message": report.message} if report.message else {})


def _whole_row(report: TableReport) -> dict[str, Any]:
    """The report for programs, which have no line of their own for warnings."""
    return _row(report) | ({"warnings": list(report.warnings)} if report.warnings else {})


def _file_row(file: Mapping[str, Any]) -> dict[str, Any]:
    """A file that was not taken in, among the reports of tables."""
    return {"stage": "bronze", "table": "", "outcome": file["state"], "file": file["file_name"], "message": file["reason"]}
