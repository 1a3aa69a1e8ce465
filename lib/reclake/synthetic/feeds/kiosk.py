"""Events of the tablets in the shops, on which many members log in."""

from collections.abc import Iterator
from typing import Any

from reclake.synthetic.calendar import Calendar
from reclake.synthetic.draws import Draws
from reclake.synthetic.facts import World
from reclake.synthetic.record import Body, Record, Shape

from .common_devices import SCHEMA, tablet_uses, truth_of
from .feed import Feed, FeedTruth, Slot, received


def _transport(calendar: Calendar, at: int) -> Body:
    return {"received_at": calendar.with_offset(at)}


_SHAPE = Shape(
    feed="kiosk", channel="pos", table="events", extension="jsonl", transport=_transport, id_field="event_id",
    required=("event_id", "at", "action", "tablet"), time_field="at", altered=lambda body: body | {"screen": "edited"},
)  # fmt: skip


def _records(world: World, slot: Slot) -> Iterator[Record]:
    draws = Draws(world.settings.seed, "kiosk latency", slot.number)
    for event in tablet_uses(world, slot):
        body = {
            "event_id": event.event_id, "at": world.calendar.with_offset(event.at), "action": event.kind,
            "tablet": event.device.native_id, "member": event.login, "sku": event.product.product_id if event.product else None,
            "ua": event.device.user_agent,
        }  # fmt: skip
        told = {name: value for name, value in body.items() if value is not None}
        yield Record(_SHAPE, event.event_id, event.at, received(world, draws, event.at), told)


def _truth(world: World, slot: Slot) -> Iterator[dict[str, Any]]:
    return truth_of(world, slot, tablet_uses(world, slot))


FEED = Feed("kiosk", _records, truth=FeedTruth(SCHEMA, _truth))
