"""The shop as one customer sees it: the lists of gold at one as_of, with names and reasons."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from reclake.errors import UsageError
from reclake.recommend.scenarios.definition import Block, Scenario
from reclake.tables import gold, silver

from .conditions import Condition
from .listings import at_as_of
from .reader import Reader, Row

_SHOWN = ("rank", "strategy", "position", "reason_en", "reason_zh", "price_amount", "currency")


@dataclass(frozen=True, slots=True)
class Offer:
    """One place of a list."""

    rank: int
    product_id: str
    product_name: str | None
    category: str | None
    price_amount: Decimal | None
    currency: str | None
    strategy: str | None
    position: int | None
    reason_en: str | None
    reason_zh: str | None


@dataclass(frozen=True, slots=True)
class ShopList:
    """One list: of which scenario and block, and for which product or basket."""

    scenario: str
    block: str
    about: tuple[str, ...]  # names of the product or of what is in the basket
    offers: tuple[Offer, ...]


@dataclass(frozen=True, slots=True)
class Shop:
    """What one customer sees."""

    customer_id: str
    as_of: date
    lists: tuple[ShopList, ...]


def shop_of(reader: Reader, scenarios: Mapping[str, Scenario], customer_id: str, *, as_of: date) -> Shop:
    """Every list of the customer, the page of the first product of theirs, and what completes their cart.

    Raises
    ------
    UsageError
        When no list of the as_of is the customer's.
    """
    own_lists = [customer_list(reader, name, customer_id, as_of=as_of) for name, one in scenarios.items() if one.is_of_customers]
    offers = [offer for one in own_lists for offer in one.offers]
    if not offers:
        raise UsageError(
            f"no list of {as_of} is made for the customer {customer_id}",
            "gold.recommendations has no row of them",
            "reclake show gold.recommendations lists customers; a customer is known from the day after the first record",
        )
    pages = [
        one
        for name, scenario in scenarios.items()
        if scenario.query == "product"
        for one in product_lists(reader, name, offers[0].product_id, scenario, as_of=as_of)
    ]
    cart = cart_of(reader, customer_id, as_of=as_of) or (offers[0].product_id,)
    carts = [basket_list(reader, name, cart, one, as_of=as_of) for name, one in scenarios.items() if one.query == "basket"]
    return Shop(customer_id, as_of, (*own_lists, *pages, *carts))


def customer_list(reader: Reader, scenario: str, customer_id: str, *, as_of: date) -> ShopList:
    """The customer's list in a scenario."""
    where = (*_of(scenario, as_of), Condition("customer_id", "=", (customer_id,)))
    rows = reader.rows(gold.RECOMMENDATIONS, ("product_id", *_SHOWN), where, (("rank", False),))
    return ShopList(scenario, "list", (), _offers(reader, rows))


def product_lists(reader: Reader, name: str, product_id: str, scenario: Scenario, *, as_of: date) -> list[ShopList]:
    """The blocks of the page of a product."""
    where = (*_of(name, as_of), Condition("product_id", "=", (product_id,)))
    columns = ("block", "recommended_product_id", *_SHOWN)
    rows = reader.rows(gold.PRODUCT_RECOMMENDATIONS, columns, where, (("rank", False),))
    about = _names(reader, (product_id,))
    return [
        ShopList(
            name,
            block,
            _called((product_id,), about),
            _offers(reader, [row | {"product_id": row["recommended_product_id"]} for row in rows if row["block"] == block]),
        )
        for block in scenario.blocks
    ]


def basket_list(reader: Reader, name: str, basket: Sequence[str], scenario: Scenario, *, as_of: date) -> ShopList:
    """What completes a basket: its own list, else the best of the lists of its parts.

    What the whole basket holds is left out, and so are its variants; the block's rules of categories hold for the whole list.
    """
    (block,) = scenario.blocks.values()
    asked = [json.dumps(sorted(set(basket)), separators=(",", ":"), ensure_ascii=False)]
    asked += [json.dumps([product_id], ensure_ascii=False) for product_id in sorted(set(basket))]
    where = (*_of(name, as_of), Condition("basket", "in", tuple(asked)))
    rows = reader.rows(gold.BASKET_RECOMMENDATIONS, ("basket", "product_id", *_SHOWN), where, (("rank", False),))
    products = {*basket, *(row["product_id"] for row in rows)}
    names = _names(reader, products)
    categories = {product: category for product, (_, category) in names.items()}
    whole = [row for row in rows if row["basket"] == asked[0]]
    chosen = whole or parts_joined(rows, basket, categories, _variants(reader, products, as_of=as_of), block)
    ranked = [row | {"rank": rank} for rank, row in enumerate(chosen[: block.size], start=1)]
    return ShopList(name, "list", _called(sorted(set(basket)), names), _offers(reader, ranked))


