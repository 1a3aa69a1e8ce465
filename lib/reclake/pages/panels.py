"""What a page is made of, as data: panels with a title, sentences and parts (charts, tables, steps, commands)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol
from xml.etree.ElementTree import Element

from .elements import cell, element
from .texts import Text
from .values import Value, is_number


class Part(Protocol):
    """What a panel shows."""

    def drawn(self) -> Element:
        """The part as an element of the page."""
        ...


@dataclass(frozen=True, slots=True)
class Table:
    """Rows below names of columns.

    Raises
    ------
    ValueError
        When a row has more or fewer cells than there are names.
    """

    names: tuple[Text, ...]
    rows: tuple[tuple[Value, ...], ...]
    n_more: int = 0  # rows that are left out

    def __post_init__(self) -> None:
        if uneven := [n for n, row in enumerate(self.rows) if len(row) != len(self.names)]:
            raise ValueError(f"rows {uneven} have not the {len(self.names)} cells that the table names")

    def drawn(self) -> Element:
        """The table; a wide one scrolls by itself."""
        numbers = [any(is_number(row[n]) for row in self.rows) for n in range(len(self.names))]
        head = [
            element("th", name, scope="col", class_="number" if number else None)
            for name, number in zip(self.names, numbers, strict=True)
        ]
        body = [
            element("tr", [cell(value, is_number=number) for value, number in zip(row, numbers, strict=True)])
            for row in self.rows
        ]
        table = element("table", element("thead", element("tr", head)), element("tbody", body))
        more = (
            element("p", Text("{n} more rows.", "另有 {n} 行。").filled(n=f"{self.n_more:,}"), class_="note")
            if self.n_more
            else ()
        )
        return element("div", table, more, class_="scrolling")


@dataclass(frozen=True, slots=True)
class Step:
    """One station of a way: its name, its number, and what belongs to it."""

    name: Text
    n: Value
    details: tuple[tuple[Text | str, Value], ...] = ()


@dataclass(frozen=True, slots=True)
class Steps:
    """Stations of a way, one after the other."""

    steps: tuple[Step, ...]

    def drawn(self) -> Element:
        """A list; on a wide page from left to right."""
        return element("ol", [_step(step) for step in self.steps], class_="steps")


def _step(step: Step) -> Element:
    details = [element("li", element("span", name), " ", element("b", value)) for name, value in step.details]
    listed = element("ul", details) if details else ()
    return element("li", element("h3", step.name), element("p", step.n, class_="figure"), listed)


@dataclass(frozen=True, slots=True)
class Commands:
    """Commands to type, each with what it shows."""

    commands: tuple[tuple[str, Text], ...]

    def drawn(self) -> Element:
        """A list of them."""
        lines = [(element("dt", element("code", command)), element("dd", meaning)) for command, meaning in self.commands]
        return element("dl", lines, class_="commands")


@dataclass(frozen=True, slots=True)
class Folded:
    """A part that opens on a click: the numbers of a chart, for those who read them."""

    name: Text
    part: Part

    def drawn(self) -> Element:
        """The part below its name."""
        return element("details", element("summary", self.name), self.part.drawn())


@dataclass(frozen=True, slots=True)
class Beside:
    """Parts side by side where the page is wide enough, else one below the other."""

    parts: tuple[Part, ...]

    def drawn(self) -> Element:
        """The parts."""
        return element("div", [element("div", part.drawn()) for part in self.parts], class_="beside")


@dataclass(frozen=True, slots=True)
class Heading:
    """A title between parts."""

    name: Text

    def drawn(self) -> Element:
        """The title."""
        return element("h3", self.name)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence between parts."""

    text: Text

    def drawn(self) -> Element:
        """The sentence."""
        return element("p", self.text)


@dataclass(frozen=True, slots=True)
class Panel:
    """One section of a page; `key` is its place in the page's address."""

    key: str
    title: Text
    sentences: tuple[Text, ...] = ()
    parts: tuple[Part, ...] = ()
    notes: tuple[Text, ...] = ()  # what a reader must know to read it right

    def drawn(self) -> Element:
        """The section."""
        return element(
            "section",
            element("h2", self.title),
            [element("p", sentence) for sentence in self.sentences],
            [part.drawn() for part in self.parts],
            [element("p", note, class_="note") for note in self.notes],
            id=self.key,
        )
