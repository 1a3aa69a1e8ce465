"""What a delivery is stopped for, and what is only told of it."""

import json
from datetime import date
from types import SimpleNamespace

import pytest

from frames import frame
from reclake.errors import TooMuchRejected
from reclake.records import raw_json
from reclake.run import few_rejected
from reclake.tables import silver

DAY, NEXT = date(2026, 3, 1), date(2026, 3, 2)


def judged(spark, table, rows, *, share=None, stored="[]", gate_row=None, replaced=()):
    """Refused records, warnings, and the findings as they are stored; `replaced` are sources and digests of bronze."""
    numbered = [
        dict(source="shop", delivery_day=DAY, file_digest="f", position=n, record_class="kept", reasons=[]) | row
        for n, row in enumerate(rows)
    ]
    app = SimpleNamespace(
        sources={"shop": SimpleNamespace(max_rejected_share=share), "other": SimpleNamespace(max_rejected_share=share)},
        settings=SimpleNamespace(run=SimpleNamespace(max_rejected_share=0.2, max_key_share=0.5, min_key_records=10)),
    )
    raw = [dict(source=source, file_digest=f"new {digest}", replaces_digest=digest) for source, digest in replaced]

    def read(table, *, version, published):
        assert (table.layer, version) == ("bronze", 4)
        return frame(spark, table, *raw, dict(source="shop", file_digest="never replaced"))

    app.read, versions = read, {silver.raw_of(one).name: 4 for one in silver.RECORDS}
    run = SimpleNamespace(app=app, versions=versions, published={})
    gate_row = {"findings": stored, "n_expectations": 9, "n_failed": 0} if gate_row is None else gate_row
    n_refused, warnings = few_rejected.require_few_rejected(run, table, frame(spark, table, *numbered), gate_row)
    return n_refused, warnings, json.loads(gate_row["findings"])


def refused(*reasons):
    return dict(record_class="rejected", reasons=list(reasons))


def test_an_empty_line_is_refused_and_no_part_of_the_share(spark):
    assert few_rejected.BLANK == raw_json.EMPTY
    blank, bad = refused("it is empty"), refused("it is no JSON")
    assert judged(spark, silver.EVENT_RECORDS, [blank] * 50 + [bad] + [{}] * 4) == (51, [], [])
    assert judged(spark, silver.EVENT_RECORDS, [blank] * 5) == (5, [], [])
    with pytest.raises(TooMuchRejected, match=r"2 of 9 records \(it is no JSON: 2\); at most 20% may be"):
        judged(spark, silver.EVENT_RECORDS, [blank] * 50 + [bad] * 2 + [{}] * 7)
    both = refused("it is empty", "order_id is missing")
    with pytest.raises(TooMuchRejected, match="1 of 1 records"):
        judged(spark, silver.EVENT_RECORDS, [blank, both])


def test_records_of_content_that_was_replaced_do_not_count(spark):
    """A file that is corrected under its own name brings its records again; those of before stay, and are not held against it."""
    table, bad = silver.ORDER_RECORDS, refused("order_id is missing")
    rows = [*[bad | dict(file_digest="old")] * 3, *[dict(file_digest="new")] * 5]
    assert judged(spark, table, rows, replaced=[("shop", "old")]) == (3, [], [])
    for others in ((), [("other", "old")], [("shop", "older")]):
        with pytest.raises(TooMuchRejected, match="3 of 8 records"):
            judged(spark, table, rows, replaced=others)
    still = [*rows, *[bad | dict(file_digest="new")] * 2]
    with pytest.raises(TooMuchRejected, match=r"2 of 7 records \(order_id is missing: 2\)"):
        judged(spark, table, still, replaced=[("shop", "old")])


