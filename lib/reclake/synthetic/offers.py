"""What is true of products beside the catalogue: variants, list prices, and whether they can be sold online.

Each has draws of its own, so that nothing of the catalogue moves. Stock is that of the online channels. It stops no order of
the stories: people order what they looked at.
"""

from collections import defaultdict
from dataclasses import dataclass

from .catalogue import Catalogue, Product
from .draws import Draws
from .settings import DemoSettings

_DISCOUNTS = (0.05, 0.1, 0.15, 0.2, 0.3)


@dataclass(frozen=True, slots=True)
class Stock:
    """What can be sold of a product from a day on."""

    first_day: int
    n_available: int
    is_recalled: bool


@dataclass(frozen=True, slots=True)
class Offer:
    """A product as it is offered."""

    product: Product
    variant_of: str | None  # the product that stands for its variants
    list_prices: tuple[tuple[int, float], ...]  # (first day, price before any discount), of the days of its prices
    stock: tuple[Stock, ...]  # in order of days

    @property
    def stands_for(self) -> str:
        """Which one of a group of variants; itself without any."""
        return self.variant_of or self.product.product_id

    def can_be_sold(self, day: int) -> bool:
        """Whether it is on sale, in stock and not called back on the day."""
        now = next((state for state in reversed(self.stock) if state.first_day <= day), None)
        return now is not None and now.n_available > 0 and not now.is_recalled


def offers(settings: DemoSettings, catalogue: Catalogue) -> dict[str, Offer]:
    """All products by id, in the catalogue's order."""
    variants = _variants(settings, catalogue)
    return {
        product.product_id: Offer(
            product, variants.get(product.product_id), _list_prices(settings, product), _stock(settings, product)
        )
        for product in catalogue.products
    }


def _variants(settings: DemoSettings, catalogue: Catalogue) -> dict[str, str]:
    """The variants of one product are alike in category, noun and style: another size, or another label."""
    alike: dict[tuple[int, str, int], list[str]] = defaultdict(list)
    for product in catalogue.products:
        alike[product.category, product.noun, product.style].append(product.product_id)
    found: dict[str, str] = {}
    for like, members in alike.items():
        if len(members) > 1 and Draws(settings.seed, "variants", *like).chance(settings.assortment.variant_share):
            found |= dict.fromkeys(members, members[0])
    return found


def _list_prices(settings: DemoSettings, product: Product) -> tuple[tuple[int, float], ...]:
    draws = Draws(settings.seed, "list price", product.place)
    prices: list[tuple[int, float]] = []
    for day, price in product.prices:
        discount = draws.one_of(_DISCOUNTS) if draws.chance(settings.assortment.discount_share) else 0.0
        prices.append((day, round(price / (1.0 - discount), 1)))
    return tuple(prices)


def _stock(settings: DemoSettings, product: Product) -> tuple[Stock, ...]:
    pieces, recalls = _pieces(settings, product), _recalls(settings, product)
    states: list[Stock] = []
    for day in sorted(pieces.keys() | recalls.keys()):
        before = states[-1] if states else Stock(day, 0, False)
        states.append(Stock(day, pieces.get(day, before.n_available), recalls.get(day, before.is_recalled)))
    return tuple(states)


def _pieces(settings: DemoSettings, product: Product) -> dict[int, int]:
    """First day → pieces from it on; drawn one after the other, so that more days change no earlier one."""
    shares, draws = settings.stock, Draws(settings.seed, "stock", product.place)
    found = {product.launch_day: 20 + draws.below(180)}
    at = product.launch_day + 1 + draws.exponential(shares.in_stock_days)
    while at < settings.n_days:
        back = at + 1 + draws.exponential(shares.out_days - 1)
        found |= {int(at): 0, int(back): 20 + draws.below(180)}
        at = back + 1 + draws.exponential(shares.in_stock_days)
    return found


def _recalls(settings: DemoSettings, product: Product) -> dict[int, bool]:
    """First day → whether it is called back from it on."""
    shares, draws = settings.stock, Draws(settings.seed, "recall", product.place)
    if not draws.chance(shares.recalled_share):
        return {}
    first = product.launch_day + 1 + int(draws.exponential(shares.recall_after_days))
    return {first: True, first + 1 + int(draws.exponential(shares.recall_days)): False}
