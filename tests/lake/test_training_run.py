"""A training as a run: what it publishes, what stops it, and that it cuts the lineage of its iterations."""

import pickle
import shutil
from dataclasses import replace
from datetime import datetime, timedelta
from functools import wraps
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import pytest
from mlflow import MlflowClient
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID
from pyarrow import parquet
from pyspark.sql import functions as F

from kept import copy_of
from lakes import ROOT, open_lake
from reclake.errors import GateFailed, LakeDamaged, Overtaken, UsageError
from reclake.lake.claims import ALL_DAYS
from reclake.lake.files import Files
from reclake.recommend.als import Als
from reclake.recommend.training import evaluate_and_fit
from reclake.recommend.tuning import tuned
from reclake.registry import Training
from reclake.run.application import utc_now
from reclake.run.code import module_digest
from reclake.run.maintain import _of_model
from reclake.run.old_models import remove_old_versions
from reclake.run.phases import observed
from reclake.run.training import train
from reclake.run.upkeep import HELD
from reclake.run.views import published
from reclake.run.withdrawals import leave_out_withdrawn
from reclake.tables import gold, ops, silver
from reclake.tables.models import ALS
from suites import demand_more_rows
from tastes import CUT, DAY, TINY_SETTINGS, world_lake

TUNED = tuned("ndcg_at_10")
FIRST_RUN = "weekly__train__1"


def trained_lake(spark, folder):
    """The lake of the world of tastes with a first champion, and what its training found."""
    copy_of("world", world_lake, spark, folder)
    app = opened_with(spark, folder)
    object.__setattr__(app, "run_id", FIRST_RUN)
    outcome = train(app, ALS, as_of=DAY)
    (folder / "outcome.pickle").write_bytes(pickle.dumps(replace(outcome, model=None)))


def opened_with(spark, folder, *overrides):
    return open_lake(spark, folder, source="demo", landing=folder / "landing", overrides=[*TINY_SETTINGS, *overrides])


def with_own_suites(spark, folder):
    shutil.copytree(ROOT / "expectations", folder / "suites")
    return opened_with(spark, folder, f"expectations.directory={folder / 'suites'}")


@pytest.fixture
def app(spark, tmp_path):
    """A lake that publishes the world of tastes, with suites of its own."""
    return with_own_suites(spark, copy_of("world", world_lake, spark, tmp_path))


@pytest.fixture
def trained(spark, tmp_path):
    """The same lake after a first training."""
    return with_own_suites(spark, copy_of("trained", trained_lake, spark, tmp_path))


def found_by_first(app):
    """What the first training found, with its model."""
    told = pickle.loads((Path(app.store.root).parent / "outcome.pickle").read_bytes())  # noqa: S301 - written by this test
    return replace(told, model=app.registry("als").load(app.spark, "1"))


@pytest.fixture
def as_first(spark, tmp_path_factory, monkeypatch):
    """Trainings find what the first one found: for what becomes of it afterwards."""
    elsewhere = opened_with(spark, copy_of("trained", trained_lake, spark, tmp_path_factory.mktemp("trained")))
    found = found_by_first(elsewhere)

    @wraps(evaluate_and_fit)
    def again(*frames, **options):
        return found

    monkeypatch.setattr("reclake.run.training.evaluate_and_fit", again)


def opened_again(app, *, clock=utc_now):
    """The same lake as another process finds it, with the project's suites."""
    folder, landing = Path(app.store.root).parent, Path(app.settings.landing.root)
    return open_lake(app.spark, folder, source="demo", landing=landing, overrides=TINY_SETTINGS, clock=clock)


@pytest.fixture
def left_behind(monkeypatch):
    """Folders that were removed, and what lay in them."""
    found, remove = SimpleNamespace(folders={}), Files.remove

    def noted(self, path):
        found.folders[path] = [name for inner in self.names(path) for name in self.names(f"{path}/{inner}")]
        remove(self, path)

    monkeypatch.setattr(Files, "remove", noted)
    return found


