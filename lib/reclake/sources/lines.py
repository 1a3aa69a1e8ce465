"""A file's bytes as lines in UTF-8: unpacked, decoded as its feed declares, without byte order marks.

Pure Python that runs on a worker, in bounded memory: a compressed file is unpacked piece by piece and refused as soon
as it grows too large.
"""

from __future__ import annotations

import gzip
import io
import zlib
from codecs import getincrementaldecoder
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from .broken import BrokenFile, most_unpacked
from .line_counts import LineCounts
from .settings import LandingSettings

Encoding = Literal["utf-8", "gb18030", "utf-16", "latin-1"]

_BOM = b"\xef\xbb\xbf"
_GZIP = b"\x1f\x8b"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_OTHER_KINDS = {
    b"PAR1": "Parquet", _GZIP: "gzip", b"PK\x03\x04": "a zip archive", b"BZh": "bzip2", b"\x28\xb5\x2f\xfd": "zstd",
    b"\xfd7zXZ\x00": "xz", b"%PDF": "PDF",
}  # fmt: skip
# What is called latin-1 is written by Windows, where 0x80 to 0x9F hold signs such as €, as browsers know (WHATWG, Encoding).
_CODECS = {"gb18030": "gb18030", "latin-1": "cp1252"}
_PIECE = 1 << 20
_FEWEST_WRONG = 3  # lines that are not UTF-8 before a file is taken for one in another encoding


def lines_of(
    content: bytes, name: str, encoding: Encoding | None, limits: LandingSettings, counts: LineCounts, *, is_judged: bool = False
) -> Iterator[bytes]:
    """Lines with their ends, in UTF-8; nothing for a file that holds nothing.

    A line that cannot be decoded keeps its bytes: that is a fault of its record, not of the file. Of a file that was
    judged before, the encoding is not looked at again.

    Raises
    ------
    BrokenFile
        Here or while they are read: not what the name says, cut off, too large when unpacked, or in another encoding than UTF-8
        where none is declared.
    """
    stream = _unpacked(content, name)
    most = len(content) if isinstance(stream, io.BytesIO) else most_unpacked(len(content), limits)
    longest = min(limits.max_file_bytes, most)
    if encoding == "utf-16":
        return _utf_16_within(stream, counts, most=most, longest=longest, limits=limits)
    is_sure = is_judged or encoding is not None or _is_utf_8_as_a_whole(content)
    lines = _byte_lines(stream, counts, most=most, longest=longest, limits=limits, is_utf_8=is_sure)
    codec = _CODECS.get(encoding or "")
    return lines if codec is None else (line if line.isascii() else _recoded(line, codec) for line in lines)


def _unpacked(content: bytes, name: str) -> gzip.GzipFile | io.BytesIO:
    is_packed = content.startswith(_GZIP)
    if is_packed != name.lower().endswith(".gz"):
        raise BrokenFile("is gzip, but its name does not say so" if is_packed else "is named .gz, but is no gzip")
    return gzip.GzipFile(fileobj=io.BytesIO(content)) if is_packed else io.BytesIO(content)


@contextmanager
def _broken_if_damaged() -> Iterator[None]:
    try:
        yield
    except EOFError:
        raise BrokenFile("is cut off: its gzip stream has no end") from None
    except (gzip.BadGzipFile, zlib.error):
        raise BrokenFile("is damaged: its gzip stream cannot be unpacked") from None


