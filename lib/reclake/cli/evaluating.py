"""The command that judges models and scenarios, and promotes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import typer

from . import options
from .options import JsonOption, ProfileOption, SetOption, SourceOption, choose, require_come

_SHOWN = ("model_name", "value", "lower", "upper", "n_customers")
_BASE = "popular_7_days"
_RATIO = (f"over_{_BASE}", "from", "to")  # its interval beside it


def evaluate(
    as_of: Annotated[datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="Judge on the days before it.")] = None,
    scenario: Annotated[
        list[str] | None, typer.Option("--scenario", help="Judge this scenario and nothing else; may be repeated.")
    ] = None,
    metric: Annotated[
        str, typer.Option("--metric", help="The metric of models that is listed; all are stored. A scenario has its own.")
    ] = "ndcg_at_10",
    source: SourceOption = None,
    profile: ProfileOption = "local",
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Judge models and scenarios beside what is popular on the same held-out days, for everybody and by segment; promote none."""
    chosen = choose(profile, overrides, as_json=as_json, sources=source)
    require_come(chosen.settings, as_ofs=[as_of.date()] if as_of else ())
    from reclake.run.evaluating import evaluate as run_evaluation
    from reclake.run.runner import next_as_of

    with options.opened(chosen, "evaluate", publishes=True) as application:
        day = as_of.date() if as_of else next_as_of(application)
        rows = run_evaluation(application, as_of=day, scenarios=scenario or ())
        if as_json:
            chosen.console.json([{name: value for name, value in row.items() if name != "as_of_date"} for row in rows])
            return
        for title, listed in _listings(rows, metric).items():
            chosen.console.rows(title, listed)


def _listings(rows: Sequence[Mapping[str, Any]], metric: str) -> dict[str, list[dict[str, Any]]]:
    """One listing per scenario, split and segment: the metric of each model, and its ratio to what was popular in 7 days beside it."""
    ratio = f" / {_BASE}"
    ratios = {(_title(row), row["metric"], row["model_name"]): _interval(row) for row in rows if row["metric"].endswith(ratio)}
    listings: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        is_listed = "/" not in row["metric"] if row.get("scenario") else row["metric"] == metric
        if is_listed:
            title = _title(row)
            beside = ratios.get((title, f"{row['metric']}{ratio}", row["model_name"]), dict.fromkeys(_RATIO))
            listings.setdefault(f"{row['metric']}, {title}", []).append({name: row[name] for name in _SHOWN} | beside)
    return listings


def _interval(row: Mapping[str, Any]) -> dict[str, Any]:
    """The ratio with its interval, under the names of the listing."""
    return dict(zip(_RATIO, (row[name] for name in ("value", "lower", "upper")), strict=True))


def _title(row: Mapping[str, Any]) -> str:
    segment = row["segment"] if row["segment_kind"] == "all" else f"{row['segment_kind']} {row['segment']}"
    judged = f"{row['scenario']}, {row['label']}, " if row.get("scenario") else ""
    return f"{judged}{segment}: {row['split']}"
