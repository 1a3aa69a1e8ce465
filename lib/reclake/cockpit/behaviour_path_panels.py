"""The panels of the report about paths: from node to node, step by step, and the routes that lead to the goal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reclake.pages import colours
from reclake.pages.flow import Flow, Group, Stream
from reclake.pages.heat import HeatRow, HeatTable
from reclake.pages.panels import Beside, Folded, Panel, Part, Sentence, Table
from reclake.pages.texts import Text
from reclake.pages.values import Duration, Share, written
from reclake.tables import gold

from . import behaviour_texts as texts
from . import behaviour_texts_of_paths as of_paths
from .behaviour_figures import BehaviourFigures
from .behaviour_paths import START, Paths, Route, Steps
from .behaviour_reasons import who_counts, why_empty

_END, _OTHER = "path_end", "other"
_N_ROUTES = 12
_N_TRANSITIONS = 60  # rows of the table; the ribbons are all there
_OCCURRENCES = ("first", "last", "all")


def path_panels(figures: BehaviourFigures, *, at_least: int) -> tuple[Panel, ...]:
    """A panel per definition of paths; one that says why where there is none."""
    if not figures.paths:
        return (Panel("paths", of_paths.PATHS, (why_empty(figures, gold.PATH_TRANSITIONS, at_least=at_least),)),)
    return tuple(_panel(figures, one, at_least) for one in figures.paths)


def _panel(figures: BehaviourFigures, paths: Paths, at_least: int) -> Panel:
    span = figures.span
    said = of_paths.PATHS_SAY.filled(
        n=f"{paths.n_paths:,}", form=of_paths.FORMS[paths.form], first=span.window_first, last=span.window_last
    )
    parts = [*_sankey(paths), *_steps(paths), *_routes(paths, at_least)]
    key = f"paths-{paths.name.replace('_', '-')}"
    return Panel(
        key, of_paths.PATHS_OF.filled(name=paths.name), (said,), tuple(parts), who_counts(figures, "any", at_least=at_least)
    )


def word(node: str) -> Text | str:
    """What a node of this program is called; a name of others as it is."""
    return of_paths.NODES.get(node, node)


def _named(node: str) -> Text:
    return texts.PLAIN.filled(text=word(node))


def _in_order(paths: Paths) -> list[str]:
    """The nodes: the start first, then those of the most visits, what is joined and the end last."""
    visits: dict[str, int] = {}
    for (before, after), n in paths.transitions.items():
        visits[before] = visits.get(before, 0)
        visits[after] = visits.get(after, 0) + n
    last = {START: -1, _OTHER: 1, _END: 2}
    return sorted(visits, key=lambda node: (last.get(node, 0), -visits[node], node))


def _sankey(paths: Paths) -> Iterator[Part]:
    nodes = _in_order(paths)
    plain = {START: colours.MUTED, _OTHER: colours.GREY, _END: colours.MUTED}
    marks = [one for one in colours.MARKS if one != colours.GREY]
    groups = {node: Group(_named(node), plain.get(node, marks[place % len(marks)])) for place, node in enumerate(nodes)}
    streams = tuple(Stream(before, after, n) for (before, after), n in sorted(paths.transitions.items()))
    yield Flow(of_paths.SANKEY, groups, streams)
    yield Sentence(of_paths.SANKEY_SAYS.filled(n=f"{sum(paths.transitions.values()):,}"))
    from_all: dict[str, int] = {}
    for (before, _), n in paths.transitions.items():
        from_all[before] = from_all.get(before, 0) + n
    by_number = sorted(paths.transitions.items(), key=lambda one: (-one[1], one[0]))
    rows = tuple(
        (word(before), word(after), n, Share(n / from_all[before]), _time(paths.seconds[before, after]))
        for (before, after), n in by_number[:_N_TRANSITIONS]
    )
    names = (of_paths.FROM, of_paths.TO, of_paths.TRANSITIONS, of_paths.OF_FROM, of_paths.TIME)
    yield Folded(texts.NUMBERS, Table(names, rows, n_more=max(len(by_number) - _N_TRANSITIONS, 0)))


def _time(seconds: float | None) -> Duration | None:
    return None if seconds is None else Duration(seconds)


def _steps(paths: Paths) -> Iterator[Part]:
    """The step matrix from the start, and below it, folded, the ways to and from each anchor."""
    whole = [one for one in paths.steps if one.anchor == START]
    if not whole:
        yield Sentence(of_paths.NO_STEPS.filled(name=paths.name))
    for one in whole:
        yield _matrix(of_paths.STEPS.filled(n=f"{one.n_ways:,}"), one)
    for anchor in sorted({one.anchor for one in paths.steps} - {START}):
        tables = [
            _matrix(_said(one), one)
            for occurrence in _OCCURRENCES
            for direction in ("to", "from")
            for one in paths.steps
            if (one.anchor, one.occurrence, one.direction) == (anchor, occurrence, direction)
        ]
        yield Folded(of_paths.WAYS.filled(anchor=word(anchor)), Beside(tuple(tables)))


def _said(one: Steps) -> Text:
    text = of_paths.TO_ANCHOR if one.direction == "to" else of_paths.FROM_ANCHOR
    occurrence = of_paths.OCCURRENCES[one.occurrence]
    return text.filled(anchor=word(one.anchor), occurrence=occurrence, n=f"{one.n_ways:,}", n_paths=f"{one.n_paths:,}")


def _matrix(name: Text, one: Steps) -> HeatTable:
    """A row per node, a column per step; on the way to an anchor the nearest step stands at the right."""
    steps = sorted(one.shares, reverse=one.direction == "to")
    sums: dict[str, float] = {}
    for of_step in one.shares.values():
        for node, share in of_step.items():
            sums[node] = sums.get(node, 0.0) + share
    ends = {_OTHER: 1, START: 2, _END: 2}
    nodes = sorted(sums, key=lambda node: (ends.get(node, 0), -sums[node], node))
    rows = tuple(HeatRow(word(node), tuple(one.shares[step].get(node, 0.0) for step in steps)) for node in nodes)
    # Ended paths fill the later steps: the shades are of where people are.
    walked = [share for row, node in zip(rows, nodes, strict=True) if ends.get(node) != 2 for share in row.shares]
    darkest = max((share or 0.0 for share in walked), default=0.0) or 1.0
    sign = "\N{MINUS SIGN}" if one.direction == "to" else ""
    return HeatTable(name, (of_paths.NODE,), tuple(f"{sign}{step}" for step in steps), rows, darkest)


def _routes(paths: Paths, at_least: int) -> Iterator[Part]:
    if not paths.routes:
        yield Sentence(of_paths.NO_ROUTES.filled(n=at_least))
        return
    yield Folded(of_paths.ROUTES, _route_table(paths.routes))
    if lifted := [one for one in paths.routes if one.lift_ratio is not None]:
        best = sorted(lifted, key=lambda one: (-(one.lift_ratio or 0.0), -one.n_paths, one.route))
        yield Folded(of_paths.BY_LIFT, _route_table(best))
    yield Sentence(of_paths.ROUTES_SAY.filled(share=written(Share(paths.routes[0].base_share))))


def _route_table(routes: Sequence[Route]) -> Table:
    names = (of_paths.ROUTE, of_paths.N_PATHS, of_paths.SUPPORT, of_paths.CONVERSION, of_paths.LIFT)
    rows = tuple(
        (
            _spoken(one.route), one.n_paths, _share(one.support_share), _share(one.conversion_share),
            None if one.lift_ratio is None else round(one.lift_ratio, 2),
        )
        for one in routes[:_N_ROUTES]
    )  # fmt: skip
    return Table(names, rows, n_more=max(len(routes) - _N_ROUTES, 0))


def _spoken(route: str) -> Text:
    """The nodes of a route in both languages."""
    nodes = [_named(node) for node in route.split(" > ")]
    return Text("{route}", "{route}").filled(route=Text(" → ".join(one.en for one in nodes), " → ".join(one.zh for one in nodes)))


def _share(share: float | None) -> Share | None:
    return None if share is None else Share(share)
