"""What stands below the parts of the report about behaviour: who counts, how many do not, and why a part is empty."""

from __future__ import annotations

from reclake.pages.texts import Text
from reclake.tables import Table

from . import behaviour_texts as texts
from .behaviour_figures import BehaviourFigures


def who_counts(figures: BehaviourFigures, activity: str, *, at_least: int) -> tuple[Text, ...]:
    """The as_of, who counts, how many are left out as they may not be profiled, and what shared devices do."""
    return (
        texts.COUNTED.filled(as_of=figures.span.as_of),
        _left_out(figures, activity, at_least),
        texts.SHARED,
    )


def _left_out(figures: BehaviourFigures, activity: str, at_least: int) -> Text:
    """How many of an activity may not be profiled, in whole groups, as gold tells it."""
    counts = {one.activity: one.n_left_out for one in figures.retention}
    counts |= {one.activity: one.n_left_out for one in figures.lives}
    if activity not in counts:
        return texts.UNKNOWN_LEFT_OUT
    named = texts.ACTIVITIES[activity]
    if counts[activity] == 0:
        return texts.FEW_LEFT_OUT.filled(n=at_least, activity=named)
    return texts.LEFT_OUT.filled(n=f"{counts[activity]:,}", activity=named)


def why_empty(figures: BehaviourFigures, table: Table, *, at_least: int) -> Text:
    """Why there is nothing of a table."""
    span = figures.span
    match figures.has_rows[table.name]:
        case None:
            return texts.NOT_PUBLISHED.filled(table=table.name)
        case False:
            return texts.NO_ROWS.filled(table=table.name, as_of=span.as_of, n=at_least)
        case _:
            return texts.NONE_ON_THE_DAYS.filled(table=table.name, first=span.first, last=span.last, n=at_least)
