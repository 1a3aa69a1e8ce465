"""The graph of all tables: sorted by what they read, refused where it could not be built as declared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from .declaration import Privacy, Table
from .people import PEOPLE


class GraphRefused(ValueError):
    """Declarations that no run could build as they are meant."""


def sorted_tables(declared: Iterable[Table], stages: Sequence[str]) -> tuple[Table, ...]:
    """The tables by stage, inputs before what reads them, else as they are declared.

    Raises
    ------
    GraphRefused
        When a name stands twice, tables read each other in a circle, or one reads what a later stage builds: it would see
        yesterday's rows. The path is named.
    """
    tables = tuple(declared)
    by_name = {table.name: table for table in tables}
    if len(by_name) != len(tables):
        twice = next(table.name for n, table in enumerate(tables) if by_name[table.name] is not table or table in tables[:n])
        raise GraphRefused(f"{twice} is declared twice")
    place = {stage: n for n, stage in enumerate(stages)}
    order: dict[str, Table] = {}
    for table in tables:
        _visit(table, order, path=())
    for table in order.values():
        for i in table.reads:
            if _place_of(i.table, place) > _place_of(table, place):
                raise GraphRefused(
                    f"{table.name} of stage {table.stage} reads {i.table.name} of stage {i.table.stage}, which is built later: "
                    f"{_path(i.table)} → {table.name}"
                )
    return tuple(sorted(order.values(), key=lambda table: _place_of(table, place)))


def _place_of(table: Table, place: Mapping[str, int]) -> int:
    """The place of its stage; training and what the runner writes come after the daily stages."""
    return place.get(table.stage, len(place))


def _visit(table: Table, order: dict[str, Table], path: tuple[str, ...]) -> None:
    if table.name in order:
        return
    if table.name in path:
        circle = (*path[path.index(table.name) :], table.name)
        raise GraphRefused(f"tables read each other in a circle: {' → '.join(reversed(circle))}")
    for i in table.reads:
        _visit(i.table, order, (*path, table.name))
    order[table.name] = table


def _path(table: Table) -> str:
    """The longest way from bronze to the table."""
    names = [table.name]
    while table.reads:
        table = max((i.table for i in table.reads), key=_depth)
        names.append(table.name)
    return " → ".join(reversed(names))


def _depth(table: Table) -> int:
    return 1 + max((_depth(i.table) for i in table.reads), default=0)


def require_people_asked(tables: Iterable[Table]) -> None:
    """Refuse a table of gold that reads facts by account and asks nobody's consent and age, without a reason.

    Raises
    ------
    GraphRefused
        Naming the table and the fact.
    """
    for table in tables:
        facts = [i.table.name for i in table.reads if is_fact_by_account(i.table)]
        asks = PEOPLE in table.shared
        if table.layer != "gold" or not facts:
            if table.counts_everyone:
                raise GraphRefused(f"{table.name} reads no fact by account: counts_everyone says nothing there")
            continue
        if asks and table.counts_everyone:
            raise GraphRefused(f"{table.name} reads people and states counts_everyone: only one of them can hold")
        if not asks and not table.counts_everyone:
            raise GraphRefused(f"{table.name} reads {facts[0]} by account: let it read PEOPLE, or state why counts_everyone")


def is_fact_by_account(table: Table) -> bool:
    """Whether a row of the table is what an account did on a day."""
    has_account = any(f.name in ("account_id", "unit_id") and f.privacy is Privacy.PSEUDONYM for f in table.fields)
    return table.layer == "silver" and table.day_column is not None and has_account
