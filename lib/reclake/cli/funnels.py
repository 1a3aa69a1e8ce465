"""The command that prints a funnel from gold, and the people behind its numbers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reclake.errors import UsageError
from reclake.tables import gold, ops

from . import options
from .options import AsOfDay, Chosen, require_one_of
from .printing import prints_listings, refuse_beside

if TYPE_CHECKING:
    from reclake.run.figure_people import Asked, File


@prints_listings
def funnel(
    chosen: Chosen,
    name: Annotated[str | None, typer.Argument(help="The funnel; without one all are listed.")] = None,
    period: Annotated[
        str, typer.Option("--period", metavar="window|week|day", help="Which entries are counted together.")
    ] = "window",
    by: Annotated[str | None, typer.Option("--by", metavar="DIMENSION", help="A breakdown that the funnel declares.")] = None,
    losses: Annotated[
        bool, typer.Option("--losses", help="Instead: where the lost of each step went, and who lost more than expected.")
    ] = False,
    last: Annotated[int, typer.Option("--last", min=1, help="So many of the newest days or weeks.")] = 7,
    who: Annotated[
        str | None,
        typer.Option(
            "--who",
            metavar="reached|lost|open|excluded",
            help="Instead: the customers behind this number of --step, counted by Spark: it takes a while.",
        ),
    ] = None,
    step: Annotated[int | None, typer.Option("--step", min=1, help="With --who: the step, from 1.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="With --who: customers that are printed at most.")] = 20,
    to: Annotated[
        Path | None, typer.Option("--to", help="With --who: a CSV file of all of them, which must not exist yet.")
    ] = None,
    receiver: Annotated[str, typer.Option("--receiver", help="With --to: who is given the file; it is noted.")] = "",
    reason: Annotated[str, typer.Option("--reason", help="With --to: why; it is noted.")] = "",
    as_of: AsOfDay = None,
) -> None:
    """Print how many go on from step to step of a funnel, and how many are lost."""
    from reclake.look import funnels as looked
    from reclake.look.as_ofs import as_of_of
    from reclake.run.handed_files import require_place, require_stated

    require_one_of("--period", period, looked.PERIODS)
    _require_read(chosen, name, period=period, losses=losses, who=who, to=to)
    look = options.looked(chosen, is_needed=name is not None)
    if name is None:
        chosen.console.rows("funnels", looked.listed(look.funnels()), empty="conf/funnels holds no funnel.")
        return
    (asked,) = look.funnels(name).values()
    if who is not None:
        if to:  # before a session starts, which takes seconds
            require_stated(ops.PEOPLE_EXPORTS.name, receiver=receiver, reason=reason)
            require_place(to.absolute())
        from reclake.run.figure_people import File, asked_of

        file = File(target=to.absolute(), receiver=receiver, reason=reason) if to else None
        day = as_of_of(look.reader, gold.FUNNELS, as_of and as_of.date())
        _print_people(chosen, asked_of(asked, step=step, who=who, as_of=day), limit=limit, file=file)
        return
    if by is not None and by not in asked.breakdowns:
        declared = ", ".join(asked.breakdowns) or "none"
        next_step = f"name one of them, or add it to conf/funnels/{name}.toml"
        raise UsageError(f"{name} has no breakdown {by!r}", f"it declares {declared}", next_step)
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


_OF_PEOPLE = ("step", "limit", "to", "receiver", "reason")


def _require_read(chosen: Chosen, name: str | None, *, period: str, losses: bool, who: str | None, to: Path | None) -> None:
    """Stop at options that what is asked does not read."""
    if name is None:
        refuse_beside(chosen, "a list of all funnels", "period", "by", "losses", "last", "who", *_OF_PEOPLE)
    elif who is None:
        refuse_beside(chosen, "a funnel without --who", *_OF_PEOPLE)
        if losses:
            refuse_beside(chosen, "--losses", "by", "period", "last")
        elif period == "window":
            refuse_beside(chosen, "--period window", "last")
    else:
        refuse_beside(chosen, "--who", "by", "losses", "period", "last")
        if to:
            refuse_beside(chosen, "--who with --to", "limit")
        else:
            refuse_beside(chosen, "--who without --to", "receiver", "reason")


def _print_people(chosen: Chosen, asked: Asked, *, limit: int, file: File | None) -> None:
    """Print the customers behind a number, or write them to a file."""
    from reclake.run.figure_people import figure_people

    with options.opened(chosen, "funnel", writes=file is not None) as application:
        behind = figure_people(application, asked, limit=limit, file=file)
    n_customers, in_gold = behind["n_customers"], behind["gold_n_units"]
    if file:
        chosen.console.rows("customers handed out", [behind["export"]])
    else:
        title, n_more = f"{asked.figure}, as_of_date {asked.as_of}", n_customers - len(behind["rows"])
        chosen.console.rows(title, behind["rows"], empty="Nobody is behind this number.", n_more=n_more)
    if chosen.console.is_for_programs:
        return
    chosen.console.say(f"{n_customers:,} customers with {behind['n_units']:,} units, {asked.funnel.unit} as unit")
    if in_gold is not None and in_gold != behind["n_units"]:
        chosen.console.say(f"gold.funnels counts {in_gold:,} units: what it was made of has changed since")
