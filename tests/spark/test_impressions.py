"""silver.impression_records and silver.impressions: what lists showed, and what followed; what they were worth."""

import json
import random
from collections import defaultdict
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from frames import contents, frame, in_order
from reclake.inspection.days import Delivery
from reclake.inspection.judgement import columns_read, judge
from reclake.lake.schema import conform
from reclake.privacy.keys import make_key_files
from reclake.privacy.pseudonyms import Keys, account_ids
from reclake.recommend.propensity import RatioSums, weighted_click_sums
from reclake.records.raw_records import Limits, read_batch
from reclake.silver.impression_records import impression_records
from reclake.silver.impressions import impressions
from reclake.tables import silver
from sources_of_records import DAY, bronze_frame, bronze_row, feed, source

ISO = {"type": "timestamp", "format": "iso"}
COLUMNS = {
    "list_id": {"from": "list", "type": "string"},
    "list_position": {"from": "place", "type": "long"},
    "list_action": {"from": "did", "type": "string", "map": {"展示": "shown", "clicked": "clicked", "ordered": "ordered"}},
    "shown_at": {"from": "shown", **ISO},
    "occurred_at": {"from": "at", **ISO},
    "received_at": {"from": "got", **ISO},
    "channel": {"from": "channel", "type": "string"},
    "login_account_id": {"from": "who", "type": "account"},
    "device_id": {"from": "device", "type": "device"},
    "product_id": {"from": "sku", "type": "product"},
    "strategy": {"from": "strategy", "type": "string"},
    "propensity": {"from": "p", "type": "double"},
    "order_id": {"from": "order", "type": "string"},
}
ID = ["list_id", "list_position", "list_action"]
OF = source(impressions=feed("impressions", COLUMNS, record_id=ID, transport=["got"]))
AT, LATER = "2026-03-01T10:00:00Z", "2026-03-01T10:00:05Z"
SHOWN = {
    "list": "l1", "place": 1, "did": "展示", "shown": AT, "got": AT, "channel": "app", "who": "u1", "device": "d1", "sku": "tea",
    "strategy": "als", "p": 0.25,
}  # fmt: skip
CLICKED = {key: SHOWN[key] for key in ("list", "place", "shown", "channel", "who", "device", "sku")} | {
    "did": "clicked",
    "at": LATER,
}


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("secrets"))
    make_key_files(folder, ["id1"])
    return folder


def records_of(spark, directory, *records):
    raws = [record if isinstance(record, str) else json.dumps(record, ensure_ascii=False) for record in records]
    bronze = bronze_frame(spark, "impressions", *[bronze_row(raw, n) for n, raw in enumerate(raws)])
    built = impression_records(
        bronze, sources={"demo": OF}, timezone="Asia/Shanghai", id_key_id="id1", directory=directory, max_record_bytes=1 << 20,
        max_depth=32,
    )  # fmt: skip
    return conform(built, silver.IMPRESSION_RECORDS).orderBy("position")


CASES = [
    (SHOWN, []),
    (CLICKED, []),
    (CLICKED | {"did": "ordered", "order": "o1"}, []),
    (SHOWN | {"list": "2", "p": 1}, []),
    (SHOWN | {"list": "3", "p": 0}, []),  # noted: it was shown all the same
    (SHOWN | {"list": "4", "p": "often"}, []),
    (SHOWN | {"list": "5", "who": None}, []),
    (SHOWN | {"list": "6", "device": None}, []),
    (SHOWN | {"list": "7", "who": None, "device": None}, ["it names neither login nor device"]),
    (SHOWN | {"list": "8", "did": "hovered"}, ["list_action is not a known value"]),
    (SHOWN | {"list": "9", "did": None}, ["list_action is missing"]),
    (SHOWN | {"list": None}, ["list_id is missing"]),
    (SHOWN | {"list": "10", "place": 0}, ["list_position is outside its limits"]),
    (SHOWN | {"list": "11", "place": 1e18}, ["list_position is not a whole number"]),
    (SHOWN | {"list": "12", "place": 99_999_999_999}, ["list_position is outside its limits"]),
    (SHOWN | {"list": "13", "sku": None}, ["product_id is missing"]),
    (SHOWN | {"list": "14", "shown": None}, ["shown_at is missing"]),
    (SHOWN | {"list": "15", "shown": "2026-02-20T10:00:00Z"}, ["it was delivered after the late limit"]),
    (CLICKED | {"list": "16", "at": None}, ["occurred_at is missing"]),
    (CLICKED | {"list": "17", "at": "gone"}, ["occurred_at is not a time"]),
    (CLICKED | {"list": "18", "at": "2026-03-01T09:59:59Z"}, ["it happened before its list was shown"]),
    # Clicked today, of a list of nine days ago: by the day of the list it is late.
    (CLICKED | {"list": "19", "shown": "2026-02-20T10:00:00Z"}, ["it was delivered after the late limit"]),
    (SHOWN, ["it was delivered before"]),
    (CLICKED | {"at": "2026-03-01T10:00:09Z"}, ["its id was delivered before with other content"]),
]  # fmt: skip


def test_every_record_has_its_reasons_and_check_source_has_the_same(spark, directory):
    records = [record for record, _ in CASES]
    rows = records_of(spark, directory, *records).collect()
    classes = {"it was delivered after the late limit": "late", "it was delivered before": "duplicate"}
    wanted = [(classes.get(reasons[0], "rejected") if reasons else "kept", reasons) for _, reasons in CASES]
    assert [(row["record_class"], row["reasons"]) for row in rows] == wanted

    one = OF.feeds["impressions"]
    raws = [json.dumps(record).encode() for record in records]
    batch = read_batch(raws, [None] * len(raws), one, columns_read(one, OF), Limits())
    judge(batch, one, OF, Delivery(DAY, DAY, ZoneInfo("Asia/Shanghai")))
    assert [sorted(set(told)) for told in batch.reasons] == [reasons for _, reasons in CASES]

    notes = {4: "propensity is outside its limits", 5: "propensity is not a number"}
    assert {n: row["notes"] for n, row in enumerate(rows) if row["notes"]} == {n: [note] for n, note in notes.items()}
    assert {n: batch.notes[n] for n in notes} == {n: [note] for n, note in notes.items()}
    assert [rows[n]["propensity"] for n in (0, 3, 4, 5)] == [0.25, 1.0, None, None]


