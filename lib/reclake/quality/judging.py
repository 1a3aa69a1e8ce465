"""From counts and answers to findings: what blocks, and what is only stored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame

from reclake.tables import Table

from .measures import Measured, count_rows, flaws, measure
from .rules import Rule
from .suites import Suite
from .validation import Answer, Validator
from .verdict import SAME_COUNT, Finding


@dataclass(frozen=True, slots=True)
class Expected:
    """What the caller knows of the frame."""

    floor: int  # rows below which it is stopped; 0 where it may be empty
    n_rows: int | None  # rows as counted before


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was found in one frame."""

    n_rows: int
    findings: tuple[Finding, ...] = ()  # what blocks
    warnings: tuple[Finding, ...] = ()


def judge(frame: DataFrame, table: Table, suite: Suite, validator: Validator, expected: Expected) -> Judgement:
    """Count, validate once, and count again only what failed."""
    measured = measure(frame, table, conditions=suite.conditions)
    # Every rule holds on an empty frame: only the floor can speak.
    answers = validator.answers(frame, suite) if measured.n_rows else [Answer("holds")] * len(suite.rules)
    counts = _details(frame, table, suite, measured, answers)
    blocking = [
        *_about_the_frame(table, measured, expected),
        *(Finding.failed(rule, n_bad=counts[rule], n_rows=measured.n_rows) for rule in flaws(table) if counts.get(rule)),
    ]
    warnings = []
    for rule, answer in zip(suite.rules, answers, strict=True):
        if (finding := _finding(rule, answer, counts, measured)) is None:
            continue
        # A rule that could not run says nothing about the rows, so it blocks whatever its severity.
        if rule.severity != "critical" and finding.kind == "failed":
            warnings.append(finding)
        elif finding.rule not in {known.rule for known in blocking}:
            blocking.append(finding)
    blocking += _short_conditions(suite, measured)
    return Judgement(measured.n_rows, tuple(blocking), tuple(warnings))


def _about_the_frame(table: Table, measured: Measured, expected: Expected) -> Iterator[Finding]:
    if expected.n_rows is not None and expected.n_rows != measured.n_rows:
        told = f"{expected.n_rows:,} before, {measured.n_rows:,} now: is it persisted, are its inputs fixed?"
        yield Finding.broken(SAME_COUNT, told, n_rows=measured.n_rows)
    if measured.n_rows < expected.floor:
        yield Finding.failed(f"rows are at least {expected.floor:,}", n_bad=None, n_rows=measured.n_rows)
    if measured.n_repeated:
        told = f"{measured.n_repeated:,} of {measured.n_rows:,} rows repeat a key"
        rule = f"key ({', '.join(table.key)}) is unique"
        yield Finding.failed(rule, n_bad=measured.n_repeated, n_rows=measured.n_rows, message=told)


def _details(frame: DataFrame, table: Table, suite: Suite, measured: Measured, answers: Sequence[Answer]) -> dict[str, int]:
    """Rows against each rule that failed; no Spark job where nothing did."""
    against: dict[str, Column] = flaws(table) if measured.n_flawed else {}
    for rule, answer in zip(suite.rules, answers, strict=True):
        if answer.says == "fails" and (column := rule.is_against(table)) is not None:
            against.setdefault(rule.text, column)
    return count_rows(frame, against) if against else {}


def _finding(rule: Rule, answer: Answer, counts: dict[str, int], measured: Measured) -> Finding | None:
    if answer.says == "holds":
        return None
    if answer.says == "could not run":
        return Finding.broken(rule.text, answer.why, n_rows=measured.n_rows)
    return Finding.failed(rule.text, n_bad=counts.get(rule.text), n_rows=measured.n_rows)


def _short_conditions(suite: Suite, measured: Measured) -> Iterator[Finding]:
    """Conditions that find fewer rows than they must: the rules behind them would pass on nothing."""
    for condition in suite.conditions if measured.n_rows else ():
        minimum = max(rule.min_matching_rows or 0 for rule in suite.rules if rule.condition == condition)
        if (n_matching := measured.n_matching[condition]) < minimum:
            told = f"{n_matching:,} of {measured.n_rows:,} rows"
            yield Finding.failed(
                f"rows where {condition} are at least {minimum:,}", n_bad=None, n_rows=measured.n_rows, message=told
            )
