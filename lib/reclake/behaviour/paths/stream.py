"""One pass over histories: batches in, counts of all definitions of paths out, in bounded memory.

Counts are kept until the partition ends, or until there are too many of them: what comes out is added up again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from reclake.behaviour.columns import ddl_of
from reclake.behaviour.dimensions import ALL, NOT_KNOWN
from reclake.behaviour.funnels.block import Block, Clock
from reclake.behaviour.parts import MOST_ROWS, N_ROWS, Part, Size, parts_of
from reclake.behaviour.sittings import Longs

from .definition import Paths
from .sums import Sums
from .tally import NODE_BITS, ROUTES, SECOND_BITS, SECONDS, VALUE_BITS, tallied
from .walks import walks_of

_DAYS_AHEAD = 2  # a session lies on two days at most, and is whole when a third one has begun
_MOST_KEYS = 2_000_000  # counts of a partition that are held, 40 bytes each

KEY = pa.schema({
    "path": pa.string(), "measure": pa.string(), "dimension": pa.string(), "value": pa.string(), "n_nodes": pa.int32(),
    "code": pa.int64(), "seconds": pa.int32(),
})  # fmt: skip
COUNTS = ("n", "n_paths", "n_customers", "n_converted")
SCHEMA = pa.unify_schemas([KEY, pa.schema({name: pa.int64() for name in COUNTS})])
DDL = ddl_of(SCHEMA)


@dataclass(frozen=True)
class Plan:
    """What is counted."""

    paths: Sequence[Paths]
    clock: Clock
    n_rows: int = N_ROWS
    most_rows: int = MOST_ROWS
    most_keys: int = _MOST_KEYS


def counted(batches: Iterable[pa.RecordBatch], plan: Plan) -> Iterator[pa.RecordBatch]:
    """The counts of all batches, which come in order of customer, time and ingest order."""
    streams = [_Stream(n, one) for n, one in enumerate(plan.paths)]
    for part in parts_of(batches, Size(_DAYS_AHEAD, plan.n_rows, plan.most_rows)):
        block = Block(part.table, plan.clock)
        for stream in streams:
            stream.count(block, part)
            if len(stream) > plan.most_keys:
                yield from stream.emptied()
    for stream in streams:
        yield from stream.emptied()


_Place = tuple[str, int, int]  # measure, dimension, number of nodes


@dataclass
class _Stream:
    """The counts of one definition."""

    number: int
    definition: Paths
    sums: dict[_Place, Sums] = field(default_factory=dict)
    parts: dict[_Place, Sums] = field(default_factory=dict)  # of the customer that is read in parts
    words: list[dict[str | None, int]] = field(default_factory=list)  # of each breakdown: value → its code
    n_condensed: int = 0  # keys that were left when all were condensed last

    def __len__(self) -> int:
        return self.n_condensed

    def count(self, block: Block, part: Part) -> None:
        """Adds the counts of a part."""
        codes = [self._codes(block, n, name) for n, name in enumerate(self.definition.breakdowns)]
        walks = walks_of(
            block,
            block.longs(f"node_{self.number}"),
            np.stack(codes, axis=1) if codes else np.empty((len(block), 0), dtype=np.int64),
            collapse=self.definition.collapse,
            first_day=part.first_day,
            last_day=part.last_day,
        )
        is_whole = part.is_last and part.first_day is None
        into = self.sums if is_whole else self.parts
        for one in tallied(walks, self.definition):
            into.setdefault((one.measure, one.dimension, one.n_nodes), Sums()).add(one.keys, one.counts)
        if not is_whole:
            self._condense(self.parts)
        if part.is_last and not is_whole:
            for place, sums in self.parts.items():
                self.sums.setdefault(place, Sums()).add(*sums.condensed(of_one_customer=True))
            self.parts = {}
        if sum(map(len, self.sums.values())) > 2 * self.n_condensed + 250_000:
            self.n_condensed = self._condense(self.sums)

    @staticmethod
    def _condense(sums: dict[_Place, Sums]) -> int:
        return sum(len(one.condensed()[0]) for one in sums.values())

    def _codes(self, block: Block, n: int, name: str) -> Longs:
        """The values of a breakdown as codes that are the same in all blocks."""
        if len(self.words) <= n:
            self.words.append({})
        code, words = block.words(f"dim_{name}")
        place = self.words[n]
        moved = np.array([place.setdefault(word, len(place)) for word in words], dtype=np.int64)
        return moved[code]

    def emptied(self) -> Iterator[pa.RecordBatch]:
        """All counts as rows of SCHEMA; none are left. Those of a customer that is read in parts wait for its end."""
        for (measure, dimension, n_nodes), sums in self.sums.items():
            keys, counts = sums.condensed()
            yield from self._rows(measure, dimension, n_nodes, keys, counts).to_batches(max_chunksize=50_000)
        self.sums, self.n_condensed = {}, 0

    def _rows(self, measure: str, dimension: int, n_nodes: int, keys: Longs, counts: Longs) -> pa.Table:
        n = len(keys)
        value, code, seconds = np.zeros_like(keys), keys, None
        if measure == ROUTES:
            code = _in_fields(keys, n_nodes, len(self.definition.names) + 1)
        elif measure == SECONDS:
            code, seconds = keys >> SECOND_BITS, keys & (1 << SECOND_BITS) - 1
        else:
            value, code = keys >> VALUE_BITS, keys & (1 << VALUE_BITS) - 1
        words: list[str | None] = list(self.words[dimension - 1]) if dimension else [ALL]
        texts = pa.array([NOT_KNOWN if word is None else word for word in words], pa.string())
        name = self.definition.breakdowns[dimension - 1] if dimension else ALL
        columns = [
            *(pa.repeat(pa.scalar(text), n) for text in (self.definition.name, measure, name)),
            texts.take(pa.array(value)),
            pa.repeat(pa.scalar(n_nodes, pa.int32()), n),
            pa.array(code),
            pa.nulls(n, pa.int32()) if seconds is None else pa.array(seconds, pa.int32()),
            *(pa.array(counts[:, i]) for i in range(len(COUNTS))),
        ]
        return pa.Table.from_arrays(columns, schema=SCHEMA)


def _in_fields(keys: Longs, n_nodes: int, base: int) -> Longs:
    """Digits of a number as fields of bits, the first node in the lowest."""
    code = np.zeros_like(keys)
    for place in reversed(range(n_nodes)):
        keys, node = np.divmod(keys, base)
        code |= node << (NODE_BITS * place)
    return code
