"""A second model goes the whole way by its declaration and its trainer alone: trained, judged, promoted, scored, rolled back."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from mlflow import MlflowClient
from pyarrow import parquet
from pyspark.sql import functions as F

from kept import copy_of
from lakes import open_lake, with_inputs
from reclake.lake.contents import contents_by_day
from reclake.lake.digest import DayContent, Digest
from reclake.lake.ledger import Entry, commit_entry
from reclake.recommend.catalogues import SCENARIOS
from reclake.recommend.scenarios.definition import Scenario
from reclake.run.maintain import _of_model
from reclake.run.plan import Scope
from reclake.run.rollback import roll_back
from reclake.run.stage import build_stage
from reclake.run.training import runs_of, train
from reclake.run.upkeep import MAINTAINED
from reclake.run.views import published
from reclake.run.withdrawals import leave_out_withdrawn
from reclake.tables import bronze, gold, models, silver
from tastes import CUT, DAY, INPUTS, TINY_SETTINGS, world
from toy_recommender import OWN_TASTE, TASTE


def pseudonym():
    """The customer's id in the form that the suites ask for."""
    return F.concat(F.lit("c_"), F.md5("customer_id")).alias("customer_id")


def world_frames(spark):
    """Table → its rows in the world of tastes."""
    frames = dict(zip((table.name for table in INPUTS), world(spark), strict=True))
    return frames | {silver.IDENTITIES.name: frames[silver.IDENTITIES.name].withColumn("customer_id", pseudonym())}


def entry_of(app, table, day, content):
    return Entry(table.name, day, 0, "build", 0, "before", 1, app.clock(), content, "", "", "")


def publish_built(app, table, rows):
    """Publish rows as if a daily stage had built them: the ledger knows each day."""
    ride = commit_entry(uuid4().hex, [entry_of(app, table, *one) for one in contents_by_day(rows, table).items()])
    if table.write == "replace_days":
        days = [CUT + timedelta(days=n) for n in range(-21, 7)]
        version = app.store.replace_days(table, rows, days=days, entry=ride)
    else:
        version = app.store.replace_whole(table, rows, entry=ride)
    app.manifest.publish({table.name: version}, {table.name: rows.count()}, run_id="before", token=1, at=app.clock())


def opened(spark, folder):
    return open_lake(spark, folder, source="demo", landing=folder / "landing", overrides=TINY_SETTINGS)


def listing(name, *asked):
    """A scenario of customers: products of the models, then the popular ones."""
    chain = [*({"link": "model", "model": model} for model in asked), {"link": "popular", "scope": "all"}]
    blocks = {"list": {"chain": chain, "unseen": True}}
    return Scenario(
        name=name, description="A list.", query="customer", label="opened", within_days=7, metric="ndcg", blocks=blocks
    )


def built_world(spark, folder):
    """A lake that was built up to the as_of DAY."""
    app, frames = opened(spark, folder), world_frames(spark)
    for table in INPUTS:
        publish_built(app, table, frames[table.name])
    app.ledger.load()
    app.ledger.add([entry_of(app, bronze.PRODUCTS, str(DAY - timedelta(days=1)), DayContent(Digest()))])
    app.ledger.save()
    app.registry(models.ALS.name)


@pytest.fixture(scope="module")
def world_of(spark):
    return world_frames(spark)


@pytest.fixture
def app(spark, tmp_path, monkeypatch):
    """That lake under a release that declares a second model."""
    monkeypatch.setattr(models, "MODELS", (*models.MODELS, TASTE))
    monkeypatch.setattr(models, "BY_NAME", models.by_name(*models.MODELS))
    app = opened(spark, copy_of("built-world", built_world, spark, tmp_path))
    # Scenarios as files of that release would state them.
    scenarios = {name: listing(name, model) for name, model in (("home", "als"), ("cart", "taste"))}
    return replace(app, catalogues={**app.catalogues, SCENARIOS.name: scenarios})


def scored(app):
    """Build the lists of DAY if they are stale; gives scenario → the published rows as a bag."""
    assert build_stage(app, "recommendations", Scope(as_ofs=(DAY,), tables=with_inputs(gold.RECOMMENDATIONS)), stopped={}) == {}
    rows = published(app, gold.RECOMMENDATIONS).collect()
    return {name: Counter(tuple(row) for row in rows if row["scenario"] == name) for name in ("home", "cart")}


def sources_of(app, scenario):
    return {row["source"] for row in published(app, gold.RECOMMENDATIONS).where(F.col("scenario") == scenario).collect()}


def first_choices(world_of):
    """Customer → product and score that the second model must choose first, by plain Python.

    The most popular product of the own taste that the customer has not seen. Account a59 did not agree.
    """
    customer_of = {row["account_id"]: row["customer_id"] for row in world_of[silver.IDENTITIES.name].collect()}
    popularity, seen = Counter(), {}
    for row in world_of[silver.INTERACTIONS.name].collect():
        if row["account_id"] != "a59":
            popularity[row["product_id"]] += 0.5 ** (((DAY - row["event_date"]).days - 1) / 14.0)
            seen.setdefault(customer_of[row["account_id"]], set()).add(row["product_id"])
    chosen = {}
    for customer, own in seen.items():
        left = [product for product in popularity if product[:-1] == min(own)[:-1] and product not in own]
        chosen[customer] = min((-popularity[product], product) for product in left)
    return {customer: (product, OWN_TASTE - less) for customer, (less, product) in chosen.items()}


