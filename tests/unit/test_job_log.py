"""What a job says of its tables: lines in its log at their level, one line in the end, and the report for its scheduler."""

import json
import logging

import pytest

from reclake.errors import GateFailed, ReclakeError, StageStopped
from reclake.run.job_log import LogReporter
from reclake.run.maintain import summary as summary_of_maintenance
from reclake.run.maintain import work_done
from reclake.run.outcome import report_of, write_without_spark
from reclake.run.report import TableReport, merged, summary
from reclake.tables import bronze, of_stage

BUILT = TableReport(
    "silver", "silver.events", "built", n_rows=48210, n_days=3, n_rejected=12, verdict="passed", n_jobs=9, seconds=3.14, version=7,
    warnings=("one value covers 80 % of device_id",),
)  # fmt: skip
STOPPED = TableReport("silver", "silver.order_lines", "stopped", verdict="failed", message="1 of 9 expectations failed: a rule")
WAITS = TableReport("silver", "silver.interactions", "not built", message="waits for silver.order_lines, which was stopped")
IDLE = TableReport("silver", "silver.products", "up to date", n_rows=5, n_days=1)
UNFED = TableReport("silver", "silver.feedback", "not fed")
ASIDE = TableReport("silver", "silver.contacts", "not asked for")


def file(state, name):
    return {"source": "till", "state": state, "file_name": name, "reason": f"is {state}"}


def logged(caplog, act, *, level=logging.INFO):
    caplog.clear()
    with caplog.at_level(level, logger="reclake"):
        act()
    return [(record.levelname, record.getMessage()) for record in caplog.records]


@pytest.mark.parametrize(
    ("report", "lines"),
    [
        (
            BUILT,
            [
                ("INFO", "silver.events: built, 48,210 rows, 3 days, 12 refused, gate passed, version 7, 3.1 s"),
                ("WARNING", "silver.events: one value covers 80 % of device_id"),
            ],
        ),
        (STOPPED, [("ERROR", "silver.order_lines: stopped: 1 of 9 expectations failed: a rule")]),
        (WAITS, [("WARNING", "silver.interactions: not built: waits for silver.order_lines, which was stopped")]),
        (IDLE, [("INFO", "silver.products: up to date")]),
        (UNFED, [("INFO", "silver.feedback: not fed")]),
        (ASIDE, []),
        (
            TableReport(
                "customers", "gold.customer_segments", "unchanged", n_rows=1, n_days=1, as_ofs=("2026-03-02",), seconds=0.04
            ),
            [("INFO", "gold.customer_segments: unchanged, as_of 2026-03-02, 1 row, 1 day, 0.0 s")],
        ),
        (TableReport("bronze", "bronze.orders", "damaged"), [("ERROR", "bronze.orders: damaged")]),
        (TableReport("bronze", "bronze.orders", "held by another run"), [("WARNING", "bronze.orders: held by another run")]),
    ],
)
def test_each_table_has_a_line_at_its_level(caplog, report, lines):
    reporter = LogReporter()
    assert logged(caplog, lambda: reporter.finished(report)) == lines
    assert reporter.reports == [report]


def test_a_refused_file_is_a_warning_and_one_that_waits_is_none(caplog):
    files = [file("waiting", "a.csv.tmp"), file("refused", "b.csv"), file("unmatched", "c.xlsx")]
    reporter = LogReporter()
    assert logged(caplog, lambda: reporter.untaken(files)) == [
        ("WARNING", "file not taken in: till, refused: b.csv is refused"),
        ("WARNING", "file not taken in: till, unmatched: c.xlsx is unmatched"),
        ("INFO", "file not taken in: till, waiting: a.csv.tmp is waiting"),
    ]
    assert reporter.files == files


@pytest.mark.parametrize(
    ("reports", "line"),
    [
        ([IDLE, WAITS, STOPPED, BUILT], "silver 2026-11-21: 1 built, 1 stopped, 1 not built, 1 up to date, 94 s"),
        ([IDLE, UNFED, ASIDE], "silver 2026-11-21: nothing to do: 1 up to date, 1 not fed, 1 not asked for, 94 s"),
        ([UNFED], "silver 2026-11-21: nothing to do: 1 not fed, 94 s"),
        ([], "silver 2026-11-21: 94 s"),
    ],
)
def test_the_summary_counts_outcomes_in_a_fixed_order(reports, line):
    assert summary(reports, "silver 2026-11-21", seconds=93.7) == line


def test_a_table_of_two_sources_counts_once_with_its_gravest_outcome():
    def of_orders(outcome, **figures):
        return TableReport("bronze", "bronze.orders", outcome, **figures)

    two = [of_orders("built", n_rows=2, n_days=1, version=3), of_orders("built", n_rows=3, n_days=1, version=4)]
    assert merged([*two, of_orders("up to date", n_rows=99)]) == [of_orders("built", n_rows=5, n_days=1, version=4)]
    stopped = of_orders("stopped", message="a rule")
    assert merged([two[0], stopped]) == [stopped]


def test_a_run_that_breaks_off_has_a_row_for_every_table_it_did_not_reach():
    second, first, *others = of_stage("silver")
    reporter = LogReporter(of_stage("silver"))
    reporter.finished(TableReport("silver", first.name, "built"))
    reporter.started("silver", second.name)
    rows = {report.table: (report.outcome, report.message) for report in reporter.tables()}
    assert list(rows) == [table.name for table in of_stage("silver")]
    assert rows[first.name] == ("built", "")
    assert rows[second.name] == ("not built", "the run broke off while it was built")
    assert {rows[table.name] for table in others} == {("not built", "the run ended before it")}


