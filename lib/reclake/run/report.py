"""What a run says of itself while it works: one report per table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from reclake.lake.entries import Entries
    from reclake.tables import Table

OUTCOMES = ("built", "unchanged", "stopped", "not built", "up to date", "not fed", "not asked for")  # as a summary counts them
_IDLE = frozenset({"up to date", "not fed", "not asked for"})
# What counts for a table of which a stage told more than once, as it takes in one source after the other.
_FIRST = ("stopped", "not built", "built", "unchanged", "up to date", "not fed", "not asked for")
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
    version: int | None = None  # the one that this run built or found to be the same

    @property
    def as_of(self) -> str:
        """The as_ofs in words; empty for other tables.

        Examples
        --------
        >>> TableReport("customers", "gold.customer_segments", "built", as_ofs=("2026-02-23", "2026-03-02")).as_of
        'as_of 2026-02-23 … 2026-03-02'
        """
        return f"as_of {' … '.join(dict.fromkeys((self.as_ofs[0], self.as_ofs[-1])))}" if self.as_ofs else ""


def idle_report(ledger: Entries, table: Table, *, is_asked: bool = True) -> TableReport:
    """The report of a table that needs no work, or was not asked for: what it holds already."""
    entries = ledger.days(table)
    outcome = "not asked for" if not is_asked else "up to date" if entries else "not fed"
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


def merged(reports: Iterable[TableReport]) -> list[TableReport]:
    """One report per table, in the order in which the tables were first told of.

    Of several for one table the gravest outcome counts, with the figures of all that ended in it.

    Examples
    --------
    >>> of_sources = [("built", 2), ("up to date", 9), ("built", 3)]
    >>> reports = [TableReport("bronze", "bronze.orders", outcome, n_rows=n_rows) for outcome, n_rows in of_sources]
    >>> [(report.outcome, report.n_rows) for report in merged(reports)]
    [('built', 5)]
    """
    of_table: dict[str, list[TableReport]] = {}
    for report in reports:
        of_table.setdefault(report.table, []).append(report)
    return [_as_one(several) for several in of_table.values()]


def _as_one(reports: Sequence[TableReport]) -> TableReport:
    gravest = min((report.outcome for report in reports), key=_gravity)
    first, *others = (report for report in reports if report.outcome == gravest)
    alike = (first, *others)
    if not others:
        return first
    return replace(
        first,
        n_rows=sum(report.n_rows for report in alike) if gravest not in _IDLE else first.n_rows,
        n_days=max(report.n_days for report in alike),
        n_rejected=sum(report.n_rejected for report in alike),
        n_jobs=sum(report.n_jobs for report in alike),
        seconds=sum(report.seconds for report in alike),
        message="; ".join(dict.fromkeys(report.message for report in alike if report.message)),
        warnings=tuple(dict.fromkeys(warning for report in alike for warning in report.warnings)),
        version=max((report.version for report in alike if report.version is not None), default=None),
    )


def _gravity(outcome: str) -> int:
    return _FIRST.index(outcome) if outcome in _FIRST else -1


def summary(reports: Iterable[TableReport], title: str, *, seconds: float) -> str:
    """What a job did in one line: how many tables ended how, always in the same order.

    Examples
    --------
    >>> silver = [TableReport("silver", f"silver.t{n}", outcome) for n, outcome in enumerate(["up to date", "built", "built"])]
    >>> summary(silver, "silver 2026-11-21", seconds=93.6)
    'silver 2026-11-21: 2 built, 1 up to date, 94 s'
    >>> summary(silver[:1], "silver 2026-11-21", seconds=3)
    'silver 2026-11-21: nothing to do: 1 up to date, 3 s'
    """
    counts = Counter(report.outcome for report in merged(reports))
    parts = [f"{counts[outcome]} {outcome}" for outcome in OUTCOMES if counts[outcome]]
    idle = "nothing to do: " if counts.keys() <= _IDLE and parts else ""
    return f"{title}: {idle}{', '.join([*parts, f'{seconds:.0f} s'])}"


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
