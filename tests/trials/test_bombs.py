"""A small file that unpacks without bound is refused by name (R-23)."""

import gzip
from types import SimpleNamespace

import pytest

from spark.test_intake import LIMITS, click, decided, drop, raws, taken

N_BYTES = 300_000_000
PIECE = b"0" * 1_000_000


def limits(**changes):
    """Those of the other tests, but for a size that the packed file stays below."""
    return SimpleNamespace(**vars(LIMITS) | {"max_file_bytes": 1_000_000} | changes)


def bomb(path):
    """One line of 300 MB in about 292 kB."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wb", compresslevel=9) as packed:
        packed.write(b'{"a": "')
        for _ in range(N_BYTES // len(PIECE)):
            packed.write(PIECE)
        packed.write(b'"}\n')
    return path


@pytest.mark.trial
def test_a_bomb_is_refused_by_name_and_the_good_file_beside_it_lands(spark, tmp_path):
    drop(tmp_path, {"clicks/2026-03-01.jsonl": click()})
    packed = bomb(tmp_path / "clicks" / "2026-03-01-bomb.jsonl.gz")
    assert packed.stat().st_size < 400_000
    intake = taken(spark, tmp_path, limits=limits())
    outcomes = decided(intake)
    assert "more than 100 times" in outcomes.pop("clicks/2026-03-01-bomb.jsonl.gz")
    assert outcomes == {"clicks/2026-03-01.jsonl": "ingested"}
    assert [name for name, *_ in raws(intake)] == ["clicks/2026-03-01.jsonl"]


@pytest.mark.trial
def test_without_the_limit_the_line_reaches_a_worker_whole(spark, tmp_path):
    """The known-bad variant: only the record's own limit is left, and it counts what was unpacked."""
    bomb(tmp_path / "clicks" / "2026-03-01-bomb.jsonl.gz")
    outcome = decided(taken(spark, tmp_path, limits=limits(max_unpacked_ratio=10_000)))
    assert "times" not in outcome["clicks/2026-03-01-bomb.jsonl.gz"]
