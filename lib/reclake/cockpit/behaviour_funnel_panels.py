"""The panels of the report about funnels: how many go on, and where the lost went."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from reclake.pages import colours
from reclake.pages.charts import Bar, Bars, Lines, Series
from reclake.pages.dumbbells import Dumbbell, Dumbbells
from reclake.pages.funnel import FunnelBars, FunnelStep
from reclake.pages.panels import Beside, Folded, Heading, Panel, Part, Sentence, Table
from reclake.pages.texts import Text
from reclake.pages.values import Duration, Share, Value, written
from reclake.tables import gold

from . import behaviour_texts as texts
from .behaviour_figures import BehaviourFigures
from .behaviour_funnels import Entries, Funnel, Loss
from .behaviour_reasons import who_counts, why_empty
from .behaviour_span import days_between
from .behaviour_words import dimension_name, value_name

_N_VALUES = 8  # values of which a chart shows lost and expected, those furthest from what their mix explains


@dataclass(frozen=True, slots=True)
class Asked:
    """What the catalogue says of a funnel."""

    description: Text
    unit: str
    window_seconds: int  # 0 of the natural day


def funnel_panels(figures: BehaviourFigures, asked: Mapping[str, Asked], *, at_least: int) -> tuple[Panel, ...]:
    """A panel per funnel; one that says why where there is none."""
    if not figures.funnels:
        return (Panel("funnels", texts.FUNNELS, (why_empty(figures, gold.FUNNELS, at_least=at_least),)),)
    return tuple(_panel(figures, one, asked.get(one.name), at_least) for one in figures.funnels)


def _panel(figures: BehaviourFigures, funnel: Funnel, asked: Asked | None, at_least: int) -> Panel:
    unit = texts.UNITS[asked.unit] if asked else texts.ENTRIES
    entries = funnel.entries
    steps = tuple(FunnelStep(one.name, one.n_reached, one.n_lost, one.n_open) for one in entries.steps)
    n_excluded = sum(one.n_excluded for one in entries.steps)
    parts: list[Part] = [
        FunnelBars(texts.STEPS, steps, n_excluded),
        Folded(texts.NUMBERS, _numbers(entries)),
    ]
    if len(funnel.days) > 1:
        chart, numbers = _by_day(funnel)
        parts = [Beside((parts[0], chart)), parts[1], numbers]
    if funnel.values:
        parts.append(Folded(texts.BY_VALUE, _by_value(funnel)))
    parts += _loss(funnel, unit, at_least)
    key = f"funnel-{funnel.name.replace('_', '-')}"
    return Panel(
        key,
        texts.FUNNEL.filled(name=funnel.name),
        _sentences(figures, funnel, asked, unit, at_least),
        tuple(parts),
        who_counts(figures, "any", at_least=at_least),
    )


def _by_day(funnel: Funnel) -> tuple[Lines, Folded]:
    """Entered and converted by day of entry; a day without a row parts the lines."""
    shown = days_between(min(funnel.days), max(funnel.days))
    counts = [funnel.days.get(day, (None, None)) for day in shown]
    series = (
        Series(texts.ENTERED, colours.GREY, tuple(entered for entered, _ in counts)),
        Series(texts.CONVERTED, colours.BLUE, tuple(converted for _, converted in counts)),
    )
    rows = tuple((day, *of_day) for day, of_day in funnel.days.items())
    return Lines(texts.BY_DAY, shown, series), Folded(texts.BY_DAY, Table((texts.DAY, texts.ENTERED, texts.CONVERTED), rows))


def _sentences(figures: BehaviourFigures, funnel: Funnel, asked: Asked | None, unit: Text, at_least: int) -> tuple[Text, ...]:
    """What became of those who entered, of how many customers, and of which days."""
    entries = funnel.entries
    fates = {
        "converted": entries.n_converted,
        "lost": sum(one.n_lost for one in entries.steps),
        "open": sum(one.n_open for one in entries.steps),
        "excluded": sum(one.n_excluded for one in entries.steps),
    }
    totals = texts.FUNNEL_SAYS.filled(
        entered=f"{entries.n_entered:,}",
        unit=unit,
        first=entries.first,
        last=entries.last,
        **{name: f"{n:,}" for name, n in fates.items()},
    )
    sentences = [totals]
    if entries.n_customers is not None:
        sentences.append(texts.OF_CUSTOMERS.filled(n=f"{entries.n_customers:,}"))
    if (share := entries.mature_share) is not None:
        sentences.append(texts.MATURE.filled(share=f"{share * 100:.1f} %"))
    if asked:
        window = texts.WINDOW.filled(time=written(Duration(asked.window_seconds))) if asked.window_seconds else texts.NATURAL_DAY
        sentences = [asked.description, *sentences, window]
    if not funnel.is_of_window:
        sentences.append(texts.DAYS_ADDED.filled(n=at_least, n_days=entries.n_days - len(funnel.days), of=entries.n_days))
    elif entries.first < figures.span.first or entries.last > figures.span.last:  # they tell of more days than were asked for
        sentences.append(texts.WHOLE_WINDOW.filled(unit=unit, first=entries.first, last=entries.last))
    return tuple(sentences)


def _numbers(entries: Entries) -> Table:
    names = (
        texts.STEP, texts.REACHED, texts.OF_ENTERED, texts.OF_BEFORE, texts.OF_MATURE, texts.LOST, texts.OPEN, texts.EXCLUDED,
        texts.MEDIAN_TIME,
    )  # fmt: skip
    before = [None, *(one.n_reached for one in entries.steps)]
    rows = tuple(
        (
            one.name, one.n_reached, _share(one.n_reached, entries.n_entered), _share(one.n_reached, of) if of is not None else None,
            _share(one.n_mature_reached, one.n_mature), one.n_lost, one.n_open, one.n_excluded,
            Duration(one.seconds_median) if one.seconds_median is not None else None,
        )
        for one, of in zip(entries.steps, before, strict=False)
    )  # fmt: skip
    return Table(names, rows)


def _share(part: int, whole: int) -> Share | None:
    return Share(part / whole) if whole else None


def _told(share: float | None) -> Share | None:
    return Share(share) if share is not None else None


def _by_value(funnel: Funnel) -> Table:
    names = (texts.DIMENSION, texts.VALUE, texts.ENTERED, texts.CONVERTED, texts.OF_ENTERED, texts.OF_MATURE)
    rows = tuple(
        (
            dimension_name(dimension), value_name(dimension, value), one.n_entered, one.n_converted, _share(one.n_converted, one.n_entered),
            _told(one.mature_share),
        )
        for (dimension, value), one in sorted(funnel.values.items(), key=lambda pair: (pair[0][0], -pair[1].n_entered, pair[0][1]))
    )  # fmt: skip
    return Table(names, rows)


def _loss(funnel: Funnel, unit: Text, at_least: int) -> Iterator[Part]:
    """Where the lost of each step went, and which values were lost more or less often than expected."""
    window = funnel.window
    if not funnel.losses:
        yield Sentence(texts.NO_LOSS.filled(n=at_least))
        return
    yield Heading(texts.LOSS.filled(first=window.first, last=window.last))
    charts: list[Part] = []
    for step in sorted({one.step for one in funnel.losses}):
        of_step = [one for one in funnel.losses if one.step == step]
        charts += [chart for chart in (_next_events(of_step, unit), _unexplained(of_step)) if chart]
    yield Beside(tuple(charts))
    if any(isinstance(chart, Dumbbells) for chart in charts):
        yield Sentence(texts.LOSS_SAYS)
    names = (
        texts.STEP, texts.DIMENSION, texts.VALUE, texts.REACHED, texts.LOST, texts.SHARE, texts.EXPECTED_LOST, texts.EXCESS,
    )  # fmt: skip
    rows = tuple(_loss_row(one) for one in funnel.losses)
    yield Folded(texts.NUMBERS, Table(names, rows))


def _loss_row(one: Loss) -> tuple[Value, ...]:
    expected = round(one.expected_lost, 1) if one.expected_lost is not None else None
    excess = round(one.excess_lost, 1) if one.excess_lost is not None else None
    return (
        one.step_name,
        dimension_name(one.dimension),
        value_name(one.dimension, one.value),
        one.n_reached,
        one.n_lost,
        _told(one.lost_share),
        expected,
        excess,
    )


def _next_events(of_step: Sequence[Loss], unit: Text) -> Bars | None:
    """What the lost of a step did next."""
    next_events = [one for one in of_step if one.dimension == "next_event" and one.n_lost]
    if not next_events:
        return None
    name = texts.NEXT_EVENT.filled(step=next_events[0].step_name, n=f"{sum(one.n_lost for one in next_events):,}", unit=unit)
    return Bars(
        name,
        tuple(Bar(value_name(one.dimension, one.value), one.n_lost, _told(one.lost_share), colours.RED) for one in next_events),
    )


def _unexplained(of_step: Sequence[Loss]) -> Dumbbells | None:
    """The values of a step that are furthest from what their mix explains."""
    explained = [one for one in of_step if one.expected_lost is not None and one.deviations is not None]
    if not explained:
        return None
    furthest = sorted(explained, key=lambda one: -abs(one.deviations or 0.0))[:_N_VALUES]
    rows = tuple(
        Dumbbell(_valued(one), round(one.expected_lost or 0.0, 1), float(one.n_lost), note=f"{one.deviations:+.1f} σ")
        for one in furthest
    )
    return Dumbbells(texts.UNEXPLAINED.filled(step=explained[0].step_name), texts.EXPECTED, texts.ACTUAL, rows)


def _valued(one: Loss) -> Text:
    return texts.VALUED.filled(dimension=dimension_name(one.dimension), value=value_name(one.dimension, one.value))
