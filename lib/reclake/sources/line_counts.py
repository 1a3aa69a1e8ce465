"""What became of the lines of a file."""

from __future__ import annotations

from dataclasses import dataclass

RECOVERED = "recovered"  # in bronze's intake_note: a line that a quote without end had swallowed


@dataclass(slots=True)
class LineCounts:
    """The lines of a file by what became of them; of a Parquet file, its rows. Whole when the last record was read."""

    n_lines: int = 0  # of a text file as many as were read so far
    n_record_lines: int = 0
    n_header_lines: int = 0
    n_blank_lines: int = 0
    n_recovered: int = 0  # of the record lines

    @property
    def n_unaccounted(self) -> int:
        """Lines that became nothing: 0, or the splitter is wrong."""
        return self.n_lines - self.n_record_lines - self.n_header_lines - self.n_blank_lines


class Placed(bytes):
    """A record that does not begin on the line that was read last."""

    line: int  # on which it begins, from 1

    @classmethod
    def at(cls, record: bytes, line: int) -> Placed:
        """The record with its line; what it is beside stays."""
        placed = (type(record) if isinstance(record, Placed) else cls)(record)
        placed.line = line
        return placed


class Recovered(Placed):
    """A record that a quote without end had swallowed."""
