"""What is told of a fault of program or machine: its kind, condition and place, and nothing that its message quotes."""

from __future__ import annotations

import re
from itertools import pairwise

_OF_THE_MACHINE = ("java.io.", "java.net.", "java.nio.", "java.lang.OutOfMemoryError")
_CALLED = "An error occurred while calling "  # how py4j begins; the failure on the Java side follows, after a colon
_CONDITION = re.compile(r"\[[A-Z][A-Z0-9_]*(\.[A-Z0-9_]+)*\]")  # how a message of Spark begins; then it may quote values
_CALLED_FROM = re.compile(r'^"(\w+)" was called from$')  # how Spark names the function, its place on the next line
# What may be a person's: quoted text, an address, a pseudonym, a figure.
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_QUOTE = "'...'"
_VALUES = re.compile(r"\S+@\S+|\b[acd]_[0-9a-f]{32}\b|(?<![\w.])-?\d[\d.,:-]*\b")


def fault_text(fault: Exception) -> str:
    """The fault in one line; what its message quotes may be a person's and is left out.

    Of an error of Spark its condition and the function it arose in are told. Where Spark's Java side failed, its first
    cause is named as well; with its message, if that is of the machine.

    Examples
    --------
    >>> fault_text(ValueError("13800138000 is no 'price' of anna@example.org"))
    "ValueError: ... is no '...' of ..."
    """
    lines = str(fault).splitlines()
    first = next(iter(lines), "")
    if condition := _CONDITION.match(first):
        text = f"{type(fault).__name__}: {condition[0]}{_place(lines)}"
    else:
        unquoted = _QUOTED.sub(_QUOTE, first)
        text = f"{type(fault).__name__}: {unquoted if isinstance(fault, OSError) else _VALUES.sub('...', unquoted)}"
    causes = [line.removeprefix("Caused by: ") for line in map(str.strip, lines) if line.startswith("Caused by: ")]
    if not causes and first.startswith(_CALLED):
        causes = [line.removeprefix(": ") for line in lines[1:2]]  # nothing lies behind the failure itself
    return f"{text} Cause: {_cause(causes[-1])}" if causes else text


def _cause(line: str) -> str:
    kind, _, message = line.partition(": ")
    if kind.startswith(_OF_THE_MACHINE):
        return _QUOTED.sub(_QUOTE, line)
    condition = _CONDITION.match(message)
    return f"{kind}{': ' * bool(message)}{condition[0] if condition else '...' * bool(message)}"


def _place(lines: list[str]) -> str:
    """The function that failed and the line that calls it, where Spark names them."""
    for line, following in pairwise(lines):
        if called := _CALLED_FROM.match(line.strip()):
            return f" in {called[1]}, called from {following.strip()}"
    return ""
