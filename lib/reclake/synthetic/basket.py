"""What is bought: what was chosen, what goes with it, and what is used up."""

from .catalogue import Product
from .draws import Draws
from .facts import Line, Memory, World
from .people import Person


def shelf_picks(world: World, person: Person, draws: Draws, day: int) -> list[Product]:
    """What a person takes without the trail of a visit: by taste."""
    n = 1 + draws.poisson(0.8)
    return [world.catalogue.pick(draws, draws.one_of(person.categories), person.style, day) for _ in range(n)]


def basket(world: World, memory: Memory, draws: Draws, chosen: list[Product], day: int) -> tuple[Line, ...]:
    """The lines of an order, one per product, in the order in which they came in."""
    tastes, catalogue = world.settings.tastes, world.catalogue
    products = list(chosen)
    products += [catalogue.complement(product) for product in chosen if draws.chance(tastes.complement_share)]
    products += [catalogue.products[place] for place in _used_up(world, memory, day) if draws.chance(tastes.repurchase_share)]
    on_sale = dict.fromkeys(product for product in products if product.launch_day <= day)
    return tuple(Line(product, 1 + (draws.uniform() < 0.2), product.price(day)) for product in on_sale)


def remember(memory: Memory, product: Product, day: int) -> None:
    """Keep when a consumable was bought."""
    if product.cycle_days is not None:
        memory.bought[product.place] = day


def _used_up(world: World, memory: Memory, day: int) -> list[int]:
    """Consumables whose cycle is over but not long past."""
    products = world.catalogue.products
    return [
        place
        for place, bought in sorted(memory.bought.items())
        if 0.8 <= (day - bought) / (products[place].cycle_days or 1) <= 2.0
    ]
