"""Trainings and versions on SQLite; what must not be promoted is not, and the champion goes on serving."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import subprocess
import sys
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import urlparse

import numpy as np
import pytest
from mlflow import pyfunc
from mlflow.exceptions import MlflowException
from pyarrow import parquet

from frames import contents
from reclake.errors import LakeDamaged, ServiceDown, UsageError
from reclake.recommend.als import FittedAls
from reclake.recommend.held_out import Metric
from reclake.recommend.judging import ratio_to
from reclake.recommend.training import REFIT, TrainingOutcome
from reclake.registry import CHAMPION, PREVIOUS, PromotionRefused, Registry, Training, artefacts, models
from reclake.tables.models import ALS
from standalone import free_port
from tastes import TINY_ALS, als

DAY = date(2026, 3, 1)
RATIO_TO_CHAMPION, RATIO_TO_POPULARITY = (ratio_to(base, "ndcg_at_10") for base in ("champion", "popularity"))
SPLIT = "train < 2026-02-22 <= test < 2026-03-01"


def fitted(spark, *, value=1.0):
    return FittedAls(
        customer_factors=spark.createDataFrame(
            [("c1", [value, 0.0]), ("c2", [0.0, 1.0])], "customer_id string, factors array<float>"
        ),
        products=spark.createDataFrame([("p1", 0), ("p2", 1), ("p3", 2)], "product_id string, product_index int"),
        product_factors=np.arange(6, dtype=np.float32).reshape(3, 2),
        n_customers=2,
        cut=DAY,
    )


def outcome(model, *, ndcg=0.4, against=None, to_champion=(1.05, 0.99), to_popularity=(1.5, 1.2)):
    metrics = [
        Metric("als", SPLIT, "ndcg_at_10", ndcg, 50),
        Metric("als", SPLIT, RATIO_TO_POPULARITY, to_popularity[0], 50, to_popularity[1], 2.0),
    ]
    if against:
        metrics.append(Metric("als", SPLIT, RATIO_TO_CHAMPION, to_champion[0], 50, to_champion[1], 1.3))
    return TrainingOutcome(DAY, date(2026, 2, 22), tuple(metrics), True, True, against, ALS.metric, als(), model=model)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return tmp_path_factory.mktemp("mlflow")


@pytest.fixture
def registry(store, request):
    """One database for all tests, as making it takes seconds; a registered model of its own for each."""
    return Registry(f"sqlite:///{store}/mlflow.db", str(store / "artefacts"), ALS, name=f"als_{request.node.name[:60]}")


@pytest.fixture(scope="module")
def serving(spark, store):
    """A registry with a champion, shared by the tests that must not move it; the champion's version."""
    registry = Registry(f"sqlite:///{store}/mlflow.db", str(store / "artefacts"), ALS, name="als_serving")
    version = logged(registry, outcome(fitted(spark)), "first")
    registry.promote(spark, version, min_champion_ratio=0.98)
    return registry, version


def logged(registry, made, training_id):
    return registry.log_training(made, training(training_id), files=Folders())


def training(training_id, **more):
    known = dict(at=datetime(2026, 3, 1, tzinfo=UTC), settings={"als.rank": 2}, inputs={"silver.interactions": 4})
    return Training(training_id=training_id, **(known | more), lake_root="lake", code_digest="abc")


@pytest.fixture
def incumbent(spark, registry):
    version = logged(registry, outcome(fitted(spark)), "first")
    registry.promote(spark, version, min_champion_ratio=0.98)
    return version


def aliases(registry):
    return {alias: str(version) for alias, version in registry._client.get_registered_model(registry.name).aliases.items()}


def folder_of(registry, version):
    return Path(urlparse(registry._client.get_model_version(registry.name, version).source).path)


def test_a_model_comes_back_as_it_was(spark, registry):
    assert registry.load_champion(spark) is None
    version = logged(registry, outcome(fitted(spark)), "t")
    assert logged(registry, outcome(fitted(spark)), "t") == version  # running twice changes nothing
    assert registry.champion_version() is None
    registry.promote(spark, version, min_champion_ratio=0.98)
    found = registry.load_champion(spark)
    made = fitted(spark)
    assert (found.version, found.cut, found.n_customers) == (version, DAY, 2)
    assert found.product_factors.dtype == np.float32
    assert (found.product_factors == made.product_factors).all()
    assert contents(found.customer_factors) == contents(made.customer_factors)
    assert contents(found.products) == contents(made.products)


