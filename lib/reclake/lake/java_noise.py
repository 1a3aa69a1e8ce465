"""What Java and its libraries write on standard error at every start, and nobody can do anything about."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# A module of Java's own that Spark asks for; how Spark's shell sets its level; a library without off-heap memory; and the native
# algebra that MLlib looks for and does without.
_NOISE = re.compile(
    rb"WARNING: Using incubator modules|Setting default log level to|To adjust logging level use|"
    rb"Warning: Java versions > Java 11 can only operate in restricted mode|netlib-(blas|lapack|arpack): JNI_OnLoad"
)


@contextmanager
def without_noise() -> Iterator[None]:
    """Let processes that are started in the block write to standard error as before, but for lines that are noise.

    They keep the pipe; this process has its own standard error back after the block.
    """
    reading, writing = os.pipe()
    own = os.dup(2)
    os.dup2(writing, 2)
    os.close(writing)
    threading.Thread(target=_pass_on, args=(reading, os.dup(own)), daemon=True, name="java-stderr").start()
    try:
        yield
    finally:
        os.dup2(own, 2)
        os.close(own)


def _pass_on(reading: int, own: int) -> None:
    with os.fdopen(reading, "rb") as lines, os.fdopen(own, "wb", buffering=0) as error:
        for line in lines:
            if not _NOISE.match(line):
                error.write(line)
