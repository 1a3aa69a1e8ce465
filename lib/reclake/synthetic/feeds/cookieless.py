"""Events of the web site under the constant id that its server writes where a browser takes no cookie."""

from collections.abc import Iterator
from typing import Any

from reclake.synthetic.calendar import Calendar
from reclake.synthetic.draws import Draws
from reclake.synthetic.facts import World
from reclake.synthetic.record import Body, Record, Shape

from .common_devices import SCHEMA, cookieless_visits, truth_of
from .feed import Feed, FeedTruth, Slot, received


def _transport(calendar: Calendar, at: int) -> Body:
    return {"received_at": calendar.utc(at)}


_SHAPE = Shape(
    feed="cookieless", channel="web", table="events", extension="jsonl", transport=_transport, id_field="id",
    required=("id", "time", "event", "visitor"), time_field="time", written_time=Calendar.utc,
    altered=lambda body: body | {"path": "/edited"},
)  # fmt: skip


def _records(world: World, slot: Slot) -> Iterator[Record]:
    draws = Draws(world.settings.seed, "cookieless latency", slot.number)
    for event in cookieless_visits(world, slot):
        body = {
            "id": event.event_id, "time": world.calendar.utc(event.at), "event": event.kind, "visitor": event.device.native_id,
            "login": event.login, "item": event.product.product_id if event.product else None, "agent": event.device.user_agent,
        }  # fmt: skip
        told = {name: value for name, value in body.items() if value is not None}
        yield Record(_SHAPE, event.event_id, event.at, received(world, draws, event.at), told)


def _truth(world: World, slot: Slot) -> Iterator[dict[str, Any]]:
    return truth_of(world, slot, cookieless_visits(world, slot))


FEED = Feed("cookieless", _records, truth=FeedTruth(SCHEMA, _truth))
