"""What a list shows, with the names of its products: shared by whatever reads lists of gold."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from reclake.tables import gold

from .conditions import Condition
from .reader import Reader, Row

SHOWN = ("rank", "strategy", "position", "reason_en", "reason_zh", "price_amount", "currency")
_AFTER_NAMES = ("price_amount", "currency", "strategy", "position", "reason_en", "reason_zh")


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


def of_scenario(scenario: str, as_of: date) -> tuple[Condition, ...]:
    """The rows of a scenario's lists at an as_of."""
    return (Condition("as_of_date", "=", (as_of,)), Condition("scenario", "=", (scenario,)))


def offers_of(reader: Reader, rows: Sequence[Row]) -> tuple[Offer, ...]:
    """Rows of a list with product_id and the columns SHOWN, with the names of their products."""
    names = names_of(reader, {row["product_id"] for row in rows})
    return tuple(
        Offer(row["rank"], row["product_id"], *names.get(row["product_id"], (None, None)), *(row[name] for name in _AFTER_NAMES))
        for row in rows
    )


def names_of(reader: Reader, product_ids: Collection[str]) -> dict[str, tuple[str | None, str | None]]:
    """Product → its name and category."""
    if not product_ids:
        return {}
    where = (Condition("product_id", "in", tuple(sorted(product_ids))),)
    rows = reader.rows(gold.PRODUCTS, ("product_id", "product_name", "category"), where)
    return {row["product_id"]: (row["product_name"], row["category"]) for row in rows}


def called(product_ids: Sequence[str], names: Mapping[str, tuple[str | None, str | None]]) -> tuple[str, ...]:
    """What the products are called; the id of one without a name."""
    return tuple(names.get(product_id, (None, None))[0] or product_id for product_id in product_ids)
