"""silver.outreach_records and silver.outreach: contacts that the company made with customers, classified and kept."""

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
from reclake.silver.outreach import outreach
from reclake.silver.outreach_records import outreach_records
from reclake.tables import silver
from sources_of_records import DAY, bronze_frame, bronze_row, feed, source

ISO = {"type": "timestamp", "format": "iso"}
COLUMNS = {
    "outreach_id": {"from": "no", "type": "string"},
    "occurred_at": {"from": "at", **ISO},
    "received_at": {"from": "got", **ISO},
    "channel": {"from": "channel", "type": "string"},
    "account_id": {"from": "who", "type": "account"},
    "purpose": {"from": "why", "type": "string"},
    "contact_channel": {"from": "by", "type": "string", "map": {"短信": "sms", "电话": "call"}},
    "result": {"from": "result", "type": "string"},
}
OF = source(outreach=feed("outreach", COLUMNS, record_id=["outreach_id"], transport=["got"]))
AT = "2026-03-01T10:00:00Z"
SENT = {"no": "c1", "at": AT, "got": AT, "channel": "pos", "who": "u1", "why": "marketing", "by": "短信", "result": "delivered"}


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("secrets"))
    make_key_files(folder, ["id1"])
    return folder


def records_of(spark, directory, *records, timezone="UTC"):
    raws = [record if isinstance(record, str) else json.dumps(record, ensure_ascii=False) for record in records]
    bronze = bronze_frame(spark, "outreach", *[bronze_row(raw, n) for n, raw in enumerate(raws)])
    built = outreach_records(
        bronze,
        sources={"demo": OF},
        timezone=timezone,
        id_key_id="id1",
        directory=directory,
        max_record_bytes=1 << 20,
        max_depth=32,
    )
    return conform(built, silver.OUTREACH_RECORDS).orderBy("position")


def test_a_contact_as_it_is_stored(spark, directory):
    at_midnight = SENT | {
        "no": "c2",
        "at": "2026-02-28T16:30:00Z",
        "by": "电话",
        "why": "service",
        "result": None,
        "channel": "app",
    }
    built = records_of(spark, directory, SENT, at_midnight, timezone="Asia/Shanghai")
    account_id = account_ids(Keys(directory, id_key_id="id1"), "demo")
    kept = {
        "source": "demo", "delivery_day": DAY, "file_digest": "f1", "record_class": "kept", "reasons": [], "notes": None,
        "is_repeat": False, "event_date": date(2026, 3, 1), "received_at": datetime(2026, 3, 1, 10),
    }  # fmt: skip
    assert contents(built) == in_order(
        kept | {
            "position": 0, "outreach_id": "c1", "occurred_at": datetime(2026, 3, 1, 10), "channel": "pos",
            "account_id": account_id("pos", "u1"), "purpose": "marketing", "contact_channel": "sms", "result": "delivered",
        },
        kept | {
            "position": 1, "outreach_id": "c2", "occurred_at": datetime(2026, 2, 28, 16, 30), "channel": "app",
            "account_id": account_id("app", "u1"), "purpose": "service", "contact_channel": "call", "result": None,
        },
    )  # fmt: skip


CASES = [
    (SENT, []),
    (SENT | {"no": "2", "result": None}, []),
    (SENT | {"no": "3", "result": "bounced"}, []),  # noted: the contact was made all the same
    (SENT | {"no": "4", "why": "profit"}, ["purpose is not one of the standard's"]),
    (SENT | {"no": "5", "why": None}, ["purpose is missing"]),
    (SENT | {"no": "6", "by": "fax"}, ["contact_channel is not a known value"]),
    (SENT | {"no": "7", "by": None}, ["contact_channel is missing"]),
    (SENT | {"no": "8", "who": None}, ["account_id is missing"]),
    (SENT | {"no": "9", "channel": None}, ["account_id cannot be told without channel"]),
    (SENT | {"no": "10", "channel": "shop"}, ["account_id cannot be told without channel", "channel is not one of the standard's"]),
    (SENT | {"no": "11", "at": None}, ["occurred_at is missing"]),
    (SENT | {"no": "12", "at": "2026-02-20T10:00:00Z"}, ["it was delivered after the late limit"]),
    (SENT, ["it was delivered before"]),
    (SENT | {"result": "clicked"}, ["its id was delivered before with other content"]),
    ('{"no": "13"', None),
]  # fmt: skip


def test_every_record_has_its_reasons_and_check_source_has_the_same(spark, directory):
    records = [record for record, _ in CASES]
    rows = records_of(spark, directory, *records).collect()
    found = [(row["record_class"], row["reasons"]) for row in rows]
    classes = {"it was delivered after the late limit": "late", "it was delivered before": "duplicate"}
    one = OF.feeds["outreach"]
    raws = [(record if isinstance(record, str) else json.dumps(record)).encode() for record in records]
    batch = read_batch(raws, [None] * len(raws), one, columns_read(one, OF), Limits())
    judge(batch, one, OF, Delivery(DAY, DAY, ZoneInfo("UTC")))
    assert [sorted(set(told)) for told in batch.reasons] == [told for _, told in found]

    assert found[:-1] == [(classes.get(expected[0], "rejected") if expected else "kept", expected) for _, expected in CASES[:-1]]
    assert found[-1][0] == "rejected"
    bounced = rows[2]
    assert (bounced["result"], bounced["notes"]) == (None, ["result is not one of the standard's"])
    assert batch.notes[2] == bounced["notes"]


def test_the_fact_holds_what_was_kept_and_flagged_repeats(spark):
    row = {"source": "demo", "delivery_day": DAY, "file_digest": "f", "is_repeat": False, "reasons": [], "event_date": DAY}
    row |= {"occurred_at": datetime(2026, 3, 1, 10), "account_id": "a_1", "purpose": "service", "contact_channel": "call"}
    classes = ("kept", "duplicate", "rejected", "late", "kept")
    given = [row | {"position": n, "record_class": one, "is_repeat": n == 4} for n, one in enumerate(classes)]
    built = conform(outreach(frame(spark, silver.OUTREACH_RECORDS, *given)), silver.OUTREACH)
    everything = dict.fromkeys(field.name for field in silver.OUTREACH.fields)
    told = {name: value for name, value in row.items() if name in everything}
    assert contents(built) == in_order(*(everything | told | {"position": n, "is_repeat": n == 4} for n in (0, 4)))
