"""Lists of a model's files alone, as MLflow loads them: against plain Python, without Spark."""

import shutil
from random import Random

import pandas as pd
import pyarrow as pa
import pytest
from mlflow import pyfunc
from pyarrow import parquet

from reclake.errors import LakeDamaged
from reclake.recommend.als import Als
from reclake.recommend.item_item import ItemItem
from reclake.registry.mlmodel import NAME, mlmodel
from reclake.registry.tracking import Tracking

PRODUCTS = [f"p{n:02}" for n in range(12)]
DRAW = Random(3)
FACTORS = {product: [DRAW.uniform(-1, 1) for _ in range(3)] for product in PRODUCTS}
CUSTOMERS = {f"c{n}": [DRAW.uniform(-1, 1) for _ in range(3)] for n in range(5)}
NEAR = {product: sorted(DRAW.sample(range(12), 4)) for product in PRODUCTS}
LIKE = {product: [DRAW.uniform(0.1, 1) for _ in near] for product, near in NEAR.items()}
SEEN = {"c0": ["p03", "p07"], "c1": [], "c4": ["p00", "gone"], "nobody": ["p01"]}


def write(folder, part, **columns):
    """A part in two files, as Spark may leave it."""
    (folder / part).mkdir(parents=True)
    table = pa.table(columns)
    for n, rows in enumerate((table.slice(0, 2), table.slice(2))):
        parquet.write_table(rows, folder / part / f"part-{n}.parquet")
    (folder / part / "_SUCCESS").touch()


def loaded(folder, trainer):
    (folder / NAME).write_text(mlmodel(trainer.file_lists, run_id="r"))
    return pyfunc.load_model(str(folder))


@pytest.fixture
def als_folder(tmp_path):
    floats, order = pa.list_(pa.float32()), [*reversed(PRODUCTS)]
    write(
        tmp_path,
        "product_factors",
        product_id=order,
        product_index=pa.array([PRODUCTS.index(product) for product in order], pa.int32()),
        factors=pa.array([FACTORS[product] for product in order], floats),
    )
    write(tmp_path, "customer_factors", customer_id=[*CUSTOMERS], factors=pa.array([*CUSTOMERS.values()], floats))
    return tmp_path


def asked():
    return pd.DataFrame({"customer_id": [*SEEN], "seen": [*SEEN.values()]})


def by_customer(answer):
    lists = {}
    for customer, rank, product, score in answer.itertuples(index=False):
        lists.setdefault(customer, []).append((product, pytest.approx(score, rel=1e-5)))
        assert rank == len(lists[customer])
    return lists


def best(scores, n):
    return sorted(scores.items(), key=lambda one: (-one[1], one[0]))[:n]


def test_als_by_its_files(als_folder):
    def wanted(customer, n, seen):
        vector = CUSTOMERS[customer]
        products = {p: sum(a * b for a, b in zip(vector, FACTORS[p], strict=True)) for p in PRODUCTS if p not in seen}
        return best(products, n)

    model = loaded(als_folder, Als)
    assert by_customer(model.predict(asked())) == {who: wanted(who, 10, SEEN[who]) for who in SEEN if who in CUSTOMERS}
    short = by_customer(model.predict(asked().drop(columns="seen").set_index("customer_id"), params={"n": 3}))
    assert short == {who: wanted(who, 3, ()) for who in SEEN if who in CUSTOMERS}
    assert model.predict(pd.DataFrame({"customer_id": ["nobody"]})).empty


def test_item_item_by_its_files(tmp_path):
    write(
        tmp_path,
        "product_neighbours",
        product_id=PRODUCTS,
        product_index=pa.array(range(12), pa.int32()),
        neighbours=pa.array([*NEAR.values()], pa.list_(pa.int32())),
        similarities=pa.array([*LIKE.values()], pa.list_(pa.float32())),
    )
    wanted = {}
    for who, seen in SEEN.items():
        scores = {
            product: sum(like for near, like in zip(NEAR[product], LIKE[product], strict=True) if PRODUCTS[near] in seen)
            for product in PRODUCTS
            if product not in seen
        }
        if rows := best({product: score for product, score in scores.items() if score > 0}, 10):
            wanted[who] = rows
    assert "nobody" in wanted  # it needs no customer
    assert by_customer(loaded(tmp_path, ItemItem).predict(asked())) == wanted


def test_files_that_are_being_replaced_are_refused(als_folder):
    model = loaded(als_folder, Als)
    (als_folder / "customer_factors_2").mkdir()
    with pytest.raises(LakeDamaged, match="customer_factors, customer_factors_2"):
        loaded(als_folder, Als)
    assert not model.predict(asked()).empty


def test_a_version_is_read_where_its_folder_was_moved(als_folder, tmp_path_factory):
    place = tmp_path_factory.mktemp("place")
    before, after = place / "before", place / "after"
    tracking = Tracking(f"sqlite:///{before}/mlflow.db", str(before / "models"))
    run = tracking.client.create_run(tracking.experiment).info
    assert tracking.folder(run.run_id) == f"{run.artifact_uri}/model"  # where MLflow itself would look
    shutil.copytree(als_folder, before / "models" / run.run_id / "artifacts" / "model")
    (before / "models" / run.run_id / "artifacts" / "model" / NAME).write_text(mlmodel(Als.file_lists, run_id=run.run_id))
    tracking.client.create_registered_model("m")
    tracking.client.create_model_version("m", source=tracking.folder(run.run_id), run_id=run.run_id)
    tracking.client.create_model_version("m", source="file:///elsewhere/model", run_id=run.run_id)
    lists = pyfunc.load_model(tracking.address(tracking.client.get_model_version("m", "1"))).predict(asked())
    shutil.move(before, after)
    moved = Tracking(f"sqlite:///{after}/mlflow.db", str(after / "models"))
    address = moved.address(moved.client.get_model_version("m", "1"))
    assert address.startswith(after.as_uri())
    pd.testing.assert_frame_equal(pyfunc.load_model(address).predict(asked()), lists)
    assert moved.address(moved.client.get_model_version("m", "2")) == "file:///elsewhere/model"
    later = moved.client.create_run(moved.experiment).info
    assert moved.folder(later.run_id).startswith(after.as_uri())  # MLflow itself would go on writing to the old place
    assert str(later.artifact_uri).startswith(before.as_uri())
