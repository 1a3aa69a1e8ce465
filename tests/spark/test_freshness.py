from datetime import UTC, date, datetime, timedelta
from itertools import chain

from frames import contents, family, frame, in_order
from reclake.lake.schema import conform
from reclake.ops.freshness import freshness, required_columns
from reclake.tables import bronze, ops, silver
from small_sources import small_source

DAY = date(2026, 3, 30)
AT = datetime(2026, 3, 31, 1, tzinfo=UTC)
ARRIVED = datetime(2026, 3, 31, 0, 30, tzinfo=UTC)
NOON = datetime(2026, 3, 30, 12, tzinfo=UTC)
SOURCES = {"demo": small_source("demo", feeds=("events", "orders")), "shop": small_source("shop", feeds=("orders",))}


def build(spark, *, bronze_rows=None, record_rows=None, earlier=(), untaken=()):
    """The rows by source and records table of DAY."""
    raw_records = family(spark, bronze.FED, **(bronze_rows or {}))
    records = family(spark, silver.RECORDS, **(record_rows or {}))
    noted = dict(earlier=frame(spark, ops.FRESHNESS, *earlier), untaken=untaken)
    built = conform(freshness(raw_records, records, sources=SOURCES, at=AT, **noted), ops.FRESHNESS)
    return {(row["source"], row["record_table"]): row for row in contents(built.where(built.delivery_day == DAY))}


def raw(n, *, source="demo", day=DAY, arrived_at=ARRIVED):
    return [
        dict(source=source, delivery_day=day, file_digest=str(day), position=place, arrived_at=arrived_at) for place in range(n)
    ]


def test_one_row_of_events_whole(spark):
    event = dict(
        source="demo", delivery_day=DAY, file_digest="f", record_class="kept", occurred_at=NOON, event_id="e", event_type="login"
    )
    latencies = [("kept", 1), ("kept", 2.5), ("late", 4), ("duplicate", 900), ("rejected", 800)]
    records = [
        event | dict(position=n, record_class=name, received_at=NOON + timedelta(seconds=seconds), device_id="d")
        for n, (name, seconds) in enumerate(latencies)
    ]
    records[4] |= dict(device_id=None, event_id=None)
    unreadable = dict(source="demo", delivery_day=DAY, file_digest="f", position=5, record_class="rejected")
    before = [raw(n, day=DAY - timedelta(days=days)) for n, days in ((5, 7), (3, 28), (100, 1), (100, 35))]
    found = build(
        spark,
        bronze_rows={"events": [*raw(5, arrived_at=ARRIVED - timedelta(hours=1)), *raw(1), *chain.from_iterable(before)]},
        record_rows={"event_records": [*records, unreadable]},
    )
    assert in_order(*found.values()) == in_order(
        dict(
            source="demo",
            record_table="silver.event_records",
            delivery_day=DAY,
            latency_p50_seconds=2.5,
            latency_p95_seconds=3.85,  # 2.5 + 0.9 · (4 − 2.5)
            latency_p99_seconds=3.97,
            completeness_share=18 / 24,  # 6 records of 4 required fields; two fields of one and all of another are missing
            collection_share=None,
            n_records=6,
            volume_ratio=1.5,  # 6 against the mean of 5 and 3
            arrived_at=ARRIVED.replace(tzinfo=None),
            visible_at=AT.replace(tzinfo=None),
            arrival_to_visible_seconds=1800.0,
            n_files_waiting=0,
            n_files_refused=0,
            n_files_unmatched=0,
            untaken_files=None,
        )
    )


def test_files_that_were_not_taken_in_stand_beside_their_delivery(spark):
    def lying(name, state, **of):
        return dict(source="demo", file_name=name, state=state, record_table=None, delivery_day=None) | of

    of_orders = dict(record_table="silver.order_records", delivery_day=DAY)
    files = [
        lying("orders/b.csv", "waiting", **of_orders),
        lying("orders/a.csv", "refused", **of_orders),
        lying("orders/c.csv", "refused", **of_orders | dict(delivery_day=DAY - timedelta(days=1))),
        lying("report.xlsx", "unmatched"),
        lying("orders/d.csv", "refused", **of_orders) | dict(source="shop"),
    ]
    rows = {"events": raw(1), "orders": [*raw(1), *raw(1, source="shop")]}
    found = build(spark, bronze_rows=rows, untaken=files)
    shown = ("n_files_waiting", "n_files_refused", "n_files_unmatched", "untaken_files")
    assert {key: tuple(row[name] for name in shown) for key, row in found.items()} == {
        ("demo", "silver.event_records"): (0, 0, 1, "report.xlsx"),
        ("demo", "silver.order_records"): (1, 1, 1, "orders/a.csv; orders/b.csv; report.xlsx"),
        ("shop", "silver.order_records"): (0, 1, 0, "orders/d.csv"),
    }


