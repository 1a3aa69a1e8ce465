"""The encoding of a text that nobody stated."""

from __future__ import annotations

import re
from dataclasses import dataclass

_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_HIGH_RUN = re.compile(rb"[\x80-\xff]+")


@dataclass(frozen=True, slots=True)
class FoundEncoding:
    """How a text is encoded."""

    name: str  # as a source file states it: utf-8, gb18030, utf-16 or latin-1
    is_certain: bool  # told by the bytes, or stated, rather than guessed
    has_mark: bool  # a byte order mark


def decoded(content: bytes, *, stated: str | None) -> tuple[str, FoundEncoding]:
    """The text, as an ingest would read it, and its encoding: the one that is stated, or that seems to be it."""
    name, is_certain, mark = _encoding(content, stated=stated)
    # A mark says the order of UTF-16, and what is called Latin-1 is what Windows writes.
    codec = {"latin-1": "cp1252", "utf-16": (not mark and _wide(content)) or "utf-16"}.get(name, name)
    plain = content if mark and name == "utf-16" else content[len(mark) :]
    name = "utf-16" if name.startswith("utf-16") else name
    return plain.decode(codec, "replace"), FoundEncoding(name, is_certain, bool(mark))


def _encoding(content: bytes, *, stated: str | None) -> tuple[str, bool, bytes]:
    """Name, whether it is certain, and the byte order mark."""
    mark, marked = next(((mark, name) for mark, name in _BOMS if content.startswith(mark)), (b"", None))
    if stated is not None or marked is not None:
        return stated or str(marked), True, mark
    if (wide := _wide(content)) is not None:
        return wide, True, b""
    for name in ("utf-8", "gb18030"):
        try:
            content.decode(name)
        except UnicodeDecodeError as error:
            if error.start < len(content) - 4:  # else the head ends inside a character
                continue
        if name == "gb18030" and _is_western(content):
            break
        return name, name == "utf-8", b""
    return "latin-1", False, b""


def _wide(content: bytes) -> str | None:
    """UTF-16 without a mark, told by the blank byte of each plain character: behind it, or before it."""
    before, behind = content[:400:2], content[1:400:2]
    if behind and behind.count(0) > len(behind) // 2:
        return "utf-16-le"
    return "utf-16-be" if before and before.count(0) > len(before) // 2 else None


def _is_western(content: bytes) -> bool:
    """Whether its high bytes stand alone between letters of ASCII, as umlauts do: a Chinese text has them in pairs."""
    runs = _HIGH_RUN.findall(content)
    alone = sum(len(run) == 1 for run in runs)
    return bool(runs) and alone >= 0.5 * len(runs)
