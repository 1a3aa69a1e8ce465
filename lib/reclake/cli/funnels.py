"""The command that prints a funnel from gold."""

from __future__ import annotations

from typing import Annotated

import typer

from reclake.errors import UsageError
from reclake.tables import gold

from . import options
from .looking import AsOfDay
from .options import CsvOption, JsonOption, ProfileOption, SetOption, VerticalOption, choose, form_of


def funnel(
    name: Annotated[str | None, typer.Argument(help="The funnel; without one all are listed.")] = None,
    period: Annotated[
        str, typer.Option("--period", metavar="window|week|day", help="Which entries are counted together.")
    ] = "window",
    by: Annotated[str | None, typer.Option("--by", metavar="DIMENSION", help="A breakdown that the funnel declares.")] = None,
    losses: Annotated[
        bool, typer.Option("--losses", help="Instead: where the lost of each step went, and who lost more than expected.")
    ] = False,
    last: Annotated[int, typer.Option("--last", min=1, help="So many of the newest days or weeks.")] = 7,
    as_of: AsOfDay = None,
    vertical: VerticalOption = False,
    as_csv: CsvOption = False,
    profile: ProfileOption = "local",
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print how many go on from step to step of a funnel, and how many are lost."""
    from reclake.look import funnels as looked
    from reclake.look.as_ofs import as_of_of

    if period not in looked.PERIODS:
        raise UsageError(f"--period knows no {period!r}", f"it knows {', '.join(looked.PERIODS)}", "name one of them")
    chosen = choose(profile, overrides, form=form_of(as_json=as_json, vertical=vertical, as_csv=as_csv))
    look = options.looked(chosen, is_needed=name is not None)
    if name is None:
        chosen.console.rows("funnels", looked.listed(look.funnels()), empty="conf/funnels holds no funnel.")
        return
    (asked,) = look.funnels(name).values()
    if by is not None and by not in asked.breakdowns:
        declared = ", ".join(asked.breakdowns) or "none"
        step = f"name one of them, or add it to conf/funnels/{name}.toml"
        raise UsageError(f"{name} has no breakdown {by!r}", f"it declares {declared}", step)
    table = gold.FUNNEL_LOSSES if losses else gold.FUNNELS
    day = as_of_of(look.reader, table, as_of and as_of.date())
    rows = (
        looked.losses(look.reader, name, as_of=day)
        if losses
        else looked.steps(look.reader, name, as_of=day, period=period, by=by or "all", last=last)
    )
    empty = f"{table.name} has no row of {name}: nobody entered it, or fewer customers than privacy.min_group_size."
    chosen.console.rows(f"{name}, as_of_date {day}, {asked.unit} as unit", rows, empty=empty)
    if period == "window" and (fates := looked.fates(look.reader, name, as_of=day)):
        chosen.console.say(looked.totals(fates))
