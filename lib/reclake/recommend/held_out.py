"""Days that were held out: who is judged by them, by what, and how two models' lists compare there."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.recommend.bootstrap import Estimate, resampled
from reclake.recommend.interface import FittedRecommender, Judging, KindWeights
from reclake.recommend.lists import ranked_lists
from reclake.recommend.metrics import customer_metrics
from reclake.recommend.popularity import popular_products
from reclake.recommend.settings import PopularitySettings
from reclake.recommend.split import TimeSplit
from reclake.recommend.weights import pairs, product_popularity

K = 10  # length of the lists that are judged
_METRICS = (f"recall_at_{K}", f"ndcg_at_{K}", f"coverage_at_{K}")


def column_of(metric: str) -> str:
    """The column of `customer_metrics` that a metric is the mean of.

    Examples
    --------
    >>> column_of("ndcg_at_10")
    'ndcg'
    """
    return metric.removesuffix(f"_at_{K}")


@dataclass(frozen=True, slots=True)
class Metric:
    """One row of gold.model_metrics, less what only the caller knows."""

    model_name: str
    split: str
    metric: str
    value: float
    n_customers: int
    lower: float | None = None
    upper: float | None = None


@dataclass(frozen=True)
class HeldOut:
    """The held-out days: who is judged by what, and what may be shown to them."""

    split: TimeSplit
    seen: DataFrame  # customer_id, product_id before the cut
    truth: DataFrame  # customer_id, product_id new to the customer in the test days
    catalogue: DataFrame  # place, product_id, popularity at the cut

    def lists(self, model: FittedRecommender | None) -> DataFrame:
        """The lists that the whole chain would have shown at the cut, for everyone in the truth."""
        people = self.truth.select("customer_id", F.lit(True).alias("is_personal")).distinct()
        return ranked_lists(people, self.seen, self.catalogue, n=K, model=model)

    def n_customers(self) -> int:
        """Customers whom the days can judge a model by."""
        return self.truth.select("customer_id").distinct().count()

    def release(self) -> None:
        """Let go of the frames."""
        for frame in (self.seen, self.truth, self.catalogue):
            frame.unpersist()


def hold_out(
    interactions: DataFrame, products: DataFrame, split: TimeSplit, popularity: PopularitySettings, weights: KindWeights
) -> HeldOut:
    """The days of the split, with what is popular at its cut; its frames are kept until `release`."""
    counted = product_popularity(interactions, weights, as_of=split.cut, half_life_days=popularity.half_life_days)
    return HeldOut(
        split=split,
        seen=pairs(split.train(interactions)).persist(),
        truth=split.truth(interactions).persist(),
        catalogue=popular_products(products, counted).persist(),
    )


def compared(
    test: HeldOut, challenger: FittedRecommender, base: FittedRecommender | None, names: tuple[str, str], judging: Judging
) -> tuple[Estimate, list[Metric]]:
    """Both models' metrics over all customers of the truth, and the ratio of those they are judged by, from the same resamples.

    Coverage is the share of the catalogue that anybody was shown: no mean over customers, hence without an interval.
    """
    lists = {name: test.lists(model).persist() for name, model in zip(names, (challenger, base), strict=True)}
    both = None
    try:
        each = {name: customer_metrics(shown, test.truth, k=K) for name, shown in lists.items()}
        both = _side_by_side(each[names[0]], each[names[1]]).persist()
        settings, judged_by = judging.training, column_of(judging.metric)
        found = resampled(both, *both.columns[1:], samples=settings.bootstrap_samples, seed=settings.bootstrap_seed)
        metrics = []
        if found.n_customers:
            n_products = max(1, test.catalogue.count())
            for name, prefix in zip(names, ("", "base_"), strict=True):
                n_shown = lists[name].select("product_id").distinct().count()
                coverage = Estimate(n_shown / n_products, None, None, found.n_customers)
                estimates = (found.mean(f"{prefix}recall"), found.mean(f"{prefix}ndcg"), coverage)
                metrics += [
                    row
                    for metric, estimate in zip(_METRICS, estimates, strict=True)
                    for row in rows_of(name, test.split, metric, estimate)
                ]
        return found.ratio(judged_by, f"base_{judged_by}"), metrics
    finally:
        for frame in (*lists.values(), *([both] if both is not None else [])):
            frame.unpersist()


def _side_by_side(challenger: DataFrame, base: DataFrame) -> DataFrame:
    renamed = base.select("customer_id", F.col("recall").alias("base_recall"), F.col("ndcg").alias("base_ndcg"))
    return challenger.select("customer_id", "recall", "ndcg").join(renamed, on="customer_id", how="inner")


def rows_of(model_name: str, split: TimeSplit, metric: str, found: Estimate) -> list[Metric]:
    """The estimate as a row; none where there is nothing to say."""
    if found.value is None:
        return []
    return [Metric(model_name, str(split), metric, found.value, found.n_customers, found.lower, found.upper)]
