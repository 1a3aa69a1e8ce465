"""Two drivers for one day, each a process with a JVM of its own: one publishes, the other ends with exit code 5 (R-07)."""

import time
from dataclasses import replace
from datetime import date

import pytest
from pyspark.sql import functions as F

from lakes import bag, open_lake, run_days, with_inputs
from reclake.tables import ops, silver
from trials.processes import Place, ended, started, told

pytestmark = pytest.mark.trial
DAY = date(2026, 1, 1)
TABLE = silver.ORDER_LINES
BUILD = ("build", "--stage", "silver", "--table", TABLE.name, "--day", str(DAY))
MOMENT, NEVER = ("gated", TABLE.name), ("gated", "none")
EXPIRED = {"RECLAKE__RUN__CLAIM_MINUTES": "0.01"}  # the claim of a driver that is held has run out before it goes on


@pytest.fixture(scope="module")
def taken_in(spark, company, tmp_path_factory):
    """A lake that holds what the table is made from."""
    place = Place(tmp_path_factory.mktemp("taken-in"), company)
    app = open_lake(spark, place.folder, source="demo", landing=company)
    assert run_days(app, DAY, only=with_inputs(TABLE) - {TABLE.name}) == {}
    return place


@pytest.fixture(scope="module")
def undisturbed(spark, taken_in, tmp_path_factory):
    """What one driver alone publishes."""
    place = taken_in.copy(tmp_path_factory.mktemp("undisturbed"))
    app = open_lake(spark, place.folder, source="demo", landing=place.landing)
    assert run_days(app, DAY, only=with_inputs(TABLE)) == {}
    return bag(app, TABLE)


def wait_for(path, process, seconds=600):
    deadline = time.monotonic() + seconds
    while not path.exists():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.2)


def n_published(app):
    """How often a version of the table was published."""
    return app.store.read_newest(ops.PUBLISHED_VERSIONS).where(F.col("name") == TABLE.name).count()


def require_one_published(spark, place, undisturbed):
    app = open_lake(spark, place.folder, source="demo", landing=place.landing)
    assert bag(app, TABLE) == undisturbed
    assert n_published(app) == 1
    assert ended(place, *BUILD) == 0, told(place)
    app = open_lake(spark, place.folder, source="demo", landing=place.landing)
    assert app.store.newest(TABLE) == app.manifest.current()[TABLE.name].version == 0, "nothing is left to build"


@pytest.mark.parametrize(("settings", "codes"), [({}, (0, 5)), (EXPIRED, (5, 0))], ids=("held", "expired"))
def test_one_of_two_drivers_publishes(spark, taken_in, undisturbed, tmp_path, trial_size, settings, codes):
    """The first is held between its gate and its commit until the second has ended."""
    for pair in range(trial_size.n_pairs):
        place, free = taken_in.copy(tmp_path / f"{pair}"), tmp_path / f"free-{pair}"
        held = replace(place, settings=settings | {"HELD_UNTIL": str(free)})
        with started(held, *BUILD, killed_at=MOMENT) as first:
            wait_for(free.with_suffix(".held"), first)
            second = ended(place, *BUILD)
            free.touch()
            assert (first.wait(timeout=600), second) == codes, told(place)
        require_one_published(spark, place, undisturbed)


def test_of_two_drivers_that_are_freed_together_one_publishes(spark, taken_in, undisturbed, tmp_path, trial_size):
    """Both are held between gate and commit: the first when its claim has run out, the second under its own."""
    for pair in range(trial_size.n_pairs):
        place = taken_in.copy(tmp_path / f"{pair}")
        frees = [tmp_path / f"free-{pair}-{driver}" for driver in range(2)]
        late, early = (
            replace(place, settings=settings | {"HELD_UNTIL": str(free)})
            for settings, free in zip((EXPIRED, {}), frees, strict=True)
        )
        with started(late, *BUILD, killed_at=MOMENT) as first:
            wait_for(frees[0].with_suffix(".held"), first)
            with started(early, *BUILD, killed_at=MOMENT) as second:
                wait_for(frees[1].with_suffix(".held"), second)
                for free in frees:
                    free.touch()
                assert (first.wait(timeout=600), second.wait(timeout=600)) == (5, 0), told(place)
        require_one_published(spark, place, undisturbed)


def test_drivers_that_check_no_claim_are_told(spark, taken_in, tmp_path):
    """The known-bad variant of both: held between gate and commit until the other has ended, the first publishes as well."""
    place, free = taken_in.copy(tmp_path / "pair"), tmp_path / "free"
    unchecked = replace(place, settings={"UNCHECKED_CLAIMS": "yes", "HELD_UNTIL": str(free)})
    with started(unchecked, *BUILD, killed_at=MOMENT) as first:
        wait_for(free.with_suffix(".held"), first)
        assert ended(replace(place, settings={"UNCHECKED_CLAIMS": "yes"}), *BUILD, killed_at=NEVER) == 0, told(place)
        free.touch()
        assert first.wait(timeout=600) == 0, told(place)
    assert n_published(open_lake(spark, place.folder, source="demo", landing=place.landing)) == 2
