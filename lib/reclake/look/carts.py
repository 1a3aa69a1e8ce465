"""What completes a cart: its own list, or those of its parts as one."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import date

from reclake.recommend.scenarios.definition import Block, Scenario
from reclake.tables import gold, silver

from .conditions import Condition
from .listings import at_as_of
from .offers import SHOWN, ShopList, called, names_of, of_scenario, offers_of
from .reader import Reader, Row

_LAST = 1_000_000  # ranks of what fills a list up


def basket_list(reader: Reader, name: str, basket: Sequence[str], scenario: Scenario, *, as_of: date) -> ShopList:
    """What completes a basket: its own list, else the best of the lists of its parts.

    What the whole basket holds is left out, and so are its variants; the block's rules of categories hold for the whole list. What that
    leaves free is filled with what is popular, as the lists of single products are.
    """
    (block,) = scenario.blocks.values()
    asked = [json.dumps(sorted(set(basket)), separators=(",", ":"), ensure_ascii=False)]
    asked += [json.dumps([product_id], ensure_ascii=False) for product_id in sorted(set(basket))]
    where = (*of_scenario(name, as_of), Condition("basket", "in", tuple(asked)))
    columns = ("basket", "product_id", *SHOWN)
    rows = reader.rows(gold.BASKET_RECOMMENDATIONS, columns, where, (("rank", False),))
    if all(row["basket"] != asked[0] for row in rows) and len(asked) > 1:
        rows += _popular_rows(reader, name, columns, as_of=as_of)
    products = {*basket, *(row["product_id"] for row in rows)}
    names = names_of(reader, products)
    categories = {product: category for product, (_, category) in names.items()}
    whole = [row for row in rows if row["basket"] == asked[0]]
    chosen = whole or parts_joined(rows, basket, categories, _variants(reader, products, as_of=as_of), block)
    ranked = [row | {"rank": rank} for rank, row in enumerate(chosen[: block.size], start=1)]
    return ShopList(name, "list", called(sorted(set(basket)), names), offers_of(reader, ranked))


def _popular_rows(reader: Reader, scenario: str, columns: Sequence[str], *, as_of: date) -> list[Row]:
    """What the lists of all baskets show as popular, each product once, in the order of popularity: after every row of a part."""
    where = (*of_scenario(scenario, as_of), Condition("strategy", "=", ("popular",)))
    rows = reader.rows(gold.BASKET_RECOMMENDATIONS, (*columns, "score"), where, (("score", True), ("product_id", False)))
    best: dict[str, Row] = {}
    for row in rows:
        best.setdefault(row["product_id"], row)
    return [{name: row[name] for name in columns} | {"rank": _LAST + place} for place, row in enumerate(best.values())]


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


def _variants(reader: Reader, product_ids: Collection[str], *, as_of: date) -> dict[str, str]:
    """Product → the group that it is a variant of at the as_of; only of those that have one."""
    where = (*at_as_of(silver.PRODUCTS, as_of), Condition("product_id", "in", tuple(sorted(product_ids))))
    rows = reader.rows(silver.PRODUCTS, ("product_id", "variant_of"), where)
    return {row["product_id"]: row["variant_of"] for row in rows if row["variant_of"] is not None}
