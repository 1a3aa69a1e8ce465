"""When a file as a whole is not taken in."""

from __future__ import annotations

from typing import Protocol


class BrokenFile(Exception):
    """A file that cannot be taken in as a whole; the message says why, without any of its content."""


class LandingLimits(Protocol):
    """What a file may cost: the settings section `landing`."""

    @property
    def max_file_bytes(self) -> int: ...
    @property
    def max_unpacked_ratio(self) -> int | float: ...
    @property
    def max_record_bytes(self) -> int: ...


def most_unpacked(stored_bytes: int, limits: LandingLimits) -> int:
    """Bytes that a file of this stored size may unpack to.

    A small file may pack better than the ratio allows: what a single record may hold does no harm.
    """
    return max(int(limits.max_unpacked_ratio * stored_bytes), limits.max_record_bytes)
