"""What a gate says of one frame: counts and rule texts, never a value of the data."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from reclake.errors import GateFailed
from reclake.tables import Table

_SHOWN = 5  # findings that an error names; all of them are stored


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule that was broken, or that could not be judged.

    Examples
    --------
    >>> Finding.failed("started_at is not null", n_bad=31, n_rows=48210).text
    'started_at is not null: 31 of 48,210 rows'
    """

    rule: str
    kind: Literal["failed", "broken"]
    n_bad: int | None  # rows against the rule; None where it does not speak of rows
    n_rows: int
    message: str

    @classmethod
    def failed(cls, rule: str, *, n_bad: int | None, n_rows: int, message: str = "") -> Finding:
        """A rule that was judged and does not hold."""
        counted = f"{n_rows:,} rows" if n_bad is None else f"{n_bad:,} of {n_rows:,} rows"
        return cls(rule, "failed", n_bad, n_rows, message or counted)

    @classmethod
    def broken(cls, rule: str, message: str, *, n_rows: int = 0) -> Finding:
        """A rule that could not be judged; that blocks as well."""
        return cls(rule, "broken", None, n_rows, message)

    def stored(self, *, blocks: bool) -> dict[str, Any]:
        """The finding as it stands in ops.gate_results."""
        return asdict(self) | {"blocks": blocks}

    @property
    def text(self) -> str:
        """Rule and count in one phrase."""
        return f"{self.rule}: {self.message}" if self.kind == "failed" else f"{self.rule}: could not run, {self.message}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The gate's answer for one frame of one table. Only `passed` lets a commit happen."""

    table: str
    verdict: Literal["passed", "failed", "broken"]
    n_expectations: int  # of the suite, and own checks
    n_failed: int
    findings: tuple[Finding, ...]  # what blocks
    n_rows: int
    seconds: float
    warnings: tuple[Finding, ...] = ()  # what is stored and shown, but does not block
    n_jobs: int = 0  # Spark jobs of the gate

    @property
    def blocks(self) -> bool:
        """Whether the commit must not happen without a waiver."""
        return self.verdict != "passed"

    @property
    def is_waivable(self) -> bool:
        """Whether a waiver may let it through: not a frame with other columns than declared, as it cannot be written."""
        return not any(finding.rule == COLUMNS_AS_DECLARED for finding in self.findings)

    def also(self, finding: Finding) -> Verdict:
        """The verdict with a finding of the caller's own, which blocks like the others."""
        findings = (*self.findings, finding)
        return replace(
            self, verdict=_follows(findings), findings=findings, n_failed=len(findings), n_expectations=self.n_expectations + 1
        )

    def stored(self) -> str:
        """Findings and warnings as JSON, for ops.gate_results."""
        return _written([*(f.stored(blocks=True) for f in self.findings), *(f.stored(blocks=False) for f in self.warnings)])

    def failure(self, *, days: str = "") -> GateFailed:
        """The error that stops the table; `days` says which days were judged."""
        shown = [finding.text for finding in self.findings[:_SHOWN]]
        if more := len(self.findings) - len(shown):
            shown.append(f"and {more} more")
        return GateFailed(f"{' '.join(filter(None, (self.table, days)))}: {self._counted()}", "; ".join(shown), self._next_step())

    def _counted(self) -> str:
        n_broken = sum(finding.kind == "broken" for finding in self.findings)
        n_failed = len(self.findings) - n_broken
        parts = [f"{n_failed} of {self.n_expectations} expectations failed"] if n_failed else []
        if any(finding.rule in WHOLE_GATE for finding in self.findings):
            return ", ".join([*parts, "the gate could not run"])
        if n_broken:
            parts.append(f"{n_broken} {'' if n_failed else f'of {self.n_expectations} expectations '}could not run")
        return ", ".join(parts)

    def _next_step(self) -> str:
        suite = f"expectations/{self.table}.json"
        rules = {finding.rule for finding in self.findings}
        if SUITE in rules:
            return f"restore {suite}, then run the day again"
        if TIME_LIMIT in rules:
            return "look why Spark does not answer, or raise expectations.timeout_seconds, then run the day again"
        return f"correct the source or {suite}, then run the day again"


def with_more(stored: str, findings: Iterable[Finding], *, blocks: bool) -> str:
    """The stored findings with others of the caller's own, which block the table or only warn."""
    return _written([*json.loads(stored), *(finding.stored(blocks=blocks) for finding in findings)])


def _written(findings: list[dict[str, Any]]) -> str:
    return json.dumps(findings, ensure_ascii=False)


SUITE = "the suite"
TIME_LIMIT = "the time limit"
VALIDATION = "the validation"
SAME_COUNT = "the frame holds the rows that were counted"
WHOLE_GATE = (SUITE, TIME_LIMIT, VALIDATION)  # findings about the gate, not about one rule
COLUMNS_AS_DECLARED = "columns are as declared"
FEW_REFUSED = "no more of a delivery is refused than its source allows"
_OF_DELIVERY = re.compile(r"source (?P<source>\S+) of (?P<day>\d{4}-\d{2}-\d{2}): (?P<found>.*)", re.DOTALL)


def of_delivery(source: str, day: str, found: str) -> str:
    """The message of a finding about one delivery of a source."""
    return f"source {source} of {day}: {found}"


def delivery_of(message: str) -> tuple[str, str, str]:
    """Source, ISO day and what was found, of a message that `of_delivery` wrote.

    Raises
    ------
    ValueError
        When it is another message.

    Examples
    --------
    >>> delivery_of(of_delivery("till", "2026-03-01", "3 of 5 records (currency is missing: 3); at most 5% may be"))
    ('till', '2026-03-01', '3 of 5 records (currency is missing: 3); at most 5% may be')
    """
    parts = _OF_DELIVERY.fullmatch(message)
    if parts is None:
        raise ValueError("the message of a finding about a delivery names none")
    return parts["source"], parts["day"], parts["found"]


def _follows(findings: tuple[Finding, ...]) -> Literal["passed", "failed", "broken"]:
    kinds = {finding.kind for finding in findings}
    return "broken" if "broken" in kinds else "failed" if kinds else "passed"


def judged(
    table: Table,
    *,
    findings: tuple[Finding, ...],
    warnings: tuple[Finding, ...] = (),
    n_expectations: int,
    n_rows: int,
    seconds: float,
    n_jobs: int,
) -> Verdict:
    """The verdict that follows from the findings: broken before failed before passed."""
    return Verdict(table.name, _follows(findings), n_expectations, len(findings), findings, n_rows, seconds, warnings, n_jobs)
