"""A gate that breaks stops its table, however it breaks; readers keep the version that passed (R-18)."""

import json
import shutil
import time

import pytest
from pyspark.sql import functions as F

from lakes import ROOT
from reclake.errors import StageStopped
from reclake.quality.gate import Gate
from reclake.quality.validation import Validator
from reclake.run.rollback import roll_back
from reclake.run.runner import run_graph
from reclake.run.stops import require_nothing_stopped
from reclake.run.views import published
from reclake.tables import ops, silver
from trials.trial import Passing, plain_rows, snapshot

TABLE = silver.ORDER_LINES
READERS = frozenset({"silver.interactions", "gold.customer_segments"})
# What it feeds, however far away. Others read it beside what feeds them, and are built on what it last published.
FED = READERS | {"gold.segment_bins", "gold.recommendations"}


@pytest.fixture
def app(shuffled):
    """The lake of the shop; its gate is its own again afterwards."""
    gate = shuffled.app.gate
    yield shuffled.app
    object.__setattr__(shuffled.app, "gate", gate)


@pytest.fixture
def suite(shuffled):
    """The suite of the table, as it was again after the test."""
    path = shuffled.suites / f"{TABLE.name}.json"
    yield path
    shutil.copy(ROOT / "expectations" / path.name, path)


def exception(app, suite, monkeypatch):
    def fail(self, frame, suite):
        raise RuntimeError("the metric provider is gone")

    monkeypatch.setattr(Validator, "answers", fail)


def timeout(app, suite, monkeypatch):
    def hang(self, frame, suite):
        time.sleep(2)

    monkeypatch.setattr(Validator, "answers", hang)
    object.__setattr__(app, "gate", Gate(suite.parent, timeout_seconds=1))


def empty_suite(app, suite, monkeypatch):
    suite.write_text(json.dumps(json.loads(suite.read_text()) | {"expectations": []}))


def missing_suite_file(app, suite, monkeypatch):
    suite.unlink()


def empty_input(app, suite, monkeypatch):
    read = app.store.read

    def nothing_of_records(table, **options):
        found = read(table, **options)
        return found.where(F.lit(False)) if table is silver.ORDER_RECORDS else found

    monkeypatch.setattr(app.store, "read", nothing_of_records)


SAID = {
    exception: "the validation: could not run, RuntimeError",
    timeout: "the time limit: could not run, no answer after 1 s",
    empty_suite: "the suite: could not run, it holds 0 expectations and declares 3",
    missing_suite_file: "the suite: could not run, its file is missing",
    empty_input: "rows are at least 1: 0 rows",
}


def run_again(app, *, downstream: bool = True):
    """Builds the table anew, and what reads it; gives what was stopped."""
    return run_graph(app, table=TABLE.name, downstream=downstream, force=True)


def let_through(before, after, stopped, *, readers: frozenset[str]) -> list[str]:
    """Where a run with a broken gate did not fail closed."""
    found = [] if TABLE.name in stopped else ["the table is not stopped"]
    found += [f"{name} is built on it" for name in sorted(readers - stopped.keys())]
    return found + [f"{what} moved" for what in before if before[what] != after[what]]


def state(app):
    return {
        "the manifest": {name: version for name, version in snapshot(app).items() if name in FED | {TABLE.name}},
        "the newest version": app.store.newest(TABLE),
        "what readers see": plain_rows(published(app, TABLE).collect(), TABLE),
    }


@pytest.mark.parametrize("breakage", SAID, ids=lambda breakage: breakage.__name__)
def test_a_gate_that_breaks_fails_closed(trial, app, suite, monkeypatch, breakage):
    if trial.is_small and breakage not in (exception, empty_input):
        pytest.skip("the gate's own tests show it without a run")
    before = state(app)
    breakage(app, suite, monkeypatch)
    stopped = run_again(app, downstream=not trial.is_small)
    monkeypatch.undo()
    assert let_through(before, state(app), stopped, readers=frozenset() if trial.is_small else READERS) == []
    assert SAID[breakage] in stopped[TABLE.name].args[1]
    with pytest.raises(StageStopped) as red:
        require_nothing_stopped(stopped)
    assert red.value.exit_code == 3
    verdicts = published(app, ops.GATE_RESULTS).where(F.col("table") == TABLE.name)
    last = max(verdicts.collect(), key=lambda row: row["checked_at"])
    assert (last["verdict"], last["version"]) == ("failed" if breakage is empty_input else "broken", None)
    assert SAID[breakage].split(": ")[0] in {finding["rule"] for finding in json.loads(last["findings"])}


def test_a_gate_that_believes_what_it_gets_is_told(trial, app, suite, monkeypatch):
    """The known-bad variant, with an input that suddenly holds nothing."""
    if trial.is_small:
        pytest.skip("it builds all readers: a trial")
    before, manifest = state(app), app.manifest.last_id()
    monkeypatch.setattr("reclake.run.stage.short_days", lambda work, contents, before: [])
    object.__setattr__(app, "gate", Passing(suite.parent, timeout_seconds=60))
    empty_input(app, suite, monkeypatch)
    stopped = run_again(app)
    monkeypatch.undo()
    found = let_through(before, state(app), stopped, readers=READERS)
    roll_back(app, manifest)
    assert {"the table is not stopped", "the manifest moved", "what readers see moved"} <= set(found)
