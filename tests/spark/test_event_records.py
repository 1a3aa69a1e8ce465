import json
from datetime import date, timedelta

import pytest

from frames import contents, in_order
from reclake.errors import SecretMissing
from reclake.lake.schema import conform
from reclake.privacy.keys import load_key, make_key_files
from reclake.privacy.tokens import account_pseudonym, device_pseudonym
from reclake.records import classify, raw_json
from reclake.silver.event_records import event_records
from reclake.tables import silver
from sources_of_records import DAY, EVENT_COLUMNS, bronze_frame, bronze_row, feed, source

DEMO = source(events=feed("events", EVENT_COLUMNS, record_id=["event_id"], transport=["sent_at"]))
FINE = {"id": "e", "ts": "2026-03-01T08:00:00Z", "type": "view", "device": "d1"}


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("secrets"))
    make_key_files(folder, ["id1"])
    return folder


def built(spark, directory, *rows, sources=None, timezone="Asia/Shanghai", max_depth=32):
    return conform(
        event_records(
            bronze_frame(spark, "events", *rows), sources=sources or {"demo": DEMO}, timezone=timezone, id_key_id="id1",
            directory=directory, max_record_bytes=1_048_576, max_depth=max_depth,
        ),
        silver.EVENT_RECORDS,
    )  # fmt: skip


def events(*changes, **other):
    """Bronze rows with an id of their own."""
    return [bronze_row(json.dumps(FINE | {"id": f"e{n}"} | change), n, **other) for n, change in enumerate(changes)]


def test_an_event_is_parsed_typed_and_kept(spark, directory):
    full = {"got": 1772352001500, "user": {"login": "u1"}, "sku": "ab1", "v": 4.5, "k": "tea 13800138000"}
    (row,) = contents(built(spark, directory, *events(full)).drop("occurred_at", "received_at"))
    key = load_key(directory, "id1")
    login = account_pseudonym(key, source="demo", channel="app", native_id="u1")
    assert row == dict(
        source="demo", delivery_day=DAY, file_digest="f1", position=0, record_class="kept", reasons=[], notes=None, is_repeat=False,
        event_id="e0", event_date=date(2026, 3, 1), channel="app", event_type="view_item", account_id=login,
        login_account_id=login, device_id=device_pseudonym(key, source="demo", native_id="d1"), product_id="AB1",
        order_id=None, rating=4.5, search_query="tea [phone]", user_agent=None,
    )  # fmt: skip


def test_every_reason_is_given_sorted_and_what_can_be_used_is_kept(spark, directory):
    rows = built(
        spark,
        directory,
        *events(
            {"ts": "2026-02-30T00:00:00Z", "v": 9, "type": "?", "id": None},
            {"ts": None, "device": None},
            {"v": 1e300},
            {"got": 1.5, "v": "4"},
        ),
        bronze_row('{"id":', 4),
        bronze_row("", 5),
        bronze_row('{"id":"e6","ts":"2026-03-01T08:00:00Z","type":"rate","device":"d","v":1e400}', 6),
    )
    assert contents(rows, "position", "record_class", "reasons", "event_date") == in_order(
        dict(
            position=0, record_class="rejected", event_date=None,
            reasons=["event_id is missing", "event_type is not a known value", "occurred_at is not a time: its month or day does not exist",
                     "rating is outside its limits"],
        ),
        dict(
            position=1, record_class="rejected", event_date=None,
            reasons=["it names neither login nor device", "occurred_at is missing"],
        ),
        dict(position=2, record_class="rejected", event_date=DAY, reasons=["rating is outside its limits"]),
        dict(
            position=3, record_class="rejected", event_date=DAY,
            reasons=["rating is not a number", "received_at is not a time: it has a fraction, where whole milliseconds belong"],
        ),
        dict(position=4, record_class="rejected", event_date=None, reasons=[raw_json.NOT_JSON]),
        dict(position=5, record_class="rejected", event_date=None, reasons=[raw_json.EMPTY]),
        dict(position=6, record_class="rejected", event_date=DAY, reasons=["rating is not a finite number"]),
    )  # fmt: skip


def test_wrong_clocks_are_refused_alone(spark, directory):
    times = ["2099-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-03-02T15:59:59Z", "2026-03-02T16:00:00Z",
             "2016-03-01T00:00:00Z", "2026-02-25T16:00:00Z", "2026-02-25T15:59:59Z"]  # fmt: skip
    rows = built(spark, directory, *events(*({"ts": time} for time in times)))
    future, late = ["occurred_at is in the future"], [classify.TOO_LATE]
    expected = [
        ("rejected", future, None),
        ("rejected", ["occurred_at is too long ago"], None),
        ("rejected", future, None),
        ("kept", [], date(2026, 3, 2)),
        ("rejected", future, None),
        ("late", late, date(2016, 3, 1)),
        ("kept", [], date(2026, 2, 26)),
        ("late", late, date(2026, 2, 25)),
    ]
    assert contents(rows, "position", "record_class", "reasons", "event_date") == in_order(
        *(dict(position=n, record_class=c, reasons=r, event_date=d) for n, (c, r, d) in enumerate(expected))
    )


