"""Models by their files alone: lists without Spark that are Spark's, and files that may be moved."""

import shutil
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import urlparse

import pandas as pd
import pytest
from mlflow import pyfunc

from reclake.errors import LakeDamaged
from reclake.lake.files import Files
from reclake.recommend.item_item import ItemItem, ItemItemValues
from reclake.recommend.training import TrainingOutcome
from reclake.recommend.weights import pairs, resolved
from reclake.registry import Registry, Training
from reclake.tables.models import ALS, ITEM_ITEM
from recommended import recommended
from tastes import DAY, als, trained_on, world

N = 7
TRAINERS = {ALS.name: (ALS, als()), ITEM_ITEM.name: (ITEM_ITEM, ItemItem(ItemItemValues(5, 1.0, 1.0, 50, 2), max_bytes=10**6))}


@pytest.fixture(scope="module")
def known(spark):
    """Interactions of the world by customer."""
    inputs = trained_on(world(spark))
    frame = resolved(inputs["interactions"], inputs["people"].where("may_be_profiled")).persist()
    yield frame
    frame.unpersist()


def registered(spark, folder, name, model):
    """A registry of its own with one version."""
    declared, trainer = TRAINERS[name]
    registry = Registry(f"sqlite:///{folder}/mlflow.db", str(folder / "models"), declared)
    outcome = TrainingOutcome(DAY, date(2026, 2, 22), (), True, True, None, declared.metric, trainer, model=model)
    training = Training("t", datetime(2026, 3, 1, tzinfo=UTC), {}, {"silver.interactions": 4}, "lake", "abc")
    return registry, registry.log_training(outcome, training, files=Files(spark))


@pytest.fixture(scope="module", params=sorted(TRAINERS))
def stored(spark, known, request, tmp_path_factory):
    """Registry, version, and the lists that Spark makes with the model: customer → (product, score)."""
    folder = tmp_path_factory.mktemp(request.param)
    model = TRAINERS[request.param][1].fit(known, as_of=DAY)
    customers, lists = known.select("customer_id").distinct(), {}
    for row in recommended(model, customers, pairs(known), n=N).orderBy("customer_id", "rank").collect():
        lists.setdefault(row["customer_id"], []).append((row["product_id"], row["score"]))
    registry, version = registered(spark, folder, request.param, model)
    return registry, version, lists


def questions(known):
    """Every customer with what they have seen, and one whom nobody knows."""
    seen = {}
    for row in pairs(known).collect():
        seen.setdefault(row["customer_id"], []).append(row["product_id"])
    return pd.DataFrame({"customer_id": [*seen, "nobody"], "seen": [*seen.values(), ["no such product"]]})


def by_customer(answer):
    assert list(answer.columns) == ["customer_id", "rank", "product_id", "score"]
    lists = {}
    for customer, rank, product, score in answer.itertuples(index=False):
        lists.setdefault(customer, []).append((product, score))
        assert rank == len(lists[customer])
    return lists


def test_lists_without_spark_are_those_of_spark(stored, known):
    registry, version, lists = stored
    loaded = pyfunc.load_model(registry.address(version))
    asked = questions(known)
    assert len(lists) > 50
    assert by_customer(loaded.predict(asked, params={"n": N})) == lists
    shorter = by_customer(loaded.predict(asked.set_index("customer_id"), params={"n": 2}))
    assert shorter == {customer: rows[:2] for customer, rows in lists.items()}


def test_whoever_asks_needs_neither_spark_nor_java(stored, known, root):
    registry, version, lists = stored
    asked = questions(known).set_index("customer_id").loc[["c3"]]
    code = (
        "import sys\nsys.modules['pyspark'] = None\nsys.modules['py4j'] = None\nimport pandas as pd\nfrom mlflow import pyfunc\n"
        f"model = pyfunc.load_model({registry.address(version)!r})\n"
        f"asked = pd.DataFrame({{'customer_id': ['c3'], 'seen': [{asked['seen'].iloc[0]!r}]}})\n"
        f"print(*model.predict(asked, params={{'n': {N}}})['product_id'])"
    )
    environment = {"PYTHONPATH": str(root / "lib"), "PATH": "", "MLFLOW_DISABLE_TELEMETRY": "true"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [product for product, _ in lists["c3"]]


def test_files_and_database_may_be_moved(spark, known, tmp_path):
    before, after = tmp_path / "before", tmp_path / "after"
    before.mkdir()
    model = als().fit(known, as_of=DAY)
    registry, version = registered(spark, before, ALS.name, model)
    registry.serve(version)
    asked = questions(known)
    lists = by_customer(pyfunc.load_model(registry.address(version)).predict(asked))
    shutil.move(before, after)
    moved = Registry(f"sqlite:///{after}/mlflow.db", str(after / "models"), ALS)
    assert Path(urlparse(moved.address(version)).path).is_relative_to(after)
    assert moved.load_champion(spark).n_customers == 59
    assert by_customer(pyfunc.load_model(moved.address(version)).predict(asked)) == lists
    # What is trained now lies beside it, not where the folder was.
    training = Training("later", datetime(2026, 3, 2, tzinfo=UTC), {}, {}, "lake", "abc")
    outcome = TrainingOutcome(DAY, date(2026, 2, 22), (), True, True, None, ALS.metric, als(), model=als().fit(known, as_of=DAY))
    later = moved.log_training(outcome, training, files=Files(spark))
    assert later != version
    assert Path(urlparse(moved.address(later)).path).is_relative_to(after)
    assert moved.load(spark, later).n_customers == 59
    assert not before.exists()


def test_whoever_left_a_model_has_no_list_of_its_files(spark, known, tmp_path):
    registry, version = registered(spark, tmp_path, ALS.name, als().fit(known, as_of=DAY))
    left = spark.createDataFrame([("c3",)], "customer_id string")
    registry.leave_out(spark, version, left, mark="1", withdrawn_on=DAY, files=Files(spark))
    folder = Path(urlparse(registry.address(version)).path)
    asked = pd.DataFrame({"customer_id": ["c3", "c4"]})
    assert set(pyfunc.load_model(str(folder)).predict(asked)["customer_id"]) == {"c4"}
    shutil.copytree(folder / "customer_factors_1", folder / "customer_factors_2")  # as while somebody leaves
    with pytest.raises(LakeDamaged, match="customer_factors_1, customer_factors_2"):
        pyfunc.load_model(str(folder))