def test_a_second_model_goes_the_whole_way(app, world_of):
    before = scored(app)
    assert before["home"].total() == before["cart"].total() > 0
    assert sources_of(app, "home") == sources_of(app, "cart") == {"popular", "non_personal"}
    first = app.manifest.last_id()

    outcome = train(app, TASTE, as_of=DAY)
    assert outcome.is_promotable, outcome.reasons
    assert (app.model_version("taste"), app.model_version("als")) == (1, None)
    assert (app.registry("taste").champion_version(), app.registry("als").champion_version()) == ("1", None)
    metrics = {(row["model_name"], row["metric"]): row for row in published(app, gold.MODEL_METRICS).collect()}
    assert metrics["taste", "recall_at_10"]["model_version"] == "1"
    assert metrics["taste", "recall_at_10 / popularity"]["value"] > 1
    client = MlflowClient(app.settings.mlflow.tracking_uri)
    (version,) = client.search_model_versions("name = 'reclake_taste'")
    logged = client.get_run(version.run_id).data.params
    assert logged["taste.half_life_days"] == logged["popularity.half_life_days"] == "14.0"
    assert not [name for name in logged if name.startswith(("als.", "tuning."))]

    after = scored(app)
    assert after["home"] == before["home"], "another model's scenario"
    assert sources_of(app, "cart") == {"taste", "non_personal"}
    rows = published(app, gold.RECOMMENDATIONS).where("source = 'taste'").collect()
    assert {row["model_version"] for row in rows} == {"1"}
    chosen = {row["customer_id"]: (row["product_id"], row["score"]) for row in rows if row["rank"] == 1}
    wanted = first_choices(world_of)
    assert {customer: product for customer, (product, _) in chosen.items()} == {c: product for c, (product, _) in wanted.items()}
    assert [chosen[customer][1] for customer in sorted(wanted)] == pytest.approx([wanted[c][1] for c in sorted(wanted)])
    assert [row["table"] for row in _of_model(app, TASTE, erasing=False) if row["outcome"] == MAINTAINED] == ["model:taste"]

    moved = roll_back(app, first)
    assert moved["model:taste"] == -1
    assert (app.model_version("taste"), app.registry("taste").champion_version()) == (None, None)
    assert scored(app) == before


def learnt(app):
    """The customers in the files of models."""
    files = [file for file in Path(app.settings.mlflow.artifact_root).rglob("*.parquet") if "ranking" not in file.parent.name]
    return {customer for file in files for customer in parquet.read_table(file)["customer_id"].to_pylist()}


def customer_of(world_of, account):
    return world_of[silver.IDENTITIES.name].where(f"account_id = '{account}'").first()["customer_id"]


def withdraw(app, world_of, account):
    refused = F.when(F.col("account_id") == account, F.lit(False)).otherwise(F.col("is_granted"))
    publish_built(app, silver.CONSENTS, world_of[silver.CONSENTS.name].withColumn("is_granted", refused))


def test_who_withdraws_leaves_a_second_model_too(app, world_of):
    train(app, TASTE, as_of=DAY)
    assert leave_out_withdrawn(app, TASTE, 1, as_of=DAY) == 0
    withdraw(app, world_of, "a5")
    assert leave_out_withdrawn(app, TASTE, 1, as_of=DAY) == 1
    left = learnt(app)
    assert len(left) == 58
    assert customer_of(world_of, "a5") not in left
    assert app.registry("taste").withdrawn_since("1") == app.clock().date()


def test_a_model_that_is_named_no_more_serves_nothing_and_who_withdraws_leaves_it(app, world_of):
    train(app, TASTE, as_of=DAY)
    assert customer_of(world_of, "a5") in learnt(app)
    without = replace(app, catalogues={**app.catalogues, SCENARIOS.name: {"home": listing("home")}})
    assert without.named_models == ()
    withdraw(without, world_of, "a5")
    assert scored(without)["home"].total() > 0
    assert sources_of(without, "home") == {"popular", "non_personal"}
    assert customer_of(world_of, "a5") not in learnt(app)


def test_models_that_no_scenario_names_are_neither_trained_unasked_nor_asked_for(app):
    assert [model.name for model in models.MODELS] == ["als", "item_item", "taste"]
    assert app.named_models == (models.ALS, TASTE)
    scored(app)
    asked = app.ledger.days(gold.RECOMMENDATIONS)[str(DAY)].input_digests
    assert {name for name in asked if name.startswith("model:")} == {"model:als", "model:taste"}


def test_trainings_of_one_process_have_names_of_their_own(app):
    runs = [(training.run_id, model.name) for training, model in runs_of(app, app.named_models)]
    assert runs == [(f"als-{app.run_id}", "als"), (f"taste-{app.run_id}", "taste")]
    assert [training.run_id for training, _ in runs_of(app, [TASTE])] == [app.run_id]
