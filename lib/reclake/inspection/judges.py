"""What the records table of one kind says of its records beyond what holds for all: the faults of its builder, without Spark."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from reclake.records.batch import Batch
from reclake.records.column_reader import Report, Texts
from reclake.sources.source import Feed
from reclake.tables import vocabulary
from reclake.tables.line_kinds import LINE_KINDS, REDUCING_KINDS, SOLD_KINDS

_CURRENCY = re.compile(vocabulary.CURRENCY.removesuffix(r"\z"))
_LANGUAGE = re.compile(vocabulary.LANGUAGE.removesuffix(r"\z"))
_LARGEST_AMOUNT = 10**14  # decimal(18,4) holds no more

Values = dict[str, list[Any]]


def _judge_orders(batch: Batch, feed: Feed, values: Values) -> None:
    report, most = batch.report, feed.max_line_amount
    rows = zip(values["quantity"], values["unit_price_amount"], values["line_kind"], values["currency"], strict=True)
    for row, (quantity, price, kind, currency) in enumerate(rows):
        if quantity == 0:
            report(row, "quantity is 0")
        if kind not in LINE_KINDS:
            report(row, "line_kind is not a known kind")
        if price is not None and kind in SOLD_KINDS and price <= 0:
            report(row, "unit_price_amount is not above 0")
        if price is not None and kind not in (*SOLD_KINDS, *REDUCING_KINDS) and price < 0:
            report(row, "unit_price_amount is below 0")
        if quantity is not None and price is not None:
            _judge_amount(row, quantity * price, most, report)
        _judge_currency(row, currency, report)


def _judge_amount(row: int, amount: Decimal, most: float, report: Report) -> None:
    if abs(amount) >= _LARGEST_AMOUNT:
        report(row, "line_amount is too large")
    elif abs(float(amount)) > most:
        report(row, "line_amount is outside its limits")


def _judge_currency(row: int, currency: str | None, report: Report) -> None:
    if currency is not None and not _CURRENCY.fullmatch(currency):
        report(row, "currency is not ISO 4217")


def _judge_products(batch: Batch, feed: Feed, values: Values) -> None:
    for column in ("price_amount", "list_price_amount"):
        for row, price in enumerate(values.get(column, ())):
            if price is not None and price < 0:
                batch.report(row, f"{column} is below 0")
    for row, currency in enumerate(values.get("currency", ())):
        _judge_currency(row, currency, batch.report)


def _judge_stock(batch: Batch, feed: Feed, values: Values) -> None:
    nothing, stated = [None] * len(batch.records), ("n_available", "is_in_stock", "is_recalled")
    for row, said in enumerate(zip(*(values.get(name, nothing) for name in stated), strict=True)):
        is_refused = any(reason.startswith(tuple(f"{name} " for name in stated)) for reason in batch.reasons[row])
        if set(said) == {None} and not is_refused:
            batch.report(row, "it states neither stock nor recall")


def _judge_impressions(batch: Batch, feed: Feed, values: Values) -> None:
    _judge_seen(batch, feed, values)
    nothing: list[Any] = [None] * len(batch.records)
    times = zip(values["list_action"], values["shown_at"], values.get("occurred_at", nothing), strict=True)
    for row, (action, shown, occurred) in enumerate(times):
        is_refused = any(reason.startswith("occurred_at ") for reason in batch.reasons[row])
        if occurred is None and action not in (None, "shown") and not is_refused:
            batch.report(row, "occurred_at is missing")
        if occurred is not None and shown is not None and occurred < shown:
            batch.report(row, "it happened before its list was shown")


def _judge_seen(batch: Batch, feed: Feed, values: Values) -> None:
    nobody: Texts = [None] * len(batch.records)
    pairs = zip(values.get("login_account_id", nobody), values.get("device_id", nobody), strict=True)
    for row, (login, device) in enumerate(pairs):
        is_refused = any(said.startswith(("login_account_id ", "device_id ")) for said in batch.reasons[row])
        if login is None and device is None and not is_refused:
            batch.report(row, "it names neither login nor device")


def _judge_feedback(batch: Batch, feed: Feed, values: Values) -> None:
    nothing = [None] * len(batch.records)
    columns = ("feedback_kind", "rating", "text", "conversation_id", "speaker", "language")
    for row, (kind, stated, *texts, language) in enumerate(zip(*(values.get(name, nothing) for name in columns), strict=True)):
        rating = stated if kind == "review" else None
        if rating is not None and rating < 1 and "rating is outside its limits" not in batch.reasons[row]:
            batch.report(row, "rating is outside its limits")
        lacks = {name: value is None for name, value in zip(("rating", *columns[2:5]), (rating, *texts), strict=True)}
        lacks = {name: lack and not any(r.startswith(f"{name} ") for r in batch.reasons[row]) for name, lack in lacks.items()}
        if lacks["text"] and lacks["rating"]:
            batch.report(row, "it holds neither text nor rating")
        for name in ("conversation_id", "speaker"):
            if kind == "chat" and lacks[name]:
                batch.report(row, f"{name} is missing")
        if language is not None and not _LANGUAGE.fullmatch(language):
            batch.note(row, "language is not BCP 47")


JUDGES: Mapping[str, Callable[[Batch, Feed, Values], None]] = {
    "orders": _judge_orders, "products": _judge_products, "events": _judge_seen, "feedback": _judge_feedback,
    "stock": _judge_stock, "impressions": _judge_impressions,
}  # fmt: skip
