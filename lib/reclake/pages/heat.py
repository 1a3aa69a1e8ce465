"""Shares as a table whose cells are shaded by them: a triangle of cohorts, a matrix of steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from .colours import SHADES
from .elements import cell, element
from .texts import Text
from .values import Value


@dataclass(frozen=True, slots=True)
class HeatRow:
    """One row: its name, what stands before the shares, and the shares, 0 to 1; None for what cannot be told yet."""

    name: Value
    shares: tuple[float | None, ...]
    before: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class HeatTable:
    """Rows of shares in per cent below names of columns; the darker a cell, the greater its share.

    Parameters
    ----------
    names
        Of the rows, and of what stands before the shares.
    columns
        Of the shares.
    darkest
        The share from which a cell has the darkest shade; by default the greatest one that is shown.

    Raises
    ------
    ValueError
        When there is no row, or one has more or fewer cells than there are names.
    """

    name: Text
    names: tuple[Text, ...]
    columns: tuple[Text | str, ...]
    rows: tuple[HeatRow, ...]
    darkest: float | None = None

    def __post_init__(self) -> None:
        if not self.rows:
            raise ValueError(f"a table of shares has no row: {self.name.en}")
        width = (len(self.names) - 1, len(self.columns))
        if uneven := [n for n, row in enumerate(self.rows) if (len(row.before), len(row.shares)) != width]:
            raise ValueError(f"rows {uneven} have not the cells that the table names: {width[0]} and {width[1]}")

    def drawn(self) -> Element:
        """The table, which scrolls by itself where the screen is narrow; the names of its rows stay in sight."""
        darkest = self.darkest or max((share or 0.0 for row in self.rows for share in row.shares), default=0.0)
        head = [element("th", name, scope="col") for name in (*self.names, *self.columns)]
        body = [
            element(
                "tr",
                element("th", row.name, scope="row"),
                [cell(value) for value in row.before],
                [_shaded(share, darkest) for share in row.shares],
            )
            for row in self.rows
        ]
        table = element("table", element("thead", element("tr", head)), element("tbody", body))
        return element("figure", element("figcaption", self.name), element("div", table, class_="scrolling"), class_="heat")


def _shaded(share: float | None, darkest: float) -> Element:
    """One cell; what cannot be told yet is empty, which is not nought."""
    if share is None:
        return element("td", class_="open")
    return element("td", in_per_cent(share), class_=f"shade-{shade_of(share, darkest)}", data_value=share)


def shade_of(share: float, darkest: float) -> int:
    """Which of the shades a share has: the lightest for nothing alone.

    Examples
    --------
    >>> [shade_of(share, 0.7) for share in (0.0, 0.001, 0.1, 0.35, 0.7, 0.9)]
    [0, 1, 1, 4, 7, 7]
    """
    if share <= 0 or darkest <= 0:
        return 0
    return min(max(round(share / darkest * (len(SHADES) - 1)), 1), len(SHADES) - 1)


def in_per_cent(share: float) -> str:
    """A share in per cent: below ten with one decimal, and never rounded to nothing.

    Examples
    --------
    >>> [in_per_cent(share) for share in (0.0, 0.0001, 0.0149, 0.0996, 0.125, 0.999, 1.0)]
    ['0', '<0.1', '1.5', '10', '12', '99.9', '100']
    """
    hundredths = share * 100
    if 0 < hundredths < 0.05:
        return "<0.1"
    if hundredths < 9.95 or 99.5 <= hundredths < 100:
        return f"{min(hundredths, 99.9):.1f}".removesuffix(".0")
    return f"{hundredths:.0f}"


def rules() -> Sequence[str]:
    """What the style of a page says of the shades."""
    return [f".heat .shade-{n} {{ background: {colour}; }}" for n, colour in enumerate(SHADES)]
