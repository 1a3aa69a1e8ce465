"""Manifests move forwards only, in one commit, and go back only by a rollback."""

from datetime import date, datetime
from decimal import Decimal

import pytest

from frames import frame
from reclake.errors import UsageError
from reclake.lake.manifest import WITHDRAWN, Manifest
from reclake.lake.store import Store
from reclake.tables import gold

AT = datetime(2026, 3, 1, 12)
DAY = date(2026, 3, 1)
BINS = gold.SEGMENT_BINS
METRIC = dict(
    training_id="t", as_of_date=DAY, model_name="als", split="s", metric="m", value=1.0, n_customers=1, is_promoted=False
)


@pytest.fixture
def store(spark, tmp_path):
    store = Store(spark, str(tmp_path / "lake"), keep_days=90)
    for n in range(3):
        row = dict(as_of_date=DAY, measure="recency", score=1, lower_edge=Decimal(n), upper_edge=Decimal(n), n_customers=n)
        store.replace_days(BINS, frame(spark, BINS, row), days=[DAY], entry={"commit_id": str(n)})
    return store


def versions(manifest, number=None):
    return {name: row.version for name, row in manifest.current(number).items()}


def test_only_what_moved_is_published_and_never_backwards(store):
    manifest = Manifest(store)
    assert manifest.publish({BINS.name: 1, "model:als": 3}, {BINS.name: 1}, run_id="r1", token=1, at=AT) == 1
    assert manifest.publish({BINS.name: 1}, {}, run_id="r2", token=2, at=AT) is None
    assert manifest.publish({BINS.name: 2}, {BINS.name: 2}, run_id="r3", token=3, at=AT) == 2
    # A run on other days that ends later: what is published holds its commit already.
    assert manifest.publish({BINS.name: 1}, {}, run_id="r4", token=4, at=AT) is None
    assert versions(manifest) == {BINS.name: 2, "model:als": 3}


def test_two_publishers_of_one_number_do_not_both_win(store):
    manifest = Manifest(store)
    row = manifest._row("model:als", 1, -1)
    stamp = {"manifest_id": 1, "kind": "publish", "token": 1, "published_at": AT}
    assert manifest._append([row | stamp | {"run_id": "r1"}], {})
    assert not Manifest(store)._append([row | stamp | {"run_id": "r2", "version": 9}], {})
    assert versions(manifest) == versions(Manifest(store)) == {"model:als": 1}


def test_what_another_process_published_is_seen(store):
    one, other = Manifest(store), Manifest(store)
    one.publish({BINS.name: 0}, {}, run_id="r1", token=1, at=AT)
    other.publish({BINS.name: 1}, {}, run_id="r2", token=2, at=AT)
    assert versions(one) == {BINS.name: 1}
    assert one.publish({BINS.name: 2, "model:als": 1}, {}, run_id="r1", token=3, at=AT) == 3
    assert versions(other) == {BINS.name: 2, "model:als": 1}


def test_a_rollback_is_a_new_manifest_with_the_older_versions(store):
    manifest = Manifest(store)
    manifest.publish({BINS.name: 0, "model:als": 1}, {}, run_id="r1", token=1, at=AT)
    manifest.publish({BINS.name: 2, "model:als": 2}, {}, run_id="r2", token=2, at=AT)
    assert manifest.roll_back(1, run_id="r3", token=3, at=AT) == {BINS.name: 0, "model:als": 1}
    assert versions(manifest) == {BINS.name: 0, "model:als": 1}
    assert manifest.last_id() == 3
    assert versions(manifest, 2) == {BINS.name: 2, "model:als": 2}
    with pytest.raises(UsageError, match="no manifest 9"):
        manifest.roll_back(9, run_id="r4", token=4, at=AT)


def test_a_rollback_that_only_withdraws_has_its_number_too(store):
    manifest = Manifest(store)
    manifest.publish({BINS.name: 0}, {}, run_id="r1", token=1, at=AT)
    manifest.publish({"model:als": 1}, {}, run_id="r2", token=2, at=AT)
    assert manifest.roll_back(1, run_id="r3", token=3, at=AT) == {"model:als": WITHDRAWN}
    assert manifest.last_id() == Manifest(store).last_id() == 3
    assert Manifest(store).publish({BINS.name: 1}, {}, run_id="r4", token=4, at=AT) == 4
    assert manifest.roll_back(2, run_id="r5", token=5, at=AT) == {BINS.name: 0, "model:als": 1}
    assert manifest.roll_back(3, run_id="r6", token=6, at=AT) == {"model:als": WITHDRAWN}


def test_what_is_only_ever_added_to_stays(store):
    manifest = Manifest(store)
    metrics = gold.MODEL_METRICS.name
    manifest.publish({BINS.name: 0}, {}, run_id="r1", token=1, at=AT)
    store.append(gold.MODEL_METRICS, [METRIC])
    manifest.publish({BINS.name: 1, metrics: 0}, {}, run_id="r2", token=2, at=AT)
    assert manifest.roll_back(1, run_id="r3", token=3, at=AT) == {BINS.name: 0}
    assert versions(manifest) == {BINS.name: 0, metrics: 0}


def test_what_was_not_published_then_is_withdrawn_and_comes_back_with_the_next_publication(store):
    manifest = Manifest(store)
    manifest.publish({BINS.name: 0}, {}, run_id="r1", token=1, at=AT)
    manifest.publish({BINS.name: 1, "model:als": 2}, {}, run_id="r2", token=2, at=AT)
    assert manifest.roll_back(1, run_id="r3", token=3, at=AT) == {BINS.name: 0, "model:als": WITHDRAWN}
    assert versions(manifest) == versions(Manifest(store)) == {BINS.name: 0}
    assert manifest.publish({"model:als": 2}, {}, run_id="r4", token=4, at=AT) == 4
    assert versions(manifest) == {BINS.name: 0, "model:als": 2}
