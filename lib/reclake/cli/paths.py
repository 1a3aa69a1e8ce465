"""The command that prints paths from gold."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from reclake.errors import UsageError
from reclake.tables import gold

from . import options
from .options import AsOfDay, Chosen
from .printing import prints_listings


@prints_listings
def paths(
    chosen: Chosen,
    name: Annotated[str | None, typer.Argument(help="The definition of paths; without one all are listed.")] = None,
    transitions: Annotated[
        bool, typer.Option("--transitions", help="Instead of the steps: from where to where people go.")
    ] = False,
    routes: Annotated[bool, typer.Option("--routes", help="Instead: ways of several nodes, and how often they convert.")] = False,
    anchor: Annotated[str | None, typer.Option("--anchor", metavar="NODE", help="Steps from or to a node.")] = None,
    direction: Annotated[str, typer.Option("--direction", metavar="from|to", help="What follows it, or lies before.")] = "from",
    occurrence: Annotated[
        str, typer.Option("--occurrence", metavar="first|last|all", help="Which visit of the anchor in a path.")
    ] = "first",
    by: Annotated[str | None, typer.Option("--by", metavar="DIMENSION", help="A breakdown that the definition declares.")] = None,
    top: Annotated[int, typer.Option("--top", min=1, help="So many transitions, or routes of each number of nodes.")] = 20,
    as_of: AsOfDay = None,
) -> None:
    """Print the ways that people walk within a visit: where they are in each step, from where to where, by which routes."""
    from reclake.look import paths as looked
    from reclake.look.as_ofs import as_of_of

    look = options.looked(chosen, is_needed=name is not None)
    if name is None:
        chosen.console.rows("paths", looked.listed(look.paths()), empty="conf/paths holds no definition of paths.")
        return
    (asked,) = look.paths(name).values()
    _require_known(name, (asked.breakdowns, asked.anchors), by=by, anchor=anchor, direction=direction, occurrence=occurrence)
    if transitions + routes + bool(anchor) > 1 or (routes and by):
        raise UsageError(
            "--transitions, --routes and --anchor are three questions, and routes have no breakdown",
            "two were asked at once",
            "ask one of them",
        )
    table = gold.PATH_ROUTES if routes else gold.PATH_TRANSITIONS if transitions else gold.PATH_STEPS
    day: date = as_of_of(look.reader, table, as_of and as_of.date())
    empty = f"{table.name} tells nothing of {name}: nobody did that, or fewer customers than privacy.min_group_size."
    title = f"{table.name}, {name}, as_of_date {day}, {asked.form} paths of visits"
    if not (transitions or routes):
        start = anchor or "path_start"
        rows, ways = looked.steps(
            look.reader, name, as_of=day, by=by or "all", anchor=start, occurrence=occurrence, direction=direction
        )
        title += f", shares of ways {direction} {start}" + (f", {occurrence}" if anchor else "")
        chosen.console.rows(title, rows, empty=empty)
        for way in ways:
            chosen.console.say(_denominator(way, anchor))
        return
    rows, left = (
        looked.routes(look.reader, name, as_of=day, top=top)
        if routes
        else looked.transitions(look.reader, name, as_of=day, by=by or "all", top=top)
    )
    chosen.console.rows(title, rows, empty=empty)
    if left["rows"]:
        chosen.console.say(f"Not shown: {left['rows']:,} rows of {left['n']:,} more; a higher --top shows them")


def _denominator(way: dict[str, object], anchor: str | None) -> str:
    """What the shares of steps are shares of.

    Examples
    --------
    >>> _denominator({"value": "all", "n_ways": 1200, "n_paths": 1000}, "cart")
    '100 % are 1,200 ways in 1,000 paths that hold cart'
    """
    of_value = "" if way["value"] == "all" else f"{way['value']}: "
    if anchor is None:
        return f"{of_value}100 % are {way['n_paths']:,} paths"
    return f"{of_value}100 % are {way['n_ways']:,} ways in {way['n_paths']:,} paths that hold {anchor}"


def _require_known(
    name: str,
    counted: tuple[tuple[str, ...], tuple[str, ...]],
    *,
    by: str | None,
    anchor: str | None,
    direction: str,
    occurrence: str,
) -> None:
    """Stop at a word that is not counted.

    Parameters
    ----------
    counted
        The breakdowns and the anchors of the definition.

    Raises
    ------
    UsageError
        Naming those that are.
    """
    words = (
        ("--by", by, counted[0]),
        ("--anchor", anchor, counted[1]),
        ("--direction", direction, ("from", "to")),
        ("--occurrence", occurrence, ("first", "last", "all")),
    )
    for option, value, known in words:
        if value is not None and value not in known:
            step = f"name one of them, or add it to conf/paths/{name}.toml" if option in ("--by", "--anchor") else "name one"
            raise UsageError(f"{option}: {name} counts no {value!r}", f"it counts {', '.join(known) or 'none'}", step)
    if anchor is None and (direction, occurrence) != ("from", "first"):
        raise UsageError("--direction and --occurrence are of an anchor", "no --anchor was named", "add --anchor NODE")
