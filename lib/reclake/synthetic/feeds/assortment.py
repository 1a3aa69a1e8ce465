"""Brands, variants and list prices: a feed of products beside the catalogue, with a record for every price of the catalogue."""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from reclake.synthetic.calendar import HOUR, MINUTE, Calendar
from reclake.synthetic.facts import World
from reclake.synthetic.names import CATEGORIES
from reclake.synthetic.record import Body, Record, Shape

from .feed import Feed, FeedTruth


def _transport(calendar: Calendar, at: int) -> Body:
    return {"sent_at": calendar.with_offset(at)}


_SHAPE = Shape(feed="assortment", channel="products", table="products", extension="jsonl", transport=_transport)


def _records(world: World) -> Iterator[Record]:
    for offer in world.offers.values():
        product = offer.product
        for day, list_price in offer.list_prices:
            at = world.calendar.start(day) + HOUR + product.place % 60 * MINUTE
            body = {
                "sku": product.product_id, "brand": product.brand, "list_price": list_price,
                "updated_at": world.calendar.with_offset(at),
            }  # fmt: skip
            body |= {"variant_of": offer.variant_of} if offer.variant_of else {}
            yield Record(_SHAPE, f"{product.product_id}.{day}", at, at, body)


_TEXT = pa.string()
_SCHEMA = pa.schema({"product_id": _TEXT, "category": _TEXT, "brand": _TEXT, "noun": _TEXT, "variant_of": _TEXT})


def _truth(world: World) -> Iterator[dict[str, Any]]:
    """One row per product. Products alike in category and noun stand in for each other, variants among them."""
    for offer in world.offers.values():
        product = offer.product
        yield {
            "product_id": product.product_id, "category": CATEGORIES[product.category].name, "brand": product.brand,
            "noun": product.noun, "variant_of": offer.variant_of,
        }  # fmt: skip


FEED = Feed("assortment", of_company=_records, is_dirty=False, truth=FeedTruth(_SCHEMA, of_company=_truth))