def test_a_record_sent_again_is_a_duplicate_and_other_content_under_its_id_a_clash(spark, directory):
    again = [
        {"id": "e0"},
        {"id": "e0", "sent_at": "later"},
        {"id": "e0", "device": "d2"},
        {"id": "e0", "ts": "2026-02-28T08:00:00Z"},
    ]
    rows = built(spark, directory, *events(*again), *events({"id": "e0"}, delivery_day=DAY + timedelta(days=3), file_digest="a"))
    assert contents(rows, "delivery_day", "position", "record_class", "reasons") == in_order(
        dict(delivery_day=DAY, position=0, record_class="kept", reasons=[]),
        dict(delivery_day=DAY, position=1, record_class="duplicate", reasons=[classify.SAME_AGAIN]),
        dict(delivery_day=DAY, position=2, record_class="rejected", reasons=[classify.ID_CLASH]),
        dict(delivery_day=DAY, position=3, record_class="rejected", reasons=[classify.ID_CLASH]),
        dict(delivery_day=DAY + timedelta(days=3), position=0, record_class="duplicate", reasons=[classify.SAME_AGAIN]),
    )


def test_feeds_of_one_source_are_read_each_in_its_way_and_sources_put_together(spark, directory):
    epoch = EVENT_COLUMNS | {"occurred_at": {"from": "at", "type": "timestamp", "format": "epoch_seconds"}}
    both = source(
        app=feed("events", EVENT_COLUMNS, pattern="app/*", record_id=["event_id"]),
        web=feed("events", epoch, pattern="web/*", record_id=["event_id"]),
    )
    other = source(
        events=feed("events", {name: EVENT_COLUMNS[name] for name in ("occurred_at", "event_type", "channel", "device_id")})
    )
    other = other.model_copy(update={"name": "other"})
    raw = json.dumps(FINE | {"at": 1772380800})
    rows = built(
        spark,
        directory,
        bronze_row(raw, 0, file_name="app/1"),
        bronze_row(raw.replace('"e"', '"e2"'), 1, file_name="web/1"),
        bronze_row(raw, 2, file_name="pos/1"),
        bronze_row(raw, 3, file_name="web/1"),
        bronze_row(raw, 0, source="other"),
        bronze_row(raw, 1, source="nobody"),
        sources={"demo": both, "other": other},
        timezone="UTC",
    )
    assert contents(rows.selectExpr("source", "position", "record_class", "hour(occurred_at) as hour", "event_id")) == in_order(
        dict(source="demo", position=0, record_class="kept", hour=8, event_id="e"),
        dict(source="demo", position=1, record_class="kept", hour=16, event_id="e2"),
        dict(source="demo", position=2, record_class="rejected", hour=None, event_id=None),
        dict(source="demo", position=3, record_class="duplicate", hour=16, event_id="e"),
        dict(source="other", position=0, record_class="kept", hour=8, event_id=None),
    )


def test_no_source_no_rows(spark, directory):
    assert (
        contents(
            built(
                spark,
                directory,
                *events({}),
                sources={"x": source(orders=feed("events", EVENT_COLUMNS)).model_copy(update={"name": "x"})},
            )
        )
        == []
    )


def test_no_key_and_no_raw_value_stands_in_the_plan(spark, directory):
    rows = built(spark, directory, *events({"k": "call 13800138000"}))
    key = load_key(directory, "id1")
    assert contents(rows, "search_query") == [{"search_query": "call [phone]"}]
    plan = rows._jdf.queryExecution().toString()
    assert "event_id" in plan
    assert key.hex() not in plan
    assert str(list(key)) not in plan


def test_one_shuffle_classifies_a_source(spark, directory):
    plan = built(spark, directory, *events({}))._jdf.queryExecution().executedPlan().toString()
    assert plan.count("Exchange hashpartitioning") == 1
    assert plan.count("MapInArrow") == 1


def test_without_its_key_nothing_is_built(spark, tmp_path):
    with pytest.raises(Exception, match=SecretMissing.__name__):
        built(spark, str(tmp_path), *events({})).collect()


def test_an_optional_value_outside_its_limits_costs_itself_where_the_feed_says_so(spark, directory):
    lenient = EVENT_COLUMNS | {
        "rating": {"from": "v", "type": "double", "min": 1, "outside": "drop"},
        "received_at": {"from": "got", "type": "timestamp", "format": "epoch_millis", "outside": "drop"},
    }
    both = source(
        strict=feed("events", EVENT_COLUMNS | {"rating": {"from": "v", "type": "double"}}, pattern="strict/*"),
        lenient=feed("events", lenient, pattern="lenient/*"),
    )
    changes = ({"v": 0}, {"v": 5.5}, {"v": "5"}, {"v": 3}, {"got": 4102444800000}, {"got": 5})
    rows = [row | {"file_name": f"{name}/1", "file_digest": name} for name in ("strict", "lenient") for row in events(*changes)]
    found = contents(
        built(spark, directory, *rows, sources={"demo": both}), "file_digest", "position", "reasons", "notes", "rating"
    )
    outside, kind = ["rating is outside its limits"], ["rating is not a number"]
    future, past = ["received_at is in the future"], ["received_at is too long ago"]
    strict = [([], 0.0), (outside, 5.5), (kind, None), ([], 3.0), (future, None), (past, None)]
    dropped = [(outside, None), (outside, None), (kind, None), (None, 3.0), (future, None), (past, None)]
    assert found == in_order(
        *(dict(file_digest="strict", position=n, reasons=r, notes=None, rating=v) for n, (r, v) in enumerate(strict)),
        *(dict(file_digest="lenient", position=n, reasons=[], notes=r, rating=v) for n, (r, v) in enumerate(dropped)),
    )


def test_a_device_of_another_kind_is_not_missing_as_well(spark, directory):
    rows = built(spark, directory, *events({"device": ["d"]}, {"device": None}))
    assert [row["reasons"] for row in contents(rows, "position", "reasons")] == [
        ["device_id is not text"],
        ["it names neither login nor device"],
    ]
