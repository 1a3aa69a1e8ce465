"""What stops a table stops what reads it and nothing else; a rollback takes a day back until it is run again."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from pyspark.sql import functions as F

from lakes import looked_at, run_days
from reclake import tables
from reclake.errors import GateFailed, StageStopped
from reclake.lake.digest import WHOLE, DayContent, Digest
from reclake.look.planned import plan
from reclake.look.rejected import rejected
from reclake.quality.verdict import Finding, judged
from reclake.run import commit, gating, stage
from reclake.run.code import builder_of
from reclake.run.ingest import ingest
from reclake.run.plan import Work
from reclake.run.rollback import roll_back
from reclake.run.runner import scope_of
from reclake.run.stage import build_stage
from reclake.run.stops import require_nothing_stopped
from reclake.run.views import published
from reclake.silver.order_lines import order_lines
from reclake.tables import gold, ops, silver
from till import FIRST, MENDED, SECOND, THIRD, opened_lake, order
from trials.trial import Passing

LINES = frozenset({"silver.order_records", "silver.rejected_records", "silver.order_lines"})
ONLY = LINES | {"silver.interactions", "silver.product_records", "silver.products"}


class Refusing(Passing):
    """A gate that refuses one table."""

    refused = silver.ORDER_LINES

    def check(self, table, frame, **options):
        if table != self.refused:
            return super().check(table, frame, **options)
        n_rows = options["n_rows"]
        findings = (Finding.failed("a rule", n_bad=1, n_rows=n_rows),)
        return judged(table, findings=findings, warnings=(), n_expectations=1, n_rows=n_rows, seconds=0.0, n_jobs=0)


@pytest.fixture(scope="module")
def app(spark, tmp_path_factory):
    """A lake that took in three days and built the first."""
    folder = tmp_path_factory.mktemp("stops")
    (folder / "mended").mkdir()
    (folder / "mended" / "till.toml").write_text(MENDED.replace("max_rejected_share = 1.0", "max_rejected_share = 0.5"))
    lines = {
        FIRST: [order("o1"), order("o2", customer="c2"), order("o0", price=None)],
        SECOND: [order("o3", day=SECOND, sku="p3")],
        THIRD: [order("o4", day=THIRD), order("o5", day=THIRD, price=None)],
    }
    place = folder / "landing" / "till" / "app"
    place.mkdir(parents=True)
    for day, written in lines.items():
        (place / f"{day}.jsonl").write_text("".join(f"{line}\n" for line in written))
    app = opened_lake(spark, folder, folder / "landing", "mended")
    (waiting, *_) = plan(looked_at(app), scope_of(app, first=FIRST, last=THIRD))
    assert (waiting["which"], waiting["why"]) == (f"{FIRST} … {THIRD}", "3 files of source till to take in, and what reads them")
    assert run_days(app, FIRST, only=ONLY) == {}
    return app


def with_gate(app, kind):
    object.__setattr__(app, "gate", kind(app.home / "expectations", timeout_seconds=60))


def sold(app):
    return sorted(row["order_id"] for row in published(app, silver.ORDER_LINES).collect())


def segments_alone(app):
    """The stage `customers` as a job of its own runs it: what is found, and the next step."""
    scope = replace(scope_of(app, first=SECOND, last=SECOND), tables=ONLY | {gold.CUSTOMER_SEGMENTS.name})
    app.reporter.reports.clear()
    stopped = build_stage(app, gold.CUSTOMER_SEGMENTS.stage, scope)
    outcomes = {report.table: report.outcome for report in app.reporter.reports}
    others = {table.name: "not asked for" for table in tables.of_stage(gold.CUSTOMER_SEGMENTS.stage)}
    assert outcomes == others | {gold.CUSTOMER_SEGMENTS.name: "not built"}
    (error,) = stopped.values()
    return error.args[1:]


def test_a_stage_alone_tells_what_was_not_built_yet_from_what_was_stopped(app):
    assert ingest(app, days=[SECOND]) == {}
    found, next_step = segments_alone(app)
    assert found.endswith("silver.order_records, which is not built yet")
    assert next_step == f"run stage silver first: reclake run --stage silver --day {SECOND}"
    with_gate(app, Refusing)
    assert set(run_days(app, SECOND, only=ONLY)) == {"silver.order_lines", "silver.interactions"}
    assert segments_alone(app) == (
        "waits for silver.order_lines, which was stopped",
        "mend what stopped silver.order_lines, then run again",
    )


def test_what_reads_a_stopped_table_is_not_built_and_the_rest_is(app):
    with_gate(app, Refusing)
    app.reporter.reports.clear()
    stopped = run_days(app, SECOND, only=ONLY)
    assert set(stopped) == {"silver.order_lines", "silver.interactions"}
    assert sold(app) == ["o1", "o2"]
    assert {row["product_id"] for row in published(app, silver.PRODUCTS).collect()} == {"p1", "p3"}
    told = {report.table: report for report in app.reporter.reports}
    assert (told["silver.order_lines"].outcome, told["silver.order_lines"].verdict) == ("stopped", "failed")
    assert "a rule" in told["silver.order_lines"].message
    assert (told["silver.order_lines"].n_days, told["silver.order_lines"].seconds > 0) == (1, True)
    waits = told["silver.interactions"]
    assert (waits.outcome, waits.message) == ("not built", "waits for silver.order_lines, which was stopped")
    with pytest.raises(StageStopped) as red:
        require_nothing_stopped(stopped)
    assert red.value.exit_code == 3
    with_gate(app, Passing)
    assert run_days(app, SECOND, only=ONLY) == {}
    assert sold(app) == ["o1", "o2", "o3"]
    # Nothing of the second day was refused: its rejected_records are committed empty, by name.
    kept = app.ledger.days(silver.REJECTED_RECORDS)
    assert {day: entry.content.digest.n_rows for day, entry in kept.items()} == {str(FIRST): 1, str(SECOND): 0}
    assert published(app, silver.INTERACTIONS).count() == 3


def test_a_fault_over_the_rows_of_a_table_stops_that_table_and_tells_no_value(app, monkeypatch):
    def overflowing(order_records):
        great = F.col("line_amount").cast("decimal(38,4)") * F.lit(10**14)
        return order_lines(order_records).withColumn("line_amount", great.cast("decimal(18,4)"))

    monkeypatch.setattr(stage, "builder_of", lambda table: overflowing if table == silver.ORDER_LINES else builder_of(table))
    app.reporter.reports.clear()
    scope = scope_of(app, first=SECOND, last=SECOND, force=True)
    stopped = build_stage(app, "silver", replace(scope, tables=ONLY))
    assert set(stopped) == {"silver.order_lines", "silver.interactions"}  # these read it
    fault = stopped["silver.order_lines"]
    assert "ArithmeticException: [NUMERIC_VALUE_OUT_OF_RANGE" in str(fault)
    assert "00000" not in str(fault)
    told = {report.table: report.outcome for report in app.reporter.reports}
    assert (told["silver.order_lines"], told["silver.products"]) == ("stopped", "unchanged")
    with pytest.raises(StageStopped) as red:
        require_nothing_stopped(stopped | {"silver.interactions": StageStopped("", "", "")})
    assert red.value.exit_code == 1
    assert sold(app) == ["o1", "o2", "o3"]


def test_a_rollback_takes_a_day_back_until_it_is_run_again(app):
    published_so_far = app.store.read_newest(ops.PUBLISHED_VERSIONS).where(F.col("name") == silver.INTERACTIONS.name)
    of_first_day = published_so_far.agg(F.min("manifest_id")).first()[0]
    roll_back(app, of_first_day)
    assert sold(app) == ["o1", "o2"]
    assert run_days(app, THIRD, only=LINES) == {}
    assert sold(app) == ["o1", "o2", "o4"], "the day that was rolled back came back with another"


def test_a_delivery_of_which_too_much_is_refused_ends_with_code_4_and_names_the_reasons(app):
    source = app.sources["till"].model_copy(update={"max_rejected_share": 0.2})
    object.__setattr__(app, "sources", {"till": source})
    scope = scope_of(app, first=THIRD, last=THIRD, force=True)
    stopped = build_stage(app, "silver", replace(scope, tables=frozenset({"silver.order_records"})))
    with pytest.raises(StageStopped) as red:
        require_nothing_stopped(stopped)
    assert red.value.exit_code == 4
    told = "1 of 2 records (unit_price_amount is missing: 1); at most 20% may be"
    assert told in str(red.value)
    assert "correct the file or its mapping" in str(red.value).splitlines()[2]
    stops = [row for row in rejected(looked_at(app)).rows if row["record_class"] == "stopped delivery"]
    columns = ("record_table", "source", "reason", "records", "first_day")
    assert [tuple(row[name] for name in columns) for row in stops] == [("silver.order_records", "till", told, 1, THIRD)]


def test_a_file_that_is_corrected_under_its_name_is_judged_without_what_it_replaces(app):
    """Of the four records of the day one is refused, which is more than a fifth; it is one of the file of before."""
    lines = [order("o4", day=THIRD), order("o5", day=THIRD)]
    (Path(app.settings.landing.root) / "till" / "app" / f"{THIRD}.jsonl").write_text("".join(f"{line}\n" for line in lines))
    assert run_days(app, THIRD, only=LINES) == {}
    assert sold(app) == ["o1", "o2", "o4", "o5"]
    rows = rejected(looked_at(app)).rows
    assert {row["record_class"] for row in rows} == {"rejected", "duplicate"}
    assert verdict_of(looked_at(app), silver.ORDER_RECORDS) == "passed"


def verdict_of(look, table):
    rows = look.reader.rows(ops.GATE_RESULTS, ("table", "verdict", "checked_at"))
    return max((row for row in rows if row["table"] == table.name), key=lambda row: row["checked_at"])["verdict"]


def content(n_rows):
    return DayContent(Digest(n_rows))


def test_a_fed_day_without_rows_is_short_and_an_unfed_one_is_not():
    work = Work(silver.EVENTS, {"2026-03-01": "", "2026-03-02": "", "2026-03-03": ""}, unfed_days=frozenset({"2026-03-03"}))
    assert gating.short_days(work, {"2026-03-01": content(2)}, {}) == ["2026-03-02"]


def test_people_do_not_vanish_overnight_from_a_table_that_may_be_empty():
    assert gold.CUSTOMER_SEGMENTS.may_be_empty
    work = Work(gold.CUSTOMER_SEGMENTS, {"2026-03-02": "", "2026-03-03": ""})
    before = {"2026-03-01": SimpleNamespace(content=content(5))}
    assert gating.short_days(work, {}, {}) == []
    assert gating.short_days(work, {"2026-03-03": content(1)}, before) == ["2026-03-02"]


@pytest.mark.parametrize(("written", "is_refused"), [(7, False), (None, False), (6, True), (8, True)])
def test_a_commit_of_other_rows_than_were_judged_is_refused(written, is_refused):
    store = SimpleNamespace(path=str, log=SimpleNamespace(commit=lambda path, version: SimpleNamespace(n_output_rows=written)))
    run = SimpleNamespace(app=SimpleNamespace(store=store))
    if is_refused:
        with pytest.raises(GateFailed, match="other rows than its gate judged"):
            commit._require_all_written(run, silver.EVENTS, 3, 7)
    else:
        commit._require_all_written(run, silver.EVENTS, 3, 7)


def test_a_dimension_that_held_rows_may_not_fall_empty():
    """There may be nobody yet, but people that were known do not vanish."""
    work = Work(silver.ACCOUNTS, {WHOLE: "code changed"})
    held = SimpleNamespace(content=content(3))
    assert gating.short_days(work, {}, {}) == []
    assert gating.short_days(work, {}, {WHOLE: held}) == [WHOLE]
    assert gating.short_days(work, {WHOLE: content(1)}, {WHOLE: held}) == []
