"""Lists of recommendations that people are shown online, with what they clicked and ordered from them (`click_law`)."""

from collections.abc import Iterator
from dataclasses import dataclass

from reclake.synthetic.calendar import SECOND
from reclake.synthetic.catalogue import Product
from reclake.synthetic.click_law import NON_PERSONAL, ClickLaw
from reclake.synthetic.draws import Draws, digest
from reclake.synthetic.facts import Event, Order, Story, World

from .consents import Statement, statements

_TRIES = 12  # for each position, until a product is found that can be shown
_LONGEST = 45 * SECOND  # from what is shown to the click
_SECOND_MODEL_DAY = 30
# By scenario: the event of a visit that shows it.
_SHOWN_BY = {"home": "session_start", "item_page": "view_item", "cart": "add_to_cart"}


@dataclass(frozen=True, slots=True)
class Place:
    """A product of a list."""

    position: int
    product: Product
    click_probability: float
    is_of_order: bool  # whether the order that the visit ends in holds it
    clicked_at: int | None
    order: Order | None  # where it was clicked and ordered


@dataclass(frozen=True, slots=True)
class ShownList:
    """A list as it was shown once."""

    list_id: str
    scenario: str
    event: Event  # at which it was shown
    at: int
    arm: str
    strategy: str
    model_version: str | None
    propensity: float
    places: tuple[Place, ...]


def shown_lists(world: World, story: Story) -> Iterator[ShownList]:
    """All lists of the person; of a visit each scenario at most once, where it first could be shown."""
    law, person = ClickLaw(world.settings.impressions), Draws(world.settings.seed, "clicks", story.person.number)
    appetite, arm = law.appetite(person), law.arm(person)
    said = [one for one in statements(world, story) if one.purpose == "personalisation"]
    orders = {order.order_id: order for order in story.orders if not order.is_return}
    for events in _visits(story):
        order = orders.get(events[-1].order_id or "")
        whether = Draws(world.settings.seed, "lists", events[0].event_id)
        is_shown = {scenario: whether.chance(world.settings.impressions.shown_share) for scenario in _SHOWN_BY}
        for scenario, kind in _SHOWN_BY.items():
            event = next((one for one in events if one.kind == kind), None)
            if event is not None and is_shown[scenario]:
                draws = Draws(world.settings.seed, "list", event.event_id)
                own = arm if _is_granted(said, event) else NON_PERSONAL
                yield _list(world, story, law, draws, scenario, event, appetite, own, order)


def _visits(story: Story) -> Iterator[list[Event]]:
    """The events of each visit in their order."""
    visit: list[Event] = []
    for event in story.events:
        if event.kind == "session_start" and visit:
            yield visit
            visit = []
        visit.append(event)
    if visit:
        yield visit


def _is_granted(said: list[Statement], event: Event) -> bool:
    """Whether who is logged in has granted personalisation by then, and refused it nowhere."""
    heard = [one.is_granted for one in said if one.at < event.at]
    return event.login is not None and bool(heard) and all(heard)


def _list(
    world: World, story: Story, law: ClickLaw, draws: Draws, scenario: str, event: Event, appetite: float, arm: str,
    order: Order | None,
) -> ShownList:  # fmt: skip
    strategy, day = law.draw(draws, arm, event.channel), world.calendar.day(event.at)
    products = _products(world, story, draws, strategy, event.product, day)
    at = event.at + SECOND // 2
    bought = (
        _bought(world, draws, order, event, products) if scenario != "cart" and draws.chance(law.order_share(strategy)) else None
    )
    if bought is not None:
        products[draws.below(len(products))] = bought
    places = []
    for position, product in enumerate(products, start=1):
        probability, is_of_order = law.clicked(appetite, event.channel, strategy, position), product is bought
        clicked_at = at + 1 + draws.below(_longest(at, order)) if draws.chance(probability) else None
        from_here = order if is_of_order and clicked_at is not None else None
        places.append(Place(position, product, probability, is_of_order, clicked_at, from_here))
    list_id = f"L{digest(world.settings.seed, 'list', event.event_id, size=8)}"
    version = None if strategy == world.settings.impressions.non_personal else "2" if day >= _SECOND_MODEL_DAY else "1"
    propensity = law.propensity(arm, event.channel, strategy)
    return ShownList(list_id, scenario, event, at, arm, strategy, version, propensity, tuple(places))


def _longest(at: int, order: Order | None) -> int:
    """The time within which a click comes: before the order."""
    return _LONGEST if order is None else min(_LONGEST, order.at - at - 1)


def _bought(world: World, draws: Draws, order: Order | None, event: Event, shown: list[Product]) -> Product | None:
    """A product of the order that can be shown: none that the page is about or that is in the list, nor a variant of those."""
    if order is None or not shown:
        return None
    taken = {world.offers[one.product_id].stands_for for one in (*shown, *([event.product] if event.product else []))}
    day = world.calendar.day(event.at)
    ordered = [world.offers[line.product.product_id] for line in order.lines]
    others = [offer.product for offer in ordered if offer.stands_for not in taken and offer.can_be_sold(day)]
    return draws.one_of(others) if others else None


def _products(world: World, story: Story, draws: Draws, strategy: str, about: Product | None, day: int) -> list[Product]:
    """Products that can be sold, each of another group of variants than the others and than what the page is about."""
    groups = {world.offers[about.product_id].stands_for} if about else set()
    found: list[Product] = []
    n_positions = world.settings.impressions.n_positions
    for _ in range(_TRIES * n_positions):
        product = _candidate(world, story, draws, strategy, about, day)
        offer = world.offers[product.product_id]
        if offer.stands_for not in groups and offer.can_be_sold(day):
            groups.add(offer.stands_for)
            found.append(product)
        if len(found) == n_positions:
            break
    return found


def _candidate(world: World, story: Story, draws: Draws, strategy: str, about: Product | None, day: int) -> Product:
    """What the strategy might show: popular products, those near to what the page is about, or those of the person's taste."""
    person, catalogue = story.person, world.catalogue
    if strategy == "popular":
        return catalogue.pick(draws, draws.below(12), draws.below(5), day)
    near = draws.one_of((about.category, catalogue.complement(about).category)) if about and strategy == "item_item" else None
    return catalogue.pick(draws, near if near is not None else draws.one_of(person.categories), person.style, day)
