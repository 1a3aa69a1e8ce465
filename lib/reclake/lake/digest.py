"""What a day holds, as a number: rows and the sum of their hashes (lake/contents.py takes them).

Sums are additive: a day that is appended to needs no second scan, and the rows of a validity table that count at an
as_of are the sum over its change days before it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

WHOLE = "whole"
_MODULUS = 2**64


@dataclass(frozen=True, slots=True)
class Digest:
    """Rows and the sum of their hashes modulo 2⁶⁴.

    Examples
    --------
    >>> str(Digest(2, 7) + Digest(1, -3))
    '3:4'
    >>> Digest.parse("3:4").n_rows
    3
    """

    n_rows: int = 0
    sum: int = 0

    def __post_init__(self) -> None:
        # Two sums that name the same remainder are one digest.
        object.__setattr__(self, "sum", self.sum % _MODULUS)

    def __add__(self, other: Digest) -> Digest:
        return Digest(self.n_rows + other.n_rows, self.sum + other.sum)

    def __str__(self) -> str:
        return f"{self.n_rows}:{self.sum:x}"

    @classmethod
    def parse(cls, text: str) -> Digest:
        """The digest written as text."""
        rows, _, total = text.partition(":")
        return cls(int(rows), int(total, 16))


@dataclass(frozen=True, slots=True)
class DayContent:
    """The digest of one output day, and of its inner days where readers need them apart."""

    digest: Digest
    details: dict[str, Digest] = field(default_factory=dict)
