"""What is at work beside the people, made slot by slot as they are: walk-ins at the tills, and machines."""

from dataclasses import dataclass

from .calendar import DAY, HOUR, MINUTE, SECOND
from .catalogue import Product
from .draws import Draws, digest
from .facts import Event, Line, Order, World, clock
from .names import CRAWLERS, WEB_AGENTS
from .people import Device

KINDS = ("user_agent", "fast", "rhythm", "sleepless")
# Machines come by terms of a fixed length, not over the company's: more days must leave the first ones as they are.
_TERM = 56
_FIRST_TERM = 60  # days; none starts on the last four


@dataclass(frozen=True, slots=True)
class Bot:
    """A machine: how it gives itself away, and what it did."""

    kind: str
    term: int
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


def bots(world: World, number: int) -> tuple[Bot, ...]:
    """The machines of the slot: of each of the company's terms it has one or none."""
    n_later_terms = -(-max(0, world.settings.n_days - _FIRST_TERM) // _TERM)
    found = (_bot(world, number, term) for term in range(1 + n_later_terms))
    return tuple(machine for machine in found if machine is not None)


def _bot(world: World, number: int, term: int) -> Bot | None:
    settings = world.settings
    name: tuple[int, ...] = (number, term) if term else (number,)  # the first one's draws are as old as the company
    draws = Draws(settings.seed, "bot", *name)
    if not draws.chance(settings.bots.per_customer):
        return None
    kind = draws.one_of(KINDS)
    agent = draws.one_of(CRAWLERS if kind == "user_agent" else WEB_AGENTS)
    device = Device("web", f"ck-{digest(settings.seed, 'bot', *name, size=8)}", agent)
    first_day = (_FIRST_TERM + (term - 1) * _TERM if term else 0) + draws.below(_TERM)
    times: list[int] = []
    for day in range(first_day, first_day + settings.bots.days):
        times += _times(kind, world.calendar.start(day), draws)
    told = f"bot {' '.join(map(str, name))}"
    events = tuple(_look(world, draws, device, told, place, at) for place, at in enumerate(times))
    return Bot(kind, term, device, events)


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
