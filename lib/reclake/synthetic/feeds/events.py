"""Events of app, mini-program and web, each written in its channel's own way."""

from collections.abc import Callable, Iterator
from typing import Any

from reclake.synthetic.calendar import Calendar
from reclake.synthetic.draws import Draws
from reclake.synthetic.facts import Event, World
from reclake.synthetic.record import Body, Record, Shape

from .feed import Feed, Slot, received

MINI_KINDS = {
    "session_start": "open", "view_page": "page", "view_item": "goods", "view_item_list": "list", "search": "find",
    "add_to_cart": "cart_add", "view_cart": "cart", "begin_checkout": "settle", "purchase": "pay", "login": "auth", "rate": "star",
}  # fmt: skip


def _with_offset(calendar: Calendar, at: int) -> Body:
    return {"sent_at": calendar.with_offset(at - 40), "received_at": calendar.with_offset(at), "batch": _batch(calendar, at)}


def _in_utc(calendar: Calendar, at: int) -> Body:
    return {"sent_at": calendar.utc(at - 30), "received_at": calendar.utc(at), "batch": _batch(calendar, at)}


def _in_millis(calendar: Calendar, at: int) -> Body:
    return {"st": at - 50, "rt": at, "batch": _batch(calendar, at)}


def _batch(calendar: Calendar, at: int) -> str:
    return f"c{calendar.hour(at)}"


def _millis(_calendar: Calendar, at: int) -> int:
    return at


def _other_page(field: str) -> Callable[[Body], Body]:
    return lambda body: body | {field: "/edited"}


_BAD_RATINGS = {"below": -3, "above": 55, "text": "五星"}
_APP = Shape(
    feed="events", channel="app", table="events", extension="jsonl", transport=_with_offset, id_field="event_id",
    required=("event_id", "ts", "type"), number_field="rating", bad_numbers=_BAD_RATINGS, time_field="ts",
    altered=_other_page("page"),
)  # fmt: skip
_MINI = Shape(
    feed="events", channel="mini_program", table="events", extension="jsonl", transport=_in_millis, id_field="eid",
    required=("eid", "t", "ev"), number_field="score", bad_numbers=_BAD_RATINGS, time_field="t", written_time=_millis,
    altered=_other_page("path"),
)  # fmt: skip
_WEB = Shape(
    feed="events", channel="web", table="events", extension="jsonl.gz", transport=_in_utc, id_field="id",
    required=("id", "time", "event"), number_field="stars", bad_numbers=_BAD_RATINGS, time_field="time",
    written_time=Calendar.utc, altered=_other_page("path"),
)  # fmt: skip


def _page(event: Event) -> str:
    return f"/p/{event.product.product_id}" if event.product else f"/{event.kind}"


def _app(calendar: Calendar, event: Event) -> Body:
    product = event.product
    return {
        "event_id": event.event_id, "ts": calendar.with_offset(event.at), "type": event.kind,
        "device": {"id": event.device.native_id, "os": "iOS" if "iPhone" in event.device.user_agent else "Android"},
        "user_id": event.login, "page": _page(event), "sku": product.product_id if product else None,
        "price": product.price(calendar.day(event.at)) if product else None,
        "order_no": event.order_id, "query": event.query, "rating": event.rating, "ua": event.device.user_agent,
    }  # fmt: skip


def _mini(_calendar: Calendar, event: Event) -> Body:
    return {
        "eid": event.event_id, "t": event.at, "ev": MINI_KINDS[event.kind], "dev": event.device.native_id, "openid": event.login,
        "path": _page(event), "goods": event.product.product_id if event.product else None, "order": event.order_id,
        "kw": event.query, "score": event.rating, "ua": event.device.user_agent,
    }  # fmt: skip


def _web(calendar: Calendar, event: Event) -> Body:
    return {
        "id": event.event_id, "time": calendar.utc(event.at), "event": event.kind, "cookie": event.device.native_id,
        "login": event.login, "path": _page(event), "item": event.product.product_id if event.product else None,
        "order": event.order_id, "search": event.query, "stars": event.rating, "agent": event.device.user_agent,
    }  # fmt: skip


_WRITERS: dict[str, tuple[Shape, Callable[[Calendar, Event], dict[str, Any]]]] = {
    "app": (_APP, _app),
    "mini_program": (_MINI, _mini),
    "web": (_WEB, _web),
}


def _records(world: World, slot: Slot) -> Iterator[Record]:
    draws = Draws(world.settings.seed, "event latency", slot.number)
    for event in slot.story.events:
        yield _record(world, draws, event)
    for bot in slot.bots:
        # A stream of its own, as people's events grow in number with the company's days.
        own = Draws(world.settings.seed, "event latency", slot.number, bot.term) if bot.term else draws
        for event in bot.events:
            yield _record(world, own, event)


def _record(world: World, draws: Draws, event: Event) -> Record:
    shape, raw = _WRITERS[event.channel]
    body = {name: value for name, value in raw(world.calendar, event).items() if value is not None}
    return Record(shape, event.event_id, event.at, received(world, draws, event.at), body)


FEED = Feed("events", _records)
