"""Commands that take in, build and train."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any

import typer

from reclake import tables
from reclake.errors import UsageError
from reclake.recommend.settings import Tune

from . import options
from .options import (
    AsOfOption,
    Chosen,
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
    require_come,
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
    require_come(chosen.settings, last)
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
    require_come(chosen.settings, end, as_ofs=dates_of(as_of))
    chosen.console.n_asked = n_tables(stages, table, downstream=downstream)
    scope: dict[str, Any] = dict(first=begin, last=end, as_ofs=dates_of(as_of), table=table, downstream=downstream, force=force)
    if stages == tables.STAGES and landing is None and _is_idle(chosen, scope):
        return
    from reclake.run.runner import run_graph
    from reclake.run.stops import require_nothing_stopped

    with options.opened(chosen, "run", publishes=True, needs_keys=True) as application:
        stopped = run_graph(application, stages=stages, folder=landing, **scope)
        chosen.console.end()
        require_nothing_stopped(stopped)


def _is_idle(chosen: Chosen, scope: Mapping[str, Any]) -> bool:
    """Whether nothing has to be taken in or built; then the run is told of and done, without Spark."""
    from reclake.look.idle import idle_reports
    from reclake.look.waiting import untaken

    look = options.looked(chosen, is_needed=False)
    if not look.reader.exists() or (reports := idle_reports(look, **scope)) is None:
        return False
    for report in reports:
        chosen.console.finished(report)
    if scope["table"] is None:
        chosen.console.untaken(untaken(look))
    chosen.console.end()
    return True


def train(
    as_of: Annotated[datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="Train on the days before it.")] = None,
    tune: Annotated[
        Tune,
        typer.Option(
            "--tune", help="Search the settings first; never: take the model's section as it stands, without an earlier search's."
        ),
    ] = "when-due",
    model: Annotated[
        str | None,
        typer.Option("--model", help="Only this model, or the weights of linkage; without it all that scenarios name."),
    ] = None,
    source: SourceOption = None,
    profile: ProfileOption = "local",
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Train the models, judge each, and promote those that are better."""
    if model in tables.models.WEIGHTS_BY_NAME:
        weights, at = tables.models.WEIGHTS_BY_NAME[model], as_of.date() if as_of else None
        _fit(choose(profile, overrides, as_json=as_json, sources=source), weights, at, as_json=as_json)
        return
    _require_model(model)
    chosen = choose(profile, overrides, as_json=as_json, sources=source)
    require_come(chosen.settings, as_ofs=[as_of.date()] if as_of else ())
    from reclake.run.runner import next_as_of
    from reclake.run.training import runs_of
    from reclake.run.training import train as run_training

    with options.opened(chosen, "train", publishes=True) as application:
        day, trainings = as_of.date() if as_of else next_as_of(application), []
        wanted = (tables.models.BY_NAME[model],) if model else application.named_models
        if not wanted:
            raise UsageError("there is nothing to train", "no scenario names a model", "name one in a chain, or with --model")
        for training, of_model in runs_of(application, wanted):
            outcome = run_training(training, of_model, as_of=day, tune=tune)
            if outcome is None:
                continue  # of a run that has tried before; this one is new
            rows = outcome.rows(training_id=training.run_id, model_version=None, is_promoted=outcome.is_promotable)
            shown = ("model_name", "metric", "value", "lower", "upper", "n_customers")
            metrics = [{name: row[name] for name in shown} for row in rows]
            trainings.append({"is_promoted": outcome.is_promotable, "reasons": outcome.reasons, "metrics": metrics})
            if not as_json:
                chosen.console.rows("training", metrics)
                chosen.console.say(outcome.decision)
        if as_json and trainings:
            chosen.console.json(trainings[0] if len(wanted) == 1 else trainings)


def _fit(chosen: Chosen, model: tables.models.WeightsModel, as_of: date | None, *, as_json: bool) -> None:
    """Fit weights now; whoever asks need not wait until they are due."""
    require_come(chosen.settings, as_ofs=[as_of] if as_of else ())
    from reclake.run.fitting import fit
    from reclake.run.runner import next_as_of

    with options.opened(chosen, "train", publishes=True) as application:
        day = as_of or next_as_of(application)
        outcome = fit(application, model, as_of=day)
        if outcome is None:
            return
        rows = outcome.rows(model, training_id=application.run_id, as_of=day, model_version=None)
        metrics = [{name: row[name] for name in ("model_name", "metric", "value", "n_customers")} for row in rows]
        if as_json:
            chosen.console.json({"is_promoted": outcome.is_promotable, "reasons": outcome.reasons, "metrics": metrics})
            return
        chosen.console.rows("training", metrics)
        chosen.console.say(outcome.decision)


def _require_model(name: str | None) -> None:
    """Stop at a model that nobody declared."""
    if name is None:
        return
    if name not in tables.models.BY_NAME:
        known = (*tables.models.BY_NAME, *tables.models.WEIGHTS_BY_NAME)
        raise UsageError(f"there is no model {name!r}", f"models {', '.join(known)}", "name one of them")
