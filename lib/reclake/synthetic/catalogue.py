"""Products with categories, prices, complements and repurchase cycles, and the order-2 law of what is viewed next."""

from dataclasses import dataclass

from .draws import Draws, cumulated
from .names import BRANDS, CATEGORIES, SIZES, STYLES
from .settings import DemoSettings

N_CATEGORIES = len(CATEGORIES)
N_STYLES = len(STYLES)


@dataclass(frozen=True, slots=True)
class Product:
    """A product, with every price it will have."""

    place: int
    product_id: str
    name: str
    brand: str
    noun: str
    category: int
    style: int
    cycle_days: int | None
    launch_day: int
    prices: tuple[tuple[int, float], ...]  # (first day, price), in order of days

    def price(self, day: int) -> float:
        """The price of one piece on a day, in the company's currency."""
        return next(price for first, price in reversed(self.prices) if first <= day or first == self.launch_day)


class Catalogue:
    """All products, made anew wherever they are needed: they depend on the settings alone."""

    def __init__(self, settings: DemoSettings) -> None:
        self._tastes = settings.tastes
        self.products = tuple(_product(settings, place) for place in range(settings.products.n_products))
        self._members: tuple[tuple[Product, ...], ...] = tuple(
            tuple(product for product in self.products if product.category == category) for category in range(N_CATEGORIES)
        )
        self._popularity = tuple(
            tuple(self._weights(len(members), category, style, settings) for style in range(N_STYLES))
            for category, members in enumerate(self._members)
        )
        self.law = tuple(tuple(self._next_shares(older, last) for last in range(N_CATEGORIES)) for older in range(N_CATEGORIES))
        self._cumulated_law = tuple(tuple(cumulated(shares) for shares in row) for row in self.law)

    def _weights(self, n: int, category: int, style: int, settings: DemoSettings) -> tuple[float, ...]:
        lift, exponent = self._tastes.style_lift, settings.products.popularity_exponent
        of_style = (lift if product.style == style else 1.0 for product in self._members[category])
        # 17 is coprime to the usual sizes: the popular ones are not the first of one style
        ranks = ((17 * place) % n + 1 for place in range(n))
        return cumulated([weight / rank**exponent for weight, rank in zip(of_style, ranks, strict=True)])

    def _next_shares(self, older: int, last: int) -> tuple[float, ...]:
        """Shares of the next category after two. Over all `older` they are even: an order-1 model learns nothing."""
        first = (5 * older + 7 * last + 3) % N_CATEGORIES
        second = (first + 1 + (older * last) % (N_CATEGORIES - 1)) % N_CATEGORIES
        rest = (1.0 - self._tastes.first_share - self._tastes.second_share) / (N_CATEGORIES - 2)
        special = {first: self._tastes.first_share, second: self._tastes.second_share}
        return tuple(special.get(category, rest) for category in range(N_CATEGORIES))

    def next_category(self, draws: Draws, older: int, last: int) -> int:
        """A category drawn by the law."""
        return draws.index(self._cumulated_law[older][last])

    def pick(self, draws: Draws, category: int, style: int, day: int) -> Product:
        """A product of the category that is on sale, by popularity and style."""
        for _ in range(20):
            product = self._members[category][draws.index(self._popularity[category][style])]
            if product.launch_day <= day:
                return product
        return self._members[category][0]  # on sale from the first day

    def complement(self, product: Product) -> Product:
        """What goes with the product."""
        members = self._members[CATEGORIES[product.category].complement]
        return members[product.place // N_CATEGORIES % len(members)]


def _product(settings: DemoSettings, place: int) -> Product:
    draws = Draws(settings.seed, "product", place)
    category, number = place % N_CATEGORIES, place // N_CATEGORIES
    words = CATEGORIES[category]
    style = number % N_STYLES
    is_late = number > 0 and draws.chance(settings.products.launched_share)
    launch_day = 1 + draws.below(settings.products.launch_days) if is_late else 0
    brand, noun = BRANDS[number // N_STYLES % len(BRANDS)], words.nouns[(number + number // 5) % len(words.nouns)]
    size = SIZES[number // (N_STYLES * len(BRANDS)) % len(SIZES)]
    return Product(
        place=place,
        product_id=f"P{place + 1:05d}",
        brand=brand,
        noun=noun,
        name=f"{brand}{STYLES[style]}{noun} {size} {number + 1}号",
        category=category,
        style=style,
        cycle_days=words.cycle_days,
        launch_day=launch_day,
        prices=_prices(settings, draws, round(words.base_price * draws.log_normal(1.0, 0.5) * (1 + 0.4 * style), 1), launch_day),
    )


def _prices(settings: DemoSettings, draws: Draws, base: float, launch_day: int) -> tuple[tuple[int, float], ...]:
    """Drawn one after the other, so that more days change no earlier price."""
    base = max(base, 1.0)
    prices = [(launch_day, base)]
    at = launch_day + draws.exponential(settings.products.price_change_days)
    while at < settings.n_days:
        if int(at) > prices[-1][0]:
            prices.append((int(at), max(round(base * draws.between(0.8, 1.25), 1), 1.0)))
        at += draws.exponential(settings.products.price_change_days)
    return tuple(prices)
