"""One visit, walked from its start to the last step that it reaches."""

from .basket import basket, remember, shelf_picks
from .calendar import DAY, MINUTE, SECOND
from .catalogue import Product
from .draws import Draws, digest
from .facts import Event, Line, Memory, Order, Story, ToldVisit, World
from .life import STEPS, Visit
from .names import CATEGORIES, SEARCHES
from .people import Device, Person, written_phone

_QUIET = 31 * MINUTE  # longer than a session's gap
_LONGEST_PAUSE = 10 * MINUTE


def tell(world: World, told: Story, memory: Memory, visit: Visit, *, start: int) -> None:
    """Add the visit's events and order to the story."""
    draws = Draws(world.settings.seed, "visit", told.person.number, visit.name)
    is_collected = visit.channel != "pos" and draws.chance(world.settings.collection.collected_share)
    if not is_collected:
        _tell_unseen(world, told, memory, visit, draws, start)
        return
    walk = _Walk(world, told.person, memory, visit, draws, start)
    walk.go()
    memory.free_from = walk.at + _QUIET
    told.events.extend(walk.events)
    order_id = walk.order_id if visit.reached == "purchase" else None
    told.visits.append(ToldVisit(visit, walk.visit_id, start, walk.device, True, walk.login is not None, walk.n_views, order_id))
    if order_id is not None:
        buyer = told.person.accounts[visit.channel].native_id
        order = Order(order_id, walk.at, visit.channel, buyer, walk.lines, has_events=True, person_id=told.person.person_id)
        _place(world, told, memory, order, draws)


def _tell_unseen(world: World, told: Story, memory: Memory, visit: Visit, draws: Draws, start: int) -> None:
    """A visit without events: at the till, or one that the collector lost. Its order arrives all the same."""
    order_id = None
    memory.free_from = start + _QUIET
    if visit.reached == "purchase":
        day = world.calendar.day(start)
        chosen = shelf_picks(world, told.person, draws, day)
        order_id = _order_id(world, told.person, visit)
        buyer = told.person.accounts[visit.channel].native_id
        lines = basket(world, memory, draws, chosen, day)
        _place(world, told, memory, Order(order_id, start, visit.channel, buyer, lines, person_id=told.person.person_id), draws)
    visit_id = _visit_id(world, told.person, visit)
    told.visits.append(ToldVisit(visit, visit_id, start, None, False, False, 0, order_id))


def _place(world: World, told: Story, memory: Memory, order: Order, draws: Draws) -> None:
    told.orders.append(order)
    day = world.calendar.day(order.at)
    for number, line in enumerate(order.lines):
        remember(memory, line.product, day)
        if order.channel != "pos" and draws.chance(world.settings.life.rating_share):
            memory.unrated.append(line.product)
        if draws.chance(world.settings.life.return_share):
            at = order.at + DAY + draws.below(9 * DAY)
            back = Line(line.product, -line.quantity, line.price)
            told.orders.append(
                Order(f"{order.order_id}-R{number + 1}", at, order.channel, order.buyer, (back,), True, person_id=order.person_id)
            )


def _order_id(world: World, person: Person, visit: Visit) -> str:
    return f"{visit.channel[0].upper()}{digest(world.settings.seed, 'order', person.number, visit.name, size=8)}"


def _visit_id(world: World, person: Person, visit: Visit) -> str:
    return digest(world.settings.seed, "visit", person.number, visit.name)


