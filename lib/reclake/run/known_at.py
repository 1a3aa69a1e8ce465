"""The lake as it was known on an earlier day: what the builders of lists are given at a cut."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from pyspark.sql import DataFrame

from reclake.lake.manifest import Published
from reclake.lake.schema import conform
from reclake.tables import Input, Reads, Shared, Table, gold, silver
from reclake.tables.inputs import until_as_of, valid_at_as_of
from reclake.tables.people import PEOPLE

from .application import Application
from .code import builder_of
from .inputs import inputs_of, made
from .published_inputs import reads_at

# Tables by as_of that are made anew at the cut, of the days before it alone. The others are read where they are published for it.
_MADE = (gold.PRODUCT_RELATIONS, gold.POPULAR_PRODUCTS, gold.DUE_AGAIN)


@dataclass
class KnownAt:
    """What was known at a cut. Frames that were made are checkpointed: of a persisted one every later plan would hold the whole plan.

    Who an account belongs to, and who may be profiled, comes as `people`: who withdrew since is judged by nothing.
    """

    app: Application
    published: Mapping[str, Published]
    people: DataFrame
    cut: date
    _frames: dict[str, DataFrame] = field(default_factory=dict)

    def built(self, table: Table, **options: Any) -> DataFrame:
        """What the table's builder makes at the cut; `options` stand above the settings and items that it takes."""
        arguments = self.app.arguments(table.parameters) | self.app.items(table) | options
        frame: DataFrame = builder_of(table)(**inputs_of(table, self.read, self._share), as_of=self.cut, **arguments)
        return frame

    def products(self) -> DataFrame:
        """Rows of silver.products that are valid at the cut."""
        return self.read(Input(silver.PRODUCTS, valid_at_as_of()))

    def order_lines(self) -> DataFrame:
        """Rows of silver.order_lines before the cut."""
        return self.read(Input(silver.ORDER_LINES, until_as_of()))

    def read(self, i: Input) -> DataFrame:
        """The rows of an input at the cut, in its declared columns."""
        if i.days.reads is Reads.DAYS and i.table in _MADE:
            return self._kept(i.table.name, lambda: conform(self.built(i.table), i.table))
        return reads_at(self.app, self.published, as_of=self.cut)(i)

    def _share(self, shared: Shared) -> DataFrame:
        if shared == PEOPLE:
            return self.people
        arguments = self.app.arguments(shared.parameters) | self.app.items(shared)
        return self._kept(shared.name, lambda: made(shared, self.read, self._share, as_of=self.cut, arguments=arguments))

    def _kept(self, name: str, make: Callable[[], DataFrame]) -> DataFrame:
        """The frame of this name, made when it is first asked for."""
        if name not in self._frames:
            self._frames[name] = make().checkpoint()
        return self._frames[name]
