"""Conflicts of commits as the error of a run that came too late."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from delta import exceptions as delta

from reclake.errors import Overtaken
from reclake.tables import Table

# Named one by one: in Python none of them is a subclass of another.
_CONFLICTS = (
    delta.ConcurrentAppendException,
    delta.ConcurrentDeleteDeleteException,
    delta.ConcurrentDeleteReadException,
    delta.ConcurrentWriteException,
    delta.DeltaConcurrentModificationException,
    delta.MetadataChangedException,
    delta.ProtocolChangedException,
)


@contextmanager
def against_others(table: Table) -> Iterator[None]:
    """Turn a conflict of commits into the error of a run that came too late.

    Raises
    ------
    Overtaken
        When another writer changed what the block read or wrote.
    """
    try:
        yield
    except _CONFLICTS as conflict:
        raise Overtaken(
            f"{table.name} was changed by another while it was written",
            found=f"{type(conflict).__name__}; nothing of this commit is visible",
            next_step="run again: it starts from what the other wrote",
        ) from conflict