def taken_settings(app):
    """What decides a training: the factors, the baseline, the judging, and what a kind of interaction is worth."""
    sections = {
        "als": app.settings.als,
        "popularity": app.settings.popularity,
        "training": app.settings.training,
        "interactions.weights": app.settings.interactions.weights,
    }
    sections["tuning"] = app.settings.tuning
    return {f"{name}.{key}": str(value) for name, section in sections.items() for key, value in section.model_dump().items()}


def logged_settings(app):
    client = MlflowClient(app.settings.mlflow.tracking_uri)
    (run,) = client.search_runs([one.experiment_id for one in client.search_experiments()])
    assert run.data.tags["code_digest"] == module_digest("reclake.recommend.training", "reclake.recommend.als")
    return run.data.params


def test_a_model_that_is_better_is_published_with_its_metrics(app, left_behind):
    eleven = app.settings.als.model_copy(update={"iterations": 11})
    object.__setattr__(app, "settings", app.settings.model_copy(update={"als": eleven}))
    with pytest.raises(UsageError, match="not published yet"):
        published(app, gold.MODEL_METRICS)
    outcome = train(app, ALS, as_of=DAY)
    assert outcome.is_promotable
    rows = published(app, gold.MODEL_METRICS).collect()
    assert {(row["training_id"], row["as_of_date"], row["is_promoted"]) for row in rows} == {(app.run_id, DAY, True)}
    assert len(rows) == len(outcome.metrics)
    assert app.model_version("als") == 1
    assert app.registry("als").load(app.spark, "1").cut == DAY
    (judged,) = app.store.read_newest(ops.GATE_RESULTS).where(f"table = '{gold.MODEL_METRICS.name}'").collect()
    assert (judged["verdict"], judged["version"], judged["n_rows"]) == ("passed", 0, len(rows))
    assert logged_settings(app) == taken_settings(app)
    (report,) = app.reporter.reports
    assert (report.table, report.outcome, report.n_rows, report.verdict) == (
        gold.MODEL_METRICS.name,
        "built",
        len(rows),
        "passed",
    )
    # Eleven iterations are cut once, and nothing of it is left.
    (folder,) = left_behind.folders
    assert folder.startswith(app.store.root)
    assert len(left_behind.folders[folder]) >= 1
    assert not Files(app.spark).exists(folder)


def test_a_model_that_no_kept_manifest_names_goes_with_its_files(trained):
    """Version 1 served until version 3 came, 98 days ago; version 2 was never promoted. An erasure leaves 3 alone."""
    app = trained
    registry, outcome = app.registry("als"), found_by_first(app)
    assert app.model_version("als") == 1

    def log_again(training):
        again = replace(outcome, model=registry.load(app.spark, "1" if training != "young" else "3"))
        return registry.log_training(again, Training(training, utc_now(), {}, {}, app.store.root, "d"), files=Files(app.spark))

    assert [log_again(training) for training in ("never promoted", "promoted")] == ["2", "3"]
    claim = app.claims.take("another", {"model:als": (ALL_DAYS,)})
    app.manifest.publish({"model:als": 3}, {}, run_id="another", token=claim.token, at=utc_now())
    app.claims.release(claim)
    registry.serve("3")
    at = utc_now() + timedelta(days=app.store.keep_days)

    def removed_on(day, **options):
        object.__setattr__(app, "clock", lambda: at + timedelta(days=day))
        return remove_old_versions(app, ALS, **options)

    assert removed_on(-1) == []
    assert removed_on(1) == ["1", "2"]
    assert log_again("young") == "4"
    assert removed_on(-1) == []
    training = app.claims.take("a training", {"model:als": (ALL_DAYS,)})
    with pytest.raises(Overtaken):
        removed_on(0, even_young=True)
    assert [row["outcome"] for row in _of_model(app, ALS, erasing=True)] == [HELD]
    app.claims.release(training)
    assert removed_on(0, even_young=True) == ["4"]
    assert len(list(Path(app.settings.mlflow.artifact_root).rglob("model"))) == 1
    assert registry.load(app.spark, "3").cut == DAY
    for gone in ("1", "2", "4"):
        with pytest.raises(UsageError, match=f"no version {gone}"):
            registry.load(app.spark, gone)
    runs = MlflowClient(app.settings.mlflow.tracking_uri).search_runs(["1", "0"])
    assert {run.data.tags["training_id"] for run in runs} >= {"never promoted", "promoted"}, "what was measured stays"


