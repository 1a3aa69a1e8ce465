"""Contacts that the company makes with its customers: weekly campaigns to who granted marketing, and calls of the service.

The results are known in the evening, and with them the contacts are delivered.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from reclake.synthetic.calendar import DAY, HOUR, MINUTE, Calendar
from reclake.synthetic.draws import Draws, cumulated, digest
from reclake.synthetic.facts import Story, World
from reclake.synthetic.people import Account
from reclake.synthetic.record import Body, Record, Shape

from .accounts import opened_at
from .consents import statements
from .feed import Feed, FeedTruth, Slot

_FIRST_CAMPAIGN, _EVERY = 2, 7  # days
RESULTS = ("delivered", "failed", "opened", "clicked", "replied", "complained")
# By way of contact, the shares of the results in that order.
_LAW = {
    "sms": (0.79, 0.07, 0.0, 0.1, 0.025, 0.015),
    "email": (0.56, 0.1, 0.24, 0.08, 0.01, 0.01),
    "push": (0.62, 0.06, 0.21, 0.11, 0.0, 0.0),
    "call": (0.1, 0.38, 0.0, 0.0, 0.48, 0.04),
    "mail": (0.96, 0.03, 0.0, 0.0, 0.01, 0.0),
}
# By channel of the account, by what a campaign reaches it; what needs a contact that is not the person's own fails.
_WAYS = {
    "app": ("push", "push", "sms"),
    "mini_program": ("sms", "sms", "push"),
    "web": ("email", "email", "sms"),
    "pos": ("sms", "sms", "mail", "call"),
}


@dataclass(frozen=True, slots=True)
class Contact:
    """One contact with one person."""

    outreach_id: str
    at: int
    account: Account
    purpose: str
    contact_channel: str
    result: str


def _transport(calendar: Calendar, at: int) -> Body:
    return {"received_at": calendar.with_offset(at)}


def _another_result(body: Body) -> Body:
    return body | {"result": "failed" if body["result"] != "failed" else "delivered"}


_SHAPE = Shape(
    feed="outreach", channel="all", table="outreach", extension="jsonl", transport=_transport, id_field="contact_no",
    required=("contact_no", "customer", "purpose", "via", "contacted_at"), time_field="contacted_at", altered=_another_result,
)  # fmt: skip


def contacts(world: World, story: Story) -> Iterator[Contact]:
    """All contacts with the person, campaigns first."""
    yield from _campaigns(world, story)
    yield from _service_calls(world, story)


def _campaigns(world: World, story: Story) -> Iterator[Contact]:
    said = [one for one in statements(world, story) if one.purpose == "marketing"]
    if not said:
        return
    opened = {channel: opened_at(world, story, channel) for channel in story.person.accounts}
    for day in range(_FIRST_CAMPAIGN, world.settings.n_days, _EVERY):
        draws = Draws(world.settings.seed, "campaign", story.person.number, day)
        if not draws.chance(world.settings.outreach.campaign_share):
            continue
        at = world.calendar.start(day) + 9 * HOUR + draws.below(3 * HOUR)
        heard = [one for one in said if one.at < at]
        accounts = [account for channel, account in story.person.accounts.items() if opened[channel] < at]
        if heard and accounts and all(one.is_granted for one in heard):
            account = draws.one_of(accounts)
            way = draws.one_of(_WAYS[account.channel])
            name = f"K{digest(world.settings.seed, 'campaign', story.person.number, day, size=8)}"
            yield Contact(name, at, account, "marketing", way, _result(draws, account, way))


def _service_calls(world: World, story: Story) -> Iterator[Contact]:
    """The day after some orders that were placed online: the service asks whether all arrived."""
    for order in story.orders:
        draws = Draws(world.settings.seed, "service call", order.order_id)
        if order.channel == "pos" or order.is_return or not draws.chance(world.settings.outreach.service_share):
            continue
        account = story.person.accounts[order.channel]
        at = world.calendar.start(world.calendar.day(order.at)) + DAY + 9 * HOUR + draws.below(3 * HOUR)
        name = f"S{digest(world.settings.seed, 'service call', order.order_id, size=8)}"
        yield Contact(name, at, account, "service", "call", _result(draws, account, "call"))


def _result(draws: Draws, account: Account, way: str) -> str:
    drawn = RESULTS[draws.index(cumulated(_LAW[way]))]
    needs_phone, needs_mail = way in ("sms", "call"), way == "email"
    is_reached = not (needs_phone and account.phone_kind != "own") and not (needs_mail and account.email_kind != "own")
    return drawn if is_reached else "failed"


def _records(world: World, slot: Slot) -> Iterator[Record]:
    for contact in contacts(world, slot.story):
        draws = Draws(world.settings.seed, "outreach latency", contact.outreach_id)
        evening = world.calendar.start(world.calendar.day(contact.at)) + 20 * HOUR + draws.below(30 * MINUTE)
        body = {
            "contact_no": contact.outreach_id, "contacted_at": world.calendar.with_offset(contact.at),
            "channel": contact.account.channel, "customer": contact.account.native_id, "purpose": contact.purpose,
            "via": contact.contact_channel, "result": contact.result,
        }  # fmt: skip
        yield Record(_SHAPE, contact.outreach_id, contact.at, evening, body)


_TEXT = pa.string()
_SCHEMA = pa.schema({
    "outreach_id": _TEXT, "person_id": _TEXT, "channel": _TEXT, "native_id": _TEXT, "purpose": _TEXT, "contact_channel": _TEXT,
    "result": _TEXT, "occurred_at": pa.timestamp("ms", tz="UTC"),
})  # fmt: skip


def _truth(world: World, slot: Slot) -> Iterator[dict[str, Any]]:
    """One row per contact up to the last day."""
    end = world.calendar.start(world.settings.n_days)
    for contact in contacts(world, slot.story):
        if contact.at < end:
            yield {
                "outreach_id": contact.outreach_id, "person_id": slot.story.person.person_id, "channel": contact.account.channel,
                "native_id": contact.account.native_id, "purpose": contact.purpose, "contact_channel": contact.contact_channel,
                "result": contact.result, "occurred_at": contact.at,
            }  # fmt: skip


# Between two campaigns a delivery holds a handful of calls: a few late ones would be most of it, and stop the day.
FEED = Feed("outreach", _records, is_dirty=False, truth=FeedTruth(_SCHEMA, _truth))
