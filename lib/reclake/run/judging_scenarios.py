"""Scenarios judged on held-out days: the lists that each would have served at earlier cuts, and what came after them."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.lake.manifest import Published
from reclake.recommend.interface import FittedRecommender, Judging, Recommender
from reclake.recommend.pooling import Origin, origins_before, pooled_rows
from reclake.recommend.rivals import POPULAR_7_DAYS
from reclake.recommend.scenarios.contestants import CHAIN, champion_of, contestants
from reclake.recommend.scenarios.definition import Block, Scenario
from reclake.recommend.scenarios.judging import customer_values, of_category, questions_of_products, truth_of_customers, words_of
from reclake.recommend.segments import described_customers, with_segments
from reclake.recommend.split import TimeSplit
from reclake.recommend.weights import pairs, resolved
from reclake.tables import Table, gold

from .application import Application
from .known_at import KnownAt

logger = logging.getLogger("reclake")
_LISTED = "recommended_product_id"  # what a row of a page recommends; of other lists it is product_id
Contestants = Mapping[str, Scenario]


@dataclass(frozen=True)
class Judged:
    """What scenarios are judged with; tables at the as_of as a training is given them."""

    app: Application
    published: Mapping[str, Published]
    as_of: date
    recommenders: Sequence[Recommender]  # each with the settings that it is judged with
    champions: Mapping[str, FittedRecommender]  # by model
    judging: Judging
    interactions: DataFrame
    people: DataFrame
    segments: DataFrame  # customer_id, tier


def judged_scenarios(asked: Judged, scenarios: Mapping[str, Scenario]) -> list[dict[str, Any]]:
    """Rows of gold.model_metrics, less what only the run knows, of each scenario on origins of its own `within_days`.

    What too few customers can be judged by has no row.
    """
    judged: dict[tuple[str, str], list[Origin]] = {}
    with ExitStack() as in_the_end:
        trial = _Trial(asked, in_the_end)
        for n_days, names in groupby(_sorted(scenarios, "within_days"), key=lambda name: scenarios[name].within_days):
            chosen = {name: scenarios[name] for name in names}
            for split in origins_before(asked.as_of, n_days=n_days, n=asked.app.settings.evaluation.origins):
                for name, block, origin in trial.origins(chosen, split):
                    judged.setdefault((name, block), []).append(origin)
        return [row for (name, block), origins in judged.items() for row in _rows(scenarios[name], block, origins, asked.judging)]


def _rows(scenario: Scenario, block: str, origins: Sequence[Origin], judging: Judging) -> Iterator[dict[str, Any]]:
    metric: dict[str, str] = {scenario.metric: f"{scenario.metric}_at_{scenario.blocks[block].size}"}
    where = scenario.name if len(scenario.blocks) == 1 else f"{scenario.name}/{block}"
    for row in pooled_rows(origins, metric, judging, bases=(POPULAR_7_DAYS, CHAIN)):
        yield row | {"scenario": where, "label": words_of(scenario)}


def _sorted(scenarios: Mapping[str, Scenario], key: str) -> list[str]:
    return sorted(scenarios, key=lambda name: (getattr(scenarios[name], key), name))


@dataclass
class _Trial:
    """Frames and models of a cut are made once; models are kept until `in_the_end` closes, frames as checkpoints of the session."""

    asked: Judged
    in_the_end: ExitStack
    _known_at: dict[date, KnownAt] = field(default_factory=dict)
    _models_at: dict[date, dict[str, FittedRecommender]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        asked = self.asked
        self.profiled = asked.people.where("may_be_profiled")
        self.known = self._kept(resolved(asked.interactions, self.profiled))
        self.described = self._kept(described_customers(asked.interactions, self.profiled, asked.segments))

    def origins(self, scenarios: Mapping[str, Scenario], split: TimeSplit) -> Iterator[tuple[str, str, Origin]]:
        """Scenario, block and what was measured after the cut, of those that enough customers can be judged by."""
        seen = pairs(split.train(self.known))
        if seen.isEmpty():
            return
        for query, names in groupby(_sorted(scenarios, "query"), key=lambda name: scenarios[name].query):
            others = {name: self._contestants(scenarios[name], split.cut) for name in names}
            lists = self._kept(self._lists(_table_of(query), others, split.cut))
            for name, block in ((one, block) for one in others for block in scenarios[one].blocks):
                scenario, rivals = scenarios[name], tuple(others[name])
                truth = self._truth(scenario, scenario.blocks[block], split)
                shown = lists.where((F.col("scenario") == name) & (F.col("block") == block))
                values = customer_values(shown, truth, rivals, metric=scenario.metric, k=scenario.blocks[block].size)
                frame = self._kept(values.transform(with_segments, seen=seen, described=self.described))
                if frame.count() >= self.asked.judging.min_group_size:
                    yield name, block, Origin(split, rivals, frame)
                else:
                    logger.info("%s, %s: too few customers to be judged by: %s", name, block, split)

    def _truth(self, scenario: Scenario, block: Block, split: TimeSplit) -> DataFrame:
        if scenario.is_of_customers:
            return truth_of_customers(self.known, split, scenario, block)
        order_lines = self._at(self.asked.as_of).order_lines()
        questions = questions_of_products(self.known, order_lines, self.profiled, split, scenario)
        return of_category(questions, self._at(split.cut).products().select("product_id", "category"), block)

    def _contestants(self, scenario: Scenario, cut: date) -> Contestants:
        champions = self.asked.champions
        return contestants(
            scenario,
            fitted=[recommender.name for recommender in self.asked.recommenders],
            serving=champions.keys(),
            champions=[name for name, champion in champions.items() if champion.cut <= cut],
        )

    def _lists(self, table: Table, others: Mapping[str, Contestants], cut: date) -> DataFrame:
        """scenario, name, block, query_id, rank, product_id of all contestants."""
        options: dict[str, Any] = {
            "scenarios": {f"{name}/{other}": one for name, rivals in others.items() for other, one in rivals.items()}
        }
        if table is gold.RECOMMENDATIONS:
            options["champions"] = self._models(cut)
        rows = self._at(cut).built(table, **options)
        place, listed = F.split("scenario", "/"), _LISTED if _LISTED in rows.columns else "product_id"
        names = (place[0].alias("scenario"), place[1].alias("name"))
        return rows.select(*names, "block", "query_id", "rank", F.col(listed).alias("product_id"))

    def _models(self, cut: date) -> Mapping[str, FittedRecommender]:
        """Every model fitted before the cut, and the champions that had learnt no later day."""
        if cut not in self._models_at:
            fitted = {one.name: one.fit(self.known, as_of=cut) for one in self.asked.recommenders}
            for model in fitted.values():
                self.in_the_end.callback(model.release)
            champions = {champion_of(name): one for name, one in self.asked.champions.items() if one.cut <= cut}
            self._models_at[cut] = fitted | champions
        return self._models_at[cut]

    def _at(self, cut: date) -> KnownAt:
        if cut not in self._known_at:
            asked = self.asked
            self._known_at[cut] = KnownAt(asked.app, asked.published, asked.people, cut)
        return self._known_at[cut]

    def _kept(self, frame: DataFrame) -> DataFrame:
        """The frame, computed once; its plan ends here, as lists of many contestants would be planned over and over."""
        return frame.checkpoint()


def _table_of(query: str) -> Table:
    """The table whose builder makes the lists of a query."""
    return {"product": gold.PRODUCT_RECOMMENDATIONS, "basket": gold.BASKET_RECOMMENDATIONS}.get(query, gold.RECOMMENDATIONS)
