"""silver.feedback_records and silver.feedback: reviews and messages, classified, masked and kept."""

import json
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from frames import contents, frame, in_order
from reclake.inspection.days import Delivery
from reclake.inspection.judgement import columns_read, judge
from reclake.lake.schema import conform
from reclake.privacy.keys import make_key_files
from reclake.privacy.pseudonyms import Keys, account_ids
from reclake.records.raw_records import Limits, read_batch
from reclake.silver.feedback import feedback
from reclake.silver.feedback_records import feedback_records
from reclake.tables import silver
from sources_of_records import DAY, bronze_frame, bronze_row, feed, source

ISO = {"type": "timestamp", "format": "iso"}
COLUMNS = {
    "feedback_id": {"from": "no", "type": "string"},
    "occurred_at": {"from": "at", **ISO},
    "received_at": {"from": "got", **ISO},
    "channel": {"constant": "app", "type": "string"},
    "feedback_kind": {"from": "kind", "type": "string"},
    "account_id": {"from": "who", "type": "account"},
    "product_id": {"from": "sku", "type": "product"},
    "order_id": {"from": "order", "type": "string"},
    "rating": {"from": "stars", "type": "double"},
    "conversation_id": {"from": "talk", "type": "string"},
    "speaker": {"from": "role", "type": "string"},
    "text": {"from": "text", "type": "free_text"},
    "language": {"from": "lang", "type": "string"},
}
OF = source(feedback=feed("feedback", COLUMNS, record_id=["feedback_id"], transport=["got"]))
AT = "2026-03-01T10:00:00Z"
REVIEW = {
    "no": "r1",
    "at": AT,
    "got": AT,
    "kind": "review",
    "who": "u1",
    "sku": "P1",
    "order": "o1",
    "stars": 4,
    "text": "很好",
    "lang": "zh-CN",
}
MESSAGE = {"no": "m1", "at": AT, "kind": "chat", "who": "u1", "talk": "c1", "role": "staff", "text": "您好"}


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("secrets"))
    make_key_files(folder, ["id1"])
    return folder


def records_of(spark, directory, *records, timezone="UTC", of=OF, **other):
    raws = [record if isinstance(record, str) else json.dumps(record, ensure_ascii=False) for record in records]
    bronze = bronze_frame(spark, "feedback", *[bronze_row(raw, n, **other) for n, raw in enumerate(raws)])
    built = feedback_records(
        bronze,
        sources={"demo": of},
        timezone=timezone,
        id_key_id="id1",
        directory=directory,
        max_record_bytes=1 << 20,
        max_depth=32,
    )
    return conform(built, silver.FEEDBACK_RECORDS).orderBy("position")


def reasons(built):
    return [(row["record_class"], row["reasons"]) for row in built.collect()]


def test_a_review_and_a_message_as_they_are_stored(spark, directory):
    built = records_of(spark, directory, REVIEW | {"text": "很好，电话 138 0013 8000"}, MESSAGE)
    account_id = account_ids(Keys(directory, id_key_id="id1"), "demo")("app", "u1")
    kept = {
        "source": "demo", "delivery_day": DAY, "file_digest": "f1", "record_class": "kept", "reasons": [], "notes": None,
        "is_repeat": False, "event_date": DAY, "occurred_at": datetime(2026, 3, 1, 10), "channel": "app", "account_id": account_id,
    }  # fmt: skip
    assert contents(built) == in_order(
        kept | {
            "position": 0, "feedback_id": "r1", "received_at": datetime(2026, 3, 1, 10), "feedback_kind": "review", "product_id": "P1",
            "order_id": "o1", "rating": 4.0, "conversation_id": None, "speaker": "customer", "text": "很好，电话 [phone]", "language": "zh-CN",
        },
        kept | {
            "position": 1, "feedback_id": "m1", "received_at": None, "feedback_kind": "chat", "product_id": None, "order_id": None,
            "rating": None, "conversation_id": "c1", "speaker": "staff", "text": "您好", "language": None,
        },
    )  # fmt: skip


