"""silver.stock_records and silver.stock: what can be sold, and what was called back."""

import json
import random
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from frames import contents, frame, in_order
from reclake.inspection.days import Delivery
from reclake.inspection.judgement import columns_read, judge
from reclake.lake.schema import conform
from reclake.records.raw_records import Limits, read_batch
from reclake.silver.stock import stock
from reclake.silver.stock_records import stock_records
from reclake.tables import silver
from sources_of_records import DAY, bronze_frame, bronze_row, feed, source

PRODUCT = {"from": "sku", "type": "product"}
CHANGED = {"from": "at", "type": "timestamp", "format": "iso"}
COUNTED = {
    "product_id": PRODUCT, "changed_at": CHANGED, "n_available": {"from": "n", "type": "long"},
    "is_in_stock": {"from": "sells", "type": "boolean"}, "is_recalled": {"from": "back", "type": "boolean"},
}  # fmt: skip
ALONE = source(stock=feed("stock", COUNTED, record_id=["product_id", "changed_at"]))
TWO = source(
    warehouse=feed(
        "stock", {name: COUNTED[name] for name in ("product_id", "changed_at", "n_available")}, pattern="w/*.json_lines"
    ),
    recalls=feed(
        "stock", {name: COUNTED[name] for name in ("product_id", "changed_at", "is_recalled")}, pattern="r/*.json_lines"
    ),
)
APART = {  # the same feeds, each of a source of its own
    name: source(**{name: feed("stock", {c: COUNTED[c] for c in ("product_id", "changed_at", column)})})
    for name, column in (("warehouse", "n_available"), ("recalls", "is_recalled"))
}
AT = "2026-03-01T10:00:00Z"
CASES = [
    ({"sku": "a", "n": 5}, [], (5, True, None)),
    ({"sku": "b", "n": 0, "back": True}, [], (0, False, True)),
    ({"sku": "c", "n": -3}, [], (0, False, None)),  # more were sold than there are
    ({"sku": "d", "n": 0, "sells": True}, [], (0, True, None)),  # ordered from the maker: as it states
    ({"sku": "e", "sells": False}, [], (None, False, None)),
    ({"sku": "f", "back": False}, [], (None, None, False)),
    ({"sku": "g"}, ["it states neither stock nor recall"], (None, None, None)),
    ({"sku": "h", "n": "many"}, ["n_available is not a number"], (None, None, None)),
    ({"sku": "i", "n": 10**12}, ["n_available is outside its limits"], (10**12, True, None)),
    ({"n": 4}, ["product_id is missing"], (4, True, None)),
    ({"sku": "a", "n": 6}, ["its id was delivered before with other content"], (6, True, None)),
]


def test_every_record_has_its_reasons_and_check_source_has_the_same(spark):
    raws = [json.dumps(record | {"at": AT}) for record, *_ in CASES]
    bronze = bronze_frame(spark, "stock", *[bronze_row(raw, n) for n, raw in enumerate(raws)])
    built = stock_records(bronze, sources={"demo": ALONE}, max_record_bytes=1 << 20, max_depth=32)
    rows = conform(built, silver.STOCK_RECORDS).orderBy("position").collect()
    assert [(row["record_class"], row["reasons"]) for row in rows] == [
        ("rejected" if reasons else "kept", reasons) for _, reasons, _ in CASES
    ]
    assert [(row["n_available"], row["is_in_stock"], row["is_recalled"]) for row in rows] == [stored for *_, stored in CASES]
    one = ALONE.feeds["stock"]
    batch = read_batch([raw.encode() for raw in raws], [None] * len(raws), one, columns_read(one, ALONE), Limits())
    judge(batch, one, ALONE, Delivery(DAY, DAY, ZoneInfo("UTC")))
    assert [sorted(set(told)) for told in batch.reasons] == [reasons for _, reasons, _ in CASES]


STATE = ("is_in_stock", "n_available", "is_recalled")


def validities(rows, *, is_put_together):
    """The states in plain Python: day by day, what was said last; of one feed all that its last record says."""
    for product_id in sorted({row["product_id"] for row in rows}):
        told = sorted(
            (row for row in rows if row["product_id"] == product_id and row["record_class"] == "kept"),
            key=lambda row: (row["changed_at"], row["delivery_day"], row["file_digest"], row["position"]),
        )
        state, by_day = dict.fromkeys(STATE), {}
        for row in told:
            said = STATE
            if is_put_together:
                said = {"warehouse": ("is_in_stock", "n_available"), "recalls": ("is_recalled",)}[row["feed"]]
            state = state | {name: row[name] for name in said}
            by_day[row["changed_at"].date()] = state | {"is_recalled": bool(state["is_recalled"])}
        found = []
        for day, now in sorted(by_day.items()):
            if not found or {name: found[-1][name] for name in STATE} != now:
                if found:
                    found[-1]["valid_to"] = day
                found.append({"product_id": product_id, "valid_from": day, "valid_to": None} | now)
        yield from found


def some_records(seed, feeds):
    draw, rows = random.Random(seed), []
    for n in range(60):
        feed_name = draw.choice(feeds)
        pieces = draw.choice((0, 3, 3, None))
        is_counted, is_about_recalls = feed_name != "recalls", feed_name != "warehouse"
        changed_at = datetime(2026, 3, 1, 8) + timedelta(hours=7 * draw.randrange(24))
        rows.append({
            "source": "demo", "feed": feed_name, "file_digest": draw.choice("fg"), "position": n,
            "delivery_day": changed_at.date() + timedelta(days=draw.randrange(2)), "record_class": draw.choice(("kept",) * 5 + ("rejected",)),
            "product_id": draw.choice("abc"), "changed_at": changed_at, "n_available": pieces if is_counted else None,
            "is_in_stock": bool(pieces) if is_counted and pieces is not None else None,
            "is_recalled": draw.choice((True, False, None)) if is_about_recalls else None,
        })  # fmt: skip
    return rows


def test_states_of_one_feed_are_as_its_records_say(spark):
    rows = some_records(1, ("stock",))
    built = stock(frame(spark, silver.STOCK_RECORDS, *rows), sources={"demo": ALONE}, timezone="UTC")
    wanted = list(validities(rows, is_put_together=False))
    assert contents(conform(built, silver.STOCK)) == in_order(*wanted)
    assert len(wanted) > 15


def test_a_warehouse_counts_and_others_recall(spark):
    rows = some_records(2, ("warehouse", "recalls"))
    built = stock(frame(spark, silver.STOCK_RECORDS, *rows), sources={"demo": TWO}, timezone="UTC")
    wanted = list(validities(rows, is_put_together=True))
    assert contents(conform(built, silver.STOCK)) == in_order(*wanted)
    assert {(row["is_in_stock"], row["is_recalled"]) for row in wanted} >= {(True, True), (True, False), (False, True)}


def test_a_recall_that_another_source_states_outlives_a_count(spark):
    rows = [row | {"source": row["feed"]} for row in some_records(3, ("warehouse", "recalls"))]
    built = stock(frame(spark, silver.STOCK_RECORDS, *rows), sources=APART, timezone="UTC")
    wanted = list(validities(rows, is_put_together=True))
    assert contents(conform(built, silver.STOCK)) == in_order(*wanted)
    assert {(row["is_in_stock"], row["is_recalled"]) for row in wanted} >= {(True, True), (True, False)}