def test_collection_is_the_share_of_online_orders_with_a_purchase_event(spark):
    line = dict(delivery_day=DAY, file_digest="o", record_class="kept", channel="web", is_return=False)
    bought = dict(source="demo", file_digest="f", record_class="kept", event_type="purchase", channel="web")
    orders = [
        line | dict(source="demo", position=0, order_id="seen"),
        line | dict(source="demo", position=1, order_id="seen"),
        line | dict(source="demo", position=2, order_id="seen within reach"),
        line | dict(source="demo", position=3, order_id="seen too long ago"),
        line | dict(source="demo", position=4, order_id="event refused"),
        line | dict(source="demo", position=5, order_id="till", channel="pos"),
        line | dict(source="demo", position=6, order_id="return", is_return=True),
        line | dict(source="demo", position=7, order_id="line refused", record_class="rejected"),
        line | dict(source="shop", position=8, order_id="seen"),
        line | dict(source="demo", position=9, order_id="began before"),
        line | dict(source="demo", position=0, order_id="began before", delivery_day=DAY - timedelta(days=3)),
        line | dict(source="demo", position=10, order_id="began long before"),
        line | dict(source="demo", position=0, order_id="began long before", delivery_day=DAY - timedelta(days=5)),
        line | dict(source="demo", position=11, order_id="began with a return"),
        line | dict(source="demo", position=12, order_id="number of the app too"),
        line
        | dict(source="demo", position=1, order_id="began with a return", delivery_day=DAY - timedelta(days=1), is_return=True),
    ]
    events = [
        bought | dict(delivery_day=DAY, position=0, order_id="seen"),
        bought | dict(delivery_day=DAY, position=1, order_id="seen"),
        bought | dict(delivery_day=DAY - timedelta(days=3), position=0, order_id="seen within reach"),
        bought | dict(delivery_day=DAY - timedelta(days=5), position=0, order_id="seen too long ago"),
        bought | dict(delivery_day=DAY, position=4, order_id="began before"),
        bought | dict(delivery_day=DAY + timedelta(days=1), position=0, order_id="event refused"),
        bought | dict(delivery_day=DAY, position=2, order_id="event refused", record_class="rejected"),
        bought | dict(delivery_day=DAY, position=3, order_id="till"),
        bought | dict(delivery_day=DAY, position=5, order_id="number of the app too", channel="app"),
    ]
    found = build(
        spark,
        bronze_rows={"orders": [*raw(12), *raw(1, source="shop")], "events": raw(5)},
        record_rows={"order_records": orders, "event_records": events},
    )
    shares = {key: row["collection_share"] for key, row in found.items()}
    assert shares == {
        # Seen: "seen", "seen within reach"; not seen: the two whose event was not, the two that begin anew on this day,
        # and the one whose number has an event of another channel only.
        ("demo", "silver.order_records"): 2 / 7,
        ("demo", "silver.event_records"): None,
        ("shop", "silver.order_records"): None,  # it feeds no events
    }
    assert {key: row["volume_ratio"] for key, row in found.items()} == dict.fromkeys(shares)
    assert found["shop", "silver.order_records"]["latency_p50_seconds"] is None


def test_required_columns_are_those_that_every_feed_takes_from_its_records():
    assert required_columns(silver.EVENT_RECORDS, SOURCES["demo"]) == ("device_id", "event_id", "event_type", "occurred_at")
    assert required_columns(silver.ORDER_RECORDS, SOURCES["shop"]) == ("channel", "order_id", "ordered_at", "quantity")
    assert required_columns(silver.EVENT_RECORDS, SOURCES["shop"]) == ()
    demo = SOURCES["demo"]
    second = demo.feeds["events"].model_copy(
        update={"columns": {k: v for k, v in demo.feeds["events"].columns.items() if k != "event_id"}}
    )
    both = demo.model_copy(update={"feeds": demo.feeds | {"second": second}})
    assert required_columns(silver.EVENT_RECORDS, both) == ("device_id", "event_type", "occurred_at")


def test_a_restated_day_became_visible_when_it_first_did_unless_a_further_file_has_arrived(spark):
    seen = ARRIVED + timedelta(minutes=5)
    row = dict(source="demo", record_table="silver.event_records", delivery_day=DAY, arrived_at=ARRIVED, visible_at=seen)
    naive = {name: value.replace(tzinfo=None) for name, value in dict(seen=seen, at=AT).items()}
    again = build(spark, bronze_rows={"events": raw(3)}, earlier=[row])["demo", "silver.event_records"]
    assert (again["visible_at"], again["arrival_to_visible_seconds"]) == (naive["seen"], 300.0)
    further = raw(3, arrived_at=ARRIVED + timedelta(minutes=20))
    later = build(spark, bronze_rows={"events": further}, earlier=[row])["demo", "silver.event_records"]
    assert (later["visible_at"], later["arrival_to_visible_seconds"]) == (naive["at"], 600.0)