CASES = [
    (REVIEW, []),
    (MESSAGE, []),
    (REVIEW | {"no": "2", "text": None}, []),  # stars alone
    (REVIEW | {"no": "3", "stars": None}, []),  # words alone
    (REVIEW | {"no": "4", "stars": None, "text": " "}, ["it holds neither text nor rating"]),
    (REVIEW | {"no": "5", "stars": 0.5}, ["rating is outside its limits"]),
    (REVIEW | {"no": "6", "stars": 6}, ["rating is outside its limits"]),
    (REVIEW | {"no": "7", "stars": "五", "text": None}, ["rating is not a number"]),
    (REVIEW | {"no": "8", "kind": "letter"}, ["feedback_kind is not one of the standard's"]),
    ({"no": "9", "at": AT, "text": "x"}, ["feedback_kind is missing"]),
    (MESSAGE | {"no": "10", "talk": None}, ["conversation_id is missing"]),
    (MESSAGE | {"no": "11", "role": None}, ["speaker is missing"]),
    (MESSAGE | {"no": "12", "role": "robot"}, ["speaker is not one of the standard's"]),
    (MESSAGE | {"no": "13", "text": None, "stars": 5}, ["it holds neither text nor rating"]),
    (MESSAGE | {"no": "14", "talk": "a@b.cn"}, ["conversation_id looks like a phone number or e-mail address"]),
    (MESSAGE | {"no": "15", "at": None, "who": None}, ["occurred_at is missing"]),
    (MESSAGE | {"no": "16", "who": None}, []),  # a guest
    (MESSAGE | {"no": "17", "at": "2026-02-20T10:00:00Z"}, ["it was delivered after the late limit"]),
    (MESSAGE, ["it was delivered before"]),
    (MESSAGE | {"text": "anders"}, ["its id was delivered before with other content"]),
    ('{"no": "18"', None),
]


def test_every_record_has_its_reasons_and_check_source_has_the_same(spark, directory):
    records = [record for record, _ in CASES]
    found = reasons(records_of(spark, directory, *records))
    classes = {"it was delivered after the late limit": "late", "it was delivered before": "duplicate"}
    assert found[:-1] == [(classes.get(expected[0], "rejected") if expected else "kept", expected) for _, expected in CASES[:-1]]
    assert found[-1][0] == "rejected"

    one = OF.feeds["feedback"]
    raws = [(record if isinstance(record, str) else json.dumps(record)).encode() for record in records]
    batch = read_batch(raws, [None] * len(raws), one, columns_read(one, OF), Limits())
    judge(batch, one, OF, Delivery(DAY, DAY, ZoneInfo("UTC")))
    assert [sorted(set(told)) for told in batch.reasons] == [told for _, told in found]


@pytest.mark.parametrize(
    ("written", "stored"),
    [("zh", "zh"), ("zh-Hans-CN", "zh-Hans-CN"), ("EN", "EN"), ("中文", None), ("zh_CN", None), ("Anna says hi", None)],
)
def test_a_language_of_another_form_is_left_out_and_noted(spark, directory, written, stored):
    (row,) = records_of(spark, directory, REVIEW | {"lang": written}).collect()
    assert (row["language"], row["record_class"]) == (stored, "kept")
    assert row["notes"] == (None if stored else ["language is not BCP 47"])


def test_the_day_is_cut_in_the_business_zone(spark, directory):
    late = MESSAGE | {"at": "2026-02-28T16:30:00Z"}
    (row,) = records_of(spark, directory, late, timezone="Asia/Shanghai").collect()
    assert row["event_date"] == date(2026, 3, 1)


def test_the_fact_holds_what_was_kept_and_flagged_repeats(spark):
    row = {"source": "demo", "delivery_day": DAY, "file_digest": "f", "is_repeat": False, "reasons": [], "event_date": DAY}
    row |= {"occurred_at": datetime(2026, 3, 1, 10), "feedback_kind": "chat", "speaker": "staff", "text": "x"}
    classes = ("kept", "duplicate", "rejected", "late", "kept")
    given = [row | {"position": n, "record_class": one, "is_repeat": n == 4} for n, one in enumerate(classes)]
    built = conform(feedback(frame(spark, silver.FEEDBACK_RECORDS, *given)), silver.FEEDBACK)
    everything = dict.fromkeys(field.name for field in silver.FEEDBACK.fields)
    told = {name: value for name, value in row.items() if name in everything}
    assert contents(built) == in_order(*(everything | told | {"position": n, "is_repeat": n == 4} for n in (0, 4)))