def test_what_stops_a_delivery_blocks_in_the_row_of_its_gate_and_uses_no_waiver(spark):
    row = {
        "findings": '[{"rule": "r", "blocks": true}]',
        "verdict": "waived",
        "waiver_id": "w",
        "n_expectations": 9,
        "n_failed": 1,
    }
    with pytest.raises(TooMuchRejected):
        judged(spark, silver.CONSENT_RECORDS, [refused("is_granted is missing")] * 3 + [{}] * 2, gate_row=row)
    assert (row["verdict"], row["waiver_id"], row["n_expectations"], row["n_failed"]) == ("failed", None, 10, 2)
    assert json.loads(row["findings"]) == [
        {"rule": "r", "blocks": True},
        {
            "rule": "no more of a delivery is refused than its source allows",
            "kind": "failed",
            "n_bad": 3,
            "n_rows": 5,
            "message": "source shop of 2026-03-01: 3 of 5 records (is_granted is missing: 3); at most 20% may be",
            "blocks": True,
        },
    ]


def test_a_value_of_a_key_that_covers_an_odd_share_of_a_delivery_is_told_without_the_value(spark):
    rows = [
        *[dict(device_id="d_zero", login_account_id=f"a_{n}") for n in range(30)],
        *[dict(device_id=f"d_{n}", login_account_id=None) for n in range(10)],
        *[dict(device_id=f"d_{n}", login_account_id="a_same", delivery_day=NEXT) for n in range(10)],
        *[dict(device_id="d_busy", source="other") for _ in range(9)],
        *[dict(device_id=f"d_{n // 10}", source="other", delivery_day=NEXT) for n in range(20)],
        *[refused("it is empty")] * 40,
    ]
    n_refused, warnings, stored = judged(spark, silver.EVENT_RECORDS, rows, stored='[{"rule": "r", "blocks": true}]')
    assert n_refused == 40
    assert warnings == [
        "device_id of source shop: one value covers at most 50% of a delivery: 75% of the 40 records of 2026-03-01: "
        "a word for none, or a device that many share?",
        "login_account_id of source shop: one value covers at most 50% of a delivery: 100% of the 10 records of 2026-03-02: "
        "a word for none, or a device that many share?",
    ]
    assert [(one["rule"].split(":")[0], one["blocks"]) for one in stored] == [
        ("r", True),
        ("device_id of source shop", False),
        ("login_account_id of source shop", False),
    ]
    assert (stored[1]["n_bad"], stored[1]["n_rows"]) == (30, 40)
    assert "zero" not in json.dumps(stored)


def test_a_refused_consent_is_told_with_whom_it_names(spark):
    bad = refused("is_granted is missing")
    rows = [
        *[dict(account_id=f"a_{n}") for n in range(20)],
        *[bad | dict(account_id="a_1")] * 2,
        bad,
        refused("it is empty"),
        *[dict(source="other", account_id="a_9")] * 9,
        *[row | dict(source="other", delivery_day=date(2026, 3, n)) for n in range(2, 7) for row in [{}] * 9 + [bad | dict(account_id="a_2")]],
    ]  # fmt: skip
    n_refused, warnings, stored = judged(spark, silver.CONSENT_RECORDS, rows)
    of_day = "1 refused, 1 account named"
    assert n_refused == 9
    assert warnings == [
        "consents of source other were refused: "
        f"2026-03-06: {of_day}; 2026-03-05: {of_day}; 2026-03-04: {of_day}; and on 2 earlier days; "
        "each may be a withdrawal: reclake rejected shows why, once silver.rejected_records is built",
        "consents of source shop were refused: "
        "2026-03-01: 3 refused, 1 account named, 1 names no account that can be read; "
        "each may be a withdrawal: reclake rejected shows why, once silver.rejected_records is built",
    ]
    assert [(one["n_bad"], one["blocks"]) for one in stored] == [(5, False), (3, False)]
    assert judged(spark, silver.CONSENT_RECORDS, [dict(account_id="a_1"), *[refused("it is empty")] * 3])[1:] == ([], [])


def test_orders_are_looked_at_by_account_and_products_by_nothing(spark):
    lines = [dict(account_id="a_guest")] * 11 + [dict(account_id=None)] * 10
    (warning,) = judged(spark, silver.ORDER_RECORDS, lines)[1]
    assert warning.startswith("account_id of source shop: ")
    assert "52% of the 21 records" in warning
    assert judged(spark, silver.PRODUCT_RECORDS, [dict(product_id="p")] * 20) == (0, [], [])
    assert judged(spark, silver.ORDER_LINES, []) == (0, [], [])
