"""The page that the demo ends with: what became of the company's files, panel by panel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from reclake.pages import colours
from reclake.pages.charts import Bar, Bars, Lines, Series
from reclake.pages.flow import Flow, Group, Stream
from reclake.pages.page import Page, Shown
from reclake.pages.panels import Beside, Commands, Folded, Panel, Part, Sentence, Step, Steps, Table
from reclake.pages.texts import Text
from reclake.pages.values import Code, Few, Money, Share, Value, people, written
from reclake.tables import BY_NAME, GATED, silver

from . import demo_texts as texts
from .demo_customer import customer_panel
from .demo_figures import ABSENT, Figures, Tier

_FACTS = (silver.EVENTS, silver.SESSIONS, silver.ORDER_LINES, silver.INTERACTIONS, silver.FEEDBACK)
TIER_COLOURS = dict(
    zip(
        texts.TIERS,
        (colours.GREEN, colours.LEAF, colours.BLUE, colours.PURPLE, colours.ORANGE, colours.RED, colours.GREY, colours.MUTED),
        strict=True,
    )
)
_N_BARS = 8
_FIELD = 32  # signs of an example that are shown
_CLASS_COLOURS = {"duplicate": colours.GREY, "late": colours.ORANGE}


@dataclass(frozen=True, slots=True)
class PageInputs:
    """What the page shows beside the figures."""

    shown: Shown
    n_days: int  # days of delivery
    newest_days: Mapping[str, date | None]  # by table
    refused: Sequence[Mapping[str, Any]]  # as `reclake rejected` lists them
    n_more_refused: int
    min_group_size: int
    commands: tuple[tuple[str, Text], ...]


def demo_page(figures: Figures, given: PageInputs) -> Page:
    """The whole page."""
    panels = (
        _way(figures, given.min_group_size),
        _segments(figures, given.min_group_size),
        *((customer_panel(figures.customer),) if figures.customer else ()),
        _refused(given),
        _tables(figures, given),
        Panel("next", texts.NEXT, parts=(Commands(given.commands),)),
    )
    lead = texts.LEAD.filled(n_days=given.n_days)
    return Page(texts.TITLE, lead, given.shown, panels, note=texts.MADE_UP.filled(n=given.min_group_size))


def _way(figures: Figures, at_least: int) -> Panel:
    n = {
        name: sum(getattr(feed, name) for feed in figures.feeds)
        for name in ("n_in", "n_kept", "n_duplicates", "n_rejected", "n_late")
    }
    tiers = figures.tiers[figures.as_ofs[-1]].values() if figures.tiers else ()
    n_customers, n_buyers = sum(tier.n_customers for tier in tiers), sum(tier.n_buyers for tier in tiers)
    facts = [(table.noun.replace("_", " "), figures.n_rows[table.name]) for table in _FACTS if table.name in figures.n_rows]
    lost = ((texts.DUPLICATES, n["n_duplicates"]), (texts.REJECTED, n["n_rejected"]), (texts.LATE, n["n_late"]))
    lists = tuple((texts.BY_RULE.get(source, texts.BY_MODEL), n_rows) for source, (_, n_rows) in figures.lists.items())
    steps = (
        Step(texts.FILES, figures.n_files, ((texts.REFUSED, figures.n_refused_files),)),
        Step(texts.RECORDS, n["n_in"], tuple((_feed(feed.record_table), feed.n_in) for feed in figures.feeds)),
        Step(texts.KEPT, n["n_kept"], lost),
        Step(texts.FACTS, sum(n_rows for _, n_rows in facts), tuple(facts)),
        Step(
            texts.CUSTOMERS,
            people(n_customers, at_least=at_least),
            (
                (texts.BUYERS, people(n_buyers, at_least=at_least)),
                (texts.LOOKERS, people(n_customers - n_buyers, at_least=at_least)),
            ),
        ),
        Step(texts.LISTS, people(figures.n_listed, at_least=at_least), lists),
    )
    names = (
        texts.FEED,
        texts.IN,
        texts.KEPT,
        texts.DUPLICATES,
        texts.REJECTED,
        texts.LATE,
        texts.REJECTED_SHARE,
        texts.UNACCOUNTED,
    )
    rows = tuple(
        (
            Code(_feed(feed.record_table)), feed.n_in, feed.n_kept, feed.n_duplicates, feed.n_rejected, feed.n_late,
            Share(feed.n_rejected / feed.n_in if feed.n_in else 0.0), feed.n_unaccounted,
        )
        for feed in figures.feeds
    )  # fmt: skip
    return Panel("way", texts.WAY, (texts.WAY_SAYS,), (Steps(steps), Folded(texts.FEEDS, Table(names, rows))))


def _feed(record_table: str) -> str:
    """The feed's noun: that of its bronze table."""
    return silver.raw_of(BY_NAME[record_table]).noun


def _tables(figures: Figures, given: PageInputs) -> Panel:
    names = (texts.TABLE, texts.GRAIN, texts.ROWS, texts.NEWEST_DAY)
    rows = tuple(
        (Code(table.name), table.grain, figures.n_rows[table.name], given.newest_days.get(table.name))
        for table in GATED
        if table.name in figures.n_rows
    )
    return Panel("tables", texts.TABLES, (texts.TABLES_SAY,), (Table(names, rows),))


