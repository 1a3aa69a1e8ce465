"""How visits are read as paths, as a file states it: what a node is, what people come for, and which ways are counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from reclake.behaviour.dimensions import require_apart
from reclake.behaviour.funnels.definition import Dimension, Kind, Matched
from reclake.behaviour.kinds import KINDS, ORDER
from reclake.catalogue import Item
from reclake.strict import Name, Strict

Occurrence = Literal["first", "last", "all"]
Direction = Literal["from", "to"]
OCCURRENCES: tuple[Occurrence, ...] = ("first", "last", "all")
DIRECTIONS: tuple[Direction, ...] = ("from", "to")

PATH_START, PATH_END, OTHER = "path_start", "path_end", "other"
MOST_NODES = 63  # a node takes six bits of a code
SHORTEST_ROUTE, LONGEST_ROUTE = 3, 8


class Node(Strict):
    """Events that count as one place: those that match one of the alternatives."""

    name: Name
    any_of: Annotated[tuple[Matched, ...], Field(min_length=1, max_length=20)]


@dataclass(frozen=True, slots=True)
class Way:
    """Which ways are counted together: those from a node or to it, by which visit of it in the path."""

    anchor: str
    occurrence: Occurrence
    direction: Direction
    n_steps: int


class Paths(Item):
    """What is a node of a path, and what is counted of paths."""

    collapse: bool = True  # a run of one node counts as one visit of it
    ignore: Annotated[tuple[Kind, ...], Field(max_length=len(KINDS))] = ()  # kinds of events that are no node
    nodes: Annotated[tuple[Node, ...], Field(max_length=30)] = ()  # the first that an event matches; else its kind is its node
    goal: Name  # the node whose paths have converted
    anchors: Annotated[tuple[Name, ...], Field(max_length=5)] = ()
    breakdowns: Annotated[tuple[Dimension, ...], Field(max_length=3)] = ()
    n_steps: Annotated[int, Field(ge=1, le=50)] = 10  # of the step matrix from the start of paths
    n_anchor_steps: Annotated[int, Field(ge=1, le=20)] = 5  # of the ways from and to an anchor
    shortest_route: Annotated[int, Field(ge=SHORTEST_ROUTE, le=LONGEST_ROUTE)] = SHORTEST_ROUTE
    longest_route: Annotated[int, Field(ge=SHORTEST_ROUTE, le=LONGEST_ROUTE)] = LONGEST_ROUTE
    top_nodes: Annotated[int, Field(ge=2, le=MOST_NODES)] = 25
    top_routes: Annotated[int, Field(ge=1, le=1000)] = 100

    @property
    def form(self) -> str:
        """What the paths are called in tables: raw or collapsed."""
        return "collapsed" if self.collapse else "raw"

    @property
    def names(self) -> tuple[str, ...]:
        """The nodes that a path can hold; the code of one is its place, from 1."""
        taken = {one.event for node in self.nodes for one in node.any_of if not one.where}
        kinds = (kind for kind in KINDS if kind != ORDER and kind not in self.ignore and kind not in taken)
        return tuple(dict.fromkeys([*(node.name for node in self.nodes), *kinds]))

    @property
    def ways(self) -> tuple[Way, ...]:
        """What is counted step by step: paths from their start, then the ways from and to each anchor."""
        start = Way(PATH_START, "first", "from", self.n_steps)
        anchored = (Way(a, o, d, self.n_anchor_steps) for a in self.anchors for o in OCCURRENCES for d in DIRECTIONS)
        return (start, *anchored)

    @property
    def route_lengths(self) -> range:
        """How many nodes the counted routes have."""
        return range(self.shortest_route, self.longest_route + 1)

    def code_of(self, name: str) -> int:
        """The code of a node."""
        return self.names.index(name) + 1

    @field_validator("breakdowns")
    @classmethod
    def breakdowns_are_apart(cls, breakdowns: tuple[Dimension, ...]) -> tuple[Dimension, ...]:
        """Refuse a dimension that stands twice, and two of which one decides the other."""
        require_apart(breakdowns)
        return breakdowns

    @field_validator("anchors", "ignore")
    @classmethod
    def stands_once(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        """Refuse a word that stands twice."""
        if twice := next((word for n, word in enumerate(values) if word in values[:n]), ""):
            raise ValueError(f"{twice} stands twice")
        return values

    @field_validator("nodes")
    @classmethod
    def nodes_are_apart(cls, nodes: tuple[Node, ...]) -> tuple[Node, ...]:
        """Refuse two nodes of one name, a name that tables give to what is no node, and order lines."""
        names = [node.name for node in nodes]
        if twice := next((name for n, name in enumerate(names) if name in names[:n]), ""):
            raise ValueError(f"two nodes are named {twice}")
        if reserved := {PATH_START, PATH_END, OTHER} & set(names):
            raise ValueError(f"{min(reserved)} is no name of a node: tables call something else so")
        if any(one.event == ORDER for node in nodes for one in node.any_of):
            raise ValueError("an order line belongs to no device, and so to no path: take the event purchase")
        return nodes

    @model_validator(mode="after")
    def is_sound(self) -> Paths:
        """Refuse a goal or an anchor that no path can hold, an event that is ignored and a node, and routes of no length."""
        for node in self.nodes:
            if ignored := {one.event for one in node.any_of} & set(self.ignore):
                raise ValueError(f"{min(ignored)} is ignored, and node {node.name} asks for it")
        for key, name in (("goal", self.goal), *(("anchors", anchor) for anchor in self.anchors)):
            if name not in self.names:
                raise ValueError(f"{key}: there is no node {name!r}; nodes are {', '.join(self.names)}")
        if self.shortest_route > self.longest_route:
            raise ValueError(f"routes of {self.shortest_route} nodes at least and {self.longest_route} at most")
        return self
