"""What is told of a fault of program or machine: its kind, condition and place. What its message says may be a person's."""

from __future__ import annotations

import os
import re
import traceback
from collections.abc import Iterator
from itertools import pairwise

from reclake.errors import ReclakeError

_CALLED = re.compile(r"An error occurred while calling o\d+\.(\w+)")  # how py4j begins; the failure on the Java side follows
_CONDITION = re.compile(r"\[[A-Z][A-Z0-9_]*(\.[A-Z0-9_]+)*\]")  # how a message of Spark begins; then it may quote values
_CALLED_FROM = re.compile(r'^"(\w+)" was called from$')  # how Spark names the function, its place on the next line
_PLACE = re.compile(r"[\w./\\~ -]+:\d+")
_KIND = re.compile(r"[A-Za-z_][\w.$]*(Exception|Error|Throwable)")  # a name of a person is none
_MODULE = re.compile(r"No module named '[A-Za-z_][\w.]{0,80}'")  # a node lacks the package: its own name is told
_JAVA_FRAME = re.compile(r"\tat [\w.$/@<>-]+\((Native Method|Unknown Source|[\w$-]+\.(java|scala)(:\d{1,5})?)\)")
_WORKER_FRAME = re.compile(r'  File "[\w./\\~ -]+\.py", line \d{1,6}, in [\w<>.]+')  # of a Python worker, told by Java
_OF_SPARK = re.compile(r"[/\\](pyspark|py4j)[/\\]")
# What a machine says of itself, in words that no record holds: the only ones of a message that are repeated.
_OF_THE_MACHINE = (
    "No space left on device", "Disk quota exceeded", "Read-only file system", "Permission denied", "Too many open files",
    "Cannot allocate memory", "Java heap space", "GC overhead limit exceeded", "Connection refused", "Connection reset",
    "Connection timed out", "Broken pipe", "No route to host", "Address already in use",
)  # fmt: skip


_RECOVERS = "what was published stays, and the same command goes on from there"
# What a person can do about what a machine says of itself: by the words of _OF_THE_MACHINE.
_NEXT_STEPS = {
    ("No space left on device", "Disk quota exceeded"): f"free space there; {_RECOVERS}",
    ("Read-only file system", "Permission denied"): "give who runs the right to write there: reclake doctor tries it",
    ("Cannot allocate memory", "Java heap space", "GC overhead limit exceeded"): "give Spark more memory: spark.driver.memory, or "
    f"spark.executor.memory, of spark-defaults.conf; {_RECOVERS}",
    ("Too many open files",): f"raise the limit of open files (ulimit -n); {_RECOVERS}",
    ("Connection refused", "Connection reset", "Connection timed out", "Broken pipe", "No route to host"): "see that the service "
    f"answers; {_RECOVERS}",
    ("Address already in use",): "end what holds the address, or name another in the settings",
}  # fmt: skip


def next_step(text: str) -> str:
    """What a person can do about a fault, by its text; to do the same again helps only where the machine was at fault.

    Examples
    --------
    >>> next_step("OSError: No space left on device")
    'free space there; what was published stays, and the same command goes on from there'
    >>> next_step("KeyError")
    '--verbose shows where it happened; what was published stays'
    """
    steps = (step for words, step in _NEXT_STEPS.items() if any(word in text for word in words))
    return next(steps, "--verbose shows where it happened; what was published stays")


def as_error(error: BaseException) -> ReclakeError:
    """The error, or what is told of a fault of program or machine: its message may quote a person and is left out."""
    if isinstance(error, ReclakeError):
        return error
    text = fault_text(error)
    return ReclakeError("the run broke off", text, next_step(text))


