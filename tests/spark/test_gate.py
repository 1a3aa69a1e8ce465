"""The gate fails closed in every case that a bare `success` lets pass (trials: gates that pass on nothing)."""

import json
import logging
import time
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import great_expectations as gx
import pytest
from great_expectations.core.expectation_suite import ExpectationSuite
from pyspark import StorageLevel
from pyspark.sql import functions as F

from frames import frame
from reclake.errors import GateFailed
from reclake.quality import gate as gate_module
from reclake.quality import validation
from reclake.quality.gate import Gate
from reclake.quality.time_limit import OutOfTime, within
from reclake.quality.validation import Answer, ResultsIncomplete, Validator, answer_of, in_order
from reclake.quality.verdict import Finding
from reclake.tables import Table
from reclake.tables.declaration import plain

AT = datetime(2026, 3, 1, 10, tzinfo=UTC).replace(tzinfo=None)
VISITS = Table(
    name="silver.visits",
    grain="one row per visit",
    key=("visit_id", "tab"),
    fields=(
        plain("visit_id", "string", "The visit.", required=True),
        plain("tab", "string", "The tab; null where there is one only."),
        plain("channel", "string", "Where."),
        plain("started_at", "timestamp", "First event.", "UTC", required=True),
        plain("ended_at", "timestamp", "Last event.", "UTC"),
        plain("n_views", "long", "Views.", "events"),
        plain("score", "double", "A score.", "score"),
    ),
    stage="behaviour",
    write="replace_days",
    day_column="started_at",
)
GOOD = {"visit_id": "v1", "channel": "web", "started_at": AT, "ended_at": AT, "n_views": 3, "score": 0.5}


def rule(kind, severity="critical", meta=None, **kwargs):
    return {"type": f"expect_{kind}", "kwargs": kwargs, "meta": meta or {}, "severity": severity}


NOT_NULL = [rule("column_values_to_not_be_null", column=name) for name in ("visit_id", "started_at")]
ONE_OF = rule("column_values_to_be_in_set", column="channel", value_set=["app", "web"])
WITHIN = rule("column_values_to_be_between", column="n_views", min_value=0, max_value=9)
ORDERED = rule(
    "column_pair_values_a_to_be_greater_than_b",
    column_A="ended_at",
    column_B="started_at",
    or_equal=True,
    ignore_row_if="either_value_is_missing",
)


def on_web(meta):
    condition = {"pass_through_filter": "channel = 'web'", "type": "pass_through"}
    kwargs = {"column": "ended_at", "row_condition": condition, "condition_parser": "spark"}
    return rule("column_values_to_not_be_null", meta=meta, **kwargs)


def as_written(expectation):
    """An expectation as a file writes it."""
    kwargs = {key: value for key, value in expectation["kwargs"].items() if key not in ("row_condition", "condition_parser")}
    condition = expectation["kwargs"].get("row_condition")
    where = {"where": condition["pass_through_filter"]} if condition else {}
    return {"type": expectation["type"], "severity": expectation["severity"], **kwargs, **where, **expectation["meta"]}


@pytest.fixture
def write_suite(tmp_path):
    def write(*rules, **changes):
        suite = {
            "table": VISITS.name,
            "n_expectations": len(rules),
            "overrules": {"channel": "visits have channels of their own", "n_views": "nobody looks longer"},
            "expectations": list(map(as_written, rules)),
        } | changes
        (tmp_path / f"{VISITS.name}.json").write_text(json.dumps(suite))

    write(ONE_OF, WITHIN, ORDERED)
    return write


@pytest.fixture
def gate(tmp_path):
    return Gate(tmp_path, timeout_seconds=120)


@pytest.fixture(scope="module")
def visits(spark):
    def build(*rows):
        return frame(spark, VISITS, *rows)

    return build


