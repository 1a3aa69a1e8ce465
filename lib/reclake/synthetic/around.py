"""What is at work beside the people, made slot by slot as they are: walk-ins at the tills, and machines."""

from dataclasses import dataclass

from .calendar import DAY, HOUR, MINUTE, SECOND
from .catalogue import Product
from .draws import Draws, digest
from .facts import Event, Line, Order, World, clock
from .names import CRAWLERS, WEB_AGENTS
from .people import Device

KINDS = ("user_agent", "fast", "rhythm", "sleepless")


@dataclass(frozen=True, slots=True)
class Bot:
    """A machine: how it gives itself away, and what it did."""

    kind: str
    device: Device
    events: tuple[Event, ...]


def walk_ins(world: World, number: int) -> list[Order]:
    """Orders of nobody in particular at the tills, as many per slot as settings say."""
    settings = world.settings
    draws = Draws(settings.seed, "walk-in", number)
    if settings.life.walk_ins_per_customer_day <= 0:
        return []
    mean_gap = 1.0 / settings.life.walk_ins_per_customer_day
    orders: list[Order] = []
    at = draws.exponential(mean_gap)
    while at < settings.n_days:
        own = Draws(settings.seed, "walk-in order", number, len(orders))
        products = dict.fromkeys(_any_product(world, own, int(at)) for _ in range(1 + own.below(3)))
        lines = tuple(Line(product, 1 + own.below(2), product.price(int(at))) for product in products)
        order_id = f"G{digest(settings.seed, 'walk-in', number, len(orders), size=8)}"
        orders.append(Order(order_id, clock(world, own, int(at), in_shop=True), "pos", None, lines))
        at += draws.exponential(mean_gap)
    return orders


def bot(world: World, number: int) -> Bot | None:
    """The machine of the slot, if it has one."""
    settings = world.settings
    draws = Draws(settings.seed, "bot", number)
    if not draws.chance(settings.bots.per_customer):
        return None
    kind = draws.one_of(KINDS)
    agent = draws.one_of(CRAWLERS if kind == "user_agent" else WEB_AGENTS)
    device = Device("web", f"ck-{digest(settings.seed, 'bot', number, size=8)}", agent)
    first_day = draws.below(56)
    times: list[int] = []
    for day in range(first_day, first_day + settings.bots.days):
        times += _times(kind, world.calendar.start(day), draws)
    name = f"bot {number}"
    events = tuple(_look(world, draws, device, name, place, at) for place, at in enumerate(times))
    return Bot(kind, device, events)


def _times(kind: str, midnight: int, draws: Draws) -> list[int]:
    """The instants of one day at which a machine of the kind asks."""
    start = midnight + (9 + draws.below(8)) * HOUR + draws.below(60) * MINUTE
    if kind == "fast":  # all within one minute of the clock
        n = 90 + draws.below(60)
        return [start + 2 * SECOND + place * 55 * SECOND // n + draws.below(100) for place in range(n)]
    if kind == "rhythm":
        n, gap = 60 + draws.below(90), 8 * SECOND + draws.below(20) * SECOND
        return [start + place * gap + draws.below(gap // 100) for place in range(n)]
    if kind == "sleepless":  # several an hour, day and night
        return [midnight + place * 9 * MINUTE + draws.below(8 * MINUTE) for place in range(DAY // (9 * MINUTE))]
    at, times = start, []
    for _ in range(40 + draws.below(120)):
        at += 2 * SECOND + int(draws.log_normal(20.0, 0.8) * SECOND)
        times.append(at)
    return times


def _look(world: World, draws: Draws, device: Device, name: str, place: int, at: int) -> Event:
    product = world.catalogue.products[draws.below(len(world.catalogue.products))]
    return Event(digest(world.settings.seed, name, place), at, "web", "view_item", device, product=product)


def _any_product(world: World, draws: Draws, day: int) -> Product:
    return world.catalogue.pick(draws, draws.below(12), draws.below(5), day)
