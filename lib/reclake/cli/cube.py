"""The command that answers questions of two dimensions from gold."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import typer

from reclake.errors import UsageError
from reclake.tables import gold

from . import options
from .options import AsOfDay, Chosen
from .printing import prints_listings, refuse_beside

_MONTHS = ["%Y-%m", "%Y-%m-%d"]


@prints_listings
def cube(
    chosen: Chosen,
    by: Annotated[
        list[str] | None, typer.Option("--by", metavar="DIMENSION", help="A dimension; twice. Without any the pairs are listed.")
    ] = None,
    first: Annotated[datetime | None, typer.Option("--from", formats=_MONTHS, help="First month.")] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=_MONTHS, help="Last month.")] = None,
    series: Annotated[bool, typer.Option("--series", help="A row per month; else the months together.")] = False,
    as_of: AsOfDay = None,
) -> None:
    """Print what customers did by two dimensions: customers, visits, orders and revenue of some months."""
    from reclake.look import cube as looked
    from reclake.look.as_ofs import as_of_of

    asked = tuple(by or ())
    if len(asked) not in (0, 2) or len(set(asked)) != len(asked):
        raise UsageError("a question has two dimensions", f"--by {', --by '.join(asked)}", "name two: --by channel --by tier")
    if not asked:
        refuse_beside(chosen, "a list of all pairs", "first", "last", "series")
    begin, end = _month_of(first), _month_of(last)
    if begin and end and begin > end:
        raise UsageError("--from is later than --to", f"{begin:%Y-%m} and {end:%Y-%m}", "name the earlier month with --from")
    reader = options.looked(chosen).reader
    table = gold.BEHAVIOUR_CUBE
    day = as_of_of(reader, table, as_of and as_of.date())
    if not asked:
        chosen.console.rows(f"pairs of dimensions, as_of_date {day}", looked.pairs(reader, as_of=day))
        return
    rows = looked.answer(reader, as_of=day, by=(asked[0], asked[1]), first=begin, last=end, is_series=series)
    months = f"{f'{begin:%Y-%m}' if begin else 'the first month'} to {f'{end:%Y-%m}' if end else 'the last'}"
    empty = f"{table.name} holds no such month: fewer customers than privacy.min_group_size did anything, or it is not shown."
    chosen.console.rows(f"{asked[0]} and {asked[1]}, {months}, as_of_date {day}", rows, empty=empty)


def _month_of(day: datetime | None) -> date | None:
    """The first day of the month."""
    return day.date().replace(day=1) if day else None