def bare_success(judged, *rules):
    """What a gate that believes Great Expectations would say."""
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    asset = context.data_sources.add_spark("bare", persist=False).add_dataframe_asset("bare")
    batch = asset.add_batch_definition_whole_dataframe("bare").get_batch(batch_parameters={"dataframe": judged})
    return batch.validate(ExpectationSuite(name="bare", expectations=list(rules)), result_format="BOOLEAN_ONLY").success


def said(verdict):
    return verdict.verdict, [finding.text for finding in verdict.findings]


class TestVerdict:
    def test_a_good_frame_passes_and_every_check_is_counted(self, gate, visits, write_suite):
        verdict = gate.check(VISITS, visits(GOOD, GOOD | {"visit_id": "v2"}), n_rows=2)
        assert said(verdict) == ("passed", [])
        # Derived: floor, 2 required columns, 2 times, 1 number; 3 of the file.
        # The gate's own: columns, floor, key; 2 required columns, 1 blank key column, 1 finite number.
        assert (verdict.n_expectations, verdict.n_failed, verdict.n_rows, verdict.warnings) == (6 + 3 + 3 + 4, 0, 2, ())
        gate.require(verdict)

    def test_the_error_says_what_was_found_and_what_to_do(self, gate, visits, write_suite):
        verdict = gate.check(VISITS, visits(GOOD, GOOD | {"visit_id": "v2", "started_at": None}), n_rows=2)
        with pytest.raises(GateFailed) as stopped:
            gate.require(verdict, days="2026-03-01")
        assert str(stopped.value) == (
            "silver.visits 2026-03-01: 1 of 16 expectations failed\n"
            "  found: started_at is not null: 1 of 2 rows\n"
            "  next:  correct the source or expectations/silver.visits.json, then run the day again"
        )
        assert stopped.value.exit_code == 3

    def test_each_failed_rule_is_counted_once_and_nulls_are_not_judged(self, gate, visits, write_suite):
        earlier = datetime(2026, 2, 1, tzinfo=UTC).replace(tzinfo=None)
        verdict = gate.check(
            VISITS,
            visits(
                GOOD | {"channel": "shop", "n_views": 10},
                GOOD | {"visit_id": "v2", "channel": "shop"},
                GOOD | {"visit_id": "v3", "ended_at": earlier},
                {"visit_id": "v4", "started_at": AT},
            ),
        )
        assert said(verdict) == (
            "failed",
            [
                "channel is one of app, web: 2 of 4 rows",
                "n_views is between 0 and 9: 1 of 4 rows",
                "ended_at is at least started_at: 1 of 4 rows",
            ],
        )

    def test_a_finding_of_the_caller_blocks_too(self, gate, visits, write_suite):
        verdict = gate.check(VISITS, visits(GOOD)).also(
            Finding.failed("every day has rows", n_bad=None, n_rows=1, message="one has none")
        )
        assert (verdict.verdict, verdict.n_failed, verdict.n_expectations) == ("failed", 1, 17)
        assert json.loads(verdict.stored()) == [
            {
                "rule": "every day has rows",
                "kind": "failed",
                "n_bad": None,
                "n_rows": 1,
                "message": "one has none",
                "blocks": True,
            }
        ]

    def test_one_validator_judges_each_frame_anew(self, gate, visits, write_suite):
        good, bad = visits(GOOD), visits(GOOD | {"channel": "shop"})
        assert [gate.check(VISITS, judged).verdict for judged in (good, bad, good)] == ["passed", "failed", "passed"]


