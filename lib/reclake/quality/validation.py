"""One Great Expectations validation of a suite, and what its results really say.

The package takes seconds to load, so it is loaded where something is judged: a run that finds everything done needs none.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from pyspark.sql import DataFrame

from .suites import Suite

_NUMBER = "number"  # under which a result tells the rule it belongs to


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether a rule holds, does not hold, or could not be judged (and by which kind of error)."""

    says: Literal["holds", "fails", "could not run"]
    why: str = ""


class Validator:
    """Great Expectations without files, bars and caches."""

    def __init__(self) -> None:
        import great_expectations as gx
        from great_expectations.data_context.types.base import ProgressBarsConfig

        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
        # The frame is persisted by the caller; caching it again would double its space.
        source = context.data_sources.add_spark("frames", persist=False)
        self._batches = source.add_dataframe_asset("frame").add_batch_definition_whole_dataframe("frame")

    def answers(self, frame: DataFrame, suite: Suite) -> list[Answer]:
        """One answer per rule of the suite, in its order; the suite's own `success` is not looked at.

        Raises
        ------
        ResultsIncomplete
            When there is not exactly one result per rule.
        """
        from great_expectations.core.expectation_suite import ExpectationSuite

        expectations = [
            {"type": rule.type, "kwargs": dict(rule.kwargs), "severity": rule.severity, "meta": {_NUMBER: number}}
            for number, rule in enumerate(suite.rules)
        ]
        with _quiet():
            batch = self._batches.get_batch(batch_parameters={"dataframe": frame})
            # BOOLEAN_ONLY: every other format puts failing values into the result.
            result = batch.validate(ExpectationSuite(name=suite.table, expectations=expectations), result_format="BOOLEAN_ONLY")
        return in_order(result.results, n_rules=len(suite.rules))


class ResultsIncomplete(Exception):
    """Results that do not belong one to one to the rules."""


def in_order(results: Sequence[Any], *, n_rules: int) -> list[Answer]:
    """The results' answers in the rules' order.

    Raises
    ------
    ResultsIncomplete
        When there is not exactly one result per rule.
    """
    answers = {(result.expectation_config.meta or {}).get(_NUMBER): answer_of(result) for result in results}
    if len(results) != n_rules or set(answers) != set(range(n_rules)):
        raise ResultsIncomplete(f"{len(results)} results for {n_rules} expectations")
    return [answers[number] for number in range(n_rules)]


def answer_of(result: Any) -> Answer:
    """What one result says; anything but a plain yes or no without an error is "could not run"."""
    if (error := _error(result.exception_info)) is not None:
        return Answer("could not run", error)
    if result.success is True:
        return Answer("holds")
    return Answer("fails") if result.success is False else Answer("could not run", "no answer")


def _error(info: Any) -> str | None:
    """The kind of error in an exception_info, of which there are two shapes: one dict, or a dict of dicts by metric."""
    if not info:
        return None
    if not isinstance(info, dict):
        return "an unknown kind of error"
    told = [info] if "raised_exception" in info else list(info.values())
    if all(isinstance(one, dict) and one.get("raised_exception") is False for one in told):
        return None
    # Messages may quote values of the data: only Spark's name for the error is repeated.
    messages = " ".join(str(one.get("exception_message", "")) for one in told if isinstance(one, dict))
    return error_name(messages) or "an error in Great Expectations"


def error_name(message: str) -> str:
    """Spark's name for an error, as [DIVIDE_BY_ZERO] at the start of its message; empty without one."""
    name = message.partition("[")[2].partition("]")[0]
    return name if name and all(c.isupper() or c in "_." or c.isdigit() for c in name) else ""


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Great Expectations from logging errors, which quote values."""
    logger = logging.getLogger("great_expectations")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(level)