def test_what_a_search_found_holds_until_the_next_one_is_due(app):
    """A first search on request; later trainings take its settings, search again after a quarter, or take [als] when told."""
    registry, settings = app.registry("als"), app.settings
    few = settings.tuning.model_copy(update={"n_trials": 2, "ranks": (5,)})
    weak = settings.als.model_copy(update={"regularisation": 1e6})  # whatever else is tried is better
    object.__setattr__(app, "settings", settings.model_copy(update={"tuning": few, "als": weak}))
    outcome = train(app, ALS, as_of=DAY, tune="always")
    before, tried = outcome.search.tried
    assert (before.settings.rank, tried.settings.rank) == (4, 5)
    assert outcome.recommender.settings == outcome.search.best.settings == tried.settings
    (row,) = published(app, gold.MODEL_METRICS).where(f"metric = '{TUNED}'").collect()
    assert (row["value"], row["split"]) == (outcome.search.best.value, "train < 2026-02-15 <= test < 2026-02-22")
    runs = runs_of(app)
    assert [run.data.metrics[TUNED] for run in runs["below"]] == [one.value for one in outcome.search.tried]
    (training,) = runs["above"]
    assert training.data.params["als.rank"] == str(outcome.recommender.settings.rank)
    assert registry.tuned_settings("1") == {name: getattr(outcome.recommender.settings, name) for name in Als.searched}

    # Another one than [als] asks for, so that it shows where the settings come from.
    asked = settings.als.model_copy(update={"rank": 3})
    object.__setattr__(app, "settings", app.settings.model_copy(update={"als": asked}))
    taken = {}

    def noted(*frames, recommender, tuning, **more):
        taken[app.run_id] = (recommender.settings.rank, tuning is not None)
        raise UsageError("noted", "", "")

    for run_id, as_of, tune in (
        ("soon", 89, "when-due"),
        ("due", 90, "when-due"),
        ("plain", 90, "never"),
        ("at once", 1, "always"),
    ):
        object.__setattr__(app, "run_id", run_id)
        with patch("reclake.run.training.evaluate_and_fit", noted), pytest.raises(UsageError, match="noted"):
            train(app, ALS, as_of=DAY + timedelta(days=as_of), tune=tune)
    rank = outcome.recommender.settings.rank
    assert taken == {"soon": (rank, False), "due": (rank, True), "plain": (3, False), "at once": (rank, True)}


def withdraws(app, account_id):
    """Publish that the account refuses personalisation from the day before DAY on."""
    day, row = DAY - timedelta(days=1), app.manifest.current()[silver.CONSENTS.name]
    said = app.store.read(silver.CONSENTS, version=row.version)
    rows = said.withColumn("is_granted", F.col("is_granted") & (F.col("account_id") != account_id)).withColumn(
        "valid_from", F.when(F.col("account_id") == account_id, F.lit(day)).otherwise(F.col("valid_from"))
    )
    version = app.store.replace_whole(silver.CONSENTS, rows, entry={"commit_id": account_id})
    claim = app.claims.take(account_id, {silver.CONSENTS.name: (ALL_DAYS,)})
    app.manifest.publish(
        {silver.CONSENTS.name: version}, {silver.CONSENTS.name: row.n_rows}, run_id=account_id, token=claim.token, at=utc_now()
    )
    app.claims.release(claim)


