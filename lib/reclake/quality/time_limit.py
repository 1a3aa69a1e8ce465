"""Spark work with an end: in a thread of its own, cancelled by its job tag."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from pyspark import InheritableThread, SparkContext

T = TypeVar("T")
_WIND_UP_SECONDS = 10.0  # for which cancelled work may take to end


class OutOfTime(Exception):
    """Work that did not end in time; its Spark jobs are cancelled."""


class _Work(Generic[T]):
    """One call, whose result or error is kept for the thread that waits."""

    def __init__(self, call: Callable[[], T], context: SparkContext, tag: str) -> None:
        self._call, self._context, self._tag = call, context, tag
        self._results: list[T] = []
        self._error: Exception | None = None

    def run(self) -> None:
        """Make the call; its Spark jobs carry the tag beside what the caller's carry."""
        self._context.addJobTag(self._tag)
        try:
            self._results.append(self._call())
        except Exception as error:  # noqa: BLE001 - raised again in the thread that waits
            self._error = error
        finally:
            self._context.removeJobTag(self._tag)

    def result(self) -> T:
        """What the call gave, or its error raised."""
        if self._error is not None:
            raise self._error
        return self._results[0]


def within(seconds: float, call: Callable[[], T], context: SparkContext, *, tag: str) -> T:
    """What `call` gives, if it ends in `seconds`; its Spark jobs carry `tag` and the caller's job group.

    Raises
    ------
    OutOfTime
        When it does not.
    """
    work = _Work(call, context, tag)
    # A plain thread would lose the caller's job group and session.
    thread = InheritableThread(target=work.run, session=None, daemon=True)
    thread.start()
    try:
        thread.join(seconds)
    finally:  # also when the caller is interrupted
        is_late = thread.is_alive()
        if is_late:
            context.cancelJobsWithTag(tag)
    if is_late:
        thread.join(_WIND_UP_SECONDS)
        raise OutOfTime(f"no answer after {seconds:,.0f} s")
    return work.result()


def n_jobs(context: SparkContext, tag: str) -> int:
    """Spark jobs that carried the tag."""
    return len(context._jsc.sc().statusTracker().getJobIdsForTag(tag))
