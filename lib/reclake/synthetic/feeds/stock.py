"""What the online channels can send of each product: all of it on the first day, then what changed."""

from collections.abc import Iterator

from reclake.synthetic.calendar import HOUR, MINUTE, Calendar
from reclake.synthetic.facts import World
from reclake.synthetic.record import Body, Record, Shape

from .feed import Feed


def _transport(calendar: Calendar, at: int) -> Body:
    return {"sent_at": calendar.with_offset(at)}


_SHAPE = Shape(feed="stock", channel="warehouse", table="stock", extension="jsonl", transport=_transport)


def _records(world: World) -> Iterator[Record]:
    for offer in world.offers.values():
        for state in offer.stock:
            at = world.calendar.start(state.first_day) + 2 * HOUR + offer.product.place % 60 * MINUTE
            body = {
                "sku": offer.product.product_id, "on_hand": state.n_available, "recalled": state.is_recalled,
                "counted_at": world.calendar.with_offset(at),
            }  # fmt: skip
            yield Record(_SHAPE, f"{offer.product.product_id}.{state.first_day}", at, at, body)


FEED = Feed("stock", of_company=_records, is_dirty=False)
