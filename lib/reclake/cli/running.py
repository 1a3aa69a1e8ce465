"""Commands that take in, build and train."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer

from reclake import tables
from reclake.errors import UsageError
from reclake.settings import Tune

from . import options
from .options import (
    AsOfOption,
    DayOption,
    DownstreamOption,
    FromOption,
    JsonOption,
    LandingOption,
    ProfileOption,
    SetOption,
    SourceOption,
    TableOption,
    ToOption,
    choose,
    dates_of,
    days_of,
    n_tables,
    require_known,
    require_landing,
)


def ingest(
    day: DayOption = None,
    source: SourceOption = None,
    landing: LandingOption = None,
    profile: ProfileOption = "local",
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take new files into bronze."""
    first, last = days_of(day, None, None)
    require_landing(landing)
    chosen = choose(profile, overrides, as_json=as_json, sources=source)
    from reclake.run.runner import run_graph
    from reclake.run.stops import require_nothing_stopped

    with options.opened(chosen, "ingest", publishes=True, needs_keys=True) as application:
        stopped = run_graph(application, first=first, last=last, stages=("bronze",), folder=landing)
        chosen.console.end()
        require_nothing_stopped(stopped)


def run(
    day: DayOption = None,
    first: FromOption = None,
    last: ToOption = None,
    as_of: AsOfOption = None,
    stage: Annotated[list[str] | None, typer.Option("--stage", help="Only this stage; may be repeated.")] = None,
    table: TableOption = None,
    downstream: DownstreamOption = False,
    source: SourceOption = None,
    landing: LandingOption = None,
    force: Annotated[bool, typer.Option("--force", help="Build what is up to date as well.")] = False,
    profile: ProfileOption = "local",
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take in what was delivered and build what is stale, over one day, a span, or everything."""
    begin, end = days_of(day, first, last)
    require_known(table)
    require_landing(landing)
    if unknown := sorted(set(stage or ()) - set(tables.STAGES)):
        raise UsageError(f"there is no stage {unknown[0]!r}", f"stages {', '.join(tables.STAGES)}", "name one of them")
    stages = tuple(s for s in tables.STAGES if not stage or s in stage)
    chosen = choose(profile, overrides, as_json=as_json, sources=source)
    chosen.console.n_asked = n_tables(stages, table, downstream=downstream)
    from reclake.run.runner import run_graph
    from reclake.run.stops import require_nothing_stopped

    with options.opened(chosen, "run", publishes=True, needs_keys=True) as application:
        which: dict[str, Any] = dict(table=table, downstream=downstream, folder=landing, force=force)
        stopped = run_graph(application, first=begin, last=end, as_ofs=dates_of(as_of), stages=stages, **which)
        chosen.console.end()
        require_nothing_stopped(stopped)


def train(
    as_of: Annotated[datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="Train on the days before it.")] = None,
    tune: Annotated[
        Tune,
        typer.Option("--tune", help="Search the settings first; never: take [als] as it stands, without an earlier search's."),
    ] = "when-due",
    source: SourceOption = None,
    profile: ProfileOption = "local",
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Train the recommender, judge it, and promote it if it is better."""
    from reclake.run.runner import next_as_of
    from reclake.run.training import train as run_training

    chosen = choose(profile, overrides, as_json=as_json, sources=source)
    with options.opened(chosen, "train", publishes=True) as application:
        outcome = run_training(application, as_of=as_of.date() if as_of else next_as_of(application), tune=tune)
        if outcome is None:
            return  # of a run that has tried before; this one is new
        rows = outcome.rows(training_id=application.run_id, model_version=None, is_promoted=outcome.is_promotable)
        shown = ("model_name", "metric", "value", "lower", "upper", "n_customers")
        metrics = [{name: row[name] for name in shown} for row in rows]
        if as_json:
            chosen.console.json({"is_promoted": outcome.is_promotable, "reasons": outcome.reasons, "metrics": metrics})
        else:
            chosen.console.rows("training", metrics)
            chosen.console.say(outcome.decision)
