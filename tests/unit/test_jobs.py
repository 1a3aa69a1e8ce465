"""What a job refuses before it touches the lake, and what it asks for."""

import runpy
from argparse import ArgumentParser, Namespace
from datetime import date
from types import SimpleNamespace

import pytest

from reclake.errors import UsageError
from reclake.run.posting import Finding
from reclake.tables import models

DAY = date(2026, 1, 1)


@pytest.fixture
def build_job(root):
    return runpy.run_path(str(root / "jobs" / "build.py"))


@pytest.mark.parametrize(
    ("asked", "trained"),
    [
        ({}, ["als"]),
        ({"model": "item_item"}, ["item_item"]),
        ({"model": "item_item", "if_named": True}, []),
        ({"model": "als", "if_named": True}, ["als"]),
    ],
    ids=repr,
)
def test_a_training_is_of_the_models_that_scenarios_name(root, caplog, asked, trained):
    """By the calendar those alone; whoever names another one has it trained all the same."""
    job, done = runpy.run_path(str(root / "jobs" / "train.py")), []
    job["learn"].__globals__["train"] = lambda app, model, **_: done.append(model.name)
    app = SimpleNamespace(named_models=(models.ALS,), run_id="r")
    with caplog.at_level("INFO", logger="reclake"):
        job["learn"](app, Namespace(**{"model": None, "if_named": False, "as_of": DAY, "tune": "never"} | asked))
    assert done == trained
    assert ("no scenario names item_item: nothing is trained" in caplog.text) == (not trained)


@pytest.mark.parametrize(
    ("table", "hint"),
    [
        ("silver.order_line", "did you mean silver.order_lines?"),
        ("gold.segments", "did you mean gold.segment_bins?"),
        ("", "reclake tables lists them"),
        ("ops.ledger", "leave it out; reclake tables lists them"),
        ("gold.model_metrics", "leave it out; reclake tables lists them"),
    ],
)
def test_a_table_that_no_stage_builds_is_refused(build_job, table, hint):
    with pytest.raises(UsageError) as refused:
        build_job["build"](None, Namespace(stage="silver", day=DAY, table=["silver.events", table], force=False))
    assert (refused.value.exit_code, refused.value.args[2]) == (2, hint)


@pytest.mark.parametrize(
    ("written", "only"),
    [([], []), (["--table", "silver.events", "--table", "gold.segment_bins"], ["silver.events", "gold.segment_bins"])],
)
def test_several_tables_can_be_named_and_those_of_other_stages_are_taken(build_job, monkeypatch, written, only):
    parser, seen = ArgumentParser(), {}
    build_job["arguments"](parser)
    options = parser.parse_args(["--stage", "silver", "--day", "2026-01-01", *written])
    known = build_job["build"].__globals__
    monkeypatch.setitem(known, "scope_of", lambda app, **asked: seen.update(asked))
    monkeypatch.setitem(known, "build_stage", lambda app, stage, scope: seen.update(stage=stage) or {})
    build_job["build"](None, options)
    assert seen == {"first": DAY, "last": DAY, "as_ofs": [], "only": only, "force": False, "stage": "silver"}


GATE = Finding("gate", "silver.events", "failed: 1 of 9 expectations")


@pytest.mark.parametrize(
    ("findings", "channel", "last"),
    [
        ([GATE, GATE], "webhook", ("INFO", "sent by webhook: 2 findings")),
        ([GATE], "none", ("WARNING", "alerts.channel is none: nobody was sent anything")),
        ([], "none", ("INFO", "nothing to tell")),
    ],
)
def test_the_alert_job_logs_what_it_tells_and_whom(root, monkeypatch, caplog, findings, channel, last):
    job = runpy.run_path(str(root / "jobs" / "alert.py"))
    known = job["alert"].__globals__
    for name in ("located", "look_at"):
        monkeypatch.setitem(known, name, lambda *arguments, **options: None)
    monkeypatch.setitem(known, "findings_of", lambda look, day, as_ofs: findings)
    monkeypatch.setitem(known, "tell", lambda told, **options: channel)
    settings = Namespace(secrets=Namespace(directory=""), alerts=None)
    app = Namespace(home=None, settings=settings, clock=None, spark=None, run_id="r1")
    with caplog.at_level("INFO", logger="reclake"):
        job["alert"](app, Namespace(day=DAY, as_of=[]))
    lines = [(record.levelname, record.getMessage()) for record in caplog.records]
    assert lines == [("WARNING", "gate: silver.events: failed: 1 of 9 expectations")] * len(findings) + [last]


@pytest.mark.parametrize(
    ("written", "scenarios"), [([], []), (["--scenario", "home", "--scenario", "cart"], ["home", "cart"])], ids=["all", "some"]
)
def test_the_evaluation_job_judges_what_is_named(root, monkeypatch, written, scenarios):
    job = runpy.run_path(str(root / "jobs" / "evaluate.py"))
    parser, seen = ArgumentParser(), {}
    job["arguments"](parser)
    monkeypatch.setitem(job["judge"].__globals__, "evaluate", lambda app, **asked: seen.update(app=app, **asked))
    job["judge"]("the application", parser.parse_args(["--as-of", "2026-01-01", *written]))
    assert seen == {"app": "the application", "as_of": DAY, "scenarios": scenarios}