def test_the_summary_is_logged_when_an_error_ends_the_run_too(caplog):
    reporter = LogReporter([bronze.ORDERS])

    def breaks_off():
        with pytest.raises(GateFailed), reporter.summed_up("bronze 2026-11-21"):
            raise GateFailed("a", "b", "c")

    assert logged(caplog, breaks_off) == [("INFO", "bronze 2026-11-21: 1 not built, 0 s")]


def report_after(error, *reports, files=()):
    reporter = LogReporter()
    for report in reports:
        reporter.finished(report)
    reporter.untaken(files)
    return report_of("night__silver__1", {"silver.events": 7}, reporter, error)


def test_the_report_has_a_row_per_table_in_order_and_the_three_parts_of_the_error():
    error = StageStopped("silver.order_lines is stopped", "silver.order_lines: a rule: 31 rows", "correct the source")
    error.exit_code = 4
    report = report_after(error, BUILT, STOPPED, WAITS, files=[file("refused", "b.csv"), file("refused", "c.csv")])
    built = {
        "table": "silver.events", "outcome": "built", "rows": 48210, "days": 3, "refused": 12, "verdict": "passed", "seconds": 3.1,
        "message": "one value covers 80 % of device_id", "as_ofs": [], "version": 7,
    }  # fmt: skip
    assert json.loads(json.dumps(report)) == {
        "run_id": "night__silver__1",
        "exit_code": 4,
        "published": {"silver.events": 7},
        "tables": [
            built,
            built | {
                "table": "silver.order_lines", "outcome": "stopped", "rows": 0, "days": 0, "refused": 0, "verdict": "failed",
                "seconds": 0.0, "message": "1 of 9 expectations failed: a rule", "version": None,
            },
            built | {
                "table": "silver.interactions", "outcome": "not built", "rows": 0, "days": 0, "refused": 0, "verdict": "",
                "seconds": 0.0, "message": "waits for silver.order_lines, which was stopped", "version": None,
            },
        ],
        "error": {
            "wrong": "silver.order_lines is stopped",
            "found": "silver.order_lines: a rule: 31 rows",
            "next": "correct the source",
        },
        "files": {"refused": 2},
    }  # fmt: skip


def test_a_run_that_ends_well_has_no_error_and_exit_code_0():
    report = report_after(None, IDLE)
    assert (report["exit_code"], report["error"], report["files"]) == (0, None, {})
    assert [row["outcome"] for row in report["tables"]] == ["up to date"]


def test_the_report_of_a_fault_tells_its_kind_and_no_word_of_its_message():
    report = report_after(ValueError("O'" + "Hara, 13800138000, is no price"))
    assert report["exit_code"] == 1
    assert (report["error"]["wrong"], report["error"]["found"]) == ("the run broke off", "ValueError")
    assert "Hara" not in str(report)


def test_a_name_of_others_breaks_no_line_of_the_report():
    report = report_after(
        ReclakeError("a", "b\x1b[31m\nc", "d"), TableReport("bronze", "bronze.files", "stopped", message="x\ny")
    )
    assert report["error"]["found"] == r"b\x1b[31m\nc"
    assert report["tables"][0]["message"] == r"x\ny"


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_an_error_before_there_is_a_session_leaves_a_report_on_this_machine(tmp_path, scheme):
    place, reporter = tmp_path / "reports" / "one.json", LogReporter([bronze.ORDERS])
    write_without_spark(f"{scheme}{place}", "r1", reporter, ReclakeError("a", "b", "c"))
    report = json.loads(place.read_text())
    assert (report["run_id"], report["exit_code"], report["published"]) == ("r1", 1, {})
    assert [(row["table"], row["outcome"]) for row in report["tables"]] == [("bronze.orders", "not built")]
    assert reporter.is_written


def test_a_place_that_spark_alone_reaches_is_left(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    reporter = LogReporter()
    write_without_spark("hdfs://lake/reports/one.json", "r1", reporter, ReclakeError("a", "b", "c"))
    assert (list(tmp_path.iterdir()), reporter.is_written) == ([], False)


def maintained(files, n_bytes, **others):
    (before, after), (bytes_before, bytes_after) = files, n_bytes
    return {
        "outcome": "maintained", "n_stored_files_before": before, "n_stored_files_after": after,
        "n_stored_bytes_before": bytes_before, "n_stored_bytes_after": bytes_after, **others,
    }  # fmt: skip


def test_maintenance_tells_files_and_bytes_of_a_table_and_what_went():
    row = maintained((120, 84), (3_200_000, 1_100_000), n_days_compacted=2, n_rows_expired=31)
    assert work_done(row) == "120 -> 84 files, 3,200,000 -> 1,100,000 bytes, 2 days joined, 31 rows removed by age"
    assert work_done(maintained((3, 4), (10, 12), n_days_compacted=0, n_rows_expired=None)) == "3 -> 4 files, 10 -> 12 bytes"
    assert work_done({"outcome": "held by another run"}) == ""


def test_maintenance_ends_with_what_it_did_in_all():
    rows = [maintained((120, 84), (3_200_000, 1_100_000)), maintained((3, 4), (10, 12)), {"outcome": "held by another run"}]
    assert summary_of_maintenance(rows, seconds=44.2) == (
        "maintenance: 2 maintained, 1 held by another run, 35 files removed, 2,099,998 bytes freed, 44 s"
    )
    assert summary_of_maintenance(rows[1:], seconds=1) == (
        "maintenance: 1 maintained, 1 held by another run, 1 files more, 2 bytes more, 1 s"
    )
