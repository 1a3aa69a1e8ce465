"""Statements of consent: when an account is opened, and when one is withdrawn. Who says nothing has no record."""

from collections.abc import Iterator
from dataclasses import dataclass

from reclake.synthetic.calendar import DAY, SECOND, Calendar
from reclake.synthetic.draws import Draws, digest
from reclake.synthetic.facts import Story, World
from reclake.synthetic.record import Body, Record, Shape

from .accounts import arrival, opened_at
from .feed import Feed, Slot

PURPOSES = ("personalisation", "marketing")


@dataclass(frozen=True, slots=True)
class Statement:
    """What a person said on one account."""

    purpose: str
    channel: str
    is_granted: bool
    at: int


def _transport(calendar: Calendar, at: int) -> Body:
    return {"received_at": calendar.with_offset(at)}


_SHAPE = Shape(
    feed="consents", channel="all", table="consents", extension="jsonl", transport=_transport, id_field="consent_no",
    required=("consent_no", "account_no", "purpose", "granted", "decided_at"),
    altered=lambda body: body | {"granted": not body["granted"]}, altered_is="kept",
)  # fmt: skip


def statements(world: World, story: Story) -> list[Statement]:
    """All statements of a person: the same decision on each account, but a withdrawal on one alone."""
    return [said for purpose in PURPOSES for said in _of_purpose(world, story, purpose)]


def _of_purpose(world: World, story: Story, purpose: str) -> Iterator[Statement]:
    shares = world.settings.contacts
    draws = Draws(world.settings.seed, "consent", story.person.number, purpose)
    decision = draws.uniform()
    if decision >= shares.granted_share + shares.refused_share:
        return
    is_granted = decision < shares.granted_share
    channels = list(story.person.accounts)
    for place, channel in enumerate(channels):
        if place == 0 or draws.chance(0.5):
            yield Statement(purpose, channel, is_granted, opened_at(world, story, channel) + 20 * SECOND)
    if is_granted and draws.chance(shares.withdrawn_share):
        channel = channels[0]
        start = max(opened_at(world, story, channel), world.calendar.start(0))
        yield Statement(purpose, channel, False, start + DAY + draws.below(40 * DAY))


def _records(world: World, slot: Slot) -> Iterator[Record]:
    draws = Draws(world.settings.seed, "consent latency", slot.number)
    for said in statements(world, slot.story):
        account = slot.story.person.accounts[said.channel]
        name = digest(world.settings.seed, "statement", slot.number, said.purpose, said.channel, said.at, size=8)
        body = {
            "consent_no": name, "account_no": account.native_id, "channel": said.channel, "purpose": said.purpose,
            "granted": said.is_granted, "decided_at": world.calendar.with_offset(said.at),
        }  # fmt: skip
        yield Record(_SHAPE, name, said.at, arrival(world, draws, said.at), body)


FEED = Feed("consents", _records)
