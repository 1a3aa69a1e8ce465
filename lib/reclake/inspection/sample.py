"""A file that was looked into."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from reclake.printable import printable

from .fields import FieldSummary
from .heads import Head


@dataclass(frozen=True, slots=True)
class Sample:
    """A file that was looked into."""

    name: str  # below the landing folder
    head: Head
    fields: tuple[FieldSummary, ...]

    @property
    def shown_name(self) -> str:
        """The name without control characters."""
        return printable(self.name)

    @property
    def usable_fields(self) -> tuple[FieldSummary, ...]:
        """Fields that a source file can name: once in the file, and by a name of characters."""
        counts = Counter(self.head.names)
        return tuple(one for one in self.fields if one.name.strip() and counts[one.name] == 1 and _is_text(one.name))


def _is_text(name: str) -> bool:
    return not any("\ud800" <= sign <= "\udfff" for sign in name)