class _Walk:
    """The events of one collected visit, in order."""

    def __init__(self, world: World, person: Person, memory: Memory, visit: Visit, draws: Draws, start: int) -> None:
        self._world, self._person, self._memory, self._visit, self._draws = world, person, memory, visit, draws
        self.at = start
        self.events: list[Event] = []
        self.device = _device(person, visit.channel, draws)
        self.visit_id = _visit_id(world, person, visit)
        self.order_id = _order_id(world, person, visit)
        self.login: str | None = None
        self.lines: tuple[Line, ...] = ()
        self.n_views = 0
        self._day = world.calendar.day(start)
        self._steps = STEPS.index(visit.reached)

    def go(self) -> None:
        """Walk to the last step."""
        wants_login = self._draws.chance(self._world.settings.channels.online(self._visit.channel).login)
        if wants_login and self._draws.chance(0.5):
            self.login = self._native_id  # still logged in from the last time
        self._do("session_start")
        if wants_login and self.login is None and self._draws.chance(0.6):
            self._log_in()
        viewed = self._view() if self._steps >= 1 else []
        if wants_login and self.login is None and self._draws.chance(0.7):
            self._log_in()
        self._rate()
        if self._steps < 2:
            return
        self._buy(viewed)

    @property
    def _native_id(self) -> str:
        return self._person.accounts[self._visit.channel].native_id

    def _do(self, kind: str, product: Product | None = None, **details: object) -> None:
        if self.events:
            self.at += min(2 * SECOND + int(self._draws.log_normal(12.0, 0.9) * SECOND), _LONGEST_PAUSE)
        number = len(self.events)
        event_id = digest(self._world.settings.seed, "event", self.visit_id, number)
        event = Event(event_id, self.at, self._visit.channel, kind, self.device, self.login, product, **details)  # type: ignore[arg-type]
        self.events.append(event)

    def _log_in(self) -> None:
        self.login = self._native_id
        self._do("login")

    def _view(self) -> list[Product]:
        settings, draws = self._world.settings, self._draws
        viewed: list[Product] = []
        for _ in range(1 + draws.poisson(settings.channels.online(self._visit.channel).mean_views - 1.0)):
            category = self._next_category()
            if draws.chance(0.12):
                self._do("search", query=self._query(category))
            elif draws.chance(0.15):
                self._do("view_item_list")
            viewed.append(self._world.catalogue.pick(draws, category, self._person.style, self._day))
            self._do("view_item", viewed[-1])
            self.n_views += 1
        return viewed

    def _next_category(self) -> int:
        draws, (older, last) = self._draws, self._memory.last_categories
        if draws.chance(self._world.settings.tastes.sequence_share):
            category = self._world.catalogue.next_category(draws, older, last)
        else:
            category = draws.one_of(self._person.categories)
        self._memory.last_categories = (last, category)
        return category

    def _query(self, category: int) -> str:
        draws, settings = self._draws, self._world.settings
        text = f"{draws.one_of(SEARCHES)}{draws.one_of(CATEGORIES[category].nouns)}"
        if draws.chance(settings.contacts.canary_share):
            return f"{text} 联系 {written_phone(draws, settings.canary_phone)} 谢谢"
        return text

    def _rate(self) -> None:
        if self._memory.unrated and self.login is not None:
            product = self._memory.unrated.pop(0)
            likes = product.style == self._person.style
            self._do("rate", product, rating=min(5, 3 + self._draws.below(3)) if likes else 1 + self._draws.below(5))

    def _buy(self, viewed: list[Product]) -> None:
        draws = self._draws
        chosen = [product for place, product in enumerate(viewed) if place == 0 or draws.chance(0.25)]
        is_order = self._visit.reached == "purchase"
        lines = basket(self._world, self._memory, draws, chosen, self._day) if is_order else ()
        for product in [line.product for line in lines] or chosen:
            self._do("add_to_cart", product)
        if self._steps < 3:
            return
        self._do("view_cart")
        if self.login is None:
            self._log_in()  # nobody goes to the checkout without an account
        self._do("begin_checkout")
        if is_order:
            self._do("purchase", order_id=self.order_id)
            self.lines = lines


def _device(person: Person, channel: str, draws: Draws) -> Device:
    devices = person.devices[channel]
    return devices[1] if len(devices) > 1 and draws.chance(0.35) else devices[0]
