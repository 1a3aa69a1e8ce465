"""The panel of the report about sales: orders by day, channel, category and kind of customer, and who ordered again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from reclake.pages import colours
from reclake.pages.charts import Bar, Bars, Lines, Series
from reclake.pages.heat import HeatRow, HeatTable
from reclake.pages.panels import Beside, Folded, Panel, Part, Sentence, Table
from reclake.pages.texts import Text
from reclake.pages.values import Money, Share, written
from reclake.tables import gold

from . import behaviour_texts as texts
from .behaviour_figures import BehaviourFigures, Sold
from .behaviour_reasons import why_empty
from .behaviour_span import days_between
from .behaviour_words import value_name

_N_BARS = 12  # values of a dimension in a chart; the table below it has all of them
_COLOURS = {"channel": colours.BLUE, "customer_kind": colours.GREEN, "category": colours.PURPLE}


def sales_panel(figures: BehaviourFigures, *, at_least: int) -> Panel:
    """Orders and revenue of the days of the report; currencies are never added."""
    span = figures.span
    days = figures.sold["start_date"]
    if not days:
        return Panel(
            "sales",
            texts.SALES,
            (why_empty(figures, gold.SALES, at_least=at_least), *_no_repeats(figures, at_least)),
            tuple(_repeats(figures)),
        )
    sold = figures.sold["channel"]  # of the longest periods, so of the most orders
    n_orders = sum(one.n_orders for one in sold)
    said = texts.SALES_SAY.filled(
        first=max(span.first, span.sales_first),
        last=span.last,
        orders=f"{n_orders:,}",
        revenue=_amounts(sold, "revenue", sign=1),
        returned=_amounts(sold, "returned", sign=-1),
    )
    n_unknown = sum(one.n_orders for one in figures.sold["customer_kind"] if one.value == "not_profiled")
    unknown = texts.NOT_PROFILED.filled(n=f"{n_unknown:,}", share=written(Share(n_unknown / (n_orders or 1))))
    parts: list[Part] = []
    for currency in sorted({one.currency for one in days}):
        parts += _of_currency(figures, currency)
    parts += _repeats(figures)
    notes = (unknown, texts.SALES_COUNT.filled(as_of=span.as_of, n=at_least), *_no_repeats(figures, at_least))
    return Panel("sales", texts.SALES, (said,), tuple(parts), notes)


def _amounts(sold: Iterable[Sold], name: str, *, sign: int) -> str:
    """The sum of each currency, or what it takes back; an amount that gold could not hold is not in it."""
    sums: dict[str, Decimal] = {}
    for one in sold:
        sums[one.currency] = sums.get(one.currency, Decimal(0)) + sign * (getattr(one, name) or Decimal(0))
    return " + ".join(str(written(Money(amount, currency))) for currency, amount in sorted(sums.items()))


def _of_currency(figures: BehaviourFigures, currency: str) -> Iterator[Part]:
    days = [one for one in figures.sold["start_date"] if one.currency == currency]
    named = texts.ORDERS_BY_DAY.filled(currency=currency)
    charts: list[Part] = []
    if len(days) > 1:
        counts = {one.value: one.n_orders for one in days}
        shown = days_between(min(counts), max(counts))
        series = Series(texts.ORDERS_LINE, colours.BLUE, tuple(counts.get(day) for day in shown))
        charts.append(Lines(named, shown, (series,)))
    tables: list[Part] = [Folded(named, _table(texts.DAY, "day", days))]
    for by, name in texts.ORDERS_BY.items():
        of_values = sorted(
            (one for one in figures.sold[by] if one.currency == currency), key=lambda one: (-one.n_orders, one.value)
        )
        bars = (
            Bar(value_name(by, one.value), one.n_orders, Money(one.revenue, currency), _COLOURS[by])
            for one in of_values[:_N_BARS]
        )
        if of_values:
            charts.append(Bars(name, tuple(bars)))
            tables.append(Folded(name, _table(texts.VALUE, by, of_values)))
    yield Beside(tuple(charts))
    yield from tables


def _table(first: Text, by: str, sold: Iterable[Sold]) -> Table:
    names = (first, texts.ORDERS, texts.LINES, texts.REVENUE, texts.RETURNS, texts.RETURNED)
    rows = tuple(
        (
            value_name(by, one.value) if isinstance(one.value, str) else one.value, one.n_orders, one.n_lines, Money(one.revenue, one.currency),
            one.n_returns, Money(one.returned, one.currency),
        )
        for one in sold
    )  # fmt: skip
    return Table(names, rows)


def _repeats(figures: BehaviourFigures) -> Iterator[Part]:
    """Who ordered again, by month and channel of the first order."""
    if not figures.first_orders:
        return
    rows = tuple(
        HeatRow(
            f"{one.month:%Y-%m}",
            tuple(share for *_, share in one.within.values()),
            (value_name("channel", one.channel), one.n_customers),
        )
        for one in figures.first_orders
    )
    columns = tuple(texts.WITHIN.filled(n=days) for days in figures.first_orders[0].within)
    yield HeatTable(texts.FIRST_ORDERS, (texts.MONTH, texts.CHANNEL, texts.CUSTOMERS), columns, rows)
    yield Sentence(texts.FIRST_ORDERS_SAY)


def _no_repeats(figures: BehaviourFigures, at_least: int) -> tuple[Text, ...]:
    return () if figures.first_orders else (why_empty(figures, gold.FIRST_ORDERS, at_least=at_least),)
