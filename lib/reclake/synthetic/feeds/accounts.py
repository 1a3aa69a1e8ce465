"""Accounts and members: as opened, and written anew when their keys change."""

from collections.abc import Iterator

from reclake.synthetic.calendar import DAY, HOUR, MINUTE, SECOND, Calendar
from reclake.synthetic.draws import Draws
from reclake.synthetic.facts import Story, World
from reclake.synthetic.names import GIVEN_NAMES, REGIONS, ROADS, SURNAMES
from reclake.synthetic.people import Account, mobile, written_phone
from reclake.synthetic.record import Body, Record, Shape

from .feed import Feed, Slot, received


def _transport(calendar: Calendar, at: int) -> Body:
    return {"received_at": calendar.with_offset(at)}


_SHAPES = {
    channel: Shape(
        feed="accounts", channel=channel, table="accounts", extension="jsonl", transport=_transport,
        required=("account_no", "updated_at"),
    )
    for channel in ("app", "mini_program", "web", "pos")
}  # fmt: skip


def opened_at(world: World, story: Story, channel: str) -> int:
    """When the account was opened: before the first day, or minutes before the person is first seen."""
    draws = Draws(world.settings.seed, "opened", story.person.number)
    first = world.calendar.start(0)
    before = MINUTE + draws.below(8 * MINUTE) + list(story.person.accounts).index(channel) * 7 * SECOND
    if draws.chance(world.settings.life.member_share):
        return first - DAY - draws.below(400 * DAY) - before
    return max(story.started_at - before, first)


def arrival(world: World, draws: Draws, at: int) -> int:
    """When a statement of that instant arrives: what is older than the first day comes on it, early."""
    first = world.calendar.start(0)
    return received(world, draws, at) if at >= first else first + HOUR + draws.below(3 * HOUR)


def _records(world: World, slot: Slot) -> Iterator[Record]:
    person = slot.story.person
    draws = Draws(world.settings.seed, "account", person.number)
    facts = _facts(draws)
    for channel, account in person.accounts.items():
        opened = opened_at(world, slot.story, channel)
        body = {
            "account_no": account.native_id, "channel": channel, "mobile": account.phone, "email": account.email, **facts,
            "device_id": _device(slot, channel), "opened_at": world.calendar.with_offset(opened),
            "updated_at": world.calendar.with_offset(opened),
        }  # fmt: skip
        yield _record(world, draws, channel, account, opened, body, 0)
        if draws.chance(world.settings.contacts.changed_share):
            changed = max(opened, world.calendar.start(0)) + DAY + draws.below(45 * DAY)
            yield _record(world, draws, channel, account, changed, _changed(world, draws, slot, account, body, changed), 1)


def _record(world: World, draws: Draws, channel: str, account: Account, at: int, body: Body, number: int) -> Record:
    told = {name: value for name, value in body.items() if value is not None}
    return Record(_SHAPES[channel], f"{channel}.{account.native_id}.{number}", at, arrival(world, draws, at), told)


def _changed(world: World, draws: Draws, slot: Slot, account: Account, body: Body, at: int) -> Body:
    """The same account later: moved, and its own phone in another notation."""
    phone = written_phone(draws, mobile(world.settings, slot.number)) if account.phone_kind == "own" else account.phone
    region = draws.one_of(REGIONS)
    return body | {
        "mobile": phone, "region": region, "address": _address(draws, region), "updated_at": world.calendar.with_offset(at),
    }  # fmt: skip


def _facts(draws: Draws) -> Body:
    region = draws.one_of(REGIONS)
    return {
        "name": draws.one_of(SURNAMES) + draws.one_of(GIVEN_NAMES),
        "gender": draws.one_of(("F", "F", "M", "M", "unknown")),
        "birth_year": 1955 + draws.below(52) if draws.chance(0.7) else None,
        "region": region,
        "address": _address(draws, region),
    }


def _address(draws: Draws, region: str) -> str:
    return f"{region}{draws.one_of(ROADS)}{1 + draws.below(900)}号{1 + draws.below(30)}室"


def _device(slot: Slot, channel: str) -> str | None:
    """The device that the channel ties to the account; a browser is tied to nobody."""
    devices = slot.story.person.devices.get(channel)
    return devices[0].native_id if devices and channel != "web" else None


FEED = Feed("accounts", _records)
