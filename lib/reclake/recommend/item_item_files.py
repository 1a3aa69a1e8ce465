"""Item–item by its files: what is most like the products that a customer has seen; whoever has seen none gets no list."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from reclake.recommend.file_lists import FileLists, Pick, products
from reclake.recommend.neighbours import neighbours_of, picks_of
from reclake.recommend.picking import Ints


def _load_pyfunc(path: str) -> FileLists:
    """Called by MLflow with the folder of the model."""
    table = products(path, "product_neighbours")
    neighbours, everything = neighbours_of(table), np.arange(len(table))

    def picks(asked: Sequence[str], seen: Sequence[Ints], *, n: int) -> Sequence[Pick]:
        return picks_of(list(seen), neighbours, everything, everything, n=n)

    return FileLists(table["product_id"].to_pylist(), picks)
