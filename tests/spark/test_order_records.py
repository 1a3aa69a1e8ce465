import json
from datetime import date, timedelta
from decimal import Decimal

import pytest

from frames import contents, in_order
from reclake.lake.schema import conform
from reclake.privacy.keys import load_key, make_key_files
from reclake.privacy.tokens import account_pseudonym
from reclake.records import classify
from reclake.silver.order_records import order_records
from reclake.tables import silver
from sources_of_records import DAY, ORDER_COLUMNS, bronze_frame, bronze_row, feed, source

HEADER = "order,line,at,channel,customer,code,n,price"


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("secrets"))
    make_key_files(folder, ["id1"])
    return folder


def built(spark, directory, *rows, of, timezone="UTC"):
    bronze = bronze_frame(spark, "orders", *rows)
    limits = {"max_record_bytes": 1_048_576, "max_depth": 32}
    orders = order_records(bronze, sources={"demo": of}, timezone=timezone, id_key_id="id1", directory=directory, **limits)
    return conform(orders, silver.ORDER_RECORDS)


def csv_source(**other):
    feed_of_csv = feed("orders", ORDER_COLUMNS, format="csv", **other)
    return source(orders=feed_of_csv, time_zone="Europe/London", late_limit_days=None, repeat_days=None)


def csv_rows(*lines, **other):
    return [
        bronze_row(line, n, file_name="orders/2026-03-01.csv", format="csv", header=HEADER, **other)
        for n, line in enumerate(lines)
    ]


def test_lines_of_a_till(spark, directory):
    rows = csv_rows(
        "536365,,2026-03-01 08:26:00,web,17850.0,85123a,6,2.55",
        "C536366,,2026-03-01 08:26:00,web,17850.0,85123A,-1,2.5500",
        "536367,,2026-03-01 08:26:00,web,,POST,1,18.0",
    )
    key = load_key(directory, "id1")
    account = account_pseudonym(key, source="demo", channel="web", native_id="17850")
    line = dict(
        source="demo", delivery_day=DAY, file_digest="f1", record_class="kept", reasons=[], notes=None, is_repeat=False, line_id=None,
        event_date=DAY, channel="web", product_name=None, country=None, currency="EUR", received_at=None, order_scope="web",
        line_kind="product",
    )  # fmt: skip
    sold = line | dict(
        position=0, order_id="536365", account_id=account, product_code="85123a", product_id="85123A", quantity=6,
        unit_price_amount=Decimal("2.5500"), line_amount=Decimal("15.3000"), is_return=False,
    )  # fmt: skip
    returned = sold | dict(
        position=1, order_id="C536366", product_code="85123A", quantity=-1, line_amount=Decimal("-2.5500"), is_return=True
    )
    postage = sold | dict(
        position=2, order_id="536367", account_id=None, product_code="POST", product_id=None, quantity=1,
        unit_price_amount=Decimal(18), line_amount=Decimal(18), line_kind="service",
    )  # fmt: skip
    assert contents(built(spark, directory, *rows, of=csv_source()).drop("ordered_at")) == in_order(sold, returned, postage)


def test_what_is_no_sale_and_no_return_is_rejected(spark, directory):
    rows = csv_rows(
        "o1,,2026-03-01 08:26:00,web,,A,1,0.0",
        "o1,,2026-03-01 08:26:00,web,,A,1,-11062.06",
        "o1,,2026-03-01 08:26:00,web,,A,0,1.5",
        "o1,,2026-03-01 08:26:00,web,,A,99999999999999,99.9",
        "o1,,2026-03-29 01:30:00,web,,A,1.5,1.23456",
        ",,2026-03-01,web,,A,,",
    )
    assert contents(built(spark, directory, *rows, of=csv_source()), "position", "record_class", "reasons") == in_order(
        *(
            dict(position=n, record_class="rejected", reasons=reasons)
            for n, reasons in enumerate([
                ["unit_price_amount is not above 0"],
                ["unit_price_amount is not above 0"],
                ["quantity is 0"],
                ["line_amount is too large", "quantity is outside its limits"],
                [
                    "ordered_at is not a time: the clocks of Europe/London skip it",
                    "quantity is not a whole number",
                    "unit_price_amount is not an amount of at most 4 decimals",
                ],
                [
                    "order_id is missing",
                    "ordered_at is not a time: it is a day without a time of day",
                    "quantity is missing",
                    "unit_price_amount is missing",
                ],
            ])
        )
    )


KIND = {"from": "line", "type": "string", "map": {
    "": "product", "S": "shipping", "V": "voucher", "D": "discount", "R": "rounding", "G": "gift", "F": "fee"}
}  # fmt: skip


