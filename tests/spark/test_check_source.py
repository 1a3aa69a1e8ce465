"""What check-source says of records is what their tables say."""

from zoneinfo import ZoneInfo

from reclake.inspection.days import Delivery
from reclake.inspection.judgement import columns_read, judge
from reclake.privacy.keys import make_key_files
from reclake.records.raw_records import Limits, read_batch
from reclake.silver.event_records import event_records
from reclake.silver.order_records import order_records
from sources_of_records import DAY, EVENT_COLUMNS, ORDER_COLUMNS, bronze_frame, bronze_row, feed, source

HEADER = "order,line,at,channel,customer,code,n,price,ccy,kind"
ORDERS = [
    "A1,1,2026-03-01 08:00:00,web,7,P1,1,2.50,EUR,",
    "A1,1,2026-03-01 08:00:00,web,7,P1,1,2.50,EUR,",
    "A1,1,2026-03-01 08:00:00,web,7,P1,2,2.50,EUR,",
    "A1,1,2026-03-01 08:00:00,pos,7,P1,2,2.50,EUR,",
    "A2,1,2026-03-01 08:00:00,web,7,P1,0,2.50,EUR,",
    "A3,1,2026-03-01 08:00:00,web,7,P1,1,0,EUR,",
    "A4,1,2026-03-01 08:00:00,web,7,POST,1,-5,EUR,",
    "A5,1,2026-03-01 08:00:00,web,7,P1,1,-5,EUR,shipping",
    "A6,1,2026-03-01 08:00:00,web,7,P1,1,-5,EUR,voucher",
    "A7,1,2026-03-01 08:00:00,web,7,P1,1,5,EUR,shiping",
    "A8,1,2099-03-01 08:00:00,web,7,P1,1,5,EUR,",
    "A9,1,1970-01-01 00:00:00,web,7,P1,1,5,EUR,",
    "B1,1,2026-02-01 08:00:00,web,7,P1,1,5,EUR,",
    "B2,1,2026-03-01 08:00:00,web,7,P1,1,5,€,",
    "B3,1,2026-03-01 08:00:00,web,7,P1,1,5,eur,",
    "B4,1,2026-03-01 08:00:00,web,7,P1,1000000,5000,EUR,",
    "B5,1,2026-03-01 08:00:00,web,7,P1,9999999,99999999,EUR,",
    "B6,1,2026-03-01 08:00:00,web,7,P1,999999,100000001,EUR,",
    "B7,1,2026-03-01 08:00:00,,7,P1,1.5,1.23456,EUR,",
    "B8,,2026-03-01 08:00:00,web,7,P1,1,5,EUR,",
    "B9,1,,web,7,P1,99999999999999999999,,,",
    "too,few",
]
EVENTS = [
    '{"id": "e1", "ts": "2026-03-01T10:00:00Z", "type": "view", "device": "d", "v": 4}',
    '{"id": "e1", "ts": "2026-03-01T10:00:00Z", "type": "view", "device": "d", "v": 5}',
    '{"id": "e2", "ts": "2026-03-01T10:00:00Z", "type": "view", "device": "d", "v": 6}',
    '{"id": "e3", "ts": "2026-03-01T10:00:00Z", "type": "view"}',
    '{"id": "e4", "ts": "2026-03-04T10:00:00Z", "type": "view", "device": "d"}',
    '{"id": "e5", "ts": "2026-03-01T10:00:00Z", "got": 1, "type": "view", "device": "d"}',
    '{"id": "e6", "ts": "2026-02-20T10:00:00Z", "type": "view", "device": "d"}',
    '{"id": "e7", "ts": "2026-02-30T10:00:00Z", "type": "jump", "device": "d", "k": "write to a @ b.de"}',
    '{"ts": "2026-03-01T10:00:00Z", "type": "search", "device": "d", "k": "tea"}',
    '{"id": "e8"',
]


def order_source():
    columns = ORDER_COLUMNS | {
        "currency": {"from": "ccy", "type": "string"},
        "line_kind": {"from": "kind", "type": "string"},
    }
    return source(orders=feed("orders", columns, format="csv", record_id=["order_id", "line_id"]))


def event_source():
    return source(events=feed("events", EVENT_COLUMNS, record_id=["event_id"]))


def of_check(of, name, lines, header=None):
    one = of.feeds[name]
    batch = read_batch([line.encode() for line in lines], [header] * len(lines), one, columns_read(one, of), Limits())
    judge(batch, one, of, Delivery(DAY, DAY, ZoneInfo("UTC")))
    return [sorted(set(reasons)) for reasons in batch.reasons]


def of_table(build, spark, directory, of, name, lines, **other):
    rows = [bronze_row(line, n, **other) for n, line in enumerate(lines)]
    limits = {"max_record_bytes": 1_048_576, "max_depth": 32}
    records = build(
        bronze_frame(spark, name, *rows), sources={"demo": of}, timezone="UTC", id_key_id="id1", directory=directory, **limits
    )
    return [row["reasons"] for row in records.select("position", "reasons").orderBy("position").collect()]


def test_reasons_of_orders_and_events_are_those_of_their_tables(spark, tmp_path):
    make_key_files(str(tmp_path), ["id1"])
    orders, events = order_source(), event_source()
    in_file = {"file_name": "orders/2026-03-01.csv", "format": "csv", "header": HEADER}
    expected = of_table(order_records, spark, str(tmp_path), orders, "orders", ORDERS, **in_file)
    found = of_check(orders, "orders", ORDERS, HEADER)
    assert dict(zip(ORDERS, found, strict=True)) == dict(zip(ORDERS, expected, strict=True))
    assert found == expected
    assert sum(map(bool, found)) > len(ORDERS) // 2
    expected = of_table(event_records, spark, str(tmp_path), events, "events", EVENTS)
    found = of_check(events, "events", EVENTS)
    assert dict(zip(EVENTS, found, strict=True)) == dict(zip(EVENTS, expected, strict=True))
