"""Lists of a model's files alone, without Spark: what every `_load_pyfunc` that a trainer names gives MLflow.

A question is a row of a pandas frame: `customer_id`, as a column or as the index, and, where there is such a column, `seen`: the ids
of the products that the customer knows, which are left out. `params={"n": 20}` asks for longer lists. The answer has a row per place of
a list: customer_id, rank, product_id, score. Whom the model cannot choose for has none. Rules of scenarios are not asked: a product
may be off sale.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import dataset as files

from reclake.errors import LakeDamaged
from reclake.recommend.picking import Floats, Ints

N = 10  # length of a list, unless `params` say another
_COLUMNS = ("customer_id", "rank", "product_id", "score")
Pick = tuple[Ints, Floats, Ints]


class Picks(Protocol):
    """What a model's files choose."""

    def __call__(self, asked: Sequence[str], seen: Sequence[Ints], *, n: int) -> Sequence[Pick]:
        """For each customer asked about product indices, scores and reasons of the best `n` products that are not among the seen indices."""


@dataclass(frozen=True)
class FileLists:
    """A model as MLflow's `pyfunc` knows it."""

    product_ids: Sequence[str]  # by product_index
    picks: Picks

    def predict(self, model_input: pd.DataFrame, params: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """Ranked products of each customer asked about: see the module."""
        index_of = {product: n for n, product in enumerate(self.product_ids)}
        customers = [str(one) for one in model_input.get("customer_id", model_input.index)]
        own = model_input.get("seen", [()] * len(customers))
        seen = [np.array(sorted({index_of[item] for item in items if item in index_of}), dtype=np.int32) for items in own]
        rows = [
            (customer, rank, self.product_ids[index], float(score))
            for customer, (indices, scores, _) in zip(
                customers, self.picks(customers, seen, n=int((params or {}).get("n", N))), strict=True
            )
            for rank, (index, score) in enumerate(zip(indices, scores, strict=True), start=1)
        ]
        return pd.DataFrame(rows, columns=list(_COLUMNS))


def part(folder: str, name: str) -> files.Dataset:
    """The rows of one part of the model, to be read as far as needed.

    Raises
    ------
    LakeDamaged
        Unless one folder holds the part: while customers leave a model, there are two.
    """
    folders = sorted(path for path in Path(folder).glob(f"{name}*") if path.is_dir())
    if len(folders) != 1:
        names = ", ".join(path.name for path in folders) or "nothing"
        raise LakeDamaged(f"the model's {name} cannot be read", f"{names} in {folder}", "try again, or train again")
    return files.dataset(folders[0], format="parquet")


def products(folder: str, name: str) -> pa.Table:
    """The part of the products, in the order of product_index."""
    return part(folder, name).to_table().sort_by("product_index")