def fault_text(fault: BaseException) -> str:
    """The fault in one line: its kind, and nothing of its message but Spark's condition and what a machine says of itself.

    A value in a message cannot be told from the words around it: it may hold quotes, or stand without any. The place is the
    line of code that failed. Where Spark's Java side failed, its first cause is named as well.

    Examples
    --------
    >>> fault_text(ValueError("O'Hara, 13800138000, is no price"))
    'ValueError'
    >>> fault_text(OSError(28, "No space left on device", "/landing/O'Hara.csv"))
    'OSError: No space left on device'
    """
    lines = str(fault).splitlines()
    first = next(iter(lines), "")
    parts = [type(fault).__name__, *_words_of(first)]
    if isinstance(fault, OSError) and fault.errno:
        parts[1:] = [os.strerror(fault.errno)]
    text = ": ".join(parts)
    if called := _CALLED.match(first):
        text += f" in {called[1]}"
    text += _place_in_query(lines) or _place_in_code(fault)
    causes = [line.removeprefix("Caused by: ") for line in map(str.strip, lines) if line.startswith("Caused by: ")]
    if not causes and called:
        causes = [line.removeprefix(": ") for line in lines[1:2]]  # nothing lies behind the failure itself
    if worker := _of_worker(lines):
        causes.append(worker)
    return f"{text}. Cause: {cause_text(causes[-1])}" if causes else text


def _of_worker(lines: list[str]) -> str:
    """The last line of a Python worker's traceback, which Java tells within its own message; empty without one."""
    starts = [place for place, line in enumerate(lines) if line.rstrip().endswith("Traceback (most recent call last):")]
    after = lines[starts[-1] + 1 :] if starts else []
    return next((line for line in after if _KIND.match(line) and not line.startswith(" ")), "")


def cause_text(line: str) -> str:
    """A line of the form "kind: message", as Java and Python end a fault with: the kind, and what may be repeated.

    Examples
    --------
    >>> cause_text("org.apache.spark.SparkNumberFormatException: [CAST_INVALID_INPUT] The value O'Hara cannot be cast")
    'org.apache.spark.SparkNumberFormatException: [CAST_INVALID_INPUT]'
    >>> cause_text("java.io.IOException: No space left on device")
    'java.io.IOException: No space left on device'
    """
    kind, _, message = line.partition(":")
    return ": ".join([kind if _KIND.fullmatch(kind) else "a fault", *_words_of(message.strip())])


def trace_text(fault: BaseException) -> str:
    """The stack of the fault and of those behind it: places of the code, kinds, and no message."""
    return "".join(_stack(fault, seen=set()))


def _stack(fault: BaseException, *, seen: set[int]) -> Iterator[str]:
    seen.add(id(fault))
    behind = fault.__cause__ or (None if fault.__suppress_context__ else fault.__context__)
    if behind is not None and id(behind) not in seen:
        yield from _stack(behind, seen=seen)
        yield "which led to:\n"
    yield from traceback.format_tb(fault.__traceback__)
    yield f"{fault_text(fault)}\n"
    yield from _java_stack(str(fault))


def _java_stack(text: str) -> Iterator[str]:
    """The places of the Java side and of its Python workers, where a message tells them, and the kinds of what lies behind."""
    for line in text.split("\n"):
        if _JAVA_FRAME.fullmatch(line) or _WORKER_FRAME.fullmatch(line):
            yield f"{line}\n"
        elif line.startswith("Caused by: "):
            yield f"caused by {cause_text(line.removeprefix('Caused by: '))}\n"


def _words_of(message: str) -> list[str]:
    """Spark's condition that the message begins with, or the words in it that are a machine's."""
    if condition := _CONDITION.match(message):
        return [condition[0]]
    if module := _MODULE.fullmatch(message):
        return [module[0]]
    return [words for words in _OF_THE_MACHINE if words in message][:1]


def _place_in_query(lines: list[str]) -> str:
    """The function that failed and the line that calls it, where Spark names them."""
    for line, following in pairwise(lines):
        place = _PLACE.fullmatch(following.strip())
        if place and (called := _CALLED_FROM.match(line.strip())):
            return f" in {called[1]}, called from {place[0]}"
    return ""


def _place_in_code(fault: BaseException) -> str:
    """The innermost line of this package that was at work, or of another; Spark's own say nothing."""
    frames = [frame for frame in traceback.extract_tb(fault.__traceback__) if not _OF_SPARK.search(frame.filename)]
    own = [frame for frame in frames if f"{os.sep}reclake{os.sep}" in frame.filename]
    for frame in (own or frames)[-1:]:
        return f" in {frame.name}, {frame.filename}:{frame.lineno}"
    return ""
