"""Devices that many people share: tablets in the shops, and the one id that a web server writes where it may set no cookie."""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from reclake.synthetic.calendar import MINUTE, SECOND
from reclake.synthetic.draws import Draws, digest
from reclake.synthetic.facts import Event, World, clock
from reclake.synthetic.names import WEB_AGENTS
from reclake.synthetic.people import Device, Person

from .accounts import opened_at
from .feed import Slot

KIOSK, SERVER = "kiosk", "server"
_TABLET_AGENT = "DemoKiosk/2.0 (Android 13; tablet)"


def tablet_uses(world: World, slot: Slot) -> Iterator[Event]:
    """The person looks at products on a shop's tablet, under the member number, before some purchases at the till.

    The people of `people_per_tablet` numbers that follow each other go to one shop.
    """
    shares, person = world.settings.kiosks, slot.story.person
    if "pos" not in person.accounts:
        return
    member, opened = person.accounts["pos"].native_id, opened_at(world, slot.story, "pos")
    tablet = f"ks-{digest(world.settings.seed, 'tablet', slot.number // shares.people_per_tablet, size=8)}"
    device = Device("pos", tablet, _TABLET_AGENT)
    for visit in slot.story.visits:
        if visit.visit.channel != "pos":
            continue
        draws = Draws(world.settings.seed, "tablet", visit.visit_id)
        at = visit.started_at - 3 * MINUTE - draws.below(20 * MINUTE)
        if draws.chance(shares.use_share) and at > opened:
            yield from _use(world, person, draws, KIOSK, device, member, at, shares.mean_views, visit.visit_id)


def cookieless_visits(world: World, slot: Slot) -> Iterator[Event]:
    """Visits to the web site by people whose browser takes no cookie; some log in, none buys.

    The people of `people_per_server` numbers that follow each other meet one server.
    """
    shares, person = world.settings.cookieless, slot.story.person
    draws = Draws(world.settings.seed, "cookieless", slot.number)
    if "web" not in person.accounts or not draws.chance(shares.visitor_share):
        return
    login = person.accounts["web"].native_id
    opened = max(opened_at(world, slot.story, "web"), world.calendar.start(0))
    server = f"srv-{digest(world.settings.seed, 'server', slot.number // shares.people_per_server, size=4)}"
    device = Device("web", server, WEB_AGENTS[0])
    for number in range(1 + draws.below(3)):
        at = clock(world, draws, world.calendar.day(opened) + 1 + draws.below(40), in_shop=False)
        has_login = draws.chance(shares.login_share)
        name = digest(world.settings.seed, "cookieless", slot.number, number)
        yield from _use(world, person, draws, SERVER, device, login if has_login else None, at, shares.mean_views, name)


def _use(
    world: World, person: Person, draws: Draws, kind: str, device: Device, login: str | None, at: int, mean_views: float, name: str
) -> Iterator[Event]:  # fmt: skip
    kinds = ["session_start", *(["login"] if login else []), *["view_item"] * (1 + draws.poisson(mean_views - 1.0))]
    day = world.calendar.day(at)
    for place, event_type in enumerate(kinds):
        product = world.catalogue.pick(draws, draws.one_of(person.categories), person.style, day)
        event_id = digest(world.settings.seed, kind, name, place)
        # Nobody is logged in before the login.
        known, seen = login if place else None, product if event_type == "view_item" else None
        yield Event(event_id, at, device.channel, event_type, device, known, seen)
        at += 3 * SECOND + draws.below(25 * SECOND)


SCHEMA = pa.schema({
    "event_id": pa.string(), "person_id": pa.string(), "channel": pa.string(), "device_id": pa.string(), "native_id": pa.string(),
    "event_type": pa.string(), "occurred_at": pa.timestamp("ms", tz="UTC"),
})  # fmt: skip


def truth_of(world: World, slot: Slot, events: Iterator[Event]) -> Iterator[dict[str, Any]]:
    """One row per event up to the last day, with the person who was there; `native_id` is the account that was logged in."""
    end = world.calendar.start(world.settings.n_days)
    for event in events:
        if event.at < end:
            yield {
                "event_id": event.event_id, "person_id": slot.story.person.person_id, "channel": event.channel,
                "device_id": event.device.native_id, "native_id": event.login, "event_type": event.kind, "occurred_at": event.at,
            }  # fmt: skip
