"""How a page writes numbers, amounts, days and counts of people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal

from .texts import Text


@dataclass(frozen=True, slots=True)
class Money:
    """An amount with its ISO 4217 currency; None where the lake holds no sum."""

    amount: Decimal | None
    currency: str


@dataclass(frozen=True, slots=True)
class Share:
    """A share, 0 to 1."""

    share: float


@dataclass(frozen=True, slots=True)
class Few:
    """A count of people that is not shown, as it is below the smallest group that may be."""

    below: int


@dataclass(frozen=True, slots=True)
class Code:
    """A name that programs use: an id, a table, a file. It is never cut."""

    text: str


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time, not negative."""

    seconds: float


Value = str | int | float | Decimal | date | datetime | bool | Text | Money | Share | Duration | Few | Code | None


def people(n: int, *, at_least: int) -> int | Few:
    """A count of people as a page may show it (docs/decisions/0045-what-gold-counts.md).

    Examples
    --------
    >>> people(12, at_least=10), people(9, at_least=10), people(0, at_least=10)
    (12, Few(below=10), 0)
    """
    return n if n >= at_least or n == 0 else Few(at_least)


def written(value: Value) -> str | Text:
    """The value as it is shown, but for its escaping.

    Examples
    --------
    >>> written(1234567), written(Money(Decimal("917955.0000"), "CNY")), written(Share(0.0153)), written(Few(10))
    ('1,234,567', '917,955.00 CNY', '1.5 %', '< 10')
    >>> written(date(2026, 3, 1)), written(None)
    ('2026-03-01', '–')
    """
    if value is None or (isinstance(value, Money) and value.amount is None):
        return "–"
    if isinstance(value, bool):
        return Text("yes", "是") if value else Text("no", "否")
    if isinstance(value, str | Text):
        return value
    return _time(value.seconds) if isinstance(value, Duration) else _plain(value)


_UNITS = ((86_400, Text("d", "天")), (3_600, Text("h", "小时")), (60, Text("min", "分")), (1, Text("s", "秒")))


def _time(seconds: float) -> Text:
    """The two greatest units of a length of time.

    Examples
    --------
    >>> [_time(seconds).en for seconds in (0, 0.4, 59.6, 61, 3_600, 90_061)]
    ['0 s', '0 s', '1 min', '1 min 1 s', '1 h', '1 d 1 h']
    """
    left = round(seconds)
    parts: list[tuple[int, Text]] = []
    for size, unit in _UNITS:
        n, left = divmod(left, size)
        if n or (parts and len(parts) < 2) or size == 1:
            parts.append((n, unit))
    shown = [(n, unit) for n, unit in parts[:2] if n] or parts[-1:]
    return Text(" ".join(f"{n:,} {unit.en}" for n, unit in shown), " ".join(f"{n:,} {unit.zh}" for n, unit in shown))


def _plain(value: int | float | Decimal | date | Money | Share | Few | Code) -> str:
    match value:
        case Money():
            return f"{(value.amount or Decimal(0)).quantize(Decimal('0.01'), ROUND_HALF_EVEN):,} {value.currency}"
        case Share():
            return f"{value.share * 100:,.1f} %"
        case Few():
            return f"< {value.below:,}"
        case Code():
            return value.text
        case datetime():
            return f"{value:%Y-%m-%d %H:%M} UTC"
        case date():
            return value.isoformat()
        case Decimal():
            return _without_zeros(f"{value:,f}")
        case int():
            return f"{value:,}"
        case float():
            return _without_zeros(f"{value:,.4f}")


def _without_zeros(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def is_number(value: Value) -> bool:
    """Whether it stands at the right of its column."""
    return isinstance(value, int | float | Decimal | Money | Share | Duration | Few) and not isinstance(value, bool)
