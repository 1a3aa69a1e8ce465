"""The shop as one customer sees it: the lists of gold at one as_of, with names and reasons."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from reclake.errors import UsageError
from reclake.recommend.scenarios.definition import Scenario
from reclake.tables import Table, gold

from .carts import basket_list, cart_of
from .conditions import Condition
from .offers import SHOWN, ShopList, called, names_of, of_scenario, offers_of
from .reader import Reader

TABLES = {"product": gold.PRODUCT_RECOMMENDATIONS, "basket": gold.BASKET_RECOMMENDATIONS}  # of queries; all others: of customers


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
    require_customer(reader, customer_id, as_of=as_of)
    own_lists = [customer_list(reader, name, customer_id, as_of=as_of) for name, one in scenarios.items() if one.is_of_customers]
    offers = [offer for one in own_lists for offer in one.offers]
    pages = [
        one
        for name, scenario in scenarios.items()
        if scenario.query == "product"
        for one in product_lists(reader, name, offers[0].product_id, scenario, as_of=as_of)
    ]
    cart = cart_of(reader, customer_id, as_of=as_of) or (offers[0].product_id,)
    carts = [basket_list(reader, name, cart, one, as_of=as_of) for name, one in scenarios.items() if one.query == "basket"]
    return Shop(customer_id, as_of, (*own_lists, *pages, *carts))


def require_customer(reader: Reader, customer_id: str, *, as_of: date) -> None:
    """Stop where no list of the as_of is the customer's.

    Raises
    ------
    UsageError
        Saying where customers can be looked up.
    """
    where = (Condition("as_of_date", "=", (as_of,)), Condition("customer_id", "=", (customer_id,)))
    if not reader.rows(gold.RECOMMENDATIONS, ("customer_id",), where, (("customer_id", False),), limit=1):
        raise UsageError(
            f"no list of {as_of} is made for the customer {customer_id!r}",
            "gold.recommendations has no row of them",
            "reclake show gold.recommendations lists customers; a customer is known from the day after the first record",
        )


def require_lists(reader: Reader, table: Table, scenario: str, *, as_of: date) -> None:
    """Stop where the as_of has no list of the scenario at all: its file is newer.

    Raises
    ------
    UsageError
        Naming the as_of.
    """
    if not reader.rows(table, ("scenario",), of_scenario(scenario, as_of), (("scenario", False),), limit=1):
        raise UsageError(
            f"the scenario {scenario} has no list on {as_of}",
            f"{table.name} has no row of it",
            "reclake run makes the lists of a file that is new; nobody may be meant by it on that day",
        )


def require_products(reader: Reader, product_ids: Collection[str]) -> None:
    """Stop at a product that the lake does not know.

    Raises
    ------
    UsageError
        Naming the products.
    """
    if unknown := sorted({*product_ids} - names_of(reader, product_ids).keys()):
        raise UsageError(
            f"there is no product {', '.join(unknown)}", "gold.products has no row of it", "reclake show gold.products lists them"
        )


def customer_list(reader: Reader, scenario: str, customer_id: str, *, as_of: date) -> ShopList:
    """The customer's list in a scenario."""
    where = (*of_scenario(scenario, as_of), Condition("customer_id", "=", (customer_id,)))
    rows = reader.rows(gold.RECOMMENDATIONS, ("product_id", *SHOWN), where, (("rank", False),))
    return ShopList(scenario, "list", (), offers_of(reader, rows))


def product_lists(reader: Reader, name: str, product_id: str, scenario: Scenario, *, as_of: date) -> list[ShopList]:
    """The blocks of the page of a product."""
    where = (*of_scenario(name, as_of), Condition("product_id", "=", (product_id,)))
    columns = ("block", "recommended_product_id", *SHOWN)
    rows = reader.rows(gold.PRODUCT_RECOMMENDATIONS, columns, where, (("rank", False),))
    about = names_of(reader, (product_id,))
    return [
        ShopList(
            name,
            block,
            called((product_id,), about),
            offers_of(reader, [row | {"product_id": row["recommended_product_id"]} for row in rows if row["block"] == block]),
        )
        for block in scenario.blocks
    ]
