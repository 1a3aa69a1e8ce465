"""Cohorts in one pass over days of activity: who of each cohort is active in which interval, counted by arrays.

Rows of whole customers come in; a customer's intervals are a row of bits. Who is active k intervals after a cohort's is the
conjunction of two columns of these bits, summed over the customers: the work grows with customers and intervals shown, and no
row is made per customer, cohort and cell. Counts of several blocks add up, as all rows of a customer lie in one block.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from .activity import ACTIVITIES, ORDER
from .calendar import PERIODS
from .cohort_cells import (
    BOUNDED,
    BRACKET,
    FIRST,
    MOST_UNITS,
    RECURRING,
    STICKINESS,
    Lives,
    brackets_of,
    counts_of,
    money_of,
    of_first,
)
from .columns import coded, ddl_of, longs
from .dimensions import ALL
from .parts import whole_customers
from .settings import CohortsOfPeriod
from .sittings import Longs

_N_ROWS = 65_536  # rows of a block, if its last customer ends there

SCHEMA = pa.schema({
    "activity": pa.string(), "period": pa.string(), "cohort_kind": pa.string(), "dimension": pa.string(), "value": pa.string(),
    "measure": pa.string(), "cohort": pa.int32(), "from_interval": pa.int32(), "n": pa.int64(), "n_spenders": pa.int64(),
    "units": pa.int64(), "parts": pa.int64(), "n_beyond": pa.int64(),
})  # fmt: skip
DDL = ddl_of(SCHEMA)
SUMMED = ("n", "n_spenders", "units", "parts", "n_beyond")


@dataclass(frozen=True)
class Plan:
    """What is counted."""

    newest: Mapping[str, int]  # by period: the number of the last interval
    followed: Mapping[str, CohortsOfPeriod]
    dimensions: Sequence[str] = ()
    n_rows: int = _N_ROWS


def counted(batches: Iterable[pa.RecordBatch], plan: Plan) -> Iterator[pa.RecordBatch]:
    """The cells of all batches: `customer`, `activity` (its place), `day`, `units`, `parts` and `dim_…`, in order of customer."""
    sums = _Sums(plan)
    for table in whole_customers(batches, plan.n_rows):
        sums.add(table)
    yield from sums.rows()


@dataclass
class _Cells:
    """What is summed of a cohort kind and value, by interval of the cohort and cell."""

    n: dict[str, Longs] = field(default_factory=dict)  # measure → (shown, cells)
    money: dict[str, Longs] = field(default_factory=dict)  # of bounded cells

    def add(self, measure: str, counts: Longs) -> None:
        """Takes up further counts of a measure."""
        self.n[measure] = self.n[measure] + counts if measure in self.n else counts

    def earn(self, sums: Mapping[str, Longs]) -> None:
        """Takes up further money. A sum far beyond the column is told no more, so that the next one cannot overflow."""
        self.money = {name: self.money[name] + sum_ if self.money else sum_ for name, sum_ in sums.items()}
        beyond = np.abs(self.money["units"]) > 1_000 * MOST_UNITS
        self.money["n_beyond"] = self.money["n_beyond"] + beyond
        self.money["units"] = np.where(beyond, 0, self.money["units"])


@dataclass(frozen=True)
class _Values:
    """The values of a dimension among the customers of a block."""

    dimension: str
    order: Longs  # customers, those of one value behind each other
    starts: Longs  # where each value begins in that order
    words: Sequence[str]  # what each value is called

    @staticmethod
    def of(dimension: str, codes: Longs, words: Sequence[str]) -> _Values:
        """Of each customer the place of its value in a list of words."""
        order = np.argsort(codes, kind="stable")
        in_order = codes[order]
        starts = np.flatnonzero(np.append(True, in_order[1:] != in_order[:-1]))
        return _Values(dimension, order, starts, [words[code] for code in in_order[starts]])


@dataclass
class _Sums:
    plan: Plan
    cells: dict[tuple[str, str, str, str, str], _Cells] = field(default_factory=dict)

    def add(self, table: pa.Table) -> None:
        """Adds the counts of whole customers."""
        rows = _columns(table)
        for number, activity in enumerate(ACTIVITIES):
            chosen = np.flatnonzero(rows["activity"] == number)
            if len(chosen):
                own = {name: column[chosen] for name, column in rows.items()}
                begins = np.flatnonzero(np.append(True, own["customer"][1:] != own["customer"][:-1]))
                whole = _Values.of(ALL, np.zeros(len(begins), dtype=np.int64), [ALL])
                named = (
                    _Values.of(name, *coded(table.take(pa.array(chosen[begins])), f"dim_{name}")) for name in self.plan.dimensions
                )
                self._add(activity, own, [whole, *named])

    def _add(self, activity: str, rows: Mapping[str, Longs], dimensions: Sequence[_Values]) -> None:
        for period in PERIODS:
            followed = self.plan.followed[period]
            lives = Lives.of(rows, period, newest=self.plan.newest[period], shown=followed.shown)
            for values in dimensions:
                kinds = {FIRST: of_first(lives, values.order), RECURRING: lives.n_days[values.order] > 0}
                for kind, members in kinds.items():
                    place = (activity, period, kind, values.dimension)
                    for measure, counts in counts_of(lives, kind, members, values.order, values.starts, period, followed):
                        for word, of_value in zip(values.words, counts, strict=True):
                            self._of(*place, word).add(measure, of_value)
                    if activity == ORDER and values.dimension == ALL:
                        self._of(*place, ALL).earn(money_of(lives, members, followed))

    def _of(self, *place: str) -> _Cells:
        activity, period, kind, dimension, value = place
        return self.cells.setdefault((activity, period, kind, dimension, value), _Cells())

    def rows(self) -> Iterator[pa.RecordBatch]:
        """All counts as rows of SCHEMA."""
        for place, cells in self.cells.items():
            period = place[1]
            followed = self.plan.followed[period]
            since = self.plan.newest[period] - followed.shown + 1
            for measure, n in cells.n.items():
                cohort, cell = np.nonzero(n)
                from_interval = np.array([first for first, _ in brackets_of(followed)])[cell] if measure == BRACKET else cell
                money = cells.money if measure == BOUNDED else {}
                none = np.zeros(len(cohort), dtype=np.int64)
                columns = [
                    *(pa.repeat(pa.scalar(word), len(cohort)) for word in (*place, measure)),
                    pa.array(cohort + since, pa.int32()),
                    pa.array(from_interval + (measure == STICKINESS), pa.int32()),
                    pa.array(n[cohort, cell]),
                    *(pa.array(money[name][cohort, cell] if money else none) for name in SUMMED[1:]),
                ]
                yield from pa.table(columns, schema=SCHEMA).to_batches(max_chunksize=50_000)


def _columns(table: pa.Table) -> dict[str, Longs]:
    """The columns as numbers, with whether a day has a spend, and whether it is beyond what is summed."""
    rows = {name: longs(table, name) for name in ("customer", "activity", "day", "units", "parts")}
    is_known = np.asarray(table.column("units").is_valid().to_numpy(), dtype=np.int64)
    beyond = np.abs(rows["units"]) >= MOST_UNITS
    return rows | {"units": np.where(beyond, 0, rows["units"]), "spends": is_known, "beyond": beyond.astype(np.int64)}
