"""Files that are handed to somebody: whole or not there, of their owner alone, and safe to open in a spreadsheet."""

from __future__ import annotations

import os
import pwd
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO
from uuid import uuid4

from reclake.errors import ReclakeError, UsageError

# A spreadsheet takes a cell that begins so for a formula.
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")


def require_stated(table: str, **words: str) -> None:
    """Stop where a word that is noted is missing.

    Raises
    ------
    UsageError
        Naming the option, and the table that notes it.
    """
    for name, text in words.items():
        if not text.strip():
            raise UsageError(f"an export needs a {name}", "it is empty", f"say it with --{name}: it is noted in {table}")


def require_place(target: Path) -> None:
    """Stop where no new file can stand.

    Raises
    ------
    UsageError
        When its folder does not exist, or something stands there.
    """
    if not target.parent.is_dir():
        raise UsageError(f"the file cannot stand at {target}", "its folder does not exist", "create it, or choose another")
    if os.path.lexists(target):
        raise UsageError(f"{target} exists", "an export replaces no file", "choose another name, or remove it")


def caller() -> str:
    """Login and machine of the process, as the system knows them and not as a variable says; a number where it has no name."""
    try:
        login = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        login = str(os.geteuid())
    return f"{login}@{socket.gethostname()}"


@contextmanager
def appearing(target: Path) -> Iterator[TextIO]:
    """A file of its owner alone that stands at `target` once the block has ended well; after an error nothing is left of it.

    Raises
    ------
    ReclakeError
        When the file system refuses it.
    """
    unfinished = target.with_name(f".{target.name}.{uuid4().hex[:8]}.unfinished")
    try:
        handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.replace(unfinished, target)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise ReclakeError(
            f"the file could not be written at {target}",
            f"{type(error).__name__}: {error.strerror}",
            "make room, or choose another place, then export again: what was noted stays noted",
        ) from error


def safe_cell(text: str) -> str:
    """The text as a cell that no spreadsheet takes for a formula.

    Examples
    --------
    >>> safe_cell("=1+1"), safe_cell("anna@example.com"), safe_cell("-x@example.com")
    ("'=1+1", 'anna@example.com', "'-x@example.com")
    """
    return f"'{text}" if text.startswith(_FORMULAS) else text
