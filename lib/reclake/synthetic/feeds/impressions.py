"""What lists of recommendations showed, and clicks and orders from them: one record each, under the id of the list."""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from reclake.synthetic.calendar import Calendar
from reclake.synthetic.draws import Draws
from reclake.synthetic.facts import World
from reclake.synthetic.record import Body, Record, Shape

from .feed import Feed, FeedTruth, Slot, received
from .shown_lists import Place, ShownList, shown_lists


def _transport(calendar: Calendar, at: int) -> Body:
    return {"received_at": calendar.with_offset(at)}


_SHAPE = Shape(feed="impressions", channel="online", table="impressions", extension="jsonl", transport=_transport)


def _records(world: World, slot: Slot) -> Iterator[Record]:
    for shown in shown_lists(world, slot.story):
        draws = Draws(world.settings.seed, "impression latency", shown.list_id)
        for place in shown.places:
            yield _record(world, draws, shown, place, "shown", shown.at, _of_list(shown))
            if place.clicked_at is not None:
                yield _record(world, draws, shown, place, "clicked", place.clicked_at, {})
            if place.order is not None:
                yield _record(world, draws, shown, place, "ordered", place.order.at, {"order_no": place.order.order_id})


def _of_list(shown: ShownList) -> Body:
    return {
        "scenario": shown.scenario, "strategy": shown.strategy, "model": shown.model_version, "arm": shown.arm,
        "propensity": shown.propensity,
    }  # fmt: skip


def _record(world: World, draws: Draws, shown: ShownList, place: Place, action: str, at: int, more: Body) -> Record:
    body = {
        "list": shown.list_id, "position": place.position, "action": action, "shown_at": world.calendar.with_offset(shown.at),
        "at": world.calendar.with_offset(at), "channel": shown.event.channel, "device": shown.event.device.native_id,
        "account": shown.event.login, "sku": place.product.product_id, **more,
    }  # fmt: skip
    told = {name: value for name, value in body.items() if value is not None}
    return Record(_SHAPE, f"{shown.list_id}.{place.position}.{action}", at, received(world, draws, at), told)


_TEXT, _REAL, _TIME = pa.string(), pa.float64(), pa.timestamp("ms", tz="UTC")
_SCHEMA = pa.schema({
    "list_id": _TEXT, "list_position": pa.int64(), "person_id": _TEXT, "scenario": _TEXT, "channel": _TEXT, "arm": _TEXT,
    "strategy": _TEXT, "propensity": _REAL, "product_id": _TEXT, "shown_at": _TIME, "click_probability": _REAL,
    "is_of_order": pa.bool_(), "clicked_at": _TIME, "order_id": _TEXT,
})  # fmt: skip


def _truth(world: World, slot: Slot) -> Iterator[dict[str, Any]]:
    """One row per product shown up to the last day, with the probability of its click."""
    end = world.calendar.start(world.settings.n_days)
    for shown in shown_lists(world, slot.story):
        if shown.at < end:
            for place in shown.places:
                yield {
                    "list_id": shown.list_id, "list_position": place.position, "person_id": slot.story.person.person_id,
                    "scenario": shown.scenario, "channel": shown.event.channel, "arm": shown.arm, "strategy": shown.strategy,
                    "propensity": shown.propensity, "product_id": place.product.product_id, "shown_at": shown.at,
                    "click_probability": place.click_probability, "is_of_order": place.is_of_order,
                    "clicked_at": place.clicked_at, "order_id": place.order.order_id if place.order else None,
                }  # fmt: skip


# Of a small company a delivery holds a handful of lists: a few bad records would be most of it, and stop the day.
FEED = Feed("impressions", _records, is_dirty=False, truth=FeedTruth(_SCHEMA, _truth))