def factor_rows(app):
    """Every customer_id in any file of any model."""
    files = Path(app.settings.mlflow.artifact_root).rglob("customer_factors*/*.parquet")
    return [customer for file in files for customer in parquet.read_table(file)["customer_id"].to_pylist()]


def test_who_withdraws_leaves_the_model_at_once_and_the_factors_of_products_a_month_later(trained):
    """The champion was trained up to the last day, so nothing that is trained now can beat it: it would serve on."""
    app = trained
    object.__setattr__(app, "clock", lambda: datetime(2026, 1, 29, 12))  # 31 days before DAY
    assert leave_out_withdrawn(app, ALS, 1, as_of=DAY) == 0
    assert len(factor_rows(app)) == 59
    withdraws(app, "a5")
    assert "c5" in factor_rows(app)
    training = app.claims.take("a training", {"model:als": (ALL_DAYS,)})
    assert leave_out_withdrawn(app, ALS, 1, as_of=DAY) == 0, "a training reads these files"
    app.claims.release(training)
    published_before = app.manifest.current()
    assert leave_out_withdrawn(app, ALS, 1, as_of=DAY) == 1
    assert app.manifest.current() == published_before
    assert "c5" not in factor_rows(app)
    assert len(factor_rows(app)) == app.registry("als").load(app.spark, "1").n_customers == 58
    assert leave_out_withdrawn(app, ALS, 1, as_of=DAY) == 0

    def trained(run_id, *, max_withdrawn_days):
        models = app.settings.models.model_copy(update={"max_withdrawn_days": max_withdrawn_days})
        object.__setattr__(app, "settings", app.settings.model_copy(update={"models": models}))
        object.__setattr__(app, "run_id", run_id)
        return train(app, ALS, as_of=DAY, tune="never")

    assert not trained("31 days", max_withdrawn_days=31).is_promotable
    assert app.model_version("als") == 1
    outcome = trained("over a month", max_withdrawn_days=30)
    assert (outcome.refit_of, app.model_version("als"), app.registry("als").champion_version()) == ("1", 2, "2")
    assert app.registry("als").withdrawn_since("2") is None
    assert "c5" not in factor_rows(app)
    rows = published(app, gold.MODEL_METRICS).where("training_id = 'over a month'").collect()
    assert {row["is_promoted"] for row in rows} == {True}
    assert {row["model_version"] for row in rows if row["model_name"] == "refit"} == {"2"}


def runs_of(app):
    """The trainings that were logged, and what was tried below them, in order."""
    client = MlflowClient(app.settings.mlflow.tracking_uri)
    runs = client.search_runs([one.experiment_id for one in client.search_experiments()])
    below = [run for run in runs if MLFLOW_PARENT_RUN_ID in run.data.tags]
    return {
        "above": [run for run in runs if run not in below],
        "below": sorted(below, key=lambda run: int(run.info.run_name.rpartition(" ")[2])),
    }


@pytest.mark.usefixtures("as_first")
def test_metrics_that_their_gate_refuses_promote_nothing(app, tmp_path):
    suite = tmp_path / "suites" / f"{gold.MODEL_METRICS.name}.json"
    demand_more_rows(suite)
    before = app.manifest.current()
    with pytest.raises(GateFailed):
        train(app, ALS, as_of=DAY)
    assert app.manifest.current() == before
    assert app.model_version("als") is None
    assert app.registry("als").champion_version() is None
    (judged,) = app.store.read_newest(ops.GATE_RESULTS).where(f"table = '{gold.MODEL_METRICS.name}'").collect()
    assert (judged["verdict"], judged["version"]) == ("failed", None)
    app.claims.release(app.claims.take("next", {gold.MODEL_METRICS.name: (ALL_DAYS,)}))  # its claim is free again


