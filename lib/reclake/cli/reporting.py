"""Commands that write a report: one page to open, made of published gold without Spark."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from . import options
from .options import ProfileOption, SetOption, choose, days_of

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Write a report as one page to open, in English and Chinese, that needs no network.",
)
_DAY = ["%Y-%m-%d"]


@app.command("behaviour")
def behaviour(
    first: Annotated[
        datetime | None, typer.Option("--from", formats=_DAY, help="First day; by default that of the window of funnels.")
    ] = None,
    last: Annotated[
        datetime | None, typer.Option("--to", formats=_DAY, help="Last day; by default the one before the newest as_of.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", help="The page, which is replaced; by default behaviour.html beside the lake.")
    ] = None,
    profile: ProfileOption = "local",
    overrides: SetOption = None,
) -> None:
    """Write the page of what customers do: funnels, loss, paths, retention, the life cycle and sales."""
    from reclake.cockpit.behaviour_report import page_path, write_behaviour

    chosen = choose(profile, overrides)
    days = days_of(None, first, last)
    look = options.looked(chosen)
    path = file.absolute() if file else page_path(look, "behaviour")
    write_behaviour(look, path, first=days[0], last=days[1])
    chosen.console.say(f"Open this page in a browser: {path}")
