from datetime import UTC, date, datetime
from decimal import Decimal

from frames import contents, family, frame, in_order
from reclake.lake.schema import conform
from reclake.silver.products import products
from reclake.tables import silver


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
        timezone="UTC",
    )
    unknown = dict(category=None, price_amount=None, currency=None, is_active=True, valid_to=None)
    described = dict(product_id="tea", product_name="Tea", category=None, currency="CNY", is_active=True)
    assert contents(conform(built, silver.PRODUCTS)) == in_order(
        unknown | dict(product_id="cup", product_name="Cup, blue", valid_from=day(1)),
        unknown | dict(product_id="pot", product_name=None, valid_from=day(3)),
        unknown | dict(product_id="tea", product_name=None, valid_from=day(2), valid_to=day(4)),
        described | dict(valid_from=day(4), valid_to=day(7), price_amount=Decimal("9.0000")),
        described | dict(valid_from=day(7), valid_to=None, price_amount=Decimal("8.0000")),
    )
