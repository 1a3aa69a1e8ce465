"""The gate: judges a frame before it becomes visible, and fails closed.

Bare success of a validation says little: empty frames, empty suites, all-null columns, NaN and conditions that match no
row pass. So the verdict is made here: from the suite's single results, own counts and what the suite declares of itself.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from pyspark.sql import DataFrame, SparkSession

from reclake.tables import Table

from .judging import Expected, Judgement, judge
from .measures import differences, n_own_checks
from .particular import SuiteRefused
from .suites import Suite, load_suite
from .time_limit import OutOfTime, n_jobs, within
from .validation import ResultsIncomplete, Validator, error_name
from .verdict import COLUMNS_AS_DECLARED, SUITE, TIME_LIMIT, VALIDATION, Finding, Verdict, judged

logger = logging.getLogger(__name__)


class Gate:
    """The suites of a folder, and the seconds that one table's gate may take."""

    def __init__(self, directory: Path, timeout_seconds: float) -> None:
        self._directory = directory
        self._timeout_seconds = timeout_seconds
        self._validator: Validator | None = None

    def require(self, verdict: Verdict, *, days: str = "") -> None:
        """Stop what did not pass; `days` says in the error which days were judged.

        Raises
        ------
        GateFailed
            Unless the verdict is passed.
        """
        if verdict.blocks:
            raise verdict.failure(days=days)

    def check(
        self,
        table: Table,
        frame: DataFrame,
        *,
        n_rows: int | None = None,
        is_fed: bool = True,
        min_rows: int | None = None,
    ) -> Verdict:
        """Judge a frame that the caller has conformed and persisted; never raises for what it finds.

        Parameters
        ----------
        n_rows
            The frame's rows as the caller counted them; another number now means that the frame changes.
        is_fed
            Whether anything feeds the table; what nothing feeds may be empty.
        min_rows
            The floor on rows where it differs from the suite's; 0 for days that are declared empty.
        """
        started, tag = time.monotonic(), f"gate-{uuid4().hex}"
        n_expectations = n_own_checks(table, ())
        try:
            suite = load_suite(self._directory, table)
        except SuiteRefused as refused:
            judgement = Judgement(n_rows or 0, (Finding.broken(SUITE, str(refused)),))
        else:
            n_expectations = len(suite.rules) + n_own_checks(table, suite.conditions)
            floor = min_rows if min_rows is not None else suite.floor if is_fed else 0
            judgement = self._judge(table, frame, suite, Expected(floor, n_rows), tag=tag)
        verdict = judged(
            table,
            findings=judgement.findings,
            warnings=judgement.warnings,
            n_expectations=n_expectations,
            n_rows=judgement.n_rows,
            seconds=time.monotonic() - started,
            n_jobs=n_jobs(frame.sparkSession.sparkContext, tag),
        )
        told = (table.name, verdict.verdict, verdict.n_failed, n_expectations, verdict.n_rows)
        logger.info("%s: gate %s, %d of %d expectations not met, %d rows", *told)
        return verdict

    def _judge(self, table: Table, frame: DataFrame, suite: Suite, expected: Expected, *, tag: str) -> Judgement:
        rows = expected.n_rows or 0
        if unlike := differences(frame.schema, table):
            # Not looked at further: a comparison with a wrong type would print the value that does not fit.
            wrong = Finding.failed(COLUMNS_AS_DECLARED, n_bad=None, n_rows=rows, message="; ".join(unlike))
            return Judgement(rows, (wrong,))

        def call() -> Judgement:
            self._validator = self._validator or Validator()
            with _planned_once(frame.sparkSession):
                return judge(frame, table, suite, self._validator, expected)

        try:
            return within(self._timeout_seconds, call, frame.sparkSession.sparkContext, tag=tag)
        except OutOfTime as late:
            self._validator = None  # its thread may still be at it
            broken = Finding.broken(TIME_LIMIT, str(late), n_rows=rows)
        except ResultsIncomplete as incomplete:
            broken = Finding.broken(VALIDATION, str(incomplete), n_rows=rows)
        except Exception as error:  # noqa: BLE001 - whatever stops the gate must stop the table
            # The message may quote values of the data: only the kind of error is told.
            told = " ".join(filter(None, (type(error).__name__, error_name(str(error)))))
            broken = Finding.broken(VALIDATION, told, n_rows=rows)
        return Judgement(rows, (broken,))


@contextmanager
def _planned_once(spark: SparkSession) -> Iterator[None]:
    """Leave adaptive planning out: counts over a persisted frame gain nothing from it, and it doubles the jobs."""
    name = "spark.sql.adaptive.enabled"
    before = spark.conf.get(name)
    spark.conf.set(name, "false")
    try:
        yield
    finally:
        spark.conf.set(name, str(before))