def _segments(figures: Figures, at_least: int) -> Panel:
    notes = (texts.SMALL_GROUPS.filled(n=at_least),)
    if not figures.tiers:
        return Panel("segments", texts.SEGMENTS_TITLE, (texts.SEGMENTS_SAY,), (), notes)
    newest = figures.as_ofs[-1]
    parts: list[Part] = [_sizes(newest, figures.tiers[newest], at_least)]
    if len(figures.as_ofs) > 1:
        chart, numbers = _over_time(figures, at_least)
        parts = [Beside((*parts, chart)), numbers, *_movement(figures, at_least)]
    sentences = (texts.SEGMENTS_SAY, *(() if len(figures.as_ofs) > 1 else (texts.NO_MOVEMENT,)))
    return Panel("segments", texts.SEGMENTS_TITLE, sentences, tuple(parts), notes)


def _sizes(day: date, tiers: Mapping[str, Tier], at_least: int) -> Bars:
    bars = []
    for key in texts.TIERS:
        if key in tiers:
            n = people(tiers[key].n_customers, at_least=at_least)
            bars.append(Bar(texts.TIERS[key], n, spend_of(tiers[key], at_least), TIER_COLOURS[key]))
    return Bars(texts.SIZES.filled(day=day), tuple(bars))


def spend_of(tier: Tier, at_least: int) -> str | None:
    """What a tier has spent, by currency; None where it is too small to be shown."""
    if isinstance(people(tier.n_customers, at_least=at_least), Few):
        return None
    return " + ".join(str(written(Money(amount, currency))) for currency, amount in tier.spend.items())


def _over_time(figures: Figures, at_least: int) -> tuple[Part, Part]:
    days = figures.as_ofs
    counts: dict[str, tuple[int | Few, ...]] = {}
    for key in texts.TIERS:
        of_days = [figures.tiers[day][key].n_customers if key in figures.tiers[day] else 0 for day in days]
        if any(of_days):
            counts[key] = tuple(people(n, at_least=at_least) for n in of_days)
    series = tuple(Series(texts.TIERS[key], TIER_COLOURS[key], values) for key, values in counts.items())
    rows = tuple((day, *(values[place] for values in counts.values())) for place, day in enumerate(days))
    numbers = Table((texts.DAY, *(texts.TIERS[key] for key in counts)), rows)
    return Lines(texts.OVER_TIME, days, series), Folded(texts.NUMBERS, numbers)


def _movement(figures: Figures, at_least: int) -> tuple[Part, ...]:
    before, now = figures.as_ofs[-2:]
    groups = {key: Group(name, TIER_COLOURS[key]) for key, name in texts.TIERS.items()}
    order = {key: place for place, key in enumerate(groups)}
    pairs = sorted(figures.moved, key=lambda pair: (order[pair[0]], order[pair[1]]))
    streams = tuple(Stream(*pair, people(figures.moved[pair], at_least=at_least)) for pair in pairs)
    rows: tuple[tuple[Value, ...], ...] = tuple((groups[one.before].name, groups[one.after].name, one.n) for one in streams)
    stayed = [n for (tier_before, tier_now), n in figures.moved.items() if ABSENT not in (tier_before, tier_now)]
    moved = [n for (one, other), n in figures.moved.items() if ABSENT not in (one, other) and one != other]
    sentence = texts.MOVED.filled(
        moved=written(people(sum(moved), at_least=at_least)), all=written(people(sum(stayed), at_least=at_least))
    )
    return (
        Flow(texts.MOVEMENT.filled(before=before, now=now), groups, streams),
        Sentence(sentence),
        Folded(texts.NUMBERS, Table((texts.BEFORE, texts.NOW, texts.CUSTOMERS), rows)),
    )


def _refused(given: PageInputs) -> Panel:
    records = [row for row in given.refused if row["records"]]
    names = (texts.FEED, texts.CLASS, texts.REASON, texts.RECORDS, texts.EXAMPLE, texts.STANDS_THERE)
    rows = tuple(
        (
            Code(_feed(row["record_table"]) if row["record_table"] in _RECORDS else "files"),
            texts.CLASSES.get(row["record_class"], row["record_class"]),
            row["reason"],
            row["records"] or None,
            _place(row),
            Code(shorten(row["value"])) if row["value"] else None,
        )
        for row in given.refused
    )
    bars = tuple(
        Bar(
            f"{_feed(row['record_table'])}: {row['reason'] or row['record_class']}",
            row["records"],
            colour=_CLASS_COLOURS.get(row["record_class"], colours.RED),
        )
        for row in records[:_N_BARS]
    )
    chart = (Bars(texts.NOT_KEPT, bars),) if bars else ()
    return Panel("refused", texts.REFUSED_TITLE, (texts.REFUSED_SAYS,), (*chart, Table(names, rows, n_more=given.n_more_refused)))


def _place(row: Mapping[str, Any]) -> Value:
    """The file of an example, and its line."""
    if not row["file"]:
        return None
    return Code(row["file"] if row["line"] is None else f"{row['file']}:{row['line']}")


def shorten(text: str) -> str:
    """The beginning of a field: a whole line of a file may stand in it.

    Examples
    --------
    >>> shorten("RM?"), shorten("x" * 100) == "x" * 32 + "…"
    ('RM?', True)
    """
    return text if len(text) <= _FIELD else f"{text[:_FIELD]}…"


_RECORDS = {table.name for table in silver.RECORDS}
