"""The panels of the report about who comes back, and about the life cycle."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reclake.pages import colours
from reclake.pages.charts import Lines, Series
from reclake.pages.flow import Flow, Group, Stream
from reclake.pages.heat import HeatRow, HeatTable
from reclake.pages.panels import Folded, Heading, Panel, Part, Sentence, Table
from reclake.tables import gold

from . import behaviour_texts as texts
from . import behaviour_texts_of_people as of_people
from .behaviour_figures import BehaviourFigures, Cohort, Cohorts, Life
from .behaviour_reasons import who_counts, why_empty

_STATE_COLOURS = dict(zip(of_people.STATES, (colours.BLUE, colours.GREEN, colours.PURPLE, colours.RED), strict=True))
_DAILY_COLOURS = dict(
    zip(
        of_people.DAILY_STATES,
        (
            colours.GREY, colours.BLUE, colours.GREEN, colours.LEAF, colours.PURPLE, colours.ORANGE, colours.RED, colours.MUTED,
        ),
        strict=True,
    )
)  # fmt: skip


def retention_panel(figures: BehaviourFigures, *, at_least: int) -> Panel:
    """A triangle per activity: the share of each cohort that is active later."""
    if not figures.retention:
        return Panel("retention", of_people.RETENTION, (why_empty(figures, gold.RETENTION, at_least=at_least),))
    period, periods = of_people.PERIODS[figures.retention[0].period]
    parts: list[Part] = []
    for one in figures.retention:
        parts.append(_triangle(one))
        if any(share is not None for cohort in one.cohorts for share in cohort.revenue):
            named = of_people.REVENUE.filled(period=of_people.PERIODS[one.period][0])
            parts.append(Folded(named, _revenue(one)))
    parts.append(Sentence(of_people.ALL_SAYS))
    activities = [one.activity for one in figures.retention]
    notes = dict.fromkeys(note for activity in activities for note in who_counts(figures, activity, at_least=at_least))
    return Panel(
        "retention",
        of_people.RETENTION,
        (of_people.RETENTION_SAYS.filled(period=period, periods=periods),),
        tuple(parts),
        tuple(notes),
    )


def _triangle(one: Cohorts) -> HeatTable:
    """The cohorts, the oldest first, and all of them together."""
    width = _width(one.cohorts)
    rows = [HeatRow(cohort.start, _shares(cohort, width), (cohort.n_customers,)) for cohort in one.cohorts]
    whole = HeatRow(of_people.ALL_COHORTS, _all(one.cohorts, width), (sum(cohort.n_customers for cohort in one.cohorts),))
    # A cohort's own interval holds all of it: the shades are of those that follow.
    later = [share for row in rows for share in row.shares[1:] if share is not None]
    return HeatTable(
        of_people.COHORTS[one.activity],
        (of_people.SINCE, of_people.N_CUSTOMERS),
        _columns(width),
        (*rows, whole),
        max(later, default=1.0) or 1.0,
    )


def _width(cohorts: Sequence[Cohort]) -> int:
    """How many columns have a number: those of which no cohort has one yet are left out."""
    return max((n + 1 for cohort in cohorts for n, active in enumerate(cohort.n_active) if active is not None), default=1)


def _columns(width: int) -> tuple[str, ...]:
    return tuple(str(n) for n in range(width))


def _shares(cohort: Cohort, width: int) -> tuple[float | None, ...]:
    return tuple(None if n is None else n / cohort.n_customers for n in cohort.n_active[:width])


def _all(cohorts: Sequence[Cohort], width: int) -> tuple[float | None, ...]:
    """Of each interval those who were active among all whose interval is over."""
    shares: list[float | None] = []
    for place in range(width):
        over = [(cohort.n_active[place], cohort.n_customers) for cohort in cohorts if cohort.n_active[place] is not None]
        n_customers = sum(size for _, size in over)
        shares.append(sum(active or 0 for active, _ in over) / n_customers if n_customers else None)
    return tuple(shares)


def _revenue(one: Cohorts) -> HeatTable:
    width = max((n + 1 for cohort in one.cohorts for n, ratio in enumerate(cohort.revenue) if ratio is not None), default=1)
    rows = tuple(HeatRow(cohort.start, cohort.revenue[:width], (cohort.n_customers,)) for cohort in one.cohorts)
    later = [ratio for row in rows for ratio in row.shares[1:] if ratio is not None]
    return HeatTable(
        of_people.COHORTS[one.activity],
        (of_people.SINCE, of_people.N_CUSTOMERS),
        _columns(width),
        rows,
        max(later, default=1.0) or 1.0,
    )


def lifecycle_panel(figures: BehaviourFigures, *, at_least: int) -> Panel:
    """How many are new, active and gone by week, and the moves between daily states on the days of the report."""
    if not figures.lives:
        return Panel("lifecycle", of_people.LIFECYCLE, (why_empty(figures, gold.LIFECYCLE, at_least=at_least),))
    parts: list[Part] = []
    for life in figures.lives:
        parts += [Heading(of_people.LIFECYCLE_SAYS[life.activity]), *_life(figures, life, at_least)]
    activities = [life.activity for life in figures.lives]
    notes = dict.fromkeys(note for activity in activities for note in who_counts(figures, activity, at_least=at_least))
    return Panel("lifecycle", of_people.LIFECYCLE, (), tuple(parts), tuple(notes))


def _life(figures: BehaviourFigures, life: Life, at_least: int) -> Iterator[Part]:
    over = {start: states for start, states in life.weeks.items() if None not in states.values()}
    if len(over) > 1:
        series = tuple(
            Series(name, _STATE_COLOURS[state], tuple(states.get(state, 0) for states in over.values()))
            for state, name in of_people.STATES.items()
        )
        yield Lines(of_people.BY_WEEK, tuple(over), series)
    if over:
        rows = tuple((start, *(states.get(state, 0) for state in of_people.STATES)) for start, states in over.items())
        yield Folded(texts.NUMBERS, Table((of_people.WEEK, *of_people.STATES.values()), rows))
    if not life.moves:
        yield Sentence(why_empty(figures, gold.LIFECYCLE, at_least=at_least))
        return
    groups = {state: Group(name, _DAILY_COLOURS[state]) for state, name in of_people.DAILY_STATES.items()}
    streams = tuple(Stream(before, after, n) for (before, after), n in sorted(life.moves.items()))
    span = figures.span
    yield Flow(of_people.MOVES.filled(first=span.first, last=span.last), groups, streams)
    yield Sentence(of_people.MOVES_SAY.filled(n=f"{sum(life.moves.values()):,}"))
    by_number = sorted(life.moves.items(), key=lambda move: (-move[1], move[0]))
    moves = tuple((of_people.DAILY_STATES[before], of_people.DAILY_STATES[after], n) for (before, after), n in by_number)
    yield Folded(texts.NUMBERS, Table((of_people.FROM, of_people.TO, of_people.N_MOVES), moves))
