"""What a story is made of: visits, events, orders, and the world that all stories share."""

from dataclasses import dataclass, field

from .calendar import HOUR, Calendar
from .catalogue import Catalogue, Product
from .draws import Draws, cumulated
from .life import Life, Visit
from .offers import Offer, offers
from .people import Device, Person
from .settings import DemoSettings

# Nobody is about from 2 to 6: a machine that never sleeps stands out.
_ONLINE_HOURS = cumulated([2, 1, 0, 0, 0, 0, 1, 3, 5, 6, 6, 7, 9, 8, 6, 5, 5, 6, 8, 10, 12, 13, 11, 6])
_SHOP_HOURS = cumulated([0] * 10 + [4, 6, 8, 6, 5, 5, 6, 8, 9, 7, 5, 3, 0, 0])


@dataclass(frozen=True, slots=True)
class World:
    """What all stories share; it depends on the settings alone."""

    settings: DemoSettings
    calendar: Calendar
    catalogue: Catalogue
    offers: dict[str, Offer]

    @classmethod
    def of(cls, settings: DemoSettings) -> "World":
        """The world of a company."""
        catalogue = Catalogue(settings)
        return cls(settings, Calendar(settings.first_day, settings.time_zone), catalogue, offers(settings, catalogue))


@dataclass(frozen=True, slots=True)
class Event:
    """Something done in a visit; kinds are GA4 names."""

    event_id: str
    at: int
    channel: str
    kind: str
    device: Device
    login: str | None = None  # native id of the account
    product: Product | None = None
    order_id: str | None = None
    query: str | None = None
    rating: int | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an order; quantities of returns are negative."""

    product: Product
    quantity: int
    price: float

    @property
    def amount(self) -> float:
        """Quantity × price, to the cent."""
        return round(self.quantity * self.price, 2)


@dataclass(frozen=True, slots=True)
class Order:
    """An order, a till receipt or a return of one line."""

    order_id: str
    at: int
    channel: str
    buyer: str | None  # native id of the account; None at the till without a member number
    lines: tuple[Line, ...]
    is_return: bool = False
    has_events: bool = False  # whether the visit left events
    person_id: str | None = None


@dataclass(frozen=True, slots=True)
class ToldVisit:
    """A visit with what became of it."""

    visit: Visit
    visit_id: str
    started_at: int
    device: Device | None
    is_collected: bool
    is_logged_in: bool
    n_views: int
    order_id: str | None


@dataclass(slots=True)
class Memory:
    """What the person carries from visit to visit."""

    last_categories: tuple[int, int]
    bought: dict[int, int] = field(default_factory=dict)  # place of a consumable → day
    unrated: list[Product] = field(default_factory=list)
    free_from: int = 0  # visits of a person never overlap, and lie more than a session's gap apart


@dataclass(slots=True)
class Story:
    """All that is told of one person."""

    person: Person
    life: Life
    started_at: int  # when the person was first seen
    visits: list[ToldVisit] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)


def clock(world: World, draws: Draws, day: int, *, in_shop: bool) -> int:
    """An instant of the day at which people are about."""
    hour = draws.index(_SHOP_HOURS if in_shop else _ONLINE_HOURS)
    return world.calendar.start(day) + hour * HOUR + draws.below(HOUR)
