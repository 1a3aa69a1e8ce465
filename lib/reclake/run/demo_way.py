"""The whole way on the demo company's files: every stage, with the segments of every week, and a training."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from reclake import tables
from reclake.errors import ReclakeError
from reclake.tables import bronze, gold
from reclake.tables.gold.segment_quality import QUALITY_DAYS

from .application import Application
from .opened import Opened
from .runner import next_as_of, run_graph
from .training import runs_of, train

_WEEK = timedelta(days=7)
# Tables whose rows of earlier as_ofs answer how customers moved.
_OF_EVERY_WEEK = tuple(
    table.name for table in (gold.CUSTOMER_SEGMENTS, gold.SEGMENT_BINS, gold.TIER_CHANGES, gold.SEGMENT_QUALITY)
)


def build_all(app: Application, say: Callable[[str], None]) -> dict[str, ReclakeError]:
    """Take in and build everything, with the segments of every week; gives table → why it was stopped."""
    *before, with_segments, behaviour, with_lists = tables.STAGES
    stopped = dict(run_graph(app, stages=before))
    stopped |= run_graph(app, stages=[with_segments], as_ofs=as_ofs_to_build(app), only=_OF_EVERY_WEEK)
    # What is forecast and whom to contact is asked for the newest as_of alone.
    stopped |= run_graph(app, stages=[with_segments, behaviour])
    if gold.MODEL_METRICS.name not in app.manifest.current() and not stopped:
        try:
            for training, model in runs_of(app, app.named_models):
                if outcome := train(training, model, as_of=next_as_of(app)):  # None where this run has trained before
                    say(f"the model {model.name} is {outcome.decision}")
        except ReclakeError as failure:
            stopped[gold.MODEL_METRICS.name] = failure  # the lists are built all the same, from what is popular
    return stopped | run_graph(app, stages=[with_lists])


def as_ofs_to_build(lake: Opened) -> list[date]:
    """Those of every week, and the one from which the newest judges what came after a tier, if the lake goes back so far."""
    weekly = weekly_as_ofs(lake)
    if not weekly:
        return []
    judged = weekly[-1] - timedelta(days=QUALITY_DAYS)
    return sorted({*weekly, judged}) if judged > weekly[0] else weekly


def weekly_as_ofs(lake: Opened) -> list[date]:
    """The day after the last delivery, and those whole weeks before it that have a week of deliveries before them.

    None where nothing was delivered.
    """
    days = delivery_days(lake)
    if not days:
        return []
    newest = max(days) + timedelta(days=1)
    n_earlier = max((newest - min(days)) // _WEEK - 1, 0)
    return [newest - n * _WEEK for n in range(n_earlier, -1, -1)]


def delivery_days(lake: Opened) -> list[date]:
    """The days on which something was delivered."""
    return [date.fromisoformat(day) for table in bronze.TABLES if table.day_column for day in lake.ledger.ever(table)]
