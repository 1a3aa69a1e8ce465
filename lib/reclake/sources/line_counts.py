"""What became of the lines of a file."""

from __future__ import annotations

from dataclasses import dataclass

RECOVERED = "recovered"  # in bronze's intake_note: a line that a quote without end had swallowed


@dataclass(slots=True)
class LineCounts:
    """The lines of a file by what became of them; of a Parquet file, its rows. Whole when the last record was read."""

    n_lines: int = 0
    n_record_lines: int = 0
    n_header_lines: int = 0
    n_blank_lines: int = 0
    n_recovered: int = 0  # of the record lines

    @property
    def n_unaccounted(self) -> int:
        """Lines that became nothing: 0, or the splitter is wrong."""
        return self.n_lines - self.n_record_lines - self.n_header_lines - self.n_blank_lines


class Recovered(bytes):
    """A record that a quote without end had swallowed."""

    __slots__ = ()
