"""Faults that the rows of one table cause: they stop that table and no other."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from pyspark.errors import (
    AnalysisException,
    ArithmeticException,
    ArrayIndexOutOfBoundsException,
    DateTimeException,
    NumberFormatException,
    PythonException,
    SparkNoSuchElementException,
    SparkRuntimeException,
)

from reclake.errors import BuildBroken
from reclake.tables import Table

from .faults import fault_text

logger = logging.getLogger("reclake")
# What an expression or a worker's function may raise over a row; files, networks and memory raise others.
_OF_ROWS = (
    AnalysisException, ArithmeticException, ArrayIndexOutOfBoundsException, DateTimeException, NumberFormatException,
    PythonException, SparkNoSuchElementException, SparkRuntimeException,
)  # fmt: skip


@contextmanager
def faults_of_rows(table: Table) -> Iterator[None]:
    """Turn what Spark raises over the rows of one table into what stops that table; a fault of the machine goes on.

    Raises
    ------
    BuildBroken
        With the condition and place of the fault, and no value of a row.
    """
    try:
        yield
    except _OF_ROWS as fault:
        logger.debug("%s broke off", table.name, exc_info=fault)
        raise BuildBroken(
            f"{table.name} broke off",
            found=fault_text(fault),
            next_step="the other tables are published; mend the builder or the records, then run again",
        ) from None
