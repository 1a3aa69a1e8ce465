"""The page about the customers: who is one person, what they are likely to do, what they are worth, and whom to contact."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reclake.look.holdout import Holdout
from reclake.pages import colours
from reclake.pages.charts import Bar, Bars, Lines, Series
from reclake.pages.dumbbells import Dumbbell, Dumbbells
from reclake.pages.flow import Flow, Group, Stream
from reclake.pages.page import Page, Shown
from reclake.pages.panels import Beside, Folded, Panel, Part, Sentence, Table
from reclake.pages.values import Money, Share, people, written
from reclake.pages.waterfall import Addend, Waterfall

from . import customers_texts as texts
from . import demo_texts
from .customers_figures import CustomersFigures, Decile, Listed
from .demo_figures import ABSENT
from .demo_page import TIER_COLOURS

_NO_CUSTOMER = "none"  # of tier_changes: no customer at one of the two as_ofs
_SEVERAL = "several"  # of tier_changes: small flows together
_UNTIED = ("alone", "too_many", "shared")


def customers_page(figures: CustomersFigures, shown: Shown, *, min_group_size: int) -> Page:
    """The whole page."""
    lead = texts.LEAD.filled(n_accounts=f"{sum(figures.evidence.values()):,}", n_customers=f"{figures.n_customers:,}")
    panels = (
        _identity(figures, min_group_size),
        _tiers(figures),
        _value(figures, min_group_size),
        _contacts(figures, min_group_size),
    )
    note = texts.SMALL_GROUPS.filled(n=min_group_size)
    return Page(texts.TITLE, lead, shown, panels, note=note)


def _identity(figures: CustomersFigures, at_least: int) -> Panel:
    bars = tuple(
        Bar(name, people(figures.evidence[key], at_least=at_least), colour=colours.GREY if key in _UNTIED else colours.BLUE)
        for key, name in texts.EVIDENCE.items()
        if key in figures.evidence
    )
    parts: list[Part] = [Bars(texts.BY_EVIDENCE, bars)] if bars else []
    if figures.pair is not None:
        pair = figures.pair
        addends = tuple(
            Addend(name, pair[f"weight_{key}"], texts.LEVELS[pair[f"level_{key}"]])
            for key, name in texts.ATTRIBUTES.items()
            if pair[f"level_{key}"] is not None
        )
        parts += [
            Waterfall(texts.WATERFALL.filled(n=f"{figures.n_pairs:,}"), addends, texts.WEIGHT),
            Sentence(texts.PRIOR_SAYS),
        ]
    return Panel("identity", texts.IDENTITY, (texts.IDENTITY_SAYS,), tuple(parts))


def _tiers(figures: CustomersFigures) -> Panel:
    parts: list[Part] = []
    if moved := [one for one in figures.changes if one.previous_as_of is not None]:
        groups = {key: Group(name, TIER_COLOURS[key]) for key, name in demo_texts.TIERS.items()}
        streams = tuple(
            Stream(_place(one.from_tier), _place(one.to_tier), one.n_customers)
            for one in moved
            if _SEVERAL not in (one.from_tier, one.to_tier)
        )
        parts.append(Flow(texts.FLOW.filled(before=moved[0].previous_as_of, now=figures.as_of), groups, streams))
        if n_others := sum(one.n_customers for one in moved if _SEVERAL in (one.from_tier, one.to_tier)):
            parts.append(Sentence(texts.OTHER_MOVES.filled(n=f"{n_others:,}")))
    if figures.quality:
        parts += list(_quality(figures))
    return Panel("tiers", texts.TIERS, (texts.TIERS_SAY,), tuple(parts))


def _place(tier: str) -> str:
    return ABSENT if tier == _NO_CUSTOMER else tier


def _quality(figures: CustomersFigures) -> Iterator[Part]:
    """What came after each tier, beside the mean over all of them."""
    order = {key: place for place, key in enumerate(demo_texts.TIERS)}
    rows = sorted(figures.quality, key=lambda one: order[one.tier])
    n = sum(one.n_customers for one in rows) or 1
    mean = sum(one.bought_share * one.n_customers for one in rows) / n
    bells = tuple(
        Dumbbell(demo_texts.TIERS[one.tier], mean, one.bought_share, one.bought_lower_share, one.bought_upper_share)
        for one in rows
    )
    yield Dumbbells(texts.KEPT_WORD.filled(day=rows[0].before_as_of), texts.OF_ALL, texts.OF_TIER, bells, shown_as=Share)
    names = (texts.TIER, texts.CUSTOMERS, texts.COVERED, texts.BOUGHT, texts.STAYED, texts.SPENT)
    cells = tuple(
        (
            demo_texts.TIERS[one.tier], one.n_customers, Share(one.coverage_share), Share(one.bought_share),
            Share(one.stayed_share), Money(one.mean_spend, one.currency),
        )
        for one in rows
    )  # fmt: skip
    yield Folded(demo_texts.NUMBERS, Table(names, cells))


def _curve(held_out: Holdout, at_least: int) -> Lines:
    """Days of purchase since the cut, as they came and as the model expected them."""
    name = texts.HOLDOUT.filled(n=written(people(held_out.n_customers, at_least=at_least)), begin=held_out.split)
    came = Series(texts.ACTUAL, colours.BLUE, tuple(people(n, at_least=at_least) for n in held_out.came))
    expected = Series(texts.EXPECTED, colours.ORANGE, tuple(round(n) for n in held_out.expected))
    return Lines(name, held_out.days, (came, expected))


def _value(figures: CustomersFigures, at_least: int) -> Panel:
    model = figures.model
    if model is None or model.reason:
        reason = model.reason if model else "nothing was bought yet"
        return Panel("value", texts.VALUE, (texts.NO_VALUE.filled(reason=reason),))
    sentence = texts.VALUE_SAYS.filled(model=texts.MODELS[model.model], chosen_by=texts.CHOSEN_BY[model.chosen_by])
    kinds = dict.fromkeys((one.measure, one.unit) for one in figures.deciles)
    charts = tuple(_calibration(figures, [one for one in figures.deciles if (one.measure, one.unit) == kind]) for kind in kinds)
    parts: list[Part] = [_curve(figures.holdout, at_least)] if figures.holdout else []
    parts += [Beside(charts)] if charts else []
    parts.append(
        Table((texts.GINI, texts.VALUE_GINI, texts.CORRELATION), ((model.purchases_gini, model.value_gini, model.correlation),))
    )
    return Panel("value", texts.VALUE, (sentence,), tuple(parts))


def _calibration(figures: CustomersFigures, deciles: Sequence[Decile]) -> Dumbbells:
    first = deciles[0]
    name = texts.PURCHASES if first.measure == "purchases" else texts.SPEND
    named = name.filled(begin=first.split, end=figures.as_of, **({} if name is texts.PURCHASES else {"unit": first.unit}))
    rows = tuple(Dumbbell(texts.DECILE.filled(n=one.decile), one.expected, one.actual) for one in deciles)
    return Dumbbells(named, texts.EXPECTED, texts.ACTUAL, rows)


def _contacts(figures: CustomersFigures, at_least: int) -> Panel:
    purposes = sorted({one.purpose for one in figures.listed} | {one.purpose for one in figures.left_out})
    parts: list[Part] = []
    for purpose in purposes:
        listed = [one for one in figures.listed if one.purpose == purpose]
        left_out = [one for one in figures.left_out if one.purpose == purpose]
        charts: list[Part] = []
        if listed:
            charts.append(Bars(texts.LISTED.filled(purpose=purpose), tuple(_listed_bars(listed, at_least))))
        if left_out:
            reasons = tuple(
                Bar(texts.REASONS[one.reason], people(one.n_customers, at_least=at_least), colour=colours.GREY)
                for one in left_out
            )
            charts.append(Bars(texts.LEFT_OUT.filled(purpose=purpose), reasons))
        parts.append(Beside(tuple(charts)))
    return Panel("contacts", texts.CONTACTS, (texts.CONTACTS_SAY,), tuple(parts))


def _listed_bars(listed: Sequence[Listed], at_least: int) -> Iterator[Bar]:
    """A bar per channel; what is at risk stands beside it where the group is shown."""
    for one in listed:
        n = people(one.n_customers, at_least=at_least)
        shown = str(written(Money(one.at_risk, one.currency))) if isinstance(n, int) and one.at_risk is not None else None
        yield Bar(texts.CHANNELS[one.channel], n, shown, colours.GREEN)
