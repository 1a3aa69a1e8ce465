"""Files that are half there are refused or waited for, never half read; the good files of the drop land (R-11)."""

import os
import random
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import pytest

from lakes import ROOT, open_lake, run_days, with_inputs
from reclake.run.ingest import ingest_source
from reclake.run.views import published
from reclake.settings import load_settings
from reclake.sources.catalogues import SOURCES
from reclake.sources.intake import Intake, take_in
from reclake.sources.source import Completion, Source
from reclake.tables import bronze, silver
from trials.shop import FIRST, N_DAYS, SMALL, Fact, as_csv, as_lines, as_parquet, happened, packed, record
from trials.trial import differences, plain_rows

TRIAL = SOURCES.read(ROOT / "tests" / "trials" / "sources" / "trial.toml")
STABLE = TRIAL.model_copy(update={"completion": Completion(marker="stable", stable_seconds=3600)})
MARKED = TRIAL.model_copy(update={"name": "marked", "completion": Completion(marker="success_file")})
BELIEVING = TRIAL.model_copy(update={"completion": Completion(marker="rename")})
LIMITS = load_settings(ROOT, profile="test", environment={}).landing
LAST = FIRST + timedelta(days=N_DAYS - 1)  # all is delivered after it has happened
Fate = Literal["taken in", "refused", "waits"]


@dataclass(frozen=True)
class Upload:
    """A file on its way: what lies there now and under which name, and what it is when it is complete."""

    name: str
    whole: bytes
    fate: Fate
    lies: bytes  # so far
    lies_as: str = ""  # under another name
    grows: bool = False


def uploads(facts: list[Fact], rng: random.Random, n_cuts: int) -> Iterator[Upload]:
    """Good files of every kind, and files that were interrupted in every way."""
    orders, events = ([fact for fact in facts if fact.noun == noun] for noun in ("orders", "events"))
    made = {
        "jsonl": ("orders", lambda case: as_lines([record(fact, case) for fact in orders])),
        "csv": ("tills", lambda case: as_csv([record(fact, case) for fact in orders])),
        "parquet": ("exports", lambda case: as_parquet([record(fact, case) for fact in orders])),
        "jsonl.gz": ("events", lambda case: packed(as_lines([record(fact, case) for fact in events]))),
    }

    def of(kind: str, case: str) -> tuple[str, bytes]:
        folder, write = made[kind]
        return f"{folder}/{case}/{LAST}.{kind}", write(f"{case}_{folder}")

    for kind in made:
        name, whole = of(kind, "good")
        yield Upload(name, whole, "taken in", whole)
        name, whole = of(kind, "empty")
        yield Upload(name, whole, "refused", b"")
    for number in range(n_cuts):
        for kind in made:
            name, whole = of(kind, f"half{number}")
            yield Upload(
                name,
                whole,
                "refused",
                whole[: _inside_a_line(whole, rng) if kind in ("jsonl", "csv") else rng.randrange(1, len(whole))],
            )
    for kind in ("parquet", "jsonl.gz"):
        name, whole = of(kind, "without_end")
        yield Upload(name, whole, "refused", whole[:-4])
    name, whole = of("csv", "in_quotes")
    whole = re.sub(rb"(in_quotes_tills\.c\d+)", rb'"\1"', whole)
    yield Upload(name, whole, "refused", whole[: whole.rindex(b'"')])
    for ending in (".tmp", ".part", ".crdownload"):
        name, whole = of("jsonl", ending[1:])
        yield Upload(name, whole, "waits", whole, lies_as=name + ending)
    for kind in ("jsonl", "csv"):
        name, whole = of(kind, "growing")
        yield Upload(name, whole, "waits", b"".join(whole.splitlines(keepends=True)[:3]), grows=True)


def _inside_a_line(whole: bytes, rng: random.Random) -> int:
    """A place after which the last line is not whole: before its last comma.

    A file that is cut at a line end, or a CSV inside the last cell of a line, looks whole to any reader: only the mark of
    completion can tell, which is what `rename`, `_SUCCESS` and `stable` are for.
    """
    lines = whole.splitlines(keepends=True)
    number = rng.randrange(1, len(lines))
    return sum(map(len, lines[:number])) + rng.randrange(1, lines[number].rindex(b","))