def parts_joined(
    rows: Sequence[Row], basket: Collection[str], categories: Mapping[str, str | None], variants: Mapping[str, str], block: Block
) -> list[Row]:
    """The rows of the lists of single products as one list for all of them: an earlier link first, then the better rank.

    Nothing of the list is a variant of a product of the basket, or of another one of the list. `block.category` is asked of the whole
    basket, and `block.per_category` of the whole list.

    Parameters
    ----------
    variants
        Product → the group that it is a variant of; its own id for one that is missing.

    Examples
    --------
    >>> rows = [dict(product_id=p, position=n, rank=r, basket=b) for p, n, r, b in (("x", 2, 1, "a"), ("b", 1, 1, "a"), ("y", 1, 3, "b"))]
    >>> other = Block(chain=[{"link": "popular", "scope": "all"}], category="other")
    >>> [row["product_id"] for row in parts_joined(rows, ["a", "b"], {"a": "tea", "b": "cups", "x": "cats", "y": "milk"}, {}, other)]
    ['y', 'x']
    """
    own_categories = {categories.get(product_id) for product_id in basket} - {None}
    held = {variants.get(product_id, product_id) for product_id in basket}
    joined: list[Row] = []
    n_of: Counter[str | None] = Counter()
    for row in sorted(rows, key=lambda row: (row["position"], row["rank"], row["product_id"])):
        category, variant = categories.get(row["product_id"]), variants.get(row["product_id"], row["product_id"])
        is_fit = block.category == "any" or (category in own_categories) == (block.category == "same")
        is_over = bool(block.per_category) and category is not None and n_of[category] == block.per_category
        if variant not in held and is_fit and not is_over:
            joined.append(row)
            held.add(variant)
            n_of[category] += 1
    return joined


def cart_of(reader: Reader, customer_id: str, *, as_of: date) -> tuple[str, ...]:
    """The products that the customer put into the cart on the last day of doing so, three at most, less what was bought since."""
    where = (*at_as_of(silver.IDENTITIES, as_of), Condition("customer_id", "=", (customer_id,)))
    accounts = tuple(row["account_id"] for row in reader.rows(silver.IDENTITIES, ("account_id",), where))
    if not accounts:
        return ()
    columns = ("event_date", "kind", "product_id")
    of_them = (Condition("account_id", "in", accounts), Condition("event_date", "<", (as_of,)))
    rows = reader.rows(silver.INTERACTIONS, columns, of_them, (("event_date", True), ("product_id", False)))
    put = [row for row in rows if row["kind"] == "add_to_cart"]
    if not put:
        return ()
    last = put[0]["event_date"]
    bought = {row["product_id"] for row in rows if row["kind"] == "purchase" and row["event_date"] >= last}
    in_cart = [row["product_id"] for row in put if row["event_date"] == last and row["product_id"] not in bought]
    return tuple(dict.fromkeys(in_cart))[:3]


def _of(scenario: str, as_of: date) -> tuple[Condition, ...]:
    return (Condition("as_of_date", "=", (as_of,)), Condition("scenario", "=", (scenario,)))


def _offers(reader: Reader, rows: Sequence[Row]) -> tuple[Offer, ...]:
    names = _names(reader, {row["product_id"] for row in rows})
    return tuple(
        Offer(row["rank"], row["product_id"], *names.get(row["product_id"], (None, None)), *(row[name] for name in _AFTER_NAMES))
        for row in rows
    )


_AFTER_NAMES = ("price_amount", "currency", "strategy", "position", "reason_en", "reason_zh")


def _names(reader: Reader, product_ids: Collection[str]) -> dict[str, tuple[str | None, str | None]]:
    """Product → its name and category."""
    if not product_ids:
        return {}
    where = (Condition("product_id", "in", tuple(sorted(product_ids))),)
    rows = reader.rows(gold.PRODUCTS, ("product_id", "product_name", "category"), where)
    return {row["product_id"]: (row["product_name"], row["category"]) for row in rows}


def _variants(reader: Reader, product_ids: Collection[str], *, as_of: date) -> dict[str, str]:
    """Product → the group that it is a variant of at the as_of; only of those that have one."""
    where = (*at_as_of(silver.PRODUCTS, as_of), Condition("product_id", "in", tuple(sorted(product_ids))))
    rows = reader.rows(silver.PRODUCTS, ("product_id", "variant_of"), where)
    return {row["product_id"]: row["variant_of"] for row in rows if row["variant_of"] is not None}


def _called(product_ids: Sequence[str], names: Mapping[str, tuple[str | None, str | None]]) -> tuple[str, ...]:
    return tuple(names.get(product_id, (None, None))[0] or product_id for product_id in product_ids)
