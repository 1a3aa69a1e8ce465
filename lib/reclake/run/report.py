"""What a run says of itself while it works: one report per table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from reclake.lake.entries import Entries
    from reclake.tables import Table

    from .plan import Planner

_NAMED = 20  # files of one source and state that are named; the others are counted


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
    as_ofs: tuple[str, ...] = ()  # of an as-of table: those that were built, sorted
    warnings: tuple[str, ...] = ()  # what stops nothing and somebody should know; no value of the data

    @property
    def as_of(self) -> str:
        """The as_ofs in words; empty for other tables.

        Examples
        --------
        >>> TableReport("customers", "gold.customer_segments", "built", as_ofs=("2026-02-23", "2026-03-02")).as_of
        'as_of 2026-02-23 … 2026-03-02'
        """
        return f"as_of {' … '.join(dict.fromkeys((self.as_ofs[0], self.as_ofs[-1])))}" if self.as_ofs else ""


def idle_report(ledger: Entries, planner: Planner, table: Table) -> TableReport:
    """The report of a table that needs no work, or was not asked for: what it holds already."""
    entries = ledger.days(table)
    outcome = "not asked for" if not planner.is_asked(table) else "up to date" if entries else "not fed"
    return TableReport(table.stage, table.name, outcome, n_rows=ledger.n_rows(table), n_days=len(entries))


class Reporter(Protocol):
    """Takes reports up: a progress bar, log lines, or a list in tests."""

    def started(self, stage: str, table: str) -> None:
        """A table is about to be built."""

    def finished(self, report: TableReport) -> None:
        """A table is done with."""

    def untaken(self, files: Sequence[Mapping[str, Any]]) -> None:
        """Files of a source that lie in its landing folder and were not taken in: rows of ops.untaken_files."""


class Silent:
    """Keeps the reports and says nothing."""

    def __init__(self) -> None:
        self.reports: list[TableReport] = []
        self.files: list[Mapping[str, Any]] = []

    def started(self, stage: str, table: str) -> None:
        """Nothing to say."""

    def finished(self, report: TableReport) -> None:
        """Keep it."""
        self.reports.append(report)

    def untaken(self, files: Sequence[Mapping[str, Any]]) -> None:
        """Keep them."""
        self.files.extend(files)


def summary(reports: Sequence[TableReport]) -> list[str]:
    """What a job did, in a line or two for its log; none of a job that builds no tables.

    Examples
    --------
    >>> summary([TableReport("silver", "silver.events", "built", n_rows=5), TableReport("silver", "silver.products", "up to date")])
    ['done: 1 table built (silver.events), 1 up to date']
    >>> summary([TableReport("silver", "silver.products", "up to date")])
    ['nothing to do: 1 table is up to date']
    """
    asked = [report for report in reports if report.outcome != "not asked for"]
    worked = {
        o: [f"{r.table} {r.as_of}".rstrip() for r in asked if r.outcome == o] for o in dict.fromkeys(r.outcome for r in asked)
    }
    idle = {"up to date", "not fed"}
    if not asked:
        return []
    if worked.keys() <= idle:
        n_tables = len(worked.get("up to date", []))
        fed = f"{n_tables} {'table is' if n_tables == 1 else 'tables are'} up to date" if n_tables else "nothing feeds its tables"
        return [f"nothing to do: {fed}"]
    parts = [
        f"{len(tables)} {'table ' if number == 0 and len(tables) == 1 else 'tables ' if number == 0 else ''}{outcome}"
        + ("" if outcome in idle else f" ({', '.join(dict.fromkeys(tables))})")
        for number, (outcome, tables) in enumerate(sorted(worked.items(), key=lambda each: each[0] in idle))
    ]
    return [f"done: {', '.join(parts)}"]


def named(files: Sequence[Mapping[str, Any]]) -> list[str]:
    """Files that were not taken in as a sentence each; of many with one source and state the first are named, the others counted."""
    groups: dict[tuple[str, str], list[str]] = {}
    for file in files:
        groups.setdefault((file["source"], file["state"]), []).append(f"{file['file_name']} {file['reason']}")
    sentences = []
    for (source, state), of_state in sorted(groups.items()):
        sentences += [f"{source}, {state}: {sentence}" for sentence in of_state[:_NAMED]]
        if len(of_state) > _NAMED:
            sentences.append(f"{source}, {state}: and {len(of_state) - _NAMED} more files")
    return sentences
