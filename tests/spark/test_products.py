from datetime import UTC, date, datetime
from decimal import Decimal

from frames import contents, family, frame, in_order
from reclake.lake.schema import conform
from reclake.silver.products import products
from reclake.tables import silver
from sources_of_records import feed, source


def day(n: int) -> date:
    return date(2026, 3, n)


KEPT = dict(source="demo", file_digest="f", record_class="kept")


def test_described_products_have_validities_and_the_others_a_stub(spark):
    tea = KEPT | dict(product_id="tea", product_name="Tea", is_active=True, currency="CNY")
    built = products(
        frame(
            spark,
            silver.PRODUCT_RECORDS,
            tea | dict(delivery_day=day(4), position=0, price_amount=Decimal("9.0000")),
            tea | dict(delivery_day=day(5), position=0, price_amount=Decimal("9.0000")),
            # Changed before it was delivered: it is true from the change.
            tea
            | dict(
                delivery_day=day(9), position=0, price_amount=Decimal("8.0000"), changed_at=datetime(2026, 3, 7, 3, tzinfo=UTC)
            ),
            tea | dict(delivery_day=day(9), position=1, price_amount=Decimal("1.0000"), record_class="late"),
        ),
        family(
            spark,
            silver.NAMING_PRODUCTS,
            order_records=[
                KEPT | dict(product_id="cup", product_name="CUP", delivery_day=day(3), position=7, event_date=day(2)),
                KEPT | dict(product_id="cup", product_name="Cup, blue", delivery_day=day(3), position=8, event_date=day(1)),
                KEPT | dict(product_id="cup", delivery_day=day(3), position=9, event_date=day(3)),
                KEPT
                | dict(
                    product_id="cup",
                    product_name="broken",
                    delivery_day=day(9),
                    position=0,
                    event_date=day(1),
                    record_class="rejected",
                ),
                KEPT | dict(product_code="POST", product_name="Postage", delivery_day=day(3), position=10, event_date=day(3)),
            ],
            event_records=[
                KEPT | dict(product_id="tea", delivery_day=day(3), position=0, event_date=day(2)),
                KEPT | dict(product_id="pot", delivery_day=day(3), position=1, event_date=day(3)),
            ],
        ),
        sources={},
        timezone="UTC",
    )
    unstated = dict(brand=None, variant_of=None, list_price_amount=None)
    unknown = unstated | dict(category=None, price_amount=None, currency=None, is_active=True, valid_to=None)
    described = unstated | dict(product_id="tea", product_name="Tea", category=None, currency="CNY", is_active=True)
    assert contents(conform(built, silver.PRODUCTS)) == in_order(
        unknown | dict(product_id="cup", product_name="Cup, blue", valid_from=day(1)),
        unknown | dict(product_id="pot", product_name=None, valid_from=day(3)),
        unknown | dict(product_id="tea", product_name=None, valid_from=day(2), valid_to=day(4)),
        described | dict(valid_from=day(4), valid_to=day(7), price_amount=Decimal("9.0000")),
        described | dict(valid_from=day(7), valid_to=None, price_amount=Decimal("8.0000")),
    )


CATALOGUE = ("product_name", "category", "price_amount", "currency", "is_active")
TYPES = {"is_active": "boolean", "price_amount": "decimal", "list_price_amount": "decimal"}


def mapped(*columns):
    told = {"product_id": {"from": "sku", "type": "product"}}
    return told | {name: {"from": name, "type": TYPES.get(name, "string")} for name in columns}


TWO_FEEDS = source(
    catalogue=feed("products", mapped(*CATALOGUE), pattern="c/*.json_lines"),
    brands=feed("products", mapped("brand", "variant_of", "list_price_amount"), pattern="b/*.json_lines"),
)


def test_what_two_feeds_tell_of_a_product_is_put_together(spark):
    """In plain words: of each column the last that a feed said which knows the column; a stub's name until a feed has one."""
    catalogue = KEPT | dict(feed="catalogue", product_id="tea", product_name="Tea", currency="CNY", is_active=True)
    brands = KEPT | dict(feed="brands", brand="Hill", variant_of="tea", list_price_amount=Decimal("10.0000"))
    nine, eight = (dict(price_amount=Decimal(f"{n}.0000")) for n in (9, 8))
    built = products(
        frame(
            spark,
            silver.PRODUCT_RECORDS,
            catalogue | nine | dict(delivery_day=day(2), position=0),
            brands | dict(product_id="tea", delivery_day=day(2), position=1),
            catalogue | eight | dict(delivery_day=day(4), position=0, is_active=False),  # says nothing of brands
            brands | dict(product_id="tea", delivery_day=day(6), position=0, variant_of=None),  # no variants any more
            brands | dict(product_id="cup", delivery_day=day(5), position=2),  # in no catalogue
        ),
        family(
            spark,
            silver.NAMING_PRODUCTS,
            order_records=[KEPT | dict(product_id="cup", product_name="CUP", delivery_day=day(3), position=7, event_date=day(3))],
        ),
        sources={"demo": TWO_FEEDS},
        timezone="UTC",
    )
    hill = dict(brand="Hill", list_price_amount=Decimal("10.0000"))
    tea = hill | dict(product_id="tea", product_name="Tea", category=None, currency="CNY", is_active=True)
    cup = dict(product_id="cup", product_name="CUP", category=None, price_amount=None, currency=None, is_active=True)
    assert contents(conform(built, silver.PRODUCTS)) == in_order(
        cup | dict(brand=None, variant_of=None, list_price_amount=None, valid_from=day(3), valid_to=day(5)),
        cup | hill | dict(variant_of="tea", valid_from=day(5), valid_to=None),
        tea | nine | dict(variant_of="tea", valid_from=day(2), valid_to=day(4)),
        tea | eight | dict(variant_of="tea", is_active=False, valid_from=day(4), valid_to=day(6)),
        tea | eight | dict(variant_of=None, is_active=False, valid_from=day(6), valid_to=None),
    )