def lay(folder: Path, sent: list[Upload], *, complete: bool) -> Path:
    """The files as they lie now, or as they are when every upload has ended; none changed in the last two days."""
    long_ago = (datetime.now(UTC) - timedelta(days=2)).timestamp()
    for upload in sent:
        path, passing = folder / upload.name, folder / (upload.lies_as or upload.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        passing.write_bytes(upload.whole if complete else upload.lies)
        os.utime(passing, (long_ago, long_ago))
        if complete:
            passing.rename(path)
    return folder


@contextmanager
def appending(folder: Path, sent: list[Upload]) -> Iterator[None]:
    """A thread that appends to the growing files, byte by byte, all the time."""
    done = threading.Event()

    def append() -> None:
        rest = {upload.name: iter(upload.whole[len(upload.lies) :]) for upload in sent if upload.grows}
        while not done.wait(0.005):
            for name, content in rest.items():
                with (folder / name).open("ab") as file:
                    file.write(bytes([byte]) if (byte := next(content, None)) is not None else b"")
                os.utime(folder / name)

    thread = threading.Thread(target=append)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def half_read(intake: Intake, sent: list[Upload]) -> list[str]:
    """Files of which something was taken in though they are not whole, and good files that did not land."""
    found = {row["file_name"] for records in intake.records.values() for row in records.select("file_name").distinct().collect()}
    good = {upload.name for upload in sent if upload.fate == "taken in"}
    return [f"{name} is half read" for name in sorted(found - good)] + [f"{name} is left out" for name in sorted(good - found)]


def taken(spark, source: Source, folder: Path) -> Intake:
    now = datetime.now(UTC)
    return take_in(spark, source, str(folder), known=None, delivery_days=None, limits=LIMITS, now=now, batch_id="b1")


@pytest.fixture(scope="module")
def sent() -> list[Upload]:
    rng = random.Random(7)
    return list(uploads(happened(SMALL, rng), rng, 1))


def test_no_file_is_half_read_and_good_ones_of_the_drop_land(spark, sent, tmp_path):
    assert len(sent) >= 20
    folder = lay(tmp_path, sent, complete=False)
    with appending(folder, sent):
        intake = taken(spark, STABLE, folder)
        assert half_read(intake, sent) == []
    outcomes = {row["file_name"]: row["outcome"] for row in intake.files.collect()}
    fates = {upload.lies_as or upload.name: upload.fate for upload in sent}
    assert outcomes == {name: {"taken in": "ingested"}.get(fate, "rejected") for name, fate in fates.items() if fate != "waits"}
    assert {file.file_name for file in intake.waiting} == {name for name, fate in fates.items() if fate == "waits"}


def test_a_reader_that_believes_every_name_is_told(spark, sent, tmp_path):
    """The known-bad variant: the growing files cannot be told from whole ones where their source promises renames."""
    folder = lay(tmp_path, sent, complete=False)
    found = half_read(taken(spark, BELIEVING, folder), sent)
    assert found == [f"{kind}/growing/{LAST}.{end} is half read" for kind, end in (("orders", "jsonl"), ("tills", "csv"))]


@pytest.mark.trial
def test_what_was_interrupted_lands_whole_later_as_if_nothing_had_been(spark, trial_size, trial_seed, tmp_path):
    rng = random.Random(trial_seed)
    sent = list(uploads(happened(SMALL, rng), rng, trial_size.n_cuts))
    only = with_inputs(silver.ORDER_LINES)

    def lake(name: str):
        folder = tmp_path / name
        app = open_lake(
            spark, tmp_path / f"{name}-lake", source="trial", landing=folder, overrides=["sources.directory=tests/trials/sources"]
        )
        object.__setattr__(app, "sources", {"trial": STABLE, "marked": MARKED})
        return app, folder

    def run(app, folder) -> None:
        assert ingest_source(app, MARKED, str(folder / "marked")) == {}
        assert run_days(app, only=only) == {}

    disturbed, folder = lake("disturbed")
    unmarked = [upload for upload in sent if upload.name == f"orders/good/{LAST}.jsonl"]
    lay(folder / "trial", sent, complete=False)
    lay(folder / "marked", unmarked, complete=False)
    with appending(folder / "trial", sent):
        run(disturbed, folder)
    n_good = 3 * SMALL.n_lines
    assert published(disturbed, silver.ORDER_LINES).count() == n_good
    lay(folder / "trial", sent, complete=True)
    (folder / "marked" / "orders" / "good" / "_SUCCESS").touch()
    run(disturbed, folder)

    undisturbed, folder = lake("undisturbed")
    lay(folder / "trial", sent, complete=True)
    lay(folder / "marked", unmarked, complete=True)
    (folder / "marked" / "orders" / "good" / "_SUCCESS").touch()
    run(undisturbed, folder)
    for table in (silver.ORDER_RECORDS, silver.ORDER_LINES):
        rows = [plain_rows(published(app, table).collect(), table) for app in (disturbed, undisturbed)]
        assert len(rows[1]) > 2 * n_good
        assert differences(*rows) == []
    names = [
        {row["file_name"] for row in published(app, bronze.FILES).where("outcome = 'ingested'").collect()}
        for app in (disturbed, undisturbed)
    ]
    assert names[0] == names[1] == {upload.name for upload in sent}
