"""What is true of the company, for tests and reports. No job of the pipeline reads it."""

import json
from collections.abc import Iterator
from math import isinf
from typing import Any, NamedTuple

import pyarrow as pa

from .catalogue import N_CATEGORIES
from .click_law import ClickLaw
from .facts import Order, Story, World
from .feeds import FEEDS
from .feeds.accounts import opened_at
from .feeds.consents import PURPOSES, statements
from .feeds.feed import Slot
from .names import CATEGORIES
from .record import json_line
from .settings import ONLINE, DemoSettings

_TEXT, _LONG, _REAL, _FLAG, _TIME = pa.string(), pa.int64(), pa.float64(), pa.bool_(), pa.timestamp("ms", tz="UTC")

SCHEMAS: dict[str, pa.Schema] = {
    "persons": pa.schema({
        "person_id": _TEXT, "number": _LONG, "is_visitor": _FLAG, "style": _LONG, "categories": pa.list_(_LONG),
        "rate_per_day": _REAL, "dropout_probability": _REAL, "first_at_day": _REAL, "stopped_at_day": _REAL, "is_alive": _FLAG,
        "n_purchases": _LONG, "n_repeats": _LONG, "last_purchase_at_day": _REAL, "tier": _TEXT,
        "personalisation": _TEXT, "marketing": _TEXT,
    }),
    "accounts": pa.schema({
        "person_id": _TEXT, "channel": _TEXT, "native_id": _TEXT, "is_device": _FLAG, "is_shared": _FLAG, "opened_at": _TIME,
        "phone_kind": _TEXT, "email_kind": _TEXT, "n_logins": _LONG,
    }),
    "visits": pa.schema({
        "visit_id": _TEXT, "person_id": _TEXT, "channel": _TEXT, "device_id": _TEXT, "is_shared_device": _FLAG,
        "started_at": _TIME, "reached": _TEXT, "n_views": _LONG, "is_collected": _FLAG, "is_logged_in": _FLAG,
        "is_first_purchase": _FLAG, "is_visitor": _FLAG, "order_id": _TEXT,
    }),
    "orders": pa.schema({
        "order_id": _TEXT, "person_id": _TEXT, "channel": _TEXT, "native_id": _TEXT, "ordered_at": _TIME, "n_lines": _LONG,
        "amount": _REAL, "is_return": _FLAG, "has_events": _FLAG,
    }),
    "bots": pa.schema({
        "channel": _TEXT, "device_id": _TEXT, "kind": _TEXT, "event_id": _TEXT, "occurred_at": _TIME,
    }),
    "funnels": pa.schema({"channel": _TEXT, "step": _TEXT, "previous": _TEXT, "probability": _REAL}),
    "law": pa.schema({"older": _TEXT, "last": _TEXT, "next": _TEXT, "probability": _REAL}),
    "products": pa.schema({
        "product_id": _TEXT, "category": _TEXT, "style": _LONG, "cycle_days": _LONG, "complement_id": _TEXT,
    }),
    "click_law": pa.schema({
        "arm": _TEXT, "channel": _TEXT, "strategy": _TEXT, "list_position": _LONG, "propensity": _REAL, "click_probability": _REAL,
    }),
    "parameters": pa.schema({"settings": _TEXT}),
    **{feed.name: feed.truth.schema for feed in FEEDS if feed.truth},
}  # fmt: skip


class Row(NamedTuple):
    """A row of a truth table; instants are milliseconds."""

    table: str
    values: dict[str, Any]


def of_slot(world: World, slot: Slot) -> Iterator[Row]:
    """What is true of a person and of what was made beside it, up to the last day."""
    end = world.calendar.start(world.settings.n_days)
    yield Row("persons", _person(world, slot.story))
    yield from (Row("accounts", row) for row in _accounts(world, slot.story))
    yield from (Row("visits", row) for row in _visits(slot.story, end))
    yield from (Row("orders", _order(order)) for order in (*slot.story.orders, *slot.walk_ins) if order.at < end)
    for feed in FEEDS:
        if feed.truth and feed.truth.of_slot:
            yield from (Row(feed.name, row) for row in feed.truth.of_slot(world, slot))
    for bot in slot.bots:
        for event in bot.events:
            if event.at < end:
                told = {"channel": event.channel, "device_id": event.device.native_id, "kind": bot.kind}
                yield Row("bots", told | {"event_id": event.event_id, "occurred_at": event.at})


def of_company(world: World) -> Iterator[Row]:
    """What is true of all people together."""
    settings, names = world.settings, [category.name for category in CATEGORIES]
    yield Row("parameters", {"settings": json.dumps(settings.told(), ensure_ascii=False)})
    for channel in ONLINE:
        steps = settings.channels.online(channel)
        for step, previous in (("view", "visit"), ("cart", "view"), ("checkout", "cart"), ("purchase", "checkout")):
            yield Row("funnels", {"channel": channel, "step": step, "previous": previous, "probability": getattr(steps, step)})
    for older in range(N_CATEGORIES):
        for last in range(N_CATEGORIES):
            for follower, probability in enumerate(world.catalogue.law[older][last]):
                row = {"older": names[older], "last": names[last], "next": names[follower], "probability": probability}
                yield Row("law", row)
    for product in world.catalogue.products:
        complement = world.catalogue.complement(product).product_id
        row = {"product_id": product.product_id, "category": names[product.category], "style": product.style}
        yield Row("products", row | {"cycle_days": product.cycle_days, "complement_id": complement})
    yield from (Row("click_law", row) for row in ClickLaw(settings.impressions).rows())
    for feed in FEEDS:
        if feed.truth and feed.truth.of_company:
            yield from (Row(feed.name, row) for row in feed.truth.of_company(world))


