"""gold.behaviour_cube from frames: plain Python counts the same, and Spark's own Roaring library reads the bitmaps."""

import random
from datetime import date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from pyspark.sql import functions as F

import plain_cube
from declared import cut_inputs
from frames import contents, frame
from reclake.behaviour.attributes import customer_attributes, product_attributes
from reclake.behaviour.bitmaps import members
from reclake.behaviour.cube.definition import Cube
from reclake.behaviour.cube.rows import acts_of, cube_rows
from reclake.behaviour.dimension_values import price_band, value_in_histories, value_of
from reclake.behaviour.dimensions import DIMENSIONS
from reclake.behaviour.histories import histories
from reclake.gold.behaviour_cube import behaviour_cube, emptiness
from reclake.lake.schema import conform
from reclake.tables import gold, silver

AS_OF = date(2026, 3, 10)
OLD = date(2026, 1, 1)
ZONE = "Asia/Shanghai"
PAIRS = (("channel", "tier"), ("category", "kind"), ("age_band", "gender"), ("customer_kind", "price_band"))
PHONE = "Mozilla/5.0 (Linux; Android 14) Mobile"
N_CUSTOMERS = 14
SILENT, MACHINE = "a12", "a13"
TIERS = ("new", "returning", "dormant")
PRODUCTS = {"p0": ("tea", "19.99"), "p1": ("tea", "20.00"), "p2": ("soap", "1000.00"), "p3": (None, None)}
BANDS = {"p0": "CNY 10-20", "p1": "CNY 20-50", "p2": "CNY 1000-2000", "p3": None}


def pieces(seed, n=260):
    """Random events and order lines of the customers, and of one who is silent and one that is a machine."""
    draw = random.Random(seed)
    for n_piece in range(n):
        who = f"a{draw.randrange(N_CUSTOMERS)}"
        day = AS_OF - timedelta(days=draw.randrange(1, 68))
        local = datetime.combine(day, datetime.min.time()) + timedelta(minutes=draw.randrange(60, 1_300))
        common = dict(
            source="demo", delivery_day=day, file_digest="f", position=n_piece, event_date=day, channel=draw.choice(("app", "web")), account_id=who,
            product_id=draw.choice((*PRODUCTS, None)),
        )  # fmt: skip
        if draw.random() < 0.25:
            number = f"{who}-{draw.randrange(3)}"
            yield common | dict(
                ordered_at=local - timedelta(hours=8), order_scope="s", order_id=number, quantity=1, line_kind=draw.choice(("product", "shipping")),
                line_amount=Decimal(draw.randrange(1, 9_999)), currency=draw.choice(("CNY", "CNY", "EUR")), is_return=draw.random() < 0.1,
            )  # fmt: skip
        else:
            yield common | dict(
                occurred_at=local - timedelta(hours=8), event_type=draw.choice(("search", "view_item")), is_bot=draw.random() < 0.1,
                device_id=f"d_{who}", user_agent=PHONE,
            )  # fmt: skip


def number_of(who):
    return 70_000 * int(who[1:]) + 1


def birth_year(who):
    return None if who == "a0" else AS_OF.year - 17 - int(who[1:])


def first_order(who):
    return OLD + timedelta(days=int(who[1:]) * 5)


def inputs(spark, rows):
    accounts = [f"a{n}" for n in range(N_CUSTOMERS)]
    events, lines = [row for row in rows if "event_type" in row], [row for row in rows if "order_id" in row]
    frames = {
        silver.IDENTITIES.name: frame(spark, silver.IDENTITIES, *(dict(account_id=a, customer_id=f"c_{a}", valid_from=OLD) for a in accounts)),
        silver.ACCOUNTS.name: frame(
            spark, silver.ACCOUNTS,
            *(
                dict(
                    account_id=a, basis="consent" if a == SILENT else "contract", is_device=False, is_machine=a == MACHINE, valid_from=OLD,
                    gender="f" if int(a[1:]) % 2 else None, birth_year=birth_year(a), region="r", registered_at=datetime(2024, 12, 31, 17),
                ) for a in accounts
            ),
        ),
        silver.CONSENTS.name: frame(spark, silver.CONSENTS),
        silver.EVENTS.name: frame(spark, silver.EVENTS, *events),
        silver.ORDER_LINES.name: frame(spark, silver.ORDER_LINES, *lines),
        silver.PRODUCTS.name: frame(
            spark, silver.PRODUCTS,
            *(
                dict(product_id=p, category=category, price_amount=price and Decimal(price), currency="CNY", valid_from=OLD)
                for p, (category, price) in PRODUCTS.items()
            ),
        ),
        silver.CUSTOMER_NUMBERS.name: frame(
            spark, silver.CUSTOMER_NUMBERS, *(dict(customer_id=f"c_{a}", customer_number=number_of(a)) for a in accounts)
        ),
        gold.CUSTOMER_SEGMENTS.name: frame(
            spark, gold.CUSTOMER_SEGMENTS,
            *(
                dict(as_of_date=AS_OF, customer_id=f"c_{a}", tier=TIERS[int(a[1:]) % 3], n_orders=int(a[1:]), first_order_date=first_order(a))
                for a in accounts if a not in (SILENT, MACHINE)
            ),
        ),
    }  # fmt: skip
    return cut_inputs(gold.BEHAVIOUR_CUBE, frames, as_of=AS_OF)