def test_lines_of_a_declared_kind_are_money_of_the_order_and_no_products(spark, directory):
    columns = ORDER_COLUMNS | {"line_kind": KIND}
    del columns["line_id"]
    of_kinds = source(
        orders=feed("orders", columns, format="csv", id_scope="feed"), time_zone="UTC", late_limit_days=None, repeat_days=None
    )
    at = "2026-03-01 08:26:00,web,"
    lines = [
        f"o1,,{at},A,1,5.00", f"o1,S,{at},A,1,0", f"o1,V,{at},A,1,-5.00", f"o1,D,{at},,2,-0.50", f"o1,R,{at},,1,-0.02",
        f"o1,G,{at},A,1,0", f"o1,F,{at},A,1,1.00", f"o1,,{at},POST,1,3.00", f"o1,S,{at},POST,1,4.00", f"o1,S,{at},,-1,4.00",
        f"o1,S,{at},,1,-4.00", f"o1,G,{at},A,1,-1.00", f"o1,,{at},POST,1,0", f"o1,X,{at},A,1,1.00", f"o1,Z,{at},A,1,1.00",
        f"o1,V,{at},A,0,-1.00",
    ]  # fmt: skip
    columns_of = ("position", "line_kind", "product_id", "line_amount", "reasons", "order_scope")
    found = contents(built(spark, directory, *csv_rows(*lines), of=of_kinds), *columns_of)
    money = dict(product_id=None, reasons=[], order_scope="orders")
    below, above = ["unit_price_amount is below 0"], ["unit_price_amount is not above 0"]
    assert found == in_order(
        dict(position=0, line_kind="product", line_amount=Decimal(5)) | money | dict(product_id="A"),
        dict(position=1, line_kind="shipping", line_amount=Decimal(0)) | money,
        dict(position=2, line_kind="voucher", line_amount=Decimal(-5)) | money,
        dict(position=3, line_kind="discount", line_amount=Decimal(-1)) | money,
        dict(position=4, line_kind="rounding", line_amount=Decimal("-0.02")) | money,
        dict(position=5, line_kind="gift", line_amount=Decimal(0)) | money,
        dict(position=6, line_kind="fee", line_amount=Decimal(1)) | money,
        dict(position=7, line_kind="service", line_amount=Decimal(3)) | money,
        dict(position=8, line_kind="shipping", line_amount=Decimal(4)) | money,
        dict(position=9, line_kind="shipping", line_amount=Decimal(-4)) | money,
        dict(position=10, line_kind="shipping", line_amount=Decimal(-4)) | money | dict(reasons=below),
        dict(position=11, line_kind="gift", line_amount=Decimal(-1)) | money | dict(reasons=below),
        dict(position=12, line_kind="service", line_amount=Decimal(0)) | money | dict(reasons=above),
        *(
            dict(position=position, line_kind="product", line_amount=Decimal(1)) | money
            | dict(product_id="A", reasons=["line_kind is not a known value"])
            for position in (13, 14)
        ),
        dict(position=15, line_kind="voucher", line_amount=Decimal(0)) | money | dict(reasons=["quantity is 0"]),
    )  # fmt: skip


def test_a_kind_that_the_standard_lacks_is_refused(spark, directory):
    columns = ORDER_COLUMNS | {"line_kind": {"from": "line", "type": "string"}}
    del columns["line_id"]
    as_written = source(orders=feed("orders", columns, format="csv"), time_zone="UTC", late_limit_days=None, repeat_days=None)
    lines = [f"o1,{kind},2026-03-01 08:26:00,web,,A,1,1.00" for kind in ("tip", "voucher")]
    found = built(spark, directory, *csv_rows(*lines), of=as_written)
    assert contents(found, "position", "line_kind", "reasons") == in_order(
        dict(position=0, line_kind=None, reasons=["line_kind is not a known kind"]),
        dict(position=1, line_kind="voucher", reasons=[]),
    )


def test_one_number_on_till_and_web_is_two_orders_and_all_lines_are_kept(spark, directory):
    by_line = ORDER_COLUMNS
    lines = [
        "1001,1,2026-03-01 08:00:00,pos,7,A,1,1.00",
        "1001,1,2026-03-01 09:00:00,web,7,B,1,2.00",
        "1002,1,2026-03-01 08:00:00,pos,7,A,1,1.00",
        "1002,1,2026-03-01 09:00:00,web,8,B,1,2.00",
        "1002,1,2026-03-01 09:00:00,web,8,C,1,2.00",
    ]
    of_channels = source(
        orders=feed("orders", by_line, format="csv", record_id=["order_id", "line_id"]),
        time_zone="UTC", late_limit_days=None, repeat_days=None,
    )  # fmt: skip
    found = built(spark, directory, *csv_rows(*lines), of=of_channels)
    assert contents(found, "position", "record_class", "order_scope") == in_order(
        dict(position=0, record_class="kept", order_scope="pos"),
        dict(position=1, record_class="kept", order_scope="web"),
        dict(position=2, record_class="kept", order_scope="pos"),
        dict(position=3, record_class="kept", order_scope="web"),
        dict(position=4, record_class="rejected", order_scope="web"),
    )


