"""A training killed with everything it started leaves no model that serves unpublished, and no row twice (R-01, R-02)."""

import os
import random
import time
from collections import Counter

import pytest

from lakes import as_environment, open_lake
from reclake.lake.store import Store
from reclake.run.training import train
from reclake.run.views import published
from reclake.tables import gold, models
from tastes import DAY, TINY_SETTINGS, publish_world
from trials.processes import KILLED, Place, ended, started, told, wait_until
from trials.readers import Reader, n_rows

pytestmark = pytest.mark.trial
TRAIN = ("train", "--as-of", str(DAY))
TABLE = gold.MODEL_METRICS
FIRST_TRY, SECOND_TRY = TRIES = ("weekly__train__1", "weekly__train__2")  # as Airflow names them


def opened(spark, place):
    """The lake as a new process finds it."""
    return open_lake(spark, place.folder, source="demo", landing=place.landing)


@pytest.fixture(scope="module")
def before(spark, tmp_path_factory):
    """A lake with something to learn, and no model yet."""
    folder = tmp_path_factory.mktemp("before")
    place = Place(folder, folder / "landing", as_environment(dict(setting.split("=") for setting in TINY_SETTINGS)))
    publish_world(opened(spark, place))
    return place


def has_written_a_model(place):
    return any("_SUCCESS" in names for _, _, names in os.walk(place.folder / "models"))  # passes over what vanishes meanwhile


@pytest.fixture(scope="module")
def seconds(spark, before, tmp_path_factory):
    """From the first file of a model to the end of its training."""
    place = before.copy(tmp_path_factory.mktemp("undisturbed"))
    with started(place, *TRAIN) as process:
        assert wait_until(place, process, lambda: has_written_a_model(place)), told(place)
        begun = time.monotonic()
        assert process.wait(timeout=600) == 0, told(place)
    assert opened(spark, place).model_version("als") == 1
    return time.monotonic() - begun


def serving(app, _):
    """What every list is made with: the model that the manifest names, whole, and how many metrics are published."""
    version = app.model_version("als")
    return version, None if version is None else (
        app.registry("als").load(app.spark, str(version)).cut,
        n_rows(published(app, TABLE)),
    )


def trainings_of(app):
    """Those that are published."""
    if TABLE.name not in app.manifest.current():
        return set()
    return {row["training_id"] for row in published(app, TABLE).select("training_id").distinct().collect()}


def wrong(app, *, trainings):
    """What is not as it must be when these trainings are published."""
    rows, found = published(app, TABLE).select(*TABLE.key).collect(), []
    if trainings_of(app) != trainings:
        found.append(f"metrics of {sorted(trainings_of(app))}")
    if any(n > 1 for n in Counter(rows).values()):
        found.append("metrics twice")
    if len(rows) != app.manifest.current()[TABLE.name].n_rows:
        found.append("other rows than the manifest counts")
    if app.registry("als").champion_version() != str(app.model_version("als")):
        found.append("another champion than the manifest's")
    return found


def after_a_kill(spark, place, again):
    """What is wrong once a training that was killed is run again, under this name: what was published is not trained again."""
    already = trainings_of(opened(spark, place))
    assert ended(place, *TRAIN, "--run-id", again) == 0, told(place)
    return wrong(opened(spark, place), trainings=already or {again})


@pytest.mark.parametrize(
    ("moment", "again"),
    [("gated", SECOND_TRY), ("committed", FIRST_TRY), ("committed", SECOND_TRY), ("published", SECOND_TRY)],
)
def test_a_training_killed_at_each_moment_leaves_nothing_behind(spark, before, tmp_path, trial_size, moment, again):
    """It is run again by its own name, as by hand, or as Airflow tries it again."""
    for n in range(trial_size.n_rounds):
        place = before.copy(tmp_path / f"{n}")
        assert ended(place, *TRAIN, "--run-id", FIRST_TRY, killed_at=(moment, TABLE.name)) == KILLED, told(place)
        assert after_a_kill(spark, place, again) == []


def test_metrics_that_nobody_takes_back_are_told(spark, before, tmp_path, monkeypatch):
    """The known-bad variant: the killed training's metrics are published by the next one."""
    place = before.copy(tmp_path)
    assert ended(place, *TRAIN, "--run-id", FIRST_TRY, killed_at=("committed", TABLE.name)) == KILLED, told(place)
    monkeypatch.setattr(Store, "restore", lambda store, table, *, version: None)
    app = open_lake(spark, place.folder, source="demo", landing=place.landing, overrides=TINY_SETTINGS)
    train(app, models.ALS, as_of=DAY)
    found = wrong(app, trainings={app.run_id})
    assert found == [f"metrics of {sorted((app.run_id, FIRST_TRY))}", "other rows than the manifest counts"]


def test_a_training_killed_at_random_moments_leaves_nothing_behind(spark, before, seconds, tmp_path, trial_seed, trial_size):
    """From its first file on, a reader of what serves beside it."""
    rng, n_killed, n_places = random.Random(trial_seed), 0, 0
    while n_killed < trial_size.n_kills:
        place, again = before.copy(tmp_path / f"{n_places}"), TRIES[n_places % 2]
        n_places += 1
        with Reader(opened(spark, place), TABLE, serving) as reader:
            with started(place, *TRAIN, "--run-id", FIRST_TRY) as process:
                assert wait_until(place, process, lambda place=place: has_written_a_model(place)), told(place)
                time.sleep(rng.uniform(0, seconds))
                is_killed = process.poll() is None
            n_killed += is_killed
            assert after_a_kill(spark, place, again) == []
        assert reader.wrong == []
        assert reader.seen
        assert len(reader.states) <= 1 + len(trainings_of(opened(spark, place))), "no model, then one"