def test_a_training_is_traceable(spark, registry):
    version = logged(registry, outcome(fitted(spark)), "t")
    run = registry._client.get_run(registry._client.get_model_version(registry.name, version).run_id)
    assert run.info.status == "FINISHED"
    assert run.data.params == {"als.rank": "2"}
    of_run = {"training_id": "t", "code_digest": "abc", "input.silver.interactions": "4", "setting.als.rank": "2"}
    assert {name: run.data.tags.get(name) for name in of_run} == of_run
    assert registry._client.get_model_version(registry.name, version).tags["input.silver.interactions"] == "4"
    assert run.data.metrics["als.ndcg_at_10_over_popularity.lower"] == 1.2
    (used,) = run.inputs.dataset_inputs
    assert (used.dataset.name, used.dataset.digest) == ("silver.interactions", "4")


def test_a_training_without_a_model_is_logged_too(registry):
    assert logged(registry, replace(outcome(None), reasons=("not better",)), "t") is None
    assert registry.champion_version() is None


def test_promotion_and_the_way_back(spark, registry, incumbent):
    second = logged(registry, outcome(fitted(spark, value=2.0), against=incumbent), "second")
    registry.promote(spark, second, min_champion_ratio=0.98)
    registry.promote(spark, second, min_champion_ratio=0.98)
    assert aliases(registry) == {CHAMPION: second, PREVIOUS: incumbent}
    third = logged(registry, outcome(fitted(spark, value=3.0), against=second), "third")
    registry.promote(spark, third, min_champion_ratio=0.98)
    assert registry.roll_back() == second
    assert aliases(registry) == {CHAMPION: second, PREVIOUS: incumbent}
    assert registry.roll_back() == incumbent
    assert aliases(registry) == {CHAMPION: incumbent}
    with pytest.raises(PromotionRefused, match="no earlier champion"):
        registry.roll_back()
    assert registry.load(spark, third).version == third
    registry.serve(second)
    assert aliases(registry) == {CHAMPION: second, PREVIOUS: incumbent}
    registry.serve(None)
    assert aliases(registry) == {}
    assert registry.load_champion(spark) is None


REFUSED = {
    "not a number": (dict(ndcg=float("nan")), "no numbers: als.ndcg_at_10"),
    "infinite": (dict(ndcg=float("inf")), "no numbers: als.ndcg_at_10"),
    "below the incumbent": (dict(to_champion=(0.9, 0.85)), "ndcg_at_10 / champion is 0.9000"),
    "no better than it": (dict(to_champion=(1.0, 0.99)), "above 1 and 0.98"),
    "perhaps much worse": (dict(to_champion=(1.05, 0.98)), "lower end 0.9800"),
    "worse than popularity": (dict(to_popularity=(1.1, 0.99)), "ndcg_at_10 / popularity is 1.1000"),
    "compared with another": (dict(against="99"), "compared with version 99"),
    "not compared": (dict(against=None), "compared with version none"),
}


@pytest.mark.parametrize(("made", "why"), REFUSED.values(), ids=[name.replace(" ", "_") for name in REFUSED])
def test_refused(spark, serving, request, made, why):
    registry, incumbent = serving
    version = logged(registry, outcome(fitted(spark), **(dict(against=incumbent) | made)), request.node.name)
    with pytest.raises(PromotionRefused, match=why):
        registry.promote(spark, version, min_champion_ratio=0.98)
    assert aliases(registry) == {CHAMPION: incumbent}
    assert registry.load_champion(spark).version == incumbent


@pytest.mark.parametrize("made", [dict(to_champion=(0.9, 0.85)), dict(ndcg=float("nan"))])
def test_without_proof_the_worse_one_would_serve(spark, registry, incumbent, monkeypatch, made):
    """The known-bad variant."""
    version = logged(registry, outcome(fitted(spark), **(dict(against=incumbent) | made)), "unproven")
    monkeypatch.setattr(models, "require_proof", lambda *told, **limits: None)
    registry.promote(spark, version, min_champion_ratio=0.98)
    assert aliases(registry) == {CHAMPION: version, PREVIOUS: incumbent}