def test_a_line_without_id_is_flagged_or_dropped_when_it_comes_again(spark, directory):
    lines = [
        "o1,,2026-03-01 08:26:00,web,,A,1,1.5",
        "o1,,2026-03-01 08:26:00,web,,A,1,1.5",
        "o1,,2026-03-01 08:26:00,web,,A,2,1.5",
    ]
    rows = csv_rows(*lines) + csv_rows(lines[0], file_digest="a", delivery_day=DAY + timedelta(days=300))
    flagged = built(spark, directory, *rows, of=csv_source(duplicates="flag"))
    again = dict(record_class="kept", reasons=[], is_repeat=True)
    first = dict(record_class="kept", reasons=[], is_repeat=False)
    columns = ("file_digest", "position", "record_class", "reasons", "is_repeat")
    assert contents(flagged, *columns) == in_order(
        first | dict(file_digest="f1", position=0),
        again | dict(file_digest="f1", position=1),
        first | dict(file_digest="f1", position=2),
        again | dict(file_digest="a", position=0),
    )
    dropped = built(spark, directory, *rows, of=csv_source(duplicates="drop"))
    copy = dict(record_class="duplicate", reasons=[classify.SAME_AGAIN], is_repeat=False)
    assert contents(dropped, *columns) == in_order(
        first | dict(file_digest="f1", position=0),
        copy | dict(file_digest="f1", position=1),
        first | dict(file_digest="f1", position=2),
        copy | dict(file_digest="a", position=0),
    )


def test_the_business_day_is_cut_in_the_business_zone(spark, directory):
    rows = csv_rows("o1,,2026-03-01 16:30:00,web,,A,1,1.5")
    assert contents(built(spark, directory, *rows, of=csv_source(), timezone="Asia/Shanghai"), "event_date") == [
        {"event_date": date(2026, 3, 2)}
    ]


def test_amounts_in_json_are_numbers_and_exact(spark, directory):
    line = {"order": "o", "at": "2026-03-01 08:26:00", "channel": "app", "code": "A", "n": 3}
    raws = [
        json.dumps(line | {"line": str(n)})[:-1] + f', "price": {price}}}' for n, price in enumerate(("0.1", '"0.1"', "1e-1"))
    ]
    by_line = source(orders=feed("orders", ORDER_COLUMNS, record_id=["order_id", "line_id"]))
    rows = built(spark, directory, *(bronze_row(raw, n) for n, raw in enumerate(raws)), of=by_line)
    assert contents(rows, "line_id", "reasons", "line_amount") == in_order(
        dict(line_id="0", reasons=[], line_amount=Decimal("0.3000")),
        dict(line_id="1", reasons=["unit_price_amount is not a number"], line_amount=None),
        dict(line_id="2", reasons=["unit_price_amount is not an amount of at most 4 decimals"], line_amount=None),
    )


def test_a_bar_code_scanned_as_quantity_costs_its_line_alone(spark, directory):
    """Without limits one such line spoils every sum of its customer, or stops the table."""
    lines = (
        "4006381333931,19.99",
        "1000000,2",
        "1000001,2",
        "-1000001,2",
        "1,100000000",
        "1,100000000.01",
        "100000,10001",
        "6,5",
    )
    rows = csv_rows(*(f"o{n},,2026-03-01 08:26:00,web,,A,{line}" for n, line in enumerate(lines)))
    pieces, price, amount = (f"{name} is outside its limits" for name in ("quantity", "unit_price_amount", "line_amount"))
    expected = [[amount, pieces], [], [pieces], [pieces], [], [price], [amount], []]

    def reasons(of):
        return [
            row["reasons"] for row in sorted(built(spark, directory, *rows, of=of).collect(), key=lambda row: row["position"])
        ]

    assert reasons(csv_source()) == expected
    narrow = ORDER_COLUMNS | {"quantity": {"from": "n", "type": "long", "min": -5, "max": 5}}
    wide = ORDER_COLUMNS | {"quantity": {"from": "n", "type": "long", "max": 1e10}}
    columns = {"narrow": narrow, "wide": wide}
    of_both = source(
        **{name: feed("orders", mapped, format="csv", pattern=f"{name}/*", max_line_amount=2e6) for name, mapped in columns.items()},
        late_limit_days=None, repeat_days=None,
    )  # fmt: skip
    rows = [row | {"file_name": f"{'narrow' if n > 5 else 'wide'}/1", "position": n} for n, row in enumerate(rows)]
    assert reasons(of_both) == [
        [amount, pieces],
        [],
        [amount],
        [amount, pieces],
        [amount],
        [amount, price],
        [amount, pieces],
        [pieces],
    ]
