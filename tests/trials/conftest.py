"""What the trials of one size share: every scenario delivered in one drop, and one lake that takes days in any order."""

import random
import shutil
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from pathlib import Path

import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from declared import cut_inputs
from lakes import ROOT, open_lake, run_days, with_inputs
from reclake import tables
from reclake.lake.schema import conform
from reclake.run.application import Application
from reclake.run.code import builder_of
from reclake.run.stops import require_nothing_stopped
from reclake.sources.intake import take_in
from reclake.tables import bronze, gold, models, ops, silver
from trials.shop import CI, FIRST, N_DAYS, NIGHTLY, SCENARIOS, SMALL, Drop, Size, deliver, drifted, happened
from trials.trial import Passing, Trial, in_another_order

# Two workers end close to each other if what takes longest is begun first; docs/trials.md has the minutes.
LONGEST_FIRST = (
    "test_kills.py",
    "test_cluster.py",
    "test_airflow.py",
    "test_backup.py",
    "test_many_writers.py",
    "test_skew.py",
    "test_killed_training.py",
)
SOURCES = "sources.directory=tests/trials/sources"
ALL_TABLES = with_inputs(silver.ORDER_LINES, silver.SESSIONS, gold.CUSTOMER_SEGMENTS, ops.RECONCILIATION)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files keep their order but for the longest; within a file nothing moves."""
    place = {name: number for number, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: place.get(item.path.name, len(place)))


@pytest.fixture(scope="session")
def trial_size(request) -> Size:
    """The size that --trial-size asks for."""
    return {"ci": CI, "nightly": NIGHTLY}[request.config.option.trial_size]


@pytest.fixture(scope="session", params=["small", pytest.param("whole", marks=pytest.mark.trial)])
def trial(request, spark, tmp_path_factory, trial_seed, trial_size) -> Trial:
    """The shop's deliveries and what became of them: the builders' frames in the normal run, a lake in a trial."""
    is_small = request.param == "small"
    size, seed = (SMALL, 7) if is_small else (trial_size, trial_seed)
    rng = random.Random(seed)
    facts, drop = happened(size, rng), Drop()
    for scenario in SCENARIOS:
        deliver(scenario(facts, size, rng), drop)
    drifted(facts, drop)
    folder = tmp_path_factory.mktemp(f"shop-{request.param}")
    landing = drop.write(folder / "landing" / "trial").parent
    app = open_lake(spark, folder, source="trial", landing=landing, overrides=[SOURCES])
    if is_small:
        return Trial(app, facts, drop, size, folder, seed, is_small, built(app, landing / "trial"))
    assert run_days(app, only=ALL_TABLES) == {}
    return Trial(app, facts, drop, size, folder, seed, is_small)


def built(app: Application, landing: Path) -> dict[str, DataFrame]:
    """The tables up to sessions, segments and control totals, built from the landing files without a lake."""
    taken = take_in(
        app.spark, app.sources["trial"], str(landing), known=None, delivery_days=None, limits=app.settings.landing,
        now=app.clock().replace(tzinfo=UTC), batch_id="small",
    )  # fmt: skip
    frames = {f"bronze.{noun}": records for noun, records in taken.records.items()} | {bronze.FILES.name: taken.files}
    delivered = (frame.agg(F.max("delivery_day")).first()[0] for name, frame in frames.items() if name != bronze.FILES.name)
    as_of = max(day for day in delivered if day is not None) + timedelta(days=1)
    for table in tables.TABLES:
        frames.setdefault(table.name, app.store.empty(table))
        if table.name in ALL_TABLES and table.reads:
            options = app.arguments(table.parameters) | app.items(table) | ({"as_of": as_of} if table.is_as_of else {})
            options |= {"fitted": None} if models.weighing(table) else {}  # the weights that are shipped
            inputs = cut_inputs(
                table,
                frames,
                as_of=as_of if table.is_as_of else None,
                window_days=app.settings.segments.window_days,
                limits=app.settings.privacy.min_age,
            )
            frames[table.name] = conform(builder_of(table)(**inputs, **options), table).persist()
    return frames


@dataclass
class Shuffled:
    """A lake that took the re-sent order lines in day by day, in a drawn order."""

    app: Application
    folder: Path
    days: list[date]
    only: frozenset[str]
    suites: Path

    def copied(self, folder: Path) -> Application:
        """The same lake once more, to be hurt."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        landing = Path(self.app.settings.landing.root)
        return open_lake(self.app.spark, folder, source="trial", landing=landing, overrides=[SOURCES])


@pytest.fixture(scope="session")
def shuffled(spark, trial, tmp_path_factory) -> Shuffled:
    """Copies come in before what they repeat: two days the wrong way round in the small form, else all, events too."""
    folder = tmp_path_factory.mktemp("any-order")
    days = [FIRST + timedelta(days=n) for n in range(N_DAYS)]
    days = [days[1], days[0]] if trial.is_small else in_another_order(days, trial.seed)
    nouns = ("orders",) if trial.is_small else ("orders", "events")
    wanted = {f"{noun}/resent/{day}.jsonl" for noun in nouns for day in days}
    landing = trial.folder / "any-order"
    trial.drop.write(landing / "trial", wanted=wanted.__contains__)
    suites = shutil.copytree(ROOT / "expectations", folder / "suites")
    app = open_lake(spark, folder, source="trial", landing=landing, overrides=[SOURCES, f"expectations.directory={suites}"])
    only = with_inputs(silver.ORDER_LINES) if trial.is_small else with_inputs(silver.ORDER_LINES, silver.SESSIONS)
    gate = app.gate
    if trial.is_small:
        object.__setattr__(app, "gate", Passing(suites, timeout_seconds=60))
    for day in days:
        require_nothing_stopped(run_days(app, day, only=only))
    object.__setattr__(app, "gate", gate)
    return Shuffled(app, folder, days, only, suites)
