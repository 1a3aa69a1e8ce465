"""Lines of a CSV file as its records: RFC 4180, and what people's programs make of it.

A quoted field may hold line breaks. A quote that was never meant to open a field would swallow all lines up to the next
one, so the record that it makes is looked at before it counts (`_of_quoted`).

References
----------
Shafranovich, Y. (2005). Common Format and MIME Type for CSV Files. RFC 4180, section 2.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from .broken import BrokenFile
from .line_counts import LineCounts, Placed, Recovered

# Python's own limit of 131,072 characters in a CSV field is none of ours.
csv.field_size_limit(2**31 - 1)

# What a spreadsheet writes above the header, to tell itself the delimiter.
_STATED_DELIMITER = re.compile(rb'"?sep=(.)"?[,;|\t ]*', re.IGNORECASE)
LINE_FEED, _CARRIAGE_RETURN = b"\n\r"
_CUT = "is cut off: its last line has no end and too few or too many fields"


def without_end(line: bytes) -> bytes:
    """The line without its line feed, or carriage return and line feed."""
    return line.removesuffix(b"\n").removesuffix(b"\r")


def column_names(header: str, delimiter: str) -> list[str]:
    """The names in a header line of a CSV file."""
    return next(csv.reader(io.StringIO(header, newline=""), delimiter=delimiter))


@dataclass(slots=True)
class CsvLines:
    """The lines of one CSV file on their way to records."""

    lines: Iterator[bytes]
    delimiter: str
    longest: int  # bytes of a record beyond which a quote counts as never closed
    counts: LineCounts
    _mark: bytes = field(init=False)
    _blanks: bytes = field(init=False)
    _bare_header: bytes = field(init=False, default=b"")  # without quotes

    def __post_init__(self) -> None:
        self._mark = self.delimiter.encode()
        self._blanks = b" \t\r\n" + self._mark

    def header(self) -> bytes | None:
        """The first line that is not blank, without its end; None where there is none.

        Raises
        ------
        BrokenFile
            When a line above it states another delimiter than the feed.
        """
        first = self._header_record()
        stated = _STATED_DELIMITER.fullmatch(first) if first is not None else None
        if stated is None:
            return first
        if stated.group(1) != self._mark:
            raise BrokenFile(f"states the delimiter {stated.group(1).decode('utf-8', 'replace')!r}, its feed {self.delimiter!r}")
        return self._header_record()

    def _header_record(self) -> bytes | None:
        gathered: list[bytes] = []
        for line in self.lines:
            if not gathered and not line.strip(self._blanks):
                self.counts.n_blank_lines += 1
                continue
            gathered.append(line)
            if not _ends_in_quotes(line, self._mark, is_open=len(gathered) > 1) or sum(map(len, gathered)) > self.longest:
                break
        self.counts.n_header_lines += len(gathered)
        return without_end(b"".join(gathered)) if gathered else None

    def records(self, header: bytes, n_columns: int) -> Iterator[bytes]:
        """The records below the header, without their line ends.

        Neither blank lines, rows of empty fields nor the header again are records, quoted or not: files that were put together, printed
        double-spaced or saved with empty rows hold them.

        Raises
        ------
        BrokenFile
            When the last line is cut off: it has no end, and alone it is no record of the header's width.
        """
        self._bare_header = header.replace(b'"', b"")
        # A line that begins so may be no record.
        suspect, n_plain = frozenset(self._blanks + header[:1] + self._bare_header[:1] + b'"'), 0
        pending: list[bytes] = []
        n_bytes = 0
        try:
            for line in self.lines:
                if pending or b'"' in line:
                    is_open = _ends_in_quotes(line, self._mark, is_open=bool(pending))
                    if pending or is_open:
                        pending.append(line)
                        n_bytes += len(line)
                        if not is_open or n_bytes > self.longest:
                            records, pending = self._settled(pending, header, n_columns, is_closed=not is_open)
                            n_bytes = sum(map(len, pending))
                            yield from records
                        continue
                if line[0] not in suspect and line[-1] == LINE_FEED:  # nearly all lines
                    n_plain += 1
                    yield line[:-2] if line[-2] == _CARRIAGE_RETURN else line[:-1]
                elif (other := self._alone(line, header, n_columns)) is not None:
                    yield other
            if pending:
                yield from self._settled(pending, header, n_columns, is_closed=False)[0]
        finally:
            self.counts.n_record_lines += n_plain

    def _settled(
        self, pending: list[bytes], header: bytes, n_columns: int, *, is_closed: bool
    ) -> tuple[Sequence[bytes], list[bytes]]:
        """What the lines from an opening quote to its end are, and the line that opens a quote anew.

        They are one record where they are well-formed CSV of the header's width. They are one as well, to be refused for
        its width, where they are well-formed and no line inside has that width: a text with line breaks in a row with
        too many or too few fields. Else the quote was never meant to open a field, and has swallowed lines: each of them
        that alone is a record of the header's width is one, marked; the others are records that the parser refuses.
        """
        whole, first = b"".join(pending), self.counts.n_lines - len(pending) + 1
        if is_closed and len(pending) > 1:
            width = self._width(without_end(whole))
            is_swallowed = width is None or (width != n_columns and self._holds_records(pending[1:-1], n_columns))
        else:
            is_swallowed = len(pending) > 1
        if not is_swallowed:
            record = self._alone(whole, header, n_columns, n_lines=len(pending))
            return [] if record is None else [Placed.at(record, first)], []
        opens_anew = is_closed and _ends_in_quotes(pending[-1], self._mark, is_open=False)
        swallowed = pending[1:-1] if opens_anew else pending[1:]
        records = [self._alone(pending[0], header, n_columns)]
        records += [self._alone(line, header, n_columns, is_swallowed=True) for line in swallowed]
        placed = [Placed.at(record, line) for line, record in enumerate(records, start=first) if record is not None]
        return placed, pending[-1:] if opens_anew else []

    def _holds_records(self, lines: Sequence[bytes], n_columns: int) -> bool:
        return any(self._width(without_end(line)) == n_columns for line in lines)

    def _alone(self, line: bytes, header: bytes, n_columns: int, *, n_lines: int = 1, is_swallowed: bool = False) -> bytes | None:
        """The line, or lines of one record, as a record; None where it is none. It is counted."""
        record, counts = without_end(line), self.counts
        if not record.strip(self._blanks) or self._is_blank_in_quotes(record, n_columns, is_cut=not line.endswith(b"\n")):
            counts.n_blank_lines += n_lines
            return None
        if record == header or self._is_header_quoted_otherwise(record, header):
            counts.n_header_lines += n_lines
            return None
        if not line.endswith(b"\n") and not self._is_whole(record, n_columns):
            raise BrokenFile(_CUT)
        counts.n_record_lines += n_lines
        if is_swallowed and self._width(record) == n_columns:
            counts.n_recovered += 1
            return Recovered(record)
        return record

    def _is_blank_in_quotes(self, record: bytes, n_columns: int, *, is_cut: bool) -> bool:
        """Whether it is a row of empty fields some of which are quoted."""
        if record.strip(self._blanks + b'"'):  # nearly all records
            return False
        cells = self._cells(record)
        return cells is not None and not any(map(str.strip, cells)) and not (is_cut and len(cells) != n_columns)

    def _is_header_quoted_otherwise(self, record: bytes, header: bytes) -> bool:
        """Whether it has the names of the header, quoted or not."""
        bare = self._bare_header
        if record.lstrip(b'"')[:1] != bare[:1] or record.replace(b'"', b"") != bare:
            return False
        cells = self._cells(record)
        return cells is not None and cells == self._cells(header)

    def _is_whole(self, record: bytes, n_columns: int) -> bool:
        """Whether the last record of a file, which has no line end, has all its fields."""
        try:
            n_fields = len(column_names(record.decode("utf-8", "replace"), self.delimiter))
        except (csv.Error, StopIteration):
            return False
        return n_fields == n_columns and not _ends_in_quotes(record, self._mark, is_open=False)

    def _width(self, record: bytes) -> int | None:
        """The number of fields; None where it is not one well-formed record."""
        cells = self._cells(record)
        return None if cells is None else len(cells)

    def _cells(self, record: bytes) -> list[str] | None:
        """The fields; None where it is not one well-formed record."""
        text = record.decode("utf-8", "replace")
        try:
            rows = list(csv.reader([text], delimiter=self.delimiter, strict=True))
        except csv.Error:
            return None
        return rows[0] if len(rows) == 1 else None


def _ends_in_quotes(line: bytes, mark: bytes, *, is_open: bool) -> bool:
    """Whether the line ends inside a quoted field; a quote within an unquoted field is an ordinary character.

    Examples
    --------
    >>> [_ends_in_quotes(line, b",", is_open=False) for line in (b'a,"b', b'a,"b ""c"",', b'a,6" nail', b'a,"b",c')]
    [True, True, False, False]
    """
    at, end = 0, len(line)
    while at < end:
        if is_open:
            closing = line.find(b'"', at)
            if closing < 0:
                return True
            if line[closing + 1 : closing + 2] == b'"':
                at = closing + 2
                continue
            is_open, at = False, closing + 1
        elif line[at : at + 1] == b'"':  # here a field begins
            is_open, at = True, at + 1
        else:
            following = line.find(mark, at)
            at = end if following < 0 else following + 1
    return is_open
