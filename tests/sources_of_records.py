"""A source for parsing and classifying: columns of every type, in JSON lines, CSV and Parquet."""

import hashlib
from datetime import UTC, date, datetime
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from frames import frame
from reclake.run.code import builder_of
from reclake.sources.source import Source
from reclake.tables import Table, bronze

DAY = date(2026, 3, 1)
EVENT_COLUMNS: dict[str, dict[str, Any]] = {
    "event_id": {"from": "id", "type": "string"},
    "occurred_at": {"from": "ts", "type": "timestamp", "format": "iso"},
    "received_at": {"from": "got", "type": "timestamp", "format": "epoch_millis"},
    "channel": {"constant": "app", "type": "string"},
    "event_type": {"from": "type", "type": "string", "map": {"view": "view_item", "search": "search", "rate": "rate"}},
    "login_account_id": {"from": "user.login", "type": "account"},
    "device_id": {"from": "device", "type": "device"},
    "product_id": {"from": "sku", "type": "product", "upper": True, "not_products": ["POST", "GIFT_*"]},
    "rating": {"from": "v", "type": "double", "min": 0, "max": 5},
    "search_query": {"from": "k", "type": "free_text"},
}
ORDER_COLUMNS: dict[str, dict[str, Any]] = {
    "order_id": {"from": "order", "type": "string"},
    "line_id": {"from": "line", "type": "string"},
    "ordered_at": {"from": "at", "type": "timestamp", "format": "yyyy-MM-dd HH:mm:ss"},
    "channel": {"from": "channel", "type": "string"},
    "account_id": {"from": "customer", "type": "account", "strip_suffix": ".0"},
    "product_code": {"from": "code", "type": "string"},
    "product_id": {"from": "code", "type": "product", "upper": True, "not_products": ["POST"]},
    "quantity": {"from": "n", "type": "long"},
    "unit_price_amount": {"from": "price", "type": "decimal"},
    "currency": {"constant": "EUR", "type": "string"},
}
ACCOUNT_COLUMNS: dict[str, dict[str, Any]] = {
    "account_id": {"from": "id", "type": "account"},
    "channel": {"from": "channel", "type": "string"},
    "changed_at": {"from": "at", "type": "timestamp", "format": "iso"},
    "phone_token": {"from": "phone", "type": "phone"},
    "email_token": {"from": "mail", "type": "email"},
    "card_token": {"from": "card", "type": "card"},
    "union_token": {"from": "union", "type": "union"},
    "device_id": {"from": "device", "type": "device"},
    "name_encrypted": {"from": "name", "type": "string"},
    "address_encrypted": {"from": "address", "type": "string"},
    "birth_year": {"from": "born", "type": "long"},
    "gender": {"from": "gender", "type": "string", "map": {"1": "male", "2": "female"}, "default": "unknown"},
}


def feed(table: str, columns: dict[str, dict[str, Any]], **other: Any) -> dict[str, Any]:
    """One feed as in a source file; JSON lines of one id unless `other` says so."""
    kind = other.get("format", "json_lines")
    return {
        "table": table,
        "pattern": f"{table}/*.{kind}",
        "format": kind,
        "delivery_day": {"from": "name", "pattern": r"(\d{4}-\d{2}-\d{2})"},
        "duplicates": "flag",
        "columns": columns,
    } | other


def source(
    *,
    time_zone: str = "UTC",
    late_limit_days: int | None = 3,
    repeat_days: int | None = 4,
    id_rule: int = 2,
    **feeds: dict[str, Any],
) -> Source:
    """A source named demo; without limits it is historical."""
    return Source.model_validate({
        "name": "demo",
        "description": "test",
        "basis": "research",
        "time_zone": time_zone,
        "historical": repeat_days is None,
        "id_rule": id_rule,
        "late_limit_days": late_limit_days,
        "repeat_days": repeat_days,
        "completion": {"marker": "rename"},
        "bots": {"by_user_agent": True, "by_behaviour": True},
        "feeds": feeds,
    })


def bronze_row(raw: bytes | str, position: int, **other: Any) -> dict[str, Any]:
    """A row of a bronze table of the source demo, delivered on DAY."""
    content = raw.encode() if isinstance(raw, str) else raw
    return {
        "source": "demo",
        "delivery_day": DAY,
        "file_digest": "f1",
        "position": position,
        "format": "json_lines",
        "raw": content,
        "content_hash": hashlib.sha256(content).hexdigest(),
        "arrived_at": datetime(2026, 3, 2, tzinfo=UTC).replace(tzinfo=None),
        "batch_id": "b",
    } | other


def classified(table: Table, bronze: DataFrame, **available: Any) -> DataFrame:
    """The records table built by its builder, which takes of `available` what the table declares."""
    names = [*table.catalogues, *(parameter.name for parameter in table.parameters)]
    taken = {name: available[name] for name in names}
    frame: DataFrame = builder_of(table)(bronze, **taken)
    return frame


def bronze_frame(spark: SparkSession, table: str, *rows: dict[str, Any]) -> DataFrame:
    """The rows as the bronze table of the noun."""
    named = ({"file_name": f"{table}/2026-03-01.json_lines"} | row for row in rows)
    return frame(spark, bronze.__dict__[table.upper()], *named)
