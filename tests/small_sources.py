"""Sources of a few lines for tests."""

from typing import Any

from reclake.sources.source import Source

_TIME = {"type": "timestamp", "format": "iso", "required": True}
_COLUMNS: dict[str, dict[str, Any]] = {
    "events": {
        "event_id": {"from": "id", "type": "string", "required": True},
        "occurred_at": {"from": "ts", **_TIME},
        "event_type": {"from": "type", "type": "string", "required": True},
        "device_id": {"from": "device", "type": "device", "required": True},
        "channel": {"constant": "web", "type": "string", "required": True},
        "product_id": {"from": "product", "type": "product"},
    },
    "orders": {
        "order_id": {"from": "order", "type": "string", "required": True},
        "ordered_at": {"from": "ts", **_TIME},
        "channel": {"from": "channel", "type": "string", "required": True},
        "quantity": {"from": "quantity", "type": "long", "required": True},
        "unit_price_amount": {"from": "price", "type": "decimal"},
        "currency": {"from": "currency", "type": "string"},
    },
}


def small_source(
    name: str,
    *,
    feeds: tuple[str, ...] = ("events",),
    basis: str = "research",
    by_user_agent: bool = True,
    by_behaviour: bool = True,
    automatic_events: tuple[str, ...] = (),
) -> Source:
    """A source with one feed of JSON lines per noun in `feeds`."""
    return Source.model_validate({
        "name": name,
        "description": "test",
        "basis": basis,
        "time_zone": "UTC",
        "late_limit_days": 3,
        "repeat_days": 4,
        "completion": {"marker": "rename"},
        "bots": {"by_user_agent": by_user_agent, "by_behaviour": by_behaviour, "automatic_events": automatic_events},
        "feeds": {
            noun: {
                "table": noun,
                "pattern": f"{noun}/*.jsonl",
                "format": "json_lines",
                "delivery_day": {"from": "name", "pattern": r"(\d{4}-\d{2}-\d{2})"},
                "duplicates": "flag",
                "columns": _COLUMNS[noun],
            }
            for noun in feeds
        },
    })
