"""Commands that print figures of gold: what was sold, and who came back."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Annotated

import typer

from reclake.errors import UsageError
from reclake.tables import Table, gold

from . import options
from .options import AsOfDay, Chosen, require_one_of
from .printing import prints_listings, refuse_beside

if TYPE_CHECKING:
    from reclake.look.reader import Row

PeriodOption = Annotated[str, typer.Option("--period", metavar="day|week|month", help="What a row is.")]
LastOption = Annotated[int, typer.Option("--last", min=1, help="So many of the newest periods.")]
ActivityOption = Annotated[
    str, typer.Option("--activity", metavar="order|any", help="What counts as active; any: a session or an order.")
]


@prints_listings
def sales(
    chosen: Chosen,
    period: PeriodOption = "month",
    by: Annotated[
        str | None, typer.Option("--by", metavar="channel|category|customer_kind", help="A row for each of these.")
    ] = None,
    first_orders: Annotated[
        bool, typer.Option("--first-orders", help="Instead: channels of first orders, and how many customers ordered again.")
    ] = False,
    best: Annotated[
        int | None,
        typer.Option("--best", min=1, metavar="N", help="Instead: the N customers of the greatest spend, and what they buy."),
    ] = None,
    last: LastOption = 12,
    as_of: AsOfDay = None,
) -> None:
    """Print what was sold and came back; everybody counts."""
    from reclake.look import figures
    from reclake.look.as_ofs import as_of_of

    if first_orders and best:
        raise UsageError("--first-orders and --best are two questions", "both were given", "ask one of them")
    if first_orders or best:
        refuse_beside(chosen, "--first-orders" if first_orders else "--best", "period", "by", "last")
    require_one_of("--period", period, figures.PERIODS)
    require_one_of("--by", by, figures.DIMENSIONS)
    reader = options.looked(chosen).reader
    table = gold.FIRST_ORDERS if first_orders else gold.CUSTOMER_SEGMENTS if best else gold.SALES
    day = as_of_of(reader, table, as_of and as_of.date())
    if first_orders:
        rows = figures.first_orders(reader, as_of=day)
    elif best:
        rows = figures.best_customers(reader, as_of=day, n=best)
    else:
        rows = figures.sales(reader, as_of=day, period=period, by=by, last=last)
    _printed(chosen, table, f"as_of_date {day}", rows)


@prints_listings
def retention(
    chosen: Chosen,
    period: PeriodOption = "month",
    activity: ActivityOption = "order",
    measure: Annotated[
        str,
        typer.Option(
            "--measure", metavar="bounded|unbounded|bracket|stickiness", help="Active in that interval, in it or later, …"
        ),
    ] = "bounded",
    recurring: Annotated[
        bool, typer.Option("--recurring", help="Everybody active in an interval, not those alone who were new.")
    ] = False,
    counts: Annotated[bool, typer.Option("--counts", help="Customers, not shares.")] = False,
    revenue: Annotated[bool, typer.Option("--revenue", help="Revenue against that of the cohort's own interval.")] = False,
    lifecycle: Annotated[
        str | None,
        typer.Option("--lifecycle", metavar="interval|daily", help="Instead: how many customers are new, active and gone."),
    ] = None,
    by: Annotated[
        str | None, typer.Option("--by", metavar="DIMENSION", help="A row for each value; one of breakdowns.retention.")
    ] = None,
    last: LastOption = 12,
    as_of: AsOfDay = None,
) -> None:
    """Print which cohorts of customers come back; an interval that is not past is blank."""
    from reclake.look import figures
    from reclake.look.as_ofs import as_of_of

    require_one_of("--period", period, figures.PERIODS)
    require_one_of("--activity", activity, ("order", "any"))
    require_one_of("--measure", measure, figures.MEASURES)
    require_one_of("--lifecycle", lifecycle, ("interval", "daily"))
    if lifecycle:
        refuse_beside(chosen, "--lifecycle", "measure", "recurring", "counts", "revenue", "by")
    if lifecycle == "daily":
        refuse_beside(chosen, "--lifecycle daily", "period")
    if by is not None:
        _require_breakdown(by, chosen.settings.breakdowns.retention)
    if revenue and (by or counts or measure != "bounded" or activity != "order"):
        raise UsageError(
            "--revenue is told of orders in bounded intervals, of all customers together",
            "another activity, measure or value was asked for, or a breakdown",
            "leave that out",
        )
    if measure == "stickiness" and period == "day":
        raise UsageError("stickiness is of weeks and months", "--period day", "add --period week or --period month")
    reader = options.looked(chosen).reader
    table = gold.LIFECYCLE if lifecycle else gold.RETENTION
    day = as_of_of(reader, table, as_of and as_of.date())
    if lifecycle:
        rows = figures.lives(
            reader,
            as_of=day,
            activity=activity,
            period="day" if lifecycle == "daily" else period,
            state_kind=lifecycle,
            last=last,
        )
        told = f"{activity}, {lifecycle}"
    else:
        kind = "recurring" if recurring or measure == "stickiness" else "first"
        value = "n_active" if counts else "revenue_ratio" if revenue else "active_share"
        rows = figures.cohorts(
            reader, as_of=day, activity=activity, period=period, cohort_kind=kind, measure=measure, cell=value, last=last, by=by
        )
        told = f"{activity}, {kind} cohorts by {period}, {measure}, {value}"
    _printed(chosen, table, f"as_of_date {day}, {told}", rows)
    if n := figures.left_out(reader, table, as_of=day, activity=activity):
        chosen.console.say(f"Not counted: {n:,} customers at least who were active and may not be profiled")


def _require_breakdown(by: str, known: Collection[str]) -> None:
    """Stop at a dimension by which retention is not told."""
    if by not in known:
        raise UsageError(
            f"gold.retention is not told by {by!r}",
            f"it is told by {', '.join(known) or 'no dimension'}",
            "add it to breakdowns.retention, and build the newest as_of again",
        )


def _printed(chosen: Chosen, table: Table, told: str, rows: list[Row]) -> None:
    empty = f"{table.name} holds no row of this: nobody did it, or fewer people than privacy.min_group_size."
    chosen.console.rows(f"{table.name}, {told}", rows, empty=empty)
