"""An evaluation as a run: what it publishes, and that it promotes nothing."""

import pytest
from pyspark.sql import functions as F

from kept import copy_of
from lakes import open_lake
from reclake.errors import UsageError
from reclake.run.evaluating import evaluate
from reclake.run.training_settings import is_search_due
from reclake.run.views import published
from reclake.tables import gold, ops
from reclake.tables.models import ALS, ITEM_ITEM
from tastes import DAY, TINY_SETTINGS, world_lake


@pytest.fixture
def app(spark, tmp_path):
    """A lake that publishes the world of tastes; nothing was trained in it."""
    folder = copy_of("world", world_lake, spark, tmp_path)
    return open_lake(spark, folder, source="demo", landing=folder / "landing", overrides=[*TINY_SETTINGS, "evaluation.origins=2"])


def test_all_models_are_judged_and_published_where_none_serves(app):
    rows = evaluate(app, as_of=DAY)
    stored = published(app, gold.MODEL_METRICS)
    assert stored.count() == len(rows)
    of_all = {(row["model_name"], row["metric"]): row for row in stored.where("segment_kind = 'all'").collect()}
    assert {name for name, _ in of_all} == {"popular_7_days", "popularity", "last_category", ALS.name, ITEM_ITEM.name}
    assert not any(row["is_promoted"] or row["model_version"] for row in of_all.values())
    for model in (ALS.name, ITEM_ITEM.name):  # there are tastes to be learnt
        assert of_all[model, "ndcg_at_10 / popular_7_days"]["lower"] > 1
    assert app.model_version(ALS.name) is app.model_version(ITEM_ITEM.name) is None
    (judged,) = app.store.read_newest(ops.GATE_RESULTS).where(F.col("table") == gold.MODEL_METRICS.name).collect()
    assert (judged["verdict"], judged["n_rows"]) == ("passed", len(rows))
    # No training has begun by it: the first one does not search.
    assert not is_search_due(stored, ALS, DAY, every_days=1)


def test_an_as_of_without_days_to_judge_by_is_refused(app):
    with pytest.raises(UsageError, match="nobody to judge a model by"):
        evaluate(app, as_of=DAY.replace(year=2020))
    assert gold.MODEL_METRICS.name not in app.manifest.current()