def _byte_lines(
    stream: gzip.GzipFile | io.BytesIO, counts: LineCounts, *, most: int, longest: int, limits: LandingSettings, is_utf_8: bool
) -> Iterator[bytes]:
    """The lines without byte order marks, which files that were put together bear in the middle, too.

    At the end a file is refused if too many of its lines beyond ASCII are not UTF-8, unless it is known to be, or an encoding is
    declared. A few such lines are damaged records. Many are another encoding, in which some lines are UTF-8 by chance and would
    be read as other words (猫 in GBK is è).
    """
    n_bytes = n_beyond_ascii = n_wrong = 0
    with _broken_if_damaged():
        line = stream.readline(longest + 1)
        _require_text(line)
        while line:
            counts.n_lines += 1
            length = len(line)
            n_bytes += length
            if n_bytes > most:
                raise BrokenFile(too_much(limits))
            if length > longest:
                raise BrokenFile(too_long(longest))
            if not line.isascii():
                n_beyond_ascii += 1
                if not is_utf_8 and not _is_utf_8(line):
                    n_wrong += 1
                if line.startswith(_BOM):
                    line = line.removeprefix(_BOM) or b"\n"  # a mark alone is a blank line
            yield line
            line = stream.readline(longest + 1)
    if n_wrong >= _FEWEST_WRONG and 3 * n_wrong > n_beyond_ascii:
        raise BrokenFile(
            f"is not in UTF-8: {n_wrong} of its {n_beyond_ascii} lines beyond ASCII are not. "
            'Declare encoding in its feed: "gb18030" (spreadsheets in China) or "latin-1" (in Western Europe)'
        )


def _require_text(start: bytes) -> None:
    if kind := next((kind for magic, kind in _OTHER_KINDS.items() if start.startswith(magic)), None):
        raise BrokenFile(f"holds {kind}, not text")
    if start.startswith(_UTF_16):
        raise BrokenFile('holds UTF-16, not text in UTF-8: declare encoding = "utf-16" in its feed')


def _is_utf_8_as_a_whole(content: bytes) -> bool:
    """Whether a file that is not packed is in UTF-8: looked at in large pieces, which costs a tenth of line by line."""
    decoder = getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(content), _PIECE):
            decoder.decode(content[start : start + _PIECE], final=start + _PIECE >= len(content))
    except UnicodeDecodeError:
        return False
    return True


def _is_utf_8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def too_much(limits: LandingSettings) -> str:
    """Why a file that unpacks to so much is refused."""
    return f"unpacks to more than {limits.max_unpacked_ratio} times its size"


def too_long(longest: int) -> str:
    """Why a file with such a record is refused."""
    return f"holds a record of more than {longest} bytes"


def _recoded(line: bytes, codec: str) -> bytes:
    try:
        return line.decode(codec).encode().removeprefix(_BOM) or b"\n"
    except UnicodeDecodeError:
        return line


def _utf_16_within(
    stream: gzip.GzipFile | io.BytesIO, counts: LineCounts, *, most: int, longest: int, limits: LandingSettings
) -> Iterator[bytes]:
    n_bytes = 0
    with _broken_if_damaged():
        for line in _utf_16_lines(stream, longest):
            counts.n_lines += 1
            n_bytes += len(line)
            if n_bytes > 2 * most:  # two bytes of UTF-16 may be three in UTF-8
                raise BrokenFile(too_much(limits))
            yield line


def _utf_16_lines(stream: gzip.GzipFile | io.BytesIO, longest: int) -> Iterator[bytes]:
    """The lines in UTF-8; in UTF-16 a byte 0x0A alone is no line end, but half of another letter.

    Without a byte order mark the first letter tells the order: it is within ASCII in every header and JSON object.
    """
    start = stream.read(2)
    is_big = start == b"\xfe\xff" or (len(start) == 2 and start[0] == 0)
    codec = "utf-16-be" if is_big else "utf-16-le"
    line = b"" if start in _UTF_16 else start
    while piece := stream.readline(longest + 2 - len(line)):
        line += piece
        if piece.endswith(b"\n") and len(line) % 2 and not is_big:
            line += stream.read(1)
        if len(line) > longest:
            raise BrokenFile(too_long(longest))
        if len(line) % 2 == 0 and line.endswith(b"\x00\n" if is_big else b"\n\x00"):
            yield _recoded(line, codec)
            line = b""
    if len(line) % 2:
        raise BrokenFile("is cut off: it ends inside a character")
    if line:
        yield _recoded(line, codec)
