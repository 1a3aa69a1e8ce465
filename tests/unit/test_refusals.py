"""What an alert says of refusals: by source and day, with counts and reasons, and nothing of silence beside them."""

import json
from datetime import date
from types import SimpleNamespace

from reclake.look.alerts import undelivered
from reclake.look.refusals import FilesOfDay, is_refused_of, refusals
from reclake.quality.verdict import FEW_REFUSED, Finding, of_delivery, with_more
from reclake.run import posting
from reclake.run.plan import Work
from reclake.tables import silver

DAY, BEFORE = date(2026, 11, 21), date(2026, 11, 20)
COUNTS = "3 of 5 records (currency is missing: 3); at most 5% may be"


def blocked(table, source, day):
    stop = Finding.failed(FEW_REFUSED, n_bad=3, n_rows=5, message=of_delivery(source, str(day), COUNTS))
    other = Finding.failed("a rule", n_bad=1, n_rows=5)
    return {"table": table.name, "verdict": "failed", "findings": with_more("[]", [other, stop], blocks=True)}


def with_work(*days):
    return SimpleNamespace(work=lambda table: Work(table, dict.fromkeys(map(str, days), "never built")))


def refused(rows=(), files=None, planner=None):
    findings = refusals(list(rows), files or {}, planner or with_work(), DAY)
    assert {finding.kind for finding in findings} <= {"refused"}
    return [(finding.subject, finding.told) for finding in findings]


def test_a_delivery_that_stopped_its_table_is_named_with_counts_and_reasons():
    assert refused([blocked(silver.ORDER_RECORDS, "till", DAY)], planner=with_work(DAY)) == [
        (f"till {DAY}", f"silver.order_records is stopped: refused are {COUNTS}")
    ]


def test_a_delivery_of_another_day_has_its_own_day_and_says_whom_it_keeps_out():
    rows = [blocked(silver.ORDER_RECORDS, "till", BEFORE)]
    own = f"silver.order_records is stopped: refused are {COUNTS}"
    assert refused(rows, planner=with_work(BEFORE, DAY)) == [(f"till {BEFORE}", f"{own}; this keeps {DAY} out as well")]
    assert refused(rows, planner=with_work(BEFORE)) == [(f"till {BEFORE}", own)]


def test_a_source_and_day_have_one_finding_whatever_was_refused_of_them():
    rows = [blocked(silver.ORDER_RECORDS, "till", DAY), blocked(silver.EVENT_RECORDS, "till", DAY)]
    files = {"till": FilesOfDay(2, {"a.csv": "is no gzip"}), "web": FilesOfDay(4, {})}
    [(subject, told)] = refused(rows, files)
    assert subject == f"till {DAY}"
    assert told.split("; s")[0] == f"silver.order_records is stopped: refused are {COUNTS}"
    assert told.endswith("1 of 2 files was refused: is no gzip (a.csv)")


def test_a_table_that_a_suite_stopped_was_not_refused():
    findings = json.dumps([Finding.failed("a rule", n_bad=1, n_rows=2).stored(blocks=True)])
    assert refused([{"table": "silver.events", "verdict": "failed", "findings": findings}]) == []


def test_of_many_reasons_the_most_common_are_named():
    reasons = {f"{n}.csv": f"reason {min(n, 4)}" for n in range(7)}
    assert refused(files={"till": FilesOfDay(9, reasons)}) == [
        (
            f"till {DAY}",
            "7 of 9 files were refused: reason 4 (3, first 4.csv); reason 0 (0.csv); reason 1 (1.csv); and 2 more reasons",
        )
    ]


def test_a_refused_file_of_another_day_is_no_refusal_of_this_one():
    file = {"state": "refused", "delivery_day": DAY}
    assert is_refused_of(file, DAY)
    assert not is_refused_of(file, BEFORE)
    assert not is_refused_of(file | {"state": "waiting"}, DAY)


def test_a_day_without_any_delivery_is_told_once():
    told = undelivered(("a", "b"), set(), DAY)
    assert told == [posting.Finding("freshness", str(DAY), "nothing was delivered by any of 2 sources: a, b")]
    assert undelivered(("a",), set(), DAY) == [posting.Finding("freshness", "a", "nothing was delivered")]
    assert undelivered((), set(), DAY) == []


def test_a_source_of_which_a_file_came_is_not_silent_whatever_became_of_it():
    assert undelivered(("a", "b", "c"), {"b", "not enabled"}, DAY) == [
        posting.Finding("freshness", name, "nothing was delivered") for name in ("a", "c")
    ]
    assert undelivered(("a", "b"), {"a", "b"}, DAY) == []
