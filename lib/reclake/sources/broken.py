"""When a file as a whole is not taken in."""

from __future__ import annotations

from .settings import LandingSettings


class BrokenFile(Exception):
    """A file that cannot be taken in as a whole; the message says why, without any of its content."""


def most_unpacked(stored_bytes: int, limits: LandingSettings) -> int:
    """Bytes that a file of this stored size may unpack to.

    A small file may pack better than the ratio allows: what a single record may hold does no harm.
    """
    return max(int(limits.max_unpacked_ratio * stored_bytes), limits.max_record_bytes)
