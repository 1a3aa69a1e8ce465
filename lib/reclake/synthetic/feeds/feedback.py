"""Reviews, and chats with the service."""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from reclake.synthetic.calendar import Calendar
from reclake.synthetic.draws import Draws
from reclake.synthetic.facts import World
from reclake.synthetic.feedback import Item, items
from reclake.synthetic.record import Body, Record, Shape

from .feed import Feed, FeedTruth, Slot, received


def _review_transport(calendar: Calendar, at: int) -> Body:
    return {"received_at": calendar.with_offset(at)}


def _chat_transport(_calendar: Calendar, at: int) -> Body:
    return {"received_at": at}


def _millis(_calendar: Calendar, at: int) -> int:
    return at


def _reworded(body: Body) -> Body:
    return body | {"content": f"{body.get('content', '')}（已修改）"}


_REVIEW = Shape(
    feed="feedback", channel="reviews", table="feedback", extension="jsonl", transport=_review_transport, id_field="review_no",
    required=("review_no", "posted_at", "sku", "stars"), number_field="stars",
    bad_numbers={"below": 0, "above": 55, "text": "五星"}, time_field="posted_at", altered=_reworded,
)  # fmt: skip
_MESSAGE = Shape(
    feed="feedback", channel="chats", table="feedback", extension="jsonl", transport=_chat_transport, id_field="message_no",
    required=("message_no", "sent_at", "conversation", "role", "content"), time_field="sent_at", written_time=_millis,
    altered=_reworded,
)  # fmt: skip


def _records(world: World, slot: Slot) -> Iterator[Record]:
    for item in items(world, slot.story):
        arrived = received(world, Draws(world.settings.seed, "feedback latency", item.feedback_id), item.at)
        shape = _REVIEW if item.product else _MESSAGE
        body = {name: value for name, value in _body(world, item).items() if value is not None}
        yield Record(shape, item.feedback_id, item.at, arrived, body)


def _body(world: World, item: Item) -> Body:
    order, text = item.order, item.written.text
    if item.product is not None:
        return {
            "review_no": item.feedback_id, "posted_at": world.calendar.with_offset(item.at), "channel": order.channel,
            "buyer": order.buyer, "sku": item.product.product_id, "order_no": order.order_id, "stars": item.rating,
            "content": text, "lang": text and "zh-CN",
        }  # fmt: skip
    role = "buyer" if item.speaker == "customer" else "service"
    return {
        "message_no": item.feedback_id, "sent_at": item.at, "conversation": item.conversation_id, "channel": order.channel,
        "role": role, "customer": order.buyer, "order_no": order.order_id, "content": text,
    }  # fmt: skip


_TEXT, _LONG = pa.string(), pa.int64()
_SCHEMA = pa.schema({
    "feedback_id": _TEXT, "feedback_kind": _TEXT, "person_id": _TEXT, "occurred_at": pa.timestamp("ms", tz="UTC"),
    "product_id": _TEXT, "order_id": _TEXT, "rating": _LONG, "conversation_id": _TEXT, "speaker": _TEXT, "topic": _TEXT,
    "sentiment": _TEXT, "contact_kind": _TEXT, "contact_begin": _LONG, "contact_end": _LONG,
})  # fmt: skip


def _truth(world: World, slot: Slot) -> Iterator[dict[str, Any]]:
    """One row per review or message up to the last day; where its contact stands is counted in characters of the text."""
    end = world.calendar.start(world.settings.n_days)
    for item in items(world, slot.story):
        if item.at < end:
            yield {
                "feedback_id": item.feedback_id, "feedback_kind": "review" if item.product else "chat",
                "person_id": slot.story.person.person_id, "occurred_at": item.at,
                "product_id": item.product.product_id if item.product else None, "order_id": item.order.order_id,
                "rating": item.rating, "conversation_id": item.conversation_id, "speaker": item.speaker, "topic": item.topic,
                "sentiment": item.written.sentiment, "contact_kind": item.written.contact_kind,
                "contact_begin": item.written.contact_begin, "contact_end": item.written.contact_end,
            }  # fmt: skip


FEED = Feed("feedback", _records, truth=FeedTruth(_SCHEMA, _truth))