def acts(rows):
    """The acts that count, with the values of the dimensions, by plain Python."""
    sales, lines = {}, [row for row in rows if "order_id" in row]

    def is_sale(row):
        return row["line_kind"] == "product" and not row["is_return"]

    for row in lines:
        key = (row["account_id"], row["order_id"])
        day, at = sales.get(key, (None, None))
        if is_sale(row):
            sales[key] = (min(filter(None, (day, row["event_date"]))), min(filter(None, (at, row["ordered_at"]))))
    for row in rows:
        if row["account_id"] in (SILENT, MACHINE) or row.get("is_bot"):
            continue
        day, at, channel, kind, amount, order = (
            row["event_date"],
            row.get("occurred_at"),
            row["channel"],
            row.get("event_type"),
            0,
            None,
        )
        if "order_id" in row:
            order = (row["account_id"], row["order_id"])
            if order not in sales or row["is_return"]:
                continue
            (day, at), kind = sales[order], "order"
            channel = min(line["channel"] for line in lines if (line["account_id"], line["order_id"]) == order)
            amount = int(row["line_amount"] * 10_000) if row["currency"] == "CNY" else 0
        if day < date(2026, 2, 1):  # the month before begins more than 38 days before the as_of
            continue
        who, n = row["account_id"], int(row["account_id"][1:])
        age = None if birth_year(who) is None else AS_OF.year - 1 - birth_year(who)
        yield {
            "customer": number_of(who), "moment": int((at - datetime(1970, 1, 1)).total_seconds() * 1_000_000),
            "month": (day.replace(day=1) - date(1970, 1, 1)).days, "unit": None if order else f"d_{who}", "order": order,
            "is_sale": bool(order) and is_sale(row), "amount": amount,
            "dims": {
                "channel": channel, "tier": TIERS[n % 3], "category": PRODUCTS.get(row["product_id"], (None,))[0], "kind": kind,
                "age_band": None if age is None or age < 18 else "18-24" if age < 25 else "25-34", "gender": "f" if n % 2 else None,
                "customer_kind": "returning" if day > first_order(who) else "new", "price_band": BANDS.get(row["product_id"]),
            },
        }  # fmt: skip


def arguments(**more):
    cube = Cube.model_validate({"name": "c", "description": "d", "pairs": PAIRS})
    return dict(
        as_of=AS_OF, cubes={"c": cube}, gap_minutes=30, timezone=ZONE, reporting_currency="CNY", shown_days=38, min_group_size=2
    ) | more  # fmt: skip


@pytest.fixture(scope="module")
def rows():
    return list(pieces(5))


@pytest.fixture(scope="module")
def built(spark, rows):
    return contents(conform(behaviour_cube(**inputs(spark, rows), **arguments()), gold.BEHAVIOUR_CUBE))


def test_the_cube_is_what_plain_python_counts(built, rows):
    wanted = {}
    for row in plain_cube.rows(list(acts(rows)), [tuple(sorted(pair)) for pair in PAIRS], least=2):
        key = (
            row["dimension_a"],
            row["value_a"],
            row["dimension_b"],
            row["value_b"],
            date(1970, 1, 1) + timedelta(days=row["month"]),
        )
        wanted[key] = (row["n_events"], row["n_sessions"], row["n_orders"], row["n_buyers"], row["amount"], row["customers"])
    assert len(wanted) > 40
    keys = ("dimension_a", "value_a", "dimension_b", "value_b", "month_date")
    measures = ("n_events", "n_sessions", "n_orders", "n_buyers")
    cells = {
        tuple(row[name] for name in keys): (
            *(row[name] for name in measures),
            None if row["revenue_amount"] is None else int(row["revenue_amount"] * 10_000),
            set(members(bytes(row["customer_bitmap"])).tolist()),
        )
        for row in built
    }
    assert cells == wanted
    assert {(row["month_date"], row["is_open"]) for row in built} == {(date(2026, 2, 1), False), (date(2026, 3, 1), True)}
    assert {row["currency"] for row in built} == {"CNY"}