class TestSuiteRefused:
    def test_a_missing_file_blocks(self, gate, visits, tmp_path):
        verdict = gate.check(VISITS, visits(GOOD))
        assert said(verdict) == ("broken", ["the suite: could not run, its file is missing"])
        assert str(verdict.failure()) == (
            "silver.visits: the gate could not run\n"
            "  found: the suite: could not run, its file is missing\n"
            "  next:  restore expectations/silver.visits.json, then run the day again"
        )

    @pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[]", b'{"name": "silver.visits"}'])
    def test_an_unreadable_file_blocks(self, gate, visits, tmp_path, content):
        (tmp_path / f"{VISITS.name}.json").write_bytes(content)
        assert gate.check(VISITS, visits(GOOD)).verdict == "broken"

    @pytest.mark.parametrize(
        ("changes", "why"),
        [
            ({"table": "silver.events"}, "it is of another table"),
            ({"n_expectations": 4}, "it holds 3 expectations and declares 4"),
            ({"n_expectations": None}, "it holds 3 expectations and declares None"),
            ({"expectations": []}, "it holds 0 expectations and declares 3"),
            ({"expectations": [{"column": "tab"}], "n_expectations": 1}, "expectation 1 is malformed"),
            ({"overrules": {"channel": ""}}, "overrules is no object of column and reason"),
            ({"overrules": {"tab": "it is free"}}, "it overrules tab, about whose values nothing is derived"),
        ],
    )
    def test_a_file_that_is_not_whole_blocks(self, gate, visits, write_suite, changes, why):
        write_suite(ONE_OF, WITHIN, ORDERED, **changes)
        assert said(gate.check(VISITS, visits(GOOD))) == ("broken", [f"the suite: could not run, {why}"])

    @pytest.mark.parametrize("repeated", [NOT_NULL[0], rule("table_row_count_to_be_between", min_value=1)])
    def test_a_rule_that_is_derived_already_blocks(self, gate, visits, write_suite, repeated):
        write_suite(repeated)
        assert "expectation 1 is derived already" in said(gate.check(VISITS, visits(GOOD)))[1][0]

    def test_a_suite_without_expectations_blocks_where_bare_success_passes(self, gate, visits, tmp_path):
        anything = replace(
            VISITS, key=("tab",), day_column=None, write="replace_whole", may_be_empty="why not", fields=VISITS.fields[1:2]
        )
        (tmp_path / f"{VISITS.name}.json").write_text(json.dumps({"table": VISITS.name, "n_expectations": 0, "expectations": []}))
        assert bare_success(visits(GOOD)) is True
        verdict = gate.check(anything, visits(GOOD).select("tab"))
        assert said(verdict) == ("broken", ["the suite: could not run, it holds no expectations"])

    @pytest.mark.parametrize(
        ("refused", "why"),
        [
            (rule("column_values_to_be_unique", column="visit_id"), "not among the rules that a gate knows"),
            (rule("column_values_to_not_be_null", column="vist_id"), "['vist_id'] not declared"),
            (rule("column_values_to_not_be_null", column="visit_id", strict=True), "unknown ['strict']"),
            (rule("column_values_to_be_between", column="score", min_value=0), "['max_value'] missing"),
            (rule("column_values_to_be_between", column="score", min_value=0, max_value=None), "it needs both bounds"),
            (
                rule("column_values_to_be_between", column="started_at", min_value=0, max_value=1),
                "it needs both bounds, each a timestamp",
            ),
            (rule("column_values_to_be_in_set", column="n_views", value_set=["a"]), "values that are no long"),
            (rule("column_values_to_be_in_set", column="channel", value_set=[]), "values that are no string"),
            (rule("column_values_to_match_regex", column="n_views", regex="1"), "a pattern needs a string column"),
            (ORDERED | {"kwargs": ORDERED["kwargs"] | {"column_B": "n_views"}}, "columns of two types"),
            (ORDERED | {"kwargs": ORDERED["kwargs"] | {"or_equal": False}}, "a pair is judged with"),
            (rule("table_row_count_to_be_between", min_value=0), "a floor on rows below 1 says nothing"),
            (rule("column_values_to_not_be_null", column="channel", mostly=0.0), "mostly below 1 needs a reason"),
            (
                rule("column_values_to_not_be_null", column="channel", mostly=0.0, meta={"reason": "why not"}),
                "mostly below 1 needs a reason",
            ),
            (on_web({}), "a condition needs min_matching_rows"),
            (on_web({"min_matching_rows": 0}), "min_matching_rows 0 needs a reason"),
        ],
    )
    def test_a_rule_that_cannot_bite_or_does_not_fit_blocks(self, gate, visits, write_suite, refused, why):
        write_suite(refused)
        verdict = gate.check(VISITS, visits(GOOD))
        assert verdict.verdict == "broken"
        assert why in verdict.findings[0].message


