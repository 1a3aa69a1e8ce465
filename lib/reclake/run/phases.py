"""Named moments of a stage and of maintenance, where a trial may hold, break or end a run; else nothing happens there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

Phase = Literal[
    "persisted", "in_gate", "gated", "in_commit", "committed", "ledgered", "in_manifest", "published",
    "expired", "joining", "joined", "removing", "removed",
]  # fmt: skip
Observer = Callable[[Phase, str], None]

_observers: list[Observer] = []


def phase(name: Phase, of: str) -> None:
    """Say that a table has come to this moment, or, from `ledgered` to `published`, a stage; a training names its table."""
    for observer in _observers:
        observer(name, of)


@contextmanager
def observed(observer: Observer) -> Iterator[None]:
    """Call the observer at every moment within the block; what it raises breaks the run off there."""
    _observers.append(observer)
    try:
        yield
    finally:
        _observers.remove(observer)
