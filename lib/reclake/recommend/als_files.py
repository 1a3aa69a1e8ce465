"""ALS by its files: the factors of the customers asked about times those of all products."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pyarrow import compute as pc

from reclake.recommend.file_lists import FileLists, Pick, part, products
from reclake.recommend.picking import Ints, picks_of, vectors_of

_NOTHING: Pick = (np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32), np.empty(0, dtype=np.int64))


def _load_pyfunc(path: str) -> FileLists:
    """Called by MLflow with the folder of the model."""
    table = products(path, "product_factors")
    factors = vectors_of(table["factors"], len(table["factors"][0]))
    everything = np.arange(len(factors))
    customers = part(path, "customer_factors")

    def picks(asked: Sequence[str], seen: Sequence[Ints], *, n: int) -> Sequence[Pick]:
        # Read with each question, so that memory follows the question and not the number of customers.
        known = customers.to_table(filter=pc.field("customer_id").isin(list(set(asked))))
        row_of = {customer: n_row for n_row, customer in enumerate(known["customer_id"].to_pylist())}
        places = [n_asked for n_asked, customer in enumerate(asked) if customer in row_of]
        if not places:
            return [_NOTHING] * len(asked)
        vectors = vectors_of(known["factors"], factors.shape[1])[[row_of[asked[place]] for place in places]]
        picked = picks_of(vectors, [seen[place] for place in places], factors, everything, everything, n=n)
        list_of = dict(zip(places, picked, strict=True))
        return [list_of.get(n_asked, _NOTHING) for n_asked in range(len(asked))]

    return FileLists(table["product_id"].to_pylist(), picks)