@pytest.mark.usefixtures("as_first")
def test_what_a_training_left_that_ended_before_its_manifest_is_taken_back(app):
    """Its model was the alias, its metrics stood in the table; the next training may come under its name or another."""

    def end_there(name, of):
        if (name, of) == ("committed", gold.MODEL_METRICS.name):
            raise KeyboardInterrupt

    with observed(end_there), pytest.raises(KeyboardInterrupt):
        train(app, ALS, as_of=DAY)
    assert app.model_version("als") is None
    other = opened_again(app)
    train(other, ALS, as_of=DAY)
    rows = published(other, gold.MODEL_METRICS).collect()
    assert {row["training_id"] for row in rows} == {other.run_id}
    assert other.manifest.current()[gold.MODEL_METRICS.name].n_rows == len(rows)
    assert other.registry("als").champion_version() == str(other.model_version("als"))


@pytest.mark.usefixtures("as_first")
def test_a_training_whose_claim_went_after_its_commit_publishes_nothing(app):
    def taken_over(name, of):
        if (name, of) == ("committed", gold.MODEL_METRICS.name):
            tomorrow = opened_again(app, clock=lambda: utc_now() + timedelta(days=1))
            tomorrow.claims.take("another", {gold.MODEL_METRICS.name: (ALL_DAYS,)})

    before = app.manifest.last_id()
    with observed(taken_over), pytest.raises(Overtaken):
        train(app, ALS, as_of=DAY)
    assert app.manifest.last_id() == before


def test_another_try_of_a_training_that_was_published_trains_no_more(trained):
    """As where its driver was killed, or its report was lost, after the manifest; on another day a run of that name trains."""
    app = trained
    before = app.manifest.current()
    again = opened_again(app)
    for name in ("weekly__train__2", FIRST_RUN):
        object.__setattr__(again, "run_id", name)
        with patch("reclake.run.training.evaluate_and_fit", side_effect=AssertionError):
            assert train(again, ALS, as_of=DAY) is None
    assert opened_again(app).manifest.current() == before
    assert [(report.table, report.outcome) for report in again.reporter.reports] == [(gold.MODEL_METRICS.name, "up to date")] * 2
    with patch("reclake.run.training.evaluate_and_fit", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        train(again, ALS, as_of=DAY + timedelta(days=7))


@pytest.mark.parametrize("damaged", [silver.INTERACTIONS, gold.MODEL_METRICS], ids=lambda table: table.name)
def test_a_damaged_table_is_neither_trained_on_nor_added_to(app, damaged):
    """A log entry that was cut at a line's end: Delta reads fewer rows and says nothing."""
    row = {"training_id": "earlier", "as_of_date": CUT, "model_name": "als", "split": "time", "metric": "ndcg_at_10"}
    if damaged is gold.MODEL_METRICS:
        version = app.store.append(damaged, [row | {"value": 0.5, "n_customers": 100, "is_promoted": False}])
        app.manifest.publish({damaged.name: version}, {damaged.name: 1}, run_id="before", token=1, at=app.clock())
    log = Path(app.store.path(damaged)) / "_delta_log" / f"{0:020}.json"
    log.write_text("".join([line for line in log.read_text().splitlines(keepends=True) if '"add"' not in line]))
    log.with_name(f".{log.name}.crc").unlink()
    app.spark._jvm.org.apache.spark.sql.delta.DeltaLog.clearCache()
    again, before = opened_again(app), app.manifest.current()
    assert again.store.read(damaged, version=0).isEmpty(), "Delta tells: the test shows nothing"
    with pytest.raises(LakeDamaged, match=damaged.name):
        train(again, ALS, as_of=DAY)
    assert opened_again(app).manifest.current() == before
    assert app.store.newest(damaged) == 0


def test_a_lake_without_interactions_says_so(spark, tmp_path):
    app = open_lake(spark, tmp_path, source="demo", landing=tmp_path / "landing", overrides=TINY_SETTINGS)
    with pytest.raises(UsageError, match="nothing to train on"):
        train(app, ALS, as_of=DAY)