def test_the_library_that_comes_with_spark_reads_the_bitmaps(spark, built):
    """Across a container of bits too: the numbers of customers lie more than 65,536 apart, and others close together."""
    java = spark.sparkContext._jvm
    for row in built[:12]:
        bitmap = java.org.roaringbitmap.RoaringBitmap()
        bitmap.deserialize(java.java.nio.ByteBuffer.wrap(bytes(row["customer_bitmap"])))
        assert list(bitmap.toArray()) == members(bytes(row["customer_bitmap"])).tolist()
        assert bitmap.getCardinality() == row["n_customers"]


def test_every_dimension_has_its_values(spark, rows):
    """All of the registry on one act: a visit with a phone, logged in, of a known product and customer."""
    act = next(row for row in rows if row.get("event_type") and row["account_id"] == "a7" and row["product_id"] == "p1")
    act = act | {
        "login_account_id": "a7",
        "is_bot": False,
        "event_date": date(2026, 3, 1),
        "occurred_at": datetime(2026, 2, 28, 20, 30),
    }
    given = inputs(spark, [act])
    products = given["products"].withColumn("brand", F.lit("b"))
    customers = customer_attributes(given["people"], given["accounts"], given["customer_segments"], as_of=AS_OF, timezone=ZONE)
    names = [one.name for one in DIMENSIONS]
    done = cube_rows(
        acts_of(given["people"], given["events"], given["order_lines"], reporting_currency="CNY"),
        customers.join(given["customer_numbers"], on="customer_id"), product_attributes(products), dimensions=names, timezone=ZONE,
    )  # fmt: skip
    (row,) = contents(done)
    # Histories are told the same by the funnels that ask for it.
    funnels = {str(n): SimpleNamespace(breakdowns=names[n : n + 3]) for n in range(0, len(names), 3)}
    lives = histories(
        *(given[name] for name in ("people", "events", "order_lines", "accounts", "customer_segments")), products,
        as_of=AS_OF, funnels=funnels, paths={}, timezone=ZONE,
    )  # fmt: skip
    (told,) = lives.select(*(value_in_histories(name, timezone=ZONE).alias(f"dim_{name}") for name in names)).collect()
    values = {name: row[f"dim_{name}"] for name in names}
    assert values == {name: told[f"dim_{name}"] for name in names}
    assert values == {
        "day": "2026-03-01", "week": "2026-02-23", "month": "2026-03-01", "weekday": "sunday", "hour": "04", "channel": act["channel"],
        "source": "demo", "kind": act["event_type"], "login": "logged_in", "device_kind": "phone", "customer_kind": "returning",
        "tier": "returning", "segment": None, "rfm_tier": None, "recency_score": None, "frequency_score": None, "monetary_score": None,
        "order_band": "4-9", "region": "r", "gender": "f", "age_band": "18-24", "member_since": "2025", "product_id": "p1",
        "category": "tea", "brand": "b", "price_band": "CNY 20-50",
    }  # fmt: skip


def test_bands_of_prices_and_kinds_of_devices(spark):
    prices = ["0.0001", "0.0099", "0.01", "0", "1", "1.9999", "9.99", "10", "999.99", "1000", "99999999999999", "-1", None]
    bands = ["0.0001-0.0002", "0.005-0.01", "0.01-0.02", "0", "1-2", "1-2", "5-10", "10-20", "500-1000", "1000-2000", "50000000000000-100000000000000", None, None]  # fmt: skip
    clients = {
        "Mozilla/5.0 (iPad; CPU OS 17)": "tablet", "Mozilla/5.0 (Linux; Android 14; SM-X200)": "tablet", PHONE: "phone",
        "Mozilla/5.0 (Windows NT 10.0)": "desktop", "curl": None, None: None,
    }  # fmt: skip
    made = spark.createDataFrame([(n, price) for n, price in enumerate(prices)], "n int, price string").select(
        "n", price_band(F.col("price").cast("decimal(18,4)"), F.lit("CNY")).alias("band")
    )
    assert [row["band"] for row in made.orderBy("n").collect()] == [band and f"CNY {band}" for band in bands]
    devices = spark.createDataFrame([(client,) for client in clients], "user_agent string").select(
        "user_agent", value_of("device_kind", timezone=ZONE).alias("kind")
    )
    assert {row["user_agent"]: row["kind"] for row in devices.collect()} == clients


def test_an_empty_cube_has_its_reason(spark, rows):
    for kept, more, reason in (
        ([], {}, "nobody who may be profiled did anything in the 38 days before"),
        (rows, {"min_group_size": 99}, "fewer than 99 customers did anything in each month shown"),
        (rows, {"cubes": {}}, "conf/cubes declares no pair of dimensions"),
        (rows, {}, None),
    ):
        reasons = emptiness(**inputs(spark, kept), **arguments(**more))
        assert contents(reasons) == [{"as_of_date": AS_OF, "reason": reason}]