class TestPassesOnNothing:
    """Each with the known-bad variant: bare success lets it through."""

    def test_an_empty_frame(self, gate, visits, write_suite):
        assert bare_success(visits(), *NOT_NULL, ONE_OF, WITHIN, ORDERED) is True
        assert said(gate.check(VISITS, visits(), n_rows=0)) == ("failed", ["rows are at least 1: 0 rows"])

    def test_an_empty_frame_where_nothing_feeds_or_the_day_is_declared_empty(self, gate, visits, write_suite):
        write_suite()
        assert gate.check(VISITS, visits(), is_fed=False).verdict == "passed"
        assert gate.check(VISITS, visits(), min_rows=0).verdict == "passed"
        assert gate.check(VISITS, visits()).verdict == "failed"

    def test_a_floor_above_one(self, gate, visits, write_suite):
        assert said(gate.check(VISITS, visits(GOOD), min_rows=2)) == ("failed", ["rows are at least 2: 1 rows"])

    def test_a_floor_of_the_file(self, gate, visits, write_suite):
        write_suite(rule("table_row_count_to_be_between", min_value=2))
        assert said(gate.check(VISITS, visits(GOOD))) == ("failed", ["rows are at least 2: 1 rows"])
        assert said(gate.check(VISITS, visits())) == ("failed", ["rows are at least 2: 0 rows"])

    def test_a_required_column_of_nulls(self, gate, visits, write_suite):
        write_suite(
            rule(
                "column_values_to_be_between",
                column="started_at",
                min_value="2026-01-01T00:00:00",
                max_value="2026-12-31T00:00:00",
            )
        )
        judged = visits(GOOD | {"started_at": None})
        assert (
            bare_success(judged, rule("column_values_to_be_between", column="started_at", min_value="2026-01-01T00:00:00"))
            is True
        )
        assert said(gate.check(VISITS, judged)) == ("failed", ["started_at is not null: 1 of 1 rows"])

    @pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
    def test_numbers_that_are_none(self, gate, visits, write_suite, value):
        write_suite(rule("column_values_to_not_be_null", column="score"))
        judged = visits(GOOD, GOOD | {"visit_id": "v2", "score": value})
        assert bare_success(judged, rule("column_values_to_not_be_null", column="score")) is True
        bounds = "score is between -1000000000000 and 1000000000000: 1 of 2 rows"
        assert said(gate.check(VISITS, judged)) == ("failed", ["score is finite: 1 of 2 rows", bounds])

    def test_a_condition_that_finds_no_row(self, gate, visits, write_suite):
        write_suite(on_web({"min_matching_rows": 1}))
        judged = visits(GOOD | {"channel": "app"})
        assert bare_success(judged, *NOT_NULL, on_web({})) is True
        assert said(gate.check(VISITS, judged)) == ("failed", ["rows where channel = 'web' are at least 1: 0 of 1 rows"])

    def test_a_condition_judges_its_rows_only(self, gate, visits, write_suite):
        write_suite(on_web({"min_matching_rows": 0, "reason": "a day without web is right"}))
        nowhere = GOOD | {"channel": "app", "ended_at": None}
        assert gate.check(VISITS, visits(nowhere)).verdict == "passed"
        found = gate.check(VISITS, visits(nowhere, GOOD | {"visit_id": "v2", "ended_at": None}))
        assert said(found) == ("failed", ["ended_at is not null where channel = 'web': 1 of 2 rows"])

    def test_a_share_of_bad_rows_is_tolerated_only_with_a_reason(self, gate, visits, write_suite):
        half = rule("column_values_to_not_be_null", column="channel", mostly=0.5, meta={"reason": "half of them name none"})
        write_suite(half)
        rows = [GOOD | {"visit_id": f"v{n}", "channel": None} for n in range(2)] + [GOOD]
        assert gate.check(VISITS, visits(rows[0], GOOD)).verdict == "passed"
        assert said(gate.check(VISITS, visits(*[r | {"visit_id": str(n)} for n, r in enumerate(rows)]))) == (
            "failed",
            ["channel is not null in 50.00% of rows: 2 of 3 rows"],
        )

    def test_keys_that_differ_only_in_blanks(self, gate, visits, write_suite):
        judged = visits(GOOD, GOOD | {"visit_id": "v1 "}, GOOD | {"visit_id": "\u3000v1"}, GOOD | {"visit_id": "v2"})
        assert bare_success(judged, rule("column_values_to_be_unique", column="visit_id")) is True
        assert said(gate.check(VISITS, judged)) == ("failed", ["key (visit_id, tab) is unique: 2 of 4 rows repeat a key"])

    def test_null_in_a_key_is_a_value_unless_it_is_required(self, gate, visits, write_suite):
        assert gate.check(VISITS, visits(GOOD, GOOD | {"tab": "t1"})).verdict == "passed"
        assert said(gate.check(VISITS, visits(GOOD, GOOD)))[1] == ["key (visit_id, tab) is unique: 1 of 2 rows repeat a key"]
        nameless = visits(GOOD | {"visit_id": None}, GOOD | {"visit_id": None, "tab": "t1"}, GOOD | {"visit_id": " "})
        assert said(gate.check(VISITS, nameless))[1] == [
            "visit_id is not null: 2 of 3 rows",
            "visit_id is not blank: 1 of 3 rows",
        ]

    def test_a_frame_that_counts_otherwise_now(self, gate, visits, write_suite):
        verdict = gate.check(VISITS, visits(GOOD), n_rows=2)
        assert verdict.verdict == "broken"
        assert "2 before, 1 now" in verdict.findings[0].text


