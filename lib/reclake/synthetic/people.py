"""Who the people are: their channels, accounts, devices, keys and tastes. One person needs no other."""

from dataclasses import dataclass

from .draws import Draws, cumulated, digest
from .names import APP_AGENTS, BLANK_MAILS, BLANK_PHONES, MAIL_DOMAINS, MINI_AGENTS, MOBILE_PREFIXES, SHOP_PHONE, WEB_AGENTS
from .settings import ONLINE, DemoSettings

# Multipliers coprime to ten: different people, different numbers.
_NUMBERS = {
    "app": ("u", 7_368_787, 11),
    "mini_program": ("o", 3_141_593, 577),
    "web": ("w", 2_718_281, 91),
    "pos": ("M", 9_876_543, 7),
}
_AGENTS = {"app": APP_AGENTS, "mini_program": MINI_AGENTS, "web": WEB_AGENTS}


@dataclass(frozen=True, slots=True)
class Account:
    """A channel's account or member number, with the keys that were left with it."""

    channel: str
    native_id: str
    phone: str | None
    phone_kind: str  # own, blank or shop
    email: str | None
    email_kind: str  # own, blank or none


@dataclass(frozen=True, slots=True)
class Device:
    """An app installation, mini-program id or browser."""

    channel: str
    native_id: str
    user_agent: str
    is_shared: bool = False  # with the other person of the household


@dataclass(frozen=True, slots=True)
class Person:
    """A person; `number` is the place among all people."""

    number: int
    person_id: str
    is_visitor: bool  # looks around and never buys
    accounts: dict[str, Account]
    devices: dict[str, tuple[Device, ...]]
    style: int
    categories: tuple[int, int]  # the two favourite ones
    channels: tuple[str, ...]

    def account(self, channel: str) -> Account | None:
        """The person's account on a channel, if there is one."""
        return self.accounts.get(channel)


def person(settings: DemoSettings, number: int) -> Person:
    """The person with that number."""
    draws = Draws(settings.seed, "person", number)
    channels = used_channels(settings, number)
    first = draws.below(12)
    return Person(
        number=number,
        person_id=f"p{number:08d}",
        is_visitor=is_visitor(settings, number),
        accounts={channel: _account(settings, draws, number, channel) for channel in channels},
        devices=_devices(settings, draws, number, channels),
        style=draws.below(5),
        categories=(first, (first + 1 + draws.below(11)) % 12),
        channels=channels,
    )


def is_visitor(settings: DemoSettings, number: int) -> bool:
    """Whether the person never buys; nobody who only goes to shops is one."""
    return Draws(settings.seed, "visitor", number).chance(settings.life.visitor_share)


def used_channels(settings: DemoSettings, number: int) -> tuple[str, ...]:
    """The person's channels; at least the mini-program, and visitors use no shop."""
    draws = Draws(settings.seed, "channels", number)
    online = tuple(channel for channel in ONLINE if draws.chance(settings.channels.online(channel).used_share))
    in_shops = draws.chance(settings.channels.pos.used_share) and not is_visitor(settings, number)
    return (*(online or (() if in_shops else ("mini_program",))), *(("pos",) if in_shops else ()))


def mobile(settings: DemoSettings, number: int) -> str:
    """The person's phone: eleven digits, nobody else's; person 0 has the canary."""
    if number == 0:
        return settings.canary_phone
    prefix = MOBILE_PREFIXES[number % len(MOBILE_PREFIXES)]
    return f"{prefix}{(number * 61_803_399 + 12_345_678) % 100_000_000:08d}"


def written_phone(draws: Draws, phone: str) -> str:
    """The phone in one of the notations in which people write it."""
    grouped = f"{phone[:3]} {phone[3:7]} {phone[7:]}"
    full_width = phone.translate({ord("0") + digit: chr(0xFF10 + digit) for digit in range(10)})
    forms = (phone, phone, phone, f"+86{phone}", f"+86 {grouped}", grouped, grouped.replace(" ", "-"), f"0086{phone}", full_width)
    return draws.one_of(forms)


def _written_mail(draws: Draws, number: int) -> str:
    mail = f"shopper{number}@{MAIL_DOMAINS[number % len(MAIL_DOMAINS)]}"
    return draws.one_of((mail, mail, mail.upper(), f" {mail} ", mail.capitalize()))


def _account(settings: DemoSettings, draws: Draws, number: int, channel: str) -> Account:
    shares = settings.contacts
    letter, factor, offset = _NUMBERS[channel]
    phone: str | None = written_phone(draws, mobile(settings, number))
    phone_kind = "own"
    chance = draws.uniform()
    if number and chance < shares.blank_phone_share:
        phone, phone_kind = draws.one_of(BLANK_PHONES), "blank"
    elif number and channel == "pos" and chance < shares.blank_phone_share + shares.shop_phone_share:
        phone, phone_kind = SHOP_PHONE, "shop"
    email: str | None = _written_mail(draws, number)
    email_kind = "own"
    if not draws.chance(shares.email_share):
        email, email_kind = None, "none"
    elif draws.chance(shares.blank_email_share):
        email, email_kind = draws.one_of(BLANK_MAILS), "blank"
    native_id = f"{letter}{(number * factor + offset) % 1_000_000_000:09d}"
    return Account(channel, native_id, phone, phone_kind, email, email_kind)


def _devices(settings: DemoSettings, draws: Draws, number: int, channels: tuple[str, ...]) -> dict[str, tuple[Device, ...]]:
    reports_app_device = draws.chance(settings.contacts.same_device_share) and "app" in channels
    phone = f"ph-{digest(settings.seed, 'phone', number, size=8)}"
    wechat = phone if reports_app_device else f"wx-{digest(settings.seed, 'wechat', number, size=8)}"
    agents = {channel: draws.one_of(choices) for channel, choices in _AGENTS.items()}
    devices: dict[str, tuple[Device, ...]] = {
        "app": (Device("app", phone, agents["app"]),),
        "mini_program": (Device("mini_program", wechat, agents["mini_program"]),),
        "web": _browsers(settings, draws, number, agents["web"]),
    }
    return {channel: devices[channel] for channel in channels if channel != "pos"}


def _browsers(settings: DemoSettings, draws: Draws, number: int, agent: str) -> tuple[Device, ...]:
    own = Device("web", f"ck-{digest(settings.seed, 'browser', number, size=8)}", agent)
    second = Device("web", f"ck-{digest(settings.seed, 'browser', number, 2, size=8)}", WEB_AGENTS[number % len(WEB_AGENTS)])
    has_second = draws.chance(settings.contacts.second_browser_share)
    household = number // 2
    if not Draws(settings.seed, "household", household).chance(settings.contacts.household_share):
        return (own, second) if has_second else (own,)
    other = number ^ 1
    is_shared = other < settings.n_customers and "web" in used_channels(settings, other)
    family = Device("web", f"ck-{digest(settings.seed, 'family', household, size=8)}", WEB_AGENTS[0], is_shared)
    return (own, family)


def channel_cumulative(settings: DemoSettings, channels: tuple[str, ...]) -> tuple[float, ...]:
    """Cumulated parts of a person's purchases on the channels in use."""
    return cumulated([getattr(settings.channels, channel).weight for channel in channels])
