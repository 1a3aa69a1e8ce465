"""An evaluation as a run: what it publishes, and that it promotes nothing."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from pyspark.sql import functions as F

from kept import copy_of
from lakes import open_lake
from reclake.errors import UsageError
from reclake.recommend.catalogues import SCENARIOS
from reclake.recommend.metrics import ndcg_at
from reclake.run.evaluating import evaluate
from reclake.run.known_at import KnownAt
from reclake.run.published_inputs import inputs_at
from reclake.run.training_settings import is_search_due
from reclake.run.views import published
from reclake.tables import Input, gold, ops
from reclake.tables.inputs import same_day
from reclake.tables.models import ALS, ITEM_ITEM
from tastes import DAY, TINY_SETTINGS, plain_interactions, world_lake

HALF_LIFE = 14.0  # popularity.half_life_days of conf/base.toml


@pytest.fixture
def app(spark, tmp_path):
    """A lake that publishes the world of tastes; nothing was trained in it."""
    folder = copy_of("world", world_lake, spark, tmp_path)
    overrides = [*TINY_SETTINGS, "evaluation.origins=2"]
    return open_lake(spark, folder, source="demo", landing=folder / "landing", overrides=overrides)


def with_scenarios(app, *names):
    """The application with a few of the scenarios: all of them are judged alike, and each takes a minute to plan."""
    few = {name: app.catalogues[SCENARIOS.name][name] for name in names}
    return replace(app, catalogues={**app.catalogues, SCENARIOS.name: few})


def test_all_models_are_judged_and_published_where_none_serves(app):
    rows = evaluate(with_scenarios(app, "home"), as_of=DAY)
    assert {row.get("scenario") for row in rows} == {None, "home"}
    stored = published(app, gold.MODEL_METRICS)
    assert stored.count() == len(rows)
    of_all = {
        (row["model_name"], row["metric"]): row for row in stored.where("segment_kind = 'all' AND scenario IS NULL").collect()
    }
    assert {name for name, _ in of_all} == {"popular_7_days", "popularity", "last_category", ALS.name, ITEM_ITEM.name}
    assert not any(row["is_promoted"] or row["model_version"] for row in of_all.values())
    for model in (ALS.name, ITEM_ITEM.name):  # there are tastes to be learnt
        assert of_all[model, "ndcg_at_10 / popular_7_days"]["lower"] > 1
    assert app.model_version(ALS.name) is app.model_version(ITEM_ITEM.name) is None
    (judged,) = app.store.read_newest(ops.GATE_RESULTS).where(F.col("table") == gold.MODEL_METRICS.name).collect()
    assert (judged["verdict"], judged["n_rows"]) == ("passed", len(rows))
    # No training has begun by it: the first one does not search.
    assert not is_search_due(stored, ALS, DAY, every_days=1)


def test_what_is_made_anew_at_a_cut_has_the_declared_columns_alone(app):
    current = app.manifest.current()
    known = KnownAt(app, current, inputs_at(app, ALS, current, as_of=DAY)["people"], DAY)
    for table in (gold.PRODUCT_RELATIONS, gold.POPULAR_PRODUCTS, gold.DUE_AGAIN):
        assert known.read(Input(table, same_day())).columns == [field.name for field in table.fields]


def test_an_as_of_without_days_to_judge_by_is_refused(app):
    with pytest.raises(UsageError, match="nobody to judge by"):
        evaluate(with_scenarios(app, "home"), as_of=DAY.replace(year=2020))
    assert gold.MODEL_METRICS.name not in app.manifest.current()


def most_viewed(rows, cut, *, half_life=None, days=10_000):
    """Products with a view in the `days` before the cut, the greatest weight first."""
    weights = Counter()
    for _, item, day in rows:
        age = (cut - day).days - 1
        if 0 <= age < days:
            weights[item] += 0.5 ** (age / half_life) if half_life else 1.0
    return sorted(weights, key=lambda item: (-round(weights[item], 9), item))


def home_by_hand(*, lately, n_origins=2, k=10):
    """The nDCG of each customer of the world and origin, of what most looked at; `lately`: in 7 days first. What they saw is left out."""
    rows, values = [row for row in plain_interactions() if row[0] != "c59"], []
    for origin in range(1, n_origins + 1):
        cut = DAY - timedelta(days=7 * origin)
        first = most_viewed(rows, cut, days=7) if lately else []
        for more in (most_viewed(rows, cut, half_life=HALF_LIFE), sorted(f"t{t}p{p}" for t in range(4) for p in range(8))):
            first += [item for item in more if item not in first]
        for who in sorted({who for who, *_ in rows}):
            seen = {item for w, item, day in rows if w == who and day < cut}
            new = {item for w, item, day in rows if w == who and 0 <= (day - cut).days < 7} - seen
            if new:
                values.append(ndcg_at(k, [item for item in first if item not in seen][:k], new))
    return values


def test_a_scenario_is_judged_by_its_own_label_and_metric(app):
    rows = evaluate(app, as_of=DAY, scenarios=["home", "item_page"])
    stored = published(app, gold.MODEL_METRICS)
    assert stored.count() == len(rows)
    # No product of the world has a category, so a page has no substitutes.
    assert {(row["scenario"], row["label"]) for row in rows} == {
        ("home", "opened_or_bought in 7 days"),
        ("item_page/complements", "opened_with in 7 days"),
    }
    home = {(row["model_name"], row["metric"]): row for row in rows if (row["scenario"], row["segment_kind"]) == ("home", "all")}
    names = {"chain", "chain_challenger", "popular_7_days", "popularity", "last_category", "als", "item_item"}
    assert {name for name, _ in home} == names
    for name in ("popularity", "popular_7_days"):
        values = home_by_hand(lately=name == "popular_7_days")
        assert home[name, "ndcg_at_10"]["value"] == pytest.approx(sum(values) / len(values)), name
    best = home["als", "ndcg_at_10 / popular_7_days"]
    assert best["value"] == pytest.approx(home["als", "ndcg_at_10"]["value"] / home["popular_7_days", "ndcg_at_10"]["value"])
    assert 1 < best["lower"] < best["value"] < best["upper"]  # there are tastes to be learnt
    # Nothing is promoted: what serves has no model, and what could serve begins with it.
    assert home["chain_challenger", "ndcg_at_10"]["value"] == pytest.approx(home["als", "ndcg_at_10"]["value"], rel=0.2)
    assert ("chain", "ndcg_at_10 / chain") not in home
    assert app.model_version(ALS.name) is None


def test_an_unknown_scenario_is_refused_before_anything_is_claimed(app):
    with pytest.raises(UsageError, match="there is no scenario 'hme'"):
        evaluate(app, as_of=DAY, scenarios=["hme"])
    assert gold.MODEL_METRICS.name not in app.manifest.current()
