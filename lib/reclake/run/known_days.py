"""The days of one table as a plan asks for them, once per output day: prepared once, however many output days there are."""

from __future__ import annotations

import hashlib
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Mapping
from functools import cached_property
from itertools import accumulate

from reclake.lake.digest import WHOLE, Digest
from reclake.lake.entries import Entry


class KnownDays:
    """The entries of a table's days, in the order of the days.

    Parameters
    ----------
    version
        The version that is read of the table; None where what the ledger knows is read.
    """

    def __init__(self, entries: Mapping[str, Entry], version: int | None) -> None:
        self.entries = entries
        self.version = version

    @cached_property
    def days(self) -> list[str]:
        """The days, sorted."""
        return list(self.entries)

    @cached_property
    def parts(self) -> list[str]:
        """Day for day what a digest of several days is made of; blank for a day without rows."""
        return [
            f"{day}={self.ahead(day) or entry.content.digest}" if entry.content.digest.n_rows else ""
            for day, entry in self.entries.items()
        ]

    @cached_property
    def n_rows(self) -> int:
        """Rows of all days."""
        return sum(entry.content.digest.n_rows for entry in self.entries.values())

    @cached_property
    def brought_by(self) -> Mapping[str, list[str]]:
        """Event day → the deliveries that brought kept records of it, sorted."""
        deliveries: dict[str, list[str]] = defaultdict(list)
        for delivery, entry in self.entries.items():
            for day in entry.content.details:
                deliveries[day].append(delivery)
        return dict(deliveries)

    def ahead(self, day: str) -> str | None:
        """What stands for a day that was built and not published yet: its rows are not those that are read.

        It differs from every digest, so what is built without them is stale once they are published.
        """
        version = self.entries[day].version
        return None if self.version is None or version <= self.version else f"unpublished {version}"

    def valid_at(self, as_of: str) -> Digest:
        """The digest of the rows of a validity table that count at the as_of: opened before it, less closed before it."""
        days, sums = self._changes
        place = bisect_left(days, as_of)
        return sums[place - 1] if place else Digest()

    def changed_until(self, day: str) -> str:
        """A digest of all changes of a validity table up to the day, which counts; blank before the first."""
        days, _ = self._changes
        place = bisect_right(days, day)
        return self._chain[place - 1] if place else ""

    @cached_property
    def _chain(self) -> list[str]:
        """Day of change by day of change, the digest of all so far."""
        details = self.entries[WHOLE].content.details
        chain: list[str] = []
        for day in sorted(details):
            before = chain[-1] if chain else ""
            chain.append(hashlib.sha256(f"{before};{day}={details[day]}".encode()).hexdigest()[:16])
        return chain

    @cached_property
    def _changes(self) -> tuple[list[str], list[Digest]]:
        """The days of change, and the sum up to each."""
        details = self.entries[WHOLE].content.details
        days = sorted(details)
        return days, list(accumulate(details[day] for day in days))
