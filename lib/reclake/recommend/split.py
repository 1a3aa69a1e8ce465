"""Training and test days parted by time, the same for every customer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.recommend.weights import pairs


@dataclass(frozen=True)
class TimeSplit:
    """Train on the days before `cut`, test on those from `cut` to before `end`."""

    cut: date
    end: date

    def __str__(self) -> str:
        return f"train < {self.cut} <= test < {self.end}"

    def train(self, interactions: DataFrame) -> DataFrame:
        """The interactions that a model may learn from."""
        return interactions.where(F.col("event_date") < F.lit(self.cut))

    def test(self, interactions: DataFrame) -> DataFrame:
        """The interactions that it is judged by."""
        day = F.col("event_date")
        return interactions.where((day >= F.lit(self.cut)) & (day < F.lit(self.end)))

    def truth(self, interactions: DataFrame) -> DataFrame:
        """customer_id, product_id: what a customer took up in the test days and had never seen before.

        What was seen is left out of the lists, so it is left out of the truth; a product that nobody took
        before the cut stays in it.
        """
        known = pairs(self.train(interactions))
        return pairs(self.test(interactions)).join(known, on=["customer_id", "product_id"], how="left_anti")
