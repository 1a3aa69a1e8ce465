"""The command that judges models and promotes none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import typer

from . import options
from .options import JsonOption, ProfileOption, SetOption, SourceOption, choose, require_come

_SHOWN = ("model_name", "value", "lower", "upper", "n_customers")


def evaluate(
    as_of: Annotated[datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="Judge on the days before it.")] = None,
    metric: Annotated[str, typer.Option("--metric", help="The metric that is listed; all are stored.")] = "ndcg_at_10",
    source: SourceOption = None,
    profile: ProfileOption = "local",
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Judge all models beside what is popular on the same held-out days, for everybody and by segment; promote none."""
    chosen = choose(profile, overrides, as_json=as_json, sources=source)
    require_come(chosen.settings, as_ofs=[as_of.date()] if as_of else ())
    from reclake.run.evaluating import evaluate as run_evaluation
    from reclake.run.runner import next_as_of

    with options.opened(chosen, "evaluate", publishes=True) as application:
        rows = run_evaluation(application, as_of=as_of.date() if as_of else next_as_of(application))
        if as_json:
            chosen.console.json([{name: value for name, value in row.items() if name != "as_of_date"} for row in rows])
            return
        for title, listed in _listings(rows, metric).items():
            chosen.console.rows(title, listed)


def _listings(rows: Sequence[Mapping[str, Any]], metric: str) -> dict[str, list[dict[str, Any]]]:
    """One listing per split and segment: the metric of each model, and its ratio to what was popular in 7 days beside it."""
    ratios = {(*_place(row), row["model_name"]): row["value"] for row in rows if row["metric"] == f"{metric} / popular_7_days"}
    listings: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        if row["metric"] == metric:
            split, kind, segment = _place(row)
            ratio = {"over_popular_7_days": ratios.get((split, kind, segment, row["model_name"]))}
            title = f"{metric}, {segment if kind == 'all' else f'{kind} {segment}'}: {split}"
            listings.setdefault(title, []).append({name: row[name] for name in _SHOWN} | ratio)
    return listings


def _place(row: Mapping[str, Any]) -> tuple[str, str, str]:
    return row["split"], row["segment_kind"], row["segment"]
