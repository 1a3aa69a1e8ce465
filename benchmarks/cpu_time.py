"""CPU of this process and all below it: on a machine that others use, the clock on the wall says little."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

_TICK = os.sysconf("SC_CLK_TCK")


def cpu_seconds() -> float:
    """Of all that is alive below this process, and of what they have waited for: Spark's JVM, its daemon and workers."""
    children: dict[int, list[int]] = defaultdict(list)
    used: dict[int, float] = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            stat = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        children[int(stat[1])].append(int(folder.name))
        used[int(folder.name)] = sum(map(int, stat[11:15])) / _TICK
    waiting, total = [os.getpid()], 0.0
    while waiting:
        process = waiting.pop()
        waiting += children[process]
        total += used.get(process, 0.0)
    return total


@contextmanager
def timed(seconds: dict[str, float], what: str) -> Iterator[None]:
    """Note the seconds of the block, and those of CPU."""
    started, before = perf_counter(), cpu_seconds()
    yield
    seconds[what] = round(perf_counter() - started, 1)
    seconds[f"{what}, CPU"] = round(cpu_seconds() - before, 1)