def lose_a_file(spark, folder):
    shutil.rmtree(folder / "customer_factors")


def change_a_column(spark, folder):
    spark.createDataFrame([("c1", [1.0])], "customer_id string, vector array<float>").write.mode("overwrite").parquet(
        str(folder / "customer_factors")
    )


def change_a_value(spark, folder):
    spark.createDataFrame([("c1", [9.0, 9.0]), ("c2", [0.0, 1.0])], "customer_id string, factors array<float>").write.mode(
        "overwrite"
    ).parquet(str(folder / "customer_factors"))


@pytest.mark.parametrize(
    ("damage", "why"),
    [(lose_a_file, "cannot be read"), (change_a_column, "other columns"), (change_a_value, "not what was registered")],
)
def test_damaged_files_are_not_promoted(spark, serving, request, damage, why):
    registry, incumbent = serving
    version = logged(registry, outcome(fitted(spark), against=incumbent), request.node.name)
    damage(spark, folder_of(registry, version))
    with pytest.raises(LakeDamaged, match=why):
        registry.promote(spark, version, min_champion_ratio=0.98)
    assert aliases(registry) == {CHAMPION: incumbent}
    assert registry.load_champion(spark).version == incumbent


@pytest.mark.parametrize("damage", [lose_a_file, change_a_column, change_a_value])
def test_files_that_nobody_reads_would_be_promoted(spark, registry, incumbent, monkeypatch, damage):
    """The known-bad variant: a promotion that looks at the metrics alone."""
    version = logged(registry, outcome(fitted(spark), against=incumbent), "damaged")
    damage(spark, folder_of(registry, version))
    monkeypatch.setattr(artefacts.StoredModel, "require_sound", lambda stored: None)
    registry.promote(spark, version, min_champion_ratio=0.98)
    assert aliases(registry) == {CHAMPION: version, PREVIOUS: incumbent}


@pytest.mark.parametrize("damage", [lose_a_file, change_a_column, change_a_value])
def test_files_that_changed_after_the_promotion_do_not_serve(spark, serving, damage):
    registry, incumbent = serving
    damage(spark, folder_of(registry, incumbent))
    with pytest.raises(LakeDamaged):
        registry.load_champion(spark)


class Canary:
    """Writes its file when somebody unpickles it."""

    def __init__(self, file):
        self.file = file

    def __reduce__(self):
        return Path.touch, (self.file,)


def hide_a_pickle(folder, canary):
    """As the model of a Python function would hold it, and in the place of the factors."""
    pickled = pickle.dumps(Canary(canary))
    (folder / "python_model.pkl").write_bytes(pickled)
    (folder / "MLmodel").write_text(
        "flavors:\n  python_function:\n    cloudpickle_version: 3.0.0\n    loader_module: mlflow.pyfunc.model\n"
        "    python_model: python_model.pkl\n    python_version: 3.11.0\nmlflow_version: 3.0.0\nmodel_uuid: m\n"
    )
    for file in (folder / "product_factors").glob("*.parquet"):
        file.with_name(f".{file.name}.crc").unlink()
        file.write_bytes(pickled)


def test_a_pickle_among_a_models_files_is_never_run(spark, registry, incumbent, tmp_path):
    canary, folder = tmp_path / "was-run", folder_of(registry, incumbent)
    hide_a_pickle(folder, canary)
    with pytest.raises(LakeDamaged, match="cannot be read"):
        registry.load_champion(spark)
    with pytest.raises(MlflowException, match=r"(?i)pickle"):
        pyfunc.load_model(str(folder))
    assert not canary.exists()
    pickle.loads((folder / "python_model.pkl").read_bytes())  # noqa: S301 - the known-bad variant: it would have been told
    assert canary.exists()


