"""The panel of one customer: what they were, bought, and are recommended, with names beside ids."""

from __future__ import annotations

from reclake.pages.panels import Heading, Panel, Part, Sentence, Table
from reclake.pages.texts import Text
from reclake.pages.values import Code, Money
from reclake.tables import models

from . import demo_texts as texts
from .demo_figures import Customer, Recommended


def customer_panel(customer: Customer) -> Panel:
    """What the customer was, bought, and is recommended: of a made-up company only."""
    sentence = texts.CUSTOMER_SAYS.filled(customer_id=customer.customer_id)
    bought = Table(
        (texts.DAY, texts.ORDER_ID, texts.PRODUCT, texts.CATEGORY, texts.PIECES, texts.AMOUNT),
        tuple(
            (
                line.day, Code(line.order_id), named(customer, line.product_id) or line.kind,
                _category(customer, line.product_id), line.quantity, Money(line.line_amount, line.currency),
            )
            for line in customer.bought
        ),
        n_more=customer.n_lines - len(customer.bought),
    )  # fmt: skip
    was = Table(
        (texts.DAY, texts.TIER, texts.WHY, texts.SEGMENT, texts.ORDERS, texts.SPEND, texts.RECENCY),
        tuple(
            (
                then.as_of, texts.TIERS[then.tier], Text(then.tier_reason, then.tier_reason_zh),
                texts.SEGMENT_NAMES[then.segment], then.n_orders,
                Money(then.spend_amount, then.currency), then.recency_days,
            )
            for then in customer.then
        ),
    )  # fmt: skip
    recommended = Table(
        (texts.RANK, texts.PRODUCT, texts.CATEGORY, texts.WHY),
        tuple(
            (one.rank, named(customer, one.product_id), _category(customer, one.product_id), why(one))
            for one in customer.recommended
        ),
    )
    parts = (Heading(texts.WAS), was, Heading(texts.BOUGHT), bought, Heading(texts.RECOMMENDED))
    last: Part = recommended if customer.recommended else Sentence(texts.NO_LIST)
    return Panel("customer", texts.CUSTOMER, (sentence, texts.ONE_PERSON), (*parts, last))


def named(customer: Customer, product_id: str | None) -> str | None:
    """The name with the id beside it."""
    name, _ = customer.products.get(product_id or "", (None, None))
    return f"{name} ({product_id})" if name else product_id


def _category(customer: Customer, product_id: str | None) -> str | None:
    return customer.products.get(product_id or "", (None, None))[1]


def why(one: Recommended) -> Text | str:
    """Why a product stands on a list: the fact that its row states, else what gave it."""
    if one.reason_en and one.reason_zh:
        return Text(*(text.replace("{", "{{").replace("}", "}}") for text in (one.reason_en, one.reason_zh)))
    if one.source in models.BY_NAME:
        return texts.TASTE
    return {"popular": texts.POPULAR, "non_personal": texts.FOR_EVERYBODY}.get(one.source, texts.RELATED)
