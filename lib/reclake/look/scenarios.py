"""Scenarios as tables for people."""

from __future__ import annotations

from collections.abc import Mapping

from reclake.recommend.scenarios.definition import Scenario

from .offers import ShopList
from .reader import Row


def listed(scenarios: Mapping[str, Scenario]) -> list[Row]:
    """What the catalogue holds: a row per scenario and block."""
    return [
        {
            "scenario": name,
            "query": one.query,
            "block": block_name,
            "size": block.size,
            "chain": " > ".join(link.strategy for link in block.chain),
            "states": ", ".join(one.facts),
            "metric": one.metric,
            "meaning": one.description,
        }
        for name, one in scenarios.items()
        for block_name, block in one.blocks.items()
    ]


def as_rows(one: ShopList, *, language: str = "en") -> list[Row]:
    """A list as people read it."""
    return [
        {
            "rank": offer.rank,
            "product": f"{offer.product_name} ({offer.product_id})" if offer.product_name else offer.product_id,
            "category": offer.category or "",
            "price": "" if offer.price_amount is None else f"{offer.price_amount:.2f} {offer.currency}",
            "why": (offer.reason_zh if language == "zh" else offer.reason_en) or "",
            "from": f"{offer.position}. {offer.strategy}" if offer.strategy else "",
        }
        for offer in one.offers
    ]


def title_of(one: ShopList) -> str:
    """What a list is called: the scenario, the block where it has several, and what it is about."""
    name = one.scenario if one.block == "list" else f"{one.scenario}, {one.block}"
    return f"{name}: {' + '.join(one.about)}" if one.about else name