def test_every_process_that_opens_the_registry_refuses_pickles(root):
    told = "import reclake.registry\nfrom mlflow.environment_variables import MLFLOW_ALLOW_PICKLE_DESERIALIZATION as v\nprint(v.get())"
    allowing = os.environ | {"MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "true", "PYTHONPATH": str(root / "lib")}
    done = subprocess.run([sys.executable, "-c", told], env=allowing, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"]


def test_vectors_that_are_no_numbers_are_not_promoted(spark, registry):
    version = logged(registry, outcome(fitted(spark, value=float("nan"))), "t")
    with pytest.raises(LakeDamaged):
        registry.promote(spark, version, min_champion_ratio=0.98)
    assert registry.champion_version() is None


class Folders:
    """What Hadoop's file system does, without a JVM."""

    def names(self, uri):
        return [path.name for path in Path(urlparse(uri).path).iterdir()]

    def remove(self, uri):
        shutil.rmtree(urlparse(uri).path)

    def write(self, uri, text):
        Path(urlparse(uri).path).write_text(text)


def customers_in_files(folder):
    """Every customer_id in any Parquet file below the folder."""
    files = list(folder.rglob("*.parquet"))
    tables = [table for table in map(parquet.read_table, files) if "customer_id" in table.column_names]
    assert len(tables) < len(files), "the factors of products lie beside them"
    return {customer for table in tables for customer in table["customer_id"].to_pylist()}


def test_a_customer_leaves_a_version_and_its_files(spark, registry, incumbent):
    """The version keeps its number and its products; a second one who leaves takes the rest, and the first day stays noted."""
    before, folder = registry.load(spark, incumbent), folder_of(registry, incumbent)

    def leave(customer, *, name, on):
        left = spark.createDataFrame([(customer,)], "customer_id string")
        registry.leave_out(spark, incumbent, left, mark=name, withdrawn_on=on, files=Folders())

    assert customers_in_files(folder) == {"c1", "c2"}
    assert registry.withdrawn_since(incumbent) is None
    leave("nobody", name="merged", on=None)
    assert (customers_in_files(folder), registry.withdrawn_since(incumbent)) == ({"c1", "c2"}, None)
    leave("c1", name="first", on=date(2026, 3, 5))
    found = registry.load_champion(spark)
    assert (found.version, found.n_customers, found.cut) == (incumbent, 1, DAY)
    assert (found.product_factors == before.product_factors).all()
    assert [row["customer_id"] for row in contents(found.customer_factors)] == ["c2"]
    assert customers_in_files(folder) == {"c2"}
    assert sorted(path.name for path in folder.iterdir()) == ["MLmodel", "customer_factors_first", "product_factors"]
    shutil.copytree(folder / "customer_factors_first", folder / "customer_factors_ended-too-early")
    leave("c2", name="second", on=date(2026, 4, 5))
    assert sorted(path.name for path in folder.iterdir()) == ["MLmodel", "customer_factors_second", "product_factors"]
    assert registry.load_champion(spark).n_customers == 0
    assert registry.withdrawn_since(incumbent) == date(2026, 3, 5)
    assert contents(registry.learnt_customers(spark, incumbent)) == []


def test_files_without_a_customer_are_judged_like_others(spark, registry, incumbent):
    left = spark.createDataFrame([("c1",)], "customer_id string")
    registry.leave_out(spark, incumbent, left, mark="kept", withdrawn_on=DAY, files=Folders())
    shutil.rmtree(folder_of(registry, incumbent) / "customer_factors_kept")
    with pytest.raises(LakeDamaged, match="cannot be read"):
        registry.load_champion(spark)


def refit(model, *, of, ratio):
    made = outcome(model, against=of, to_champion=(0.9, 0.85), to_popularity=(0.9, 0.8))
    told = Metric(REFIT, SPLIT, RATIO_TO_POPULARITY, ratio, 50, ratio - 0.2, ratio + 0.2)
    return replace(made, metrics=(*made.metrics, told), refit_of=of)


def test_a_refit_of_the_champion_serves_unless_it_is_worse_than_popularity(spark, registry, incumbent):
    worse = logged(registry, refit(fitted(spark), of=incumbent, ratio=0.99), "worse")
    with pytest.raises(PromotionRefused, match=r"of a refit is 0\.9900"):
        registry.promote(spark, worse, min_champion_ratio=0.98)
    again = logged(registry, refit(fitted(spark), of=incumbent, ratio=1.0), "again")
    registry.promote(spark, again, min_champion_ratio=0.98)
    assert aliases(registry) == {CHAMPION: again, PREVIOUS: incumbent}
    stale = logged(registry, refit(fitted(spark), of=incumbent, ratio=1.0), "of the one before")
    with pytest.raises(PromotionRefused):
        registry.promote(spark, stale, min_champion_ratio=0.98)


def test_the_settings_of_a_version(spark, registry):
    values = {f"als.{name}": value for name, value in asdict(TINY_ALS).items()}
    version = registry.log_training(outcome(fitted(spark)), training("t", settings=values, inputs={}), files=Folders())
    other = replace(TINY_ALS, rank=9, alpha=7.0)
    assert registry.fitted_settings(version, like=other) == TINY_ALS
    assert registry.fitted_settings(logged(registry, outcome(fitted(spark)), "of rank alone"), like=other) is None


# As releases wrote them that knew one kind of model: tags of a version, and the one that says which customers are left.
EARLIER = {
    "cut": "2026-03-01", "rank": "2", "n_customers": "2", "n_products": "3", "customers_digest": "13109031253303922151",
    "products_digest": "448250409171156850", "training_id": "earlier", "compared_with": "", "refit_of": "",
}  # fmt: skip
EARLIER_KEPT = {
    "n_customers": 1, "customers_digest": "6285875956043583731", "customers_folder": "customer_factors_7", "withdrawn_since": "2026-03-05",
}  # fmt: skip


def test_a_version_of_an_earlier_release_serves_and_is_known_by_its_name(spark, registry, store, request):
    """R-25: files, tags, parameters and metrics as they lie in a registry of that time."""
    folder, client = store / request.node.name, registry._client
    customers, schema = [("c1", [1.0, 0.0]), ("c2", [0.0, 1.0])], "customer_id string, factors array<float>"
    spark.createDataFrame(customers, schema).write.parquet(str(folder / "customer_factors"))
    spark.createDataFrame(
        [("p1", 0, [0.0, 1.0]), ("p2", 1, [2.0, 3.0]), ("p3", 2, [4.0, 5.0])],
        "product_id string, product_index int, factors array<float>",
    ).write.parquet(str(folder / "product_factors"))
    run = client.create_run(registry._tracking.experiment).info.run_id
    for name, value in asdict(TINY_ALS).items():
        client.log_param(run, f"als.{name}", value)
    for name, value in (("", 1.5), (".lower", 1.2)):
        client.log_metric(run, f"als.ndcg_at_10_over_popularity{name}", value)
    client.create_registered_model(registry.name)
    client.create_model_version(registry.name, source=folder.as_uri(), run_id=run, tags=EARLIER)

    registry.promote(spark, "1", min_champion_ratio=0.98)
    model = registry.load_champion(spark)
    assert (model.name, model.version, model.cut, model.n_customers) == ("als", "1", DAY, 2)
    assert contents(model.customer_factors) == contents(fitted(spark).customer_factors)
    assert (model.product_factors == fitted(spark).product_factors).all()
    assert registry.fitted_settings("1", like=TINY_ALS) == TINY_ALS
    assert registry.withdrawn_since("1") is None

    spark.createDataFrame(customers[1:], schema).write.parquet(str(folder / "customer_factors_7"))
    client.set_model_version_tag(registry.name, "1", "kept_customers", json.dumps(EARLIER_KEPT))
    assert registry.load_champion(spark).n_customers == 1
    assert [row["customer_id"] for row in contents(registry.learnt_customers(spark, "1"))] == ["c2"]
    assert registry.withdrawn_since("1") == date(2026, 3, 5)


def test_a_model_is_registered_under_its_own_name(store):
    assert Registry(f"sqlite:///{store}/mlflow.db", str(store / "artefacts"), ALS).name == "reclake_als"


def test_an_unknown_version_is_named(spark, serving):
    registry, _ = serving
    with pytest.raises(UsageError, match="no version 77"):
        registry.load(spark, "77")


def test_the_login_of_a_registry_is_told_nowhere(monkeypatch, tmp_path):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(ServiceDown) as told:
        Registry(f"http://lake:pl4nted@127.0.0.1:{free_port()}/x@y", str(tmp_path), ALS)
    assert "http://127.0.0.1:" in str(told.value)
    assert "pl4nted" not in str(told.value)


def test_a_registry_that_is_not_there(tmp_path):
    (tmp_path / "mlflow.db").write_bytes(b"this is no database, but long enough to be read as one" * 40)
    with pytest.raises(ServiceDown, match="does not answer"):
        Registry(f"sqlite:///{tmp_path}/mlflow.db", str(tmp_path), ALS)
