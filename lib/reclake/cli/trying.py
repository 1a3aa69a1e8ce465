"""Commands for a first look: the demo company, and the files of a new source."""

from __future__ import annotations

from typing import Annotated

import typer

from . import options
from .options import (
    JsonOption,
    LandingOption,
    ProfileOption,
    SetOption,
    choose,
)


def generate(
    days: Annotated[int | None, typer.Option(min=1, help="Days of the demo company; by default demo.n_days.")] = None,
    customers: Annotated[int | None, typer.Option(min=1, help="Customers; by default demo.n_customers.")] = None,
    folder: Annotated[str | None, typer.Option("--landing", help="Where the files go.")] = None,
    profile: ProfileOption = "local",
    overrides: SetOption = None,
) -> None:
    """Generate the demo company: landing files, the truth beside them, and its key files."""
    from reclake.run.demo import generate_demo

    chosen = choose(profile, [*(overrides or []), *([f"demo.n_customers={customers}"] if customers else [])])
    with options.opened(chosen, "generate") as application:
        chosen.console.rows("demo company", generate_demo(application, n_days=days, folder=folder))


def demo(
    days: Annotated[int | None, typer.Option(min=1, help="Days of the demo company; by default demo.n_days.")] = None,
    profile: ProfileOption = "local",
    overrides: SetOption = None,
) -> None:
    """Show the whole way on generated data: generate, run, train, score, and make a page of the result."""
    from reclake.cockpit.demo_ending import ending
    from reclake.run.demo import generate_demo
    from reclake.run.demo_way import build_all
    from reclake.run.stops import require_nothing_stopped

    chosen = choose(profile, overrides)
    console = chosen.console
    with options.opened(chosen, "demo", publishes=True) as application:
        generate_demo(application, n_days=days)
        stopped = build_all(application, console.say)
        console.end()
        require_nothing_stopped(stopped)
    end = ending(options.looked(chosen))
    for title, rows in end.listings.items():
        console.rows(title, rows)
    for line in end.lines:
        console.say(line)


def check_source(
    name: Annotated[str, typer.Argument(help="Name of the source: of its file in conf/sources, which may not be there yet.")],
    landing: LandingOption = None,
    write: Annotated[
        bool, typer.Option("--write", help="Draft conf/sources/NAME.toml from the files; each guess is marked.")
    ] = False,
    profile: ProfileOption = "local",
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Look into the head of each file, in seconds: what it holds, and what the source would refuse and why."""
    from reclake.inspection import report
    from reclake.inspection.check import check

    chosen = choose(profile, overrides, as_json=as_json)
    checked = check(chosen.home, chosen.settings, name, landing=landing, write=write)
    listings = {
        "files": report.file_rows(checked.found),
        "fields": report.field_rows(checked.found),
        "first records": report.sample_rows(checked.found),
        "not taken": report.untaken_rows(checked.found),
        "would be refused": report.refusal_rows(checked.found),
    }
    if as_json:
        chosen.console.json(listings | {"says": checked.says})
        return
    for title, rows in listings.items():
        if rows:
            chosen.console.rows(title, rows)
    for sentence in checked.says:
        chosen.console.say(sentence)
