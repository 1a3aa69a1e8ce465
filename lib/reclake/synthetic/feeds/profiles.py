"""What the CRM knows of accounts, days after they were opened: typed by staff, with slips, and delivered the next morning.

It is delivered into the table of accounts as a feed of its own. It knows cards, ids across the platform's apps and years of
birth that the accounts do not hold, and the phone and e-mail address of few.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from reclake.synthetic.calendar import HOUR, MINUTE, Calendar
from reclake.synthetic.draws import Draws, digest
from reclake.synthetic.facts import World, clock
from reclake.synthetic.people import mobile
from reclake.synthetic.record import Body, Record, Shape
from reclake.synthetic.typos import RIGHT, typed_address, typed_name, typed_phone

from . import accounts
from .accounts import opened_at
from .feed import Feed, FeedTruth, Slot

_NONE = "none"
_ADULT, _CHILD = 18, 10  # years; a minor is from _CHILD to below _ADULT
_ON_CARD = ("app", "pos")  # channels whose accounts the CRM knows by the card
_ON_PLATFORM = ("app", "mini_program")  # apps of one platform


@dataclass(frozen=True, slots=True)
class _Profile:
    """A record of the CRM, with the slips in it."""

    channel: str
    native_id: str
    at: int
    body: Body
    name_kind: str
    address_kind: str
    phone_kind: str
    is_minor: bool


def _transport(calendar: Calendar, at: int) -> Body:
    return {"exported_at": calendar.with_offset(at)}


_SHAPE = Shape(
    feed="profiles", channel="crm", table="accounts", extension="jsonl", transport=_transport,
    required=("account_no", "channel", "updated_at"),
)  # fmt: skip


def card_number(number: int) -> str:
    """The person's card: twelve digits, nobody else's."""
    return f"88{(number * 4_827_101 + 7_919) % 10_000_000_000:010d}"


def _profiles(world: World, slot: Slot) -> Iterator[_Profile]:
    """The records of the person's accounts that the CRM knows; each account draws by itself."""
    shares = world.settings.profiles
    states = list(accounts.FEED.of_slot(world, slot))
    stated_year = _year(world, slot, states)
    for channel, account in slot.story.person.accounts.items():
        draws = Draws(world.settings.seed, "profile", slot.number, channel)
        if not draws.chance(shares.profile_share):
            continue
        opened = max(opened_at(world, slot.story, channel), world.calendar.start(0))
        day = world.calendar.day(opened) + 1 + draws.below(shares.delay_days)
        at = clock(world, draws, day, in_shop=True)
        known = max((one for one in states if one.shape.channel == channel and one.at <= at), key=lambda one: one.at).body
        name, name_kind = _slipped(draws, shares.name_typo_share, typed_name, known["name"])
        address, address_kind = _slipped(draws, shares.address_typo_share, typed_address, known["address"])
        phone, phone_kind = _phone(world, draws, slot.number)
        year, is_minor = stated_year
        body = {
            "account_no": account.native_id, "channel": channel, "updated_at": world.calendar.with_offset(at), "name": name,
            "address": address, "region": known["region"], "gender": known["gender"], "birth_year": year, "mobile": phone,
            "email": account.email if account.email_kind == "own" and draws.chance(shares.email_share) else None,
            "card_number": _card(world, draws, slot, channel), "union_id": _union(world, slot, channel),
        }  # fmt: skip
        told = {field: value for field, value in body.items() if value is not None}
        yield _Profile(channel, account.native_id, at, told, name_kind, address_kind, phone_kind, is_minor)


def _slipped(draws: Draws, share: float, slip: Any, text: str) -> tuple[str, str]:
    typed: tuple[str, str] = slip(draws, text) if draws.chance(share) else (text, RIGHT)
    return typed


def _phone(world: World, draws: Draws, number: int) -> tuple[str | None, str]:
    shares = world.settings.profiles
    if number == 0 or not draws.chance(shares.phone_share):  # the canary lies where its own settings put it
        return None, _NONE
    return _slipped(draws, shares.phone_typo_share, typed_phone, mobile(world.settings, number))


def _year(world: World, slot: Slot, states: list[Record]) -> tuple[int | None, bool]:
    """The year of birth that the CRM states of the person, and whether it makes a minor: of some whose accounts state none."""
    known = next((one.body["birth_year"] for one in states if "birth_year" in one.body), None)
    if known is not None:
        return known, False
    shares, draws = world.settings.profiles, Draws(world.settings.seed, "profile year", slot.number)
    chance = draws.uniform()
    this_year = world.settings.first_day.year
    if chance < shares.minor_share:
        return this_year - _CHILD - draws.below(_ADULT - _CHILD), True
    if chance < shares.minor_share + shares.birth_year_share:
        return this_year - _ADULT - 1 - draws.below(50), False
    return None, False


def _card(world: World, draws: Draws, slot: Slot, channel: str) -> str | None:
    """The person's card in one of the notations in which staff writes it; who never joined the shops has none."""
    has_card = Draws(world.settings.seed, "card", slot.number).chance(world.settings.profiles.card_share)
    if channel not in _ON_CARD or "pos" not in slot.story.person.accounts or not has_card:
        return None
    card = card_number(slot.number)
    grouped = f"{card[:4]} {card[4:8]} {card[8:]}"
    return draws.one_of((card, card, grouped, grouped.replace(" ", "-")))


def _union(world: World, slot: Slot, channel: str) -> str | None:
    has_union = Draws(world.settings.seed, "union", slot.number).chance(world.settings.profiles.union_share)
    if channel not in _ON_PLATFORM or not has_union:
        return None
    return f"oU{digest(world.settings.seed, 'union', slot.number, size=13)}"


def _records(world: World, slot: Slot) -> Iterator[Record]:
    for profile in _profiles(world, slot):
        exported = world.calendar.start(world.calendar.day(profile.at) + 1) + 4 * HOUR
        late = Draws(world.settings.seed, "export", slot.number, profile.channel).below(30 * MINUTE)
        yield Record(_SHAPE, f"{profile.channel}.{profile.native_id}", profile.at, exported + late, profile.body)


_TEXT, _FLAG = pa.string(), pa.bool_()
_SCHEMA = pa.schema({
    "person_id": _TEXT, "channel": _TEXT, "native_id": _TEXT, "changed_at": pa.timestamp("ms", tz="UTC"), "name_kind": _TEXT,
    "address_kind": _TEXT, "phone_kind": _TEXT, "has_card": _FLAG, "has_union": _FLAG, "birth_year": pa.int64(), "is_minor": _FLAG,
})  # fmt: skip


def _truth(world: World, slot: Slot) -> Iterator[dict[str, Any]]:
    """One row per record of the CRM up to the last day; a kind is `right`, that of the slip, or `none`."""
    end = world.calendar.start(world.settings.n_days)
    for profile in _profiles(world, slot):
        if profile.at < end:
            yield {
                "person_id": slot.story.person.person_id, "channel": profile.channel, "native_id": profile.native_id,
                "changed_at": profile.at, "name_kind": profile.name_kind, "address_kind": profile.address_kind,
                "phone_kind": profile.phone_kind, "has_card": "card_number" in profile.body, "has_union": "union_id" in profile.body,
                "birth_year": profile.body.get("birth_year"), "is_minor": profile.is_minor,
            }  # fmt: skip


FEED = Feed("profiles", _records, truth=FeedTruth(_SCHEMA, _truth))