class TestColumns:
    @pytest.mark.parametrize(
        ("change", "why"),
        [
            (lambda f: f.drop("tab"), "missing ['tab'], undeclared []"),
            (lambda f: f.withColumn("more", F.lit(1)), "missing [], undeclared ['more']"),
            (lambda f: f.select(*reversed(f.columns)), "in another order"),
            (lambda f: f.withColumn("n_views", F.col("n_views").cast("string")), "n_views is string, not bigint"),
        ],
    )
    def test_other_columns_than_declared_block_before_anything_is_compared(self, gate, visits, write_suite, change, why):
        verdict = gate.check(VISITS, change(visits(GOOD)), n_rows=1)
        assert said(verdict) == ("failed", [f"columns are as declared: {why}"])
        assert (verdict.n_jobs, verdict.is_waivable) == (0, False)


class TestCouldNotRun:
    def test_an_error_inside_great_expectations_is_not_a_broken_rule(self, gate, visits, write_suite, monkeypatch):
        monkeypatch.setattr(gate_module, "differences", lambda *_: [])
        write_suite(ONE_OF | {"severity": "warning"})
        verdict = gate.check(VISITS, visits(GOOD).drop("channel"))
        assert verdict.verdict == "broken"
        assert [f.text for f in verdict.findings] == ["channel is one of app, web: could not run, an error in Great Expectations"]
        assert "1 of 14 expectations could not run" in str(verdict.failure())

    @pytest.mark.parametrize(
        ("info", "success", "says"),
        [
            ({"raised_exception": False, "exception_message": None}, True, Answer("holds")),
            ({"raised_exception": False, "exception_message": None}, False, Answer("fails")),
            (
                {"raised_exception": True, "exception_message": "[CAST_INVALID_INPUT] 'x'"},
                True,
                Answer("could not run", "CAST_INVALID_INPUT"),
            ),
            (
                {"m1": {"raised_exception": False}, "m2": {"raised_exception": True}},
                True,
                Answer("could not run", "an error in Great Expectations"),
            ),
            ({"m1": {"raised_exception": False}}, True, Answer("holds")),
            ({"m1": "?"}, True, Answer("could not run", "an error in Great Expectations")),
            ("?", True, Answer("could not run", "an unknown kind of error")),
            (None, None, Answer("could not run", "no answer")),
        ],
    )
    def test_both_shapes_of_exception_info(self, info, success, says):
        assert answer_of(SimpleNamespace(exception_info=info, success=success)) == says

    def test_results_must_belong_one_to_one_to_the_rules(self):
        def results(*numbers):
            return [
                SimpleNamespace(exception_info=None, success=n == 0, expectation_config=SimpleNamespace(meta={"number": n}))
                for n in numbers
            ]

        assert in_order(results(1, 0), n_rules=2) == [Answer("holds"), Answer("fails")]
        for numbers in ((0,), (0, 0), (0, 1, 1), (0, None), ()):
            with pytest.raises(ResultsIncomplete):
                in_order(results(*numbers), n_rules=2)

    def test_lost_results_block(self, gate, visits, write_suite, monkeypatch):
        monkeypatch.setattr(validation, "in_order", lambda results, n_rules: in_order(results[:-1], n_rules=n_rules))
        assert said(gate.check(VISITS, visits(GOOD))) == (
            "broken",
            ["the validation: could not run, 8 results for 9 expectations"],
        )

    def test_an_exception_blocks_and_its_message_is_not_repeated(self, gate, visits, write_suite, monkeypatch):
        def fails(*_):
            raise ValueError("[DIVIDE_BY_ZERO] at 13800138000")

        monkeypatch.setattr(Validator, "answers", fails)
        assert said(gate.check(VISITS, visits(GOOD))) == ("broken", ["the validation: could not run, ValueError DIVIDE_BY_ZERO"])

    def test_a_condition_that_names_no_column_blocks(self, gate, visits, write_suite):
        misspelt = {"pass_through_filter": "chanel = 'web'"}
        write_suite(on_web({"min_matching_rows": 1}) | {"kwargs": {"column": "ended_at", "row_condition": misspelt}})
        verdict = gate.check(VISITS, visits(GOOD))
        assert said(verdict)[0] == "broken"
        assert "its condition names chanel, which is not declared" in verdict.findings[0].text

    def test_a_gate_without_an_answer_in_time_blocks(self, tmp_path, visits, write_suite, monkeypatch):
        monkeypatch.setattr(Validator, "answers", lambda *_: time.sleep(3))
        monkeypatch.setattr("reclake.quality.time_limit._WIND_UP_SECONDS", 0.1)
        verdict = Gate(tmp_path, timeout_seconds=1).check(VISITS, visits(GOOD), n_rows=1)
        assert said(verdict) == ("broken", ["the time limit: could not run, no answer after 1 s"])
        assert "expectations.timeout_seconds" in str(verdict.failure())

    def test_work_out_of_time_is_cancelled(self, spark):
        def sleeping(batches):
            time.sleep(60)
            yield from batches

        started = time.monotonic()
        with pytest.raises(OutOfTime):
            within(2, lambda: spark.range(1).mapInArrow(sleeping, "id long").collect(), spark.sparkContext, tag="out-of-time")
        assert time.monotonic() - started < 20
        assert spark.sparkContext.statusTracker().getActiveJobsIds() == []