def tier(settings: DemoSettings, story: Story) -> str:
    """The tier that the true process puts the person in after the last day.

    Who never bought is a prospect. Who stopped is warned of for `recent_days`, then dormant. Of the living, first those
    who came lately are new; then those with a high rate are of high value; then one purchase is potential, more returning.
    """
    lived, end = story.life, float(settings.n_days)
    if not lived.purchases_at:
        return "prospect"
    if not isinf(lived.stopped_at):
        return "churn_warning" if end - lived.stopped_at <= settings.life.recent_days else "dormant"
    if len(lived.purchases_at) == 1 and end - lived.first_at <= settings.life.recent_days:
        return "new"
    if lived.rate_per_day >= settings.life.high_rate_per_day:
        return "high_value"
    return "returning" if len(lived.purchases_at) > 1 else "potential"


def _person(world: World, story: Story) -> dict[str, Any]:
    person, lived = story.person, story.life
    return {
        "person_id": person.person_id, "number": person.number, "is_visitor": person.is_visitor, "style": person.style,
        "categories": list(person.categories), "rate_per_day": lived.rate_per_day,
        "dropout_probability": lived.dropout_probability, "first_at_day": lived.first_at,
        "stopped_at_day": None if isinf(lived.stopped_at) else lived.stopped_at,
        "is_alive": lived.first_at < world.settings.n_days and lived.stopped_at >= world.settings.n_days,
        "n_purchases": len(lived.purchases_at), "n_repeats": max(len(lived.purchases_at) - 1, 0),
        "last_purchase_at_day": max(lived.purchases_at, default=None), "tier": tier(world.settings, story),
        **{purpose: consent(world, story, purpose) for purpose in PURPOSES},
    }  # fmt: skip


def consent(world: World, story: Story, purpose: str) -> str:
    """The person's consent after the last day: granted, refused, withdrawn or unknown. A refusal anywhere counts."""
    end = world.calendar.start(world.settings.n_days)
    said = [statement for statement in statements(world, story) if statement.purpose == purpose and statement.at < end]
    if not said:
        return "unknown"
    if all(statement.is_granted for statement in said):
        return "granted"
    return "withdrawn" if any(statement.is_granted for statement in said) else "refused"


def _accounts(world: World, story: Story) -> Iterator[dict[str, Any]]:
    end = world.calendar.start(world.settings.n_days)
    for channel, account in story.person.accounts.items():
        opened = opened_at(world, story, channel)
        if opened < end:
            yield {
                "person_id": story.person.person_id, "channel": channel, "native_id": account.native_id, "is_device": False,
                "is_shared": False, "opened_at": opened, "phone_kind": account.phone_kind, "email_kind": account.email_kind,
                "n_logins": sum(event.login == account.native_id for event in story.events if event.at < end),
            }  # fmt: skip
    seen = {event.device.native_id: event for event in story.events if event.at < end}
    for device_id, event in seen.items():
        logins = sum(other.login is not None for other in story.events if other.device.native_id == device_id)
        yield {
            "person_id": story.person.person_id, "channel": event.channel, "native_id": device_id, "is_device": True,
            "is_shared": event.device.is_shared, "opened_at": None, "phone_kind": None, "email_kind": None, "n_logins": logins,
        }  # fmt: skip


def _visits(story: Story, end: int) -> Iterator[dict[str, Any]]:
    for told in story.visits:
        if told.started_at < end:
            yield {
                "visit_id": told.visit_id, "person_id": story.person.person_id, "channel": told.visit.channel,
                "device_id": told.device.native_id if told.device else None,
                "is_shared_device": bool(told.device and told.device.is_shared), "started_at": told.started_at,
                "reached": told.visit.reached, "n_views": told.n_views, "is_collected": told.is_collected,
                "is_logged_in": told.is_logged_in, "is_first_purchase": told.visit.is_first_purchase,
                "is_visitor": story.person.is_visitor, "order_id": told.order_id,
            }  # fmt: skip


def _order(order: Order) -> dict[str, Any]:
    return {
        "order_id": order.order_id, "person_id": order.person_id, "channel": order.channel, "native_id": order.buyer,
        "ordered_at": order.at, "n_lines": len(order.lines), "amount": round(sum(line.amount for line in order.lines), 2),
        "is_return": order.is_return, "has_events": order.has_events,
    }  # fmt: skip


def payload(row: Row) -> bytes:
    """The row on its way to its Parquet file."""
    return json_line(row.values)
