"""A small file that unpacks without bound is refused by name (R-23)."""

import gzip
import re
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest

from spark.test_intake import LIMITS, click, decided, drop, raws, taken

N_BYTES = 300_000_000


def limits(**changes):
    """Those of the other tests, but for a size that the packed file stays below."""
    return SimpleNamespace(**vars(LIMITS) | {"max_file_bytes": 1_000_000} | changes)


ONE_LINE = (b'{"a": "', b"0" * 1_000_000, b'"}\n')
MANY_LINES = (b"", b"{}\n" * 333_333, b"")
NAME = "clicks/2026-03-01-bomb.jsonl.gz"


def bomb(path, kind):
    """300 MB, as one line or as many, in about 292 kB."""
    first, piece, last = kind
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wb", compresslevel=9) as packed:
        packed.write(first)
        for _ in range(N_BYTES // len(piece)):
            packed.write(piece)
        packed.write(last)
    return path


def largest_worker(spark):
    """The most bytes that a process below the driver's JVM has held at once, as the system counts them."""
    waiting, largest = [spark.sparkContext._gateway.proc.pid], 0
    while waiting:
        of = Path("/proc", str(waiting.pop()))
        below = [int(pid) for task in of.glob("task/*/children") for pid in task.read_text().split()]
        waiting.extend(below)
        for pid in below:
            with suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
                held = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc", str(pid), "status").read_text())
                largest = max(largest, int(held[1]) * 1024 if held else 0)
    return largest


@pytest.mark.trial
@pytest.mark.parametrize(
    ("kind", "said"),
    [(ONE_LINE, "holds a record of more than 1000000 bytes"), (MANY_LINES, "unpacks to more than 100 times")],
    ids=("one line", "many lines"),
)
def test_a_bomb_is_refused_by_name_and_the_good_file_beside_it_lands(spark, tmp_path, kind, said):
    drop(tmp_path, {"clicks/2026-03-01.jsonl": click()})
    assert bomb(tmp_path / NAME, kind).stat().st_size < 900_000
    before = largest_worker(spark)
    intake = taken(spark, tmp_path, limits=limits())
    outcomes = decided(intake)
    assert said in outcomes.pop(NAME)
    assert outcomes == {"clicks/2026-03-01.jsonl": "ingested"}
    assert [name for name, *_ in raws(intake)] == ["clicks/2026-03-01.jsonl"]
    assert 0 < largest_worker(spark) < max(before, N_BYTES // 2) + N_BYTES // 4, "nobody held what it unpacks to"


@pytest.mark.trial
def test_without_limits_the_line_is_taken_for_a_record(spark, tmp_path):
    """The known-bad variant: the file is good then, and a worker holds its 300 MB."""
    bomb(tmp_path / NAME, ONE_LINE)
    assert decided(taken(spark, tmp_path, limits=limits(max_file_bytes=400_000_000, max_unpacked_ratio=10_000))) == {
        NAME: "ingested"
    }
    assert largest_worker(spark) > N_BYTES