class TestDerived:
    def test_a_file_without_rules_leaves_the_derived_ones(self, gate, visits, write_suite):
        write_suite(overrules={})
        assert gate.check(VISITS, visits(GOOD)).verdict == "passed"
        early = datetime(1900, 1, 1, tzinfo=UTC).replace(tzinfo=None)
        verdict = gate.check(VISITS, visits(GOOD | {"channel": "shop", "started_at": early, "n_views": -1}))
        assert said(verdict) == (
            "failed",
            [
                "channel is one of app, mini_program, web, pos: 1 of 1 rows",
                "started_at is between 1989-12-31T00:00:00 and 2100-12-31T23:59:59: 1 of 1 rows",
                "n_views is between 0 and 1000000000: 1 of 1 rows",
            ],
        )

    def test_what_is_overruled_is_not_judged(self, gate, visits, write_suite):
        write_suite()
        assert gate.check(VISITS, visits(GOOD | {"channel": "shop", "n_views": -1})).verdict == "passed"


class TestSeverity:
    @pytest.mark.parametrize("severity", ["warning", "info"])
    def test_only_critical_blocks_and_the_others_are_stored(self, gate, visits, write_suite, severity):
        write_suite(ONE_OF | {"severity": severity})
        judged = visits(GOOD | {"channel": "shop"})
        verdict = gate.check(VISITS, judged)
        assert bare_success(judged, *NOT_NULL, ONE_OF | {"severity": severity}) is False
        assert (verdict.verdict, verdict.n_failed) == ("passed", 0)
        assert [warning.text for warning in verdict.warnings] == ["channel is one of app, web: 1 of 1 rows"]
        assert [(told["rule"], told["blocks"]) for told in json.loads(verdict.stored())] == [
            ("channel is one of app, web", False)
        ]


