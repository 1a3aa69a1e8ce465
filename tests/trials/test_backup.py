"""A lake and its registry brought back from a backup, as docs/cluster.md says it, go on from where the backup stood."""

import os
import re
import shutil
import subprocess
from datetime import date

import pytest
from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore as RegistryStore
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore as TrackingStore

from lakes import ROOT, bag, open_lake, run_days, with_inputs
from reclake.errors import LakeDamaged, UsageError
from reclake.run.training import train
from reclake.tables import gold, models, silver
from tastes import DAY as TRAINED_ON
from tastes import TINY_SETTINGS, publish_world

pytestmark = pytest.mark.trial
FIRST, DAY = date(2026, 1, 1), date(2026, 1, 2)
TABLES = (silver.ORDER_LINES, silver.SESSIONS, gold.CUSTOMER_SEGMENTS)
ONLY = with_inputs(*TABLES)
MANIFEST = "ops/published_versions"


def copied(lake, backup, *tables):
    """One table after the other, its log before the files that the log names."""
    for table in tables:
        shutil.copytree(lake / table / "_delta_log", backup / table / "_delta_log")
        shutil.copytree(lake / table, backup / table, ignore=shutil.ignore_patterns("_delta_log"), dirs_exist_ok=True)


def others_than_the_manifest(lake):
    found = (str(path.parent.relative_to(lake)) for path in lake.glob("*/*/_delta_log"))
    return sorted(set(found) - {MANIFEST}, key=lambda table: (not table.startswith("ops/"), table))


def bags(app):
    return {table.name: bag(app, table) for table in TABLES}


@pytest.fixture
def lake(spark, company, tmp_path):
    """A lake whose first day is done, opened anew each time it is asked for."""

    def opened():
        return open_lake(spark, tmp_path, source="demo", landing=company)

    assert run_days(opened(), FIRST, only=ONLY) == {}
    return opened


def test_a_lake_that_was_copied_beside_a_run_goes_on_from_its_manifest(lake, tmp_path):
    place, backup = tmp_path / "lake", tmp_path / "backup"
    first = bags(lake())
    copied(place, backup, MANIFEST)
    assert run_days(lake(), DAY, only=ONLY) == {}  # while the backup is made
    copied(place, backup, *others_than_the_manifest(place))
    wanted = bags(lake())
    assert wanted != first
    shutil.rmtree(place)
    backup.rename(place)
    assert bags(lake()) == first, "what was published when the backup began"
    assert run_days(lake(), DAY, only=ONLY) == {}
    assert bags(lake()) == wanted


def test_a_manifest_that_is_copied_last_names_what_the_backup_lacks(lake, tmp_path):
    """The known-bad variant: it is told, and not read as fewer rows."""
    place, backup = tmp_path / "lake", tmp_path / "backup"
    copied(place, backup, *others_than_the_manifest(place))
    assert run_days(lake(), DAY, only=ONLY) == {}
    copied(place, backup, MANIFEST)
    shutil.rmtree(place)
    backup.rename(place)
    with pytest.raises(LakeDamaged, match=re.escape(silver.ORDER_LINES.name)):
        bag(lake(), silver.ORDER_LINES)


def commands():
    """The shell commands of the documentation, for a machine that keeps its registry in SQLite."""
    text = (
        (ROOT / "docs" / "cluster.md").read_text(encoding="utf-8").partition("\n## Backup and restore\n")[2].partition("\n## ")[0]
    )
    return re.findall(r"```bash\n(.*?)```", text, re.DOTALL)


def typed(command, tmp_path, backup):
    places = {"LAKE": tmp_path / "lake", "MODELS": tmp_path / "models", "MLFLOW": tmp_path / "mlflow.db", "BACKUP": backup}
    environment = os.environ | {name: str(path) for name, path in places.items()}
    subprocess.run(["bash", "-euo", "pipefail", "-c", command], env=environment, check=True)


@pytest.fixture
def trained(spark, tmp_path):
    """A lake whose manifest names a model, opened anew each time it is asked for; and a backup from before the training."""

    def opened():
        return open_lake(spark, tmp_path, source="demo", landing=tmp_path / "landing", overrides=TINY_SETTINGS)

    app = opened()
    publish_world(app)
    early = tmp_path / "early"
    app.registry("als").serve(None)  # the registry exists, and is empty
    (tmp_path / "models").mkdir(exist_ok=True)
    typed(commands()[0], tmp_path, early)
    assert train(app, models.ALS, as_of=TRAINED_ON).is_promotable
    return opened, early


def lose(folder, *names):
    """Move them away, and let MLflow forget its connections: they would go on reading the file that was moved."""
    for engines in (TrackingStore._engine_map, RegistryStore._engine_map):
        for engine in engines.values():
            engine.dispose()
    (folder / "lost").mkdir()
    for name in names:
        (folder / name).rename(folder / "lost" / name)


def factors(spark, app):
    """What the published model knows of customers, as a bag."""
    model = app.registry("als").load(spark, str(app.model_version("als")))
    return sorted(map(repr, model.customer_factors.collect()))


def test_a_model_comes_back_with_its_registry(spark, trained, tmp_path):
    opened, _ = trained
    backup, restore = tmp_path / "backup", commands()[1]
    before = factors(spark, opened())
    assert before
    typed(commands()[0], tmp_path, backup)
    lose(tmp_path, "lake", "models", "mlflow.db")
    typed(restore, tmp_path, backup)
    assert factors(spark, opened()) == before


def test_a_registry_of_an_earlier_moment_than_the_lakes_is_told(spark, trained, tmp_path):
    """The known-bad variant: the lake of now, the registry of before the training."""
    opened, early = trained
    lose(tmp_path, "models", "mlflow.db")
    typed(commands()[1].replace('cp -aT "$BACKUP/lake" "$LAKE"\n', ""), tmp_path, early)
    with pytest.raises(UsageError, match="no version 1"):
        factors(spark, opened())
