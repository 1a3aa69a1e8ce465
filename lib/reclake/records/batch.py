"""The records of one feed in one Arrow batch, and what is said of each while its columns are read."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from reclake.errors import ReclakeError
from reclake.records.column_reader import Report

Value = TypeVar("Value")

RECOVERED = "it is a line that an unclosed quote had swallowed"
_RECOVERED_WORD = "recovered"
_COMMAS_WORD = "comma_decimals:"
_NOTHING: Mapping[str, Any] = {}


class Batch:
    """Fields, reasons and notes of records; rows are counted from 0."""

    def __init__(self, n_rows: int) -> None:
        self.records: list[Mapping[str, Any]] = [_NOTHING] * n_rows
        self.reasons: list[list[str]] = [[] for _ in range(n_rows)]
        self.notes: list[list[str] | None] = [None] * n_rows
        self.fingerprints: list[str | None] = [None] * n_rows
        self.comma_fields: Sequence[str] = ()
        self.named: set[int] = set()  # unreadable records of which it is known whose they are

    def report(self, row: int, reason: str) -> None:
        """Note a reason; of an unreadable record nothing more is said."""
        if self.fingerprints[row] is not None:
            self.reasons[row].append(reason)

    def note(self, row: int, text: str) -> None:
        """Note what costs the record nothing; once, though a column may be read again in halves."""
        if self.fingerprints[row] is not None and text not in (self.notes[row] or ()):
            self.notes[row] = [*(self.notes[row] or ()), text]

    def take_notes(self, intake_notes: Sequence[str | None]) -> None:
        """What the intake says of the records: a recovered line, and fields in which their file writes decimal commas."""
        if not any(intake_notes):
            return
        words = [(note or "").split(";") for note in intake_notes]
        self.comma_fields = [
            next((word.removeprefix(_COMMAS_WORD) for word in of_row if word.startswith(_COMMAS_WORD)), "") for of_row in words
        ]
        for row, of_row in enumerate(words):
            if _RECOVERED_WORD in of_row:
                self.note(row, RECOVERED)


def counted_from(rows: slice, report: Report) -> Report:
    """A report of these rows that counts them from their first."""
    return lambda row, text: report(rows.start + row, text)


def one_by_one(work: Callable[[slice, Report], Sequence[Value]], n_rows: int, column: str, report: Report) -> list[Value | None]:
    """The values of a column; where `work` fails on it, each half is tried alone, so that one record costs no other.

    A key that is missing is no record's fault, nor is a lack of memory: both are raised.
    """
    values: list[Value | None] = []
    parts = [slice(0, n_rows)]
    while parts:
        part = parts.pop()
        heard: list[tuple[int, str]] = []
        try:
            found = work(part, lambda row, reason, heard=heard: heard.append((row, reason)))  # type: ignore[misc]
        except (ReclakeError, MemoryError):
            raise
        except Exception as error:  # noqa: BLE001 - whatever a record does to the parser, it costs that record alone
            if part.stop - part.start > 1:
                middle = (part.start + part.stop) // 2
                parts += [slice(middle, part.stop), slice(part.start, middle)]
                continue
            found, heard = [None], [(0, f"{column} cannot be read ({type(error).__name__})")]  # type: ignore[list-item]
        for row, reason in heard:
            report(part.start + row, reason)
        values += found
    return values