class TestWhatItLeavesBehind:
    def test_no_value_of_the_data_is_told_stored_or_logged(self, gate, visits, write_suite, caplog, capfd):
        planted = "13800138000"
        caplog.set_level(logging.DEBUG, logger="reclake")
        write_suite(ONE_OF, rule("column_values_to_match_regex", column="visit_id", regex="^v"))
        judged = visits(GOOD | {"channel": planted}, GOOD | {"visit_id": planted}, GOOD | {"visit_id": planted})
        verdict = gate.check(VISITS, judged)
        assert verdict.n_failed == 3
        captured = capfd.readouterr()
        everything = f"{verdict!r}{verdict.stored()}{verdict.failure()}{caplog.text}{captured.out}{captured.err}"
        assert "channel is one of" in everything
        assert planted not in everything

    def test_results_hold_no_values(self, gate, visits, write_suite, monkeypatch):
        kept = []
        monkeypatch.setattr(
            validation, "in_order", lambda results, n_rules: kept.extend(results) or in_order(results, n_rules=n_rules)
        )
        gate.check(VISITS, visits(GOOD | {"channel": "13800138000"}))
        assert len(kept) == 9
        assert [result.result for result in kept] == [{}] * 9

    def test_nothing_is_cached_and_the_frame_stays_persisted(self, spark, gate, visits, write_suite):
        judged = visits(GOOD).persist(StorageLevel.DISK_ONLY)
        try:
            judged.count()
            before = spark.sparkContext._jsc.getPersistentRDDs().size()
            gate.check(VISITS, judged)
            assert spark.sparkContext._jsc.getPersistentRDDs().size() == before >= 1
            assert judged.storageLevel == StorageLevel.DISK_ONLY
        finally:
            judged.unpersist()

    def test_few_jobs_counted_and_in_the_callers_group(self, spark, gate, visits, write_suite):
        gate.check(VISITS, visits(GOOD))
        spark.sparkContext.setJobGroup("caller", "caller")
        try:
            verdict = gate.check(VISITS, visits(GOOD))
            in_group = spark.sparkContext.statusTracker().getJobIdsForGroup("caller")
        finally:
            spark.sparkContext.setLocalProperty("spark.jobGroup.id", None)
        # Own pass, row count, column rules, and two for the pair; none for details.
        assert 1 <= verdict.n_jobs <= 6
        assert len(in_group) == verdict.n_jobs
