"""Weights in a registry of their own, without Spark."""

from datetime import datetime

import pytest

from reclake.errors import ServiceDown, UsageError
from reclake.registry import WeightsRegistry

AT = datetime(2026, 3, 2, 12)


@pytest.fixture
def registry(tmp_path):
    return WeightsRegistry(f"sqlite:///{tmp_path / 'mlflow.db'}", str(tmp_path / "models"), name="linkage")


def logged(registry, training_id, weights):
    return registry.log(
        weights,
        training_id=training_id,
        at=AT,
        metrics={"threshold": 14.0},
        settings={"linkage.max": 5},
        tags={"as_of": "2026-03-02"},
    )


def test_each_fit_is_a_version_and_a_repeated_one_is_not(registry):
    assert [logged(registry, "a", '{"m": 1}'), logged(registry, "b", '{"m": 2}'), logged(registry, "a", '{"m": 3}')] == [
        "1",
        "2",
        "1",
    ]
    assert [registry.load(version) for version in ("1", "2")] == ['{"m": 1}', '{"m": 2}']
    run = registry._client.get_run(registry._client.get_model_version(registry.name, "2").run_id)
    assert (run.data.params, run.data.metrics, run.info.status) == ({"linkage.max": "5"}, {"threshold": 14.0}, "FINISHED")


def test_the_alias_follows_the_manifest(registry):
    registry.serve(None)
    logged(registry, "a", "{}")
    for version in ("1", None, "1"):
        registry.serve(version)
        assert registry._client.search_registered_models()[0].aliases == ({"champion": 1} if version else {})


def test_a_version_that_is_not_there_is_named(registry):
    with pytest.raises(UsageError, match=r"there are no weights 7 of reclake_linkage\n  found: registry sqlite"):
        registry.load("7")


def test_a_registry_that_does_not_answer_is_named(tmp_path):
    (tmp_path / "mlflow.db").write_text("this is no database, and too long for the header of one" * 20)
    with pytest.raises(ServiceDown, match="the model registry does not answer"):
        WeightsRegistry(f"sqlite:///{tmp_path / 'mlflow.db'}", str(tmp_path), name="linkage")