def test_a_record_as_it_is_stored(spark, directory):
    night = CLICKED | {"shown": "2026-02-28T15:59:59Z", "at": "2026-02-28T16:00:30Z", "who": None}
    shown, clicked = records_of(spark, directory, SHOWN, night).collect()
    account_id = account_ids(Keys(directory, id_key_id="id1"), "demo")("app", "u1")
    assert (shown["account_id"], shown["login_account_id"]) == (account_id, account_id)
    assert shown["device_id"].startswith("d_")
    assert (shown["event_date"], shown["occurred_at"]) == (DAY, shown["shown_at"])
    # The day is that of the list, in the zone of the business.
    assert (clicked["event_date"], clicked["occurred_at"]) == (date(2026, 2, 28), datetime(2026, 2, 28, 16, 0, 30))
    assert (clicked["account_id"], clicked["login_account_id"]) == (clicked["device_id"], None)


# --- the fact -------------------------------------------------------------------------------------------------------

TEN = datetime(2026, 3, 1, 10)
OF_SHOWN = (
    "channel",
    "account_id",
    "login_account_id",
    "device_id",
    "product_id",
    "scenario",
    "strategy",
    "model_version",
    "arm",
)


def some_records(seed):
    """Records of a few lists in any order and class."""
    draw, rows = random.Random(seed), []
    for n in range(120):
        action = draw.choice(("shown", "shown", "clicked", "ordered"))
        shown_at = TEN + timedelta(days=draw.randrange(2), seconds=draw.randrange(3))
        rows.append({
            "source": "demo", "delivery_day": DAY + timedelta(days=draw.randrange(3)), "file_digest": draw.choice("fgh"),
            "position": n, "record_class": draw.choice(("kept",) * 6 + ("late", "duplicate")), "is_repeat": draw.random() < 0.1,
            "event_date": shown_at.date(), "shown_at": shown_at, "occurred_at": shown_at + timedelta(seconds=draw.randrange(9)),
            "list_id": draw.choice(("l1", "l2", "l3")), "list_position": draw.randrange(1, 4), "list_action": action,
            "order_id": draw.choice(("o1", "o2", None)) if action == "ordered" else None, "propensity": draw.choice((0.5, None)),
            **{name: f"{name}{draw.randrange(3)}" for name in OF_SHOWN},
        })  # fmt: skip
    return rows


def together(rows):
    """The fact in plain Python."""
    of_place = defaultdict(list)
    for row in rows:
        if row["record_class"] == "kept" and not row["is_repeat"]:
            of_place[row["event_date"], row["list_id"], row["list_position"]].append(row)
    for records in of_place.values():
        shown = [row for row in records if row["list_action"] == "shown"]
        if not shown:
            continue
        first = min(shown, key=lambda row: (row["delivery_day"], row["file_digest"], row["position"]))
        clicks = sorted(row["occurred_at"] for row in records if row["list_action"] == "clicked")
        orders = [
            (row["occurred_at"], row["order_id"] or "", row["order_id"]) for row in records if row["list_action"] == "ordered"
        ]
        at, _, order_id = min(orders, default=(None, None, None))
        dropped = ("record_class", "is_repeat", "list_action", "occurred_at", "order_id")
        yield {name: value for name, value in first.items() if name not in dropped} | {
            "received_at": None, "n_clicks": len(clicks), "clicked_at": min(clicks, default=None), "ordered_at": at,
            "order_id": order_id,
        }  # fmt: skip


def test_one_row_per_list_and_position_with_what_followed(spark):
    rows = some_records(7)
    built = conform(impressions(frame(spark, silver.IMPRESSION_RECORDS, *rows)), silver.IMPRESSIONS)
    wanted = list(together(rows))
    assert contents(built) == in_order(*wanted)
    assert len(wanted) > 10
    assert any(row["n_clicks"] > 1 and row["order_id"] for row in wanted)


def test_weighted_sums_are_those_over_people(spark):
    draw = random.Random(3)
    rows = [
        {
            "account_id": f"a{draw.randrange(6)}", "strategy": draw.choice(("als", "popular")), "n_clicks": draw.choice((0, 0, 1, 3)),
            "propensity": draw.choice((0.25, 0.5, None)),
        }
        for _ in range(80)
    ]  # fmt: skip
    found = weighted_click_sums(frame(spark, silver.IMPRESSIONS, *rows), "account_id", "strategy").collect()
    for strategy in ("als", "popular"):
        people = defaultdict(lambda: [0.0, 0.0])
        for row in rows:
            if row["strategy"] == strategy and row["propensity"]:
                people[row["account_id"]][0] += (row["n_clicks"] > 0) / row["propensity"]
                people[row["account_id"]][1] += 1 / row["propensity"]
        (sums,) = [row.asDict() for row in found if row["strategy"] == strategy]
        told = {name: value for name, value in sums.items() if name != "strategy"}
        assert told == pytest.approx(vars_of(RatioSums.of(map(tuple, people.values()))))
        assert RatioSums(**told).standard_error > 0


def vars_of(sums):
    return {name: getattr(sums, name) for name in sums.__slots__}
