"""The catalogue as Parquet: whole on the first day, then what changed."""

from collections.abc import Iterator

from reclake.synthetic.calendar import HOUR, MINUTE, Calendar
from reclake.synthetic.facts import World
from reclake.synthetic.names import CATEGORIES
from reclake.synthetic.record import Body, Record, Shape

from .feed import Feed


def _no_transport(_calendar: Calendar, _at: int) -> Body:
    return {}


SHAPE = Shape(feed="products", channel="catalogue", table="products", extension="parquet", transport=_no_transport)


def _records(world: World) -> Iterator[Record]:
    for product in world.catalogue.products:
        for day, price in product.prices:
            at = world.calendar.start(day) + HOUR + product.place % 60 * MINUTE
            body = {
                "sku": product.product_id, "title": product.name, "category": CATEGORIES[product.category].name, "price": price,
                "ccy": world.settings.currency, "on_sale": True, "updated_at": world.calendar.with_offset(at),
            }  # fmt: skip
            yield Record(SHAPE, f"{product.product_id}.{day}", at, at, body)


FEED = Feed("products", of_company=_records, is_dirty=False)
