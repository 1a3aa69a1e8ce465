"""Lakes of their own for tests that run the graph: settings, an open application, and the published rows as a bag."""

import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from reclake import tables
from reclake.errors import ReclakeError
from reclake.look.lake import Look, look_at
from reclake.privacy.keys import make_key_files
from reclake.run.application import Application, open_application, utc_now
from reclake.run.ingest import ingest
from reclake.run.report import Silent
from reclake.run.runner import scope_of
from reclake.run.stage import build_stage
from reclake.run.views import published
from reclake.settings import ENVIRONMENT_PREFIX, load_settings
from reclake.synthetic.company import generate
from reclake.tables import Table

ROOT = Path(__file__).resolve().parents[1]


def places(folder: Path, landing: Path) -> dict[str, str]:
    """Settings of a lake and its models below `folder`; keys lie beside the landing folder, so lakes can be compared."""
    return {
        "lake.root": str(folder / "lake"),
        "landing.root": str(landing),
        "secrets.directory": str(landing.parent / "secrets"),
        "mlflow.tracking_uri": f"sqlite:///{folder / 'mlflow.db'}",
        "mlflow.artifact_root": str(folder / "models"),
    }


def as_environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Settings as processes of their own take them from their environment."""
    return {f"{ENVIRONMENT_PREFIX}{key.upper().replace('.', '__')}": value for key, value in settings.items()}


def spark_profile(folder: Path, profile: str, settings: Mapping[str, str]) -> Path:
    """A copy of a Spark profile below `folder` with some settings of its own: what SPARK_CONF_DIR names."""
    conf = shutil.copytree(ROOT / "conf" / "spark" / profile, folder / "spark")
    with (conf / "spark-defaults.conf").open("a") as defaults:
        defaults.write("".join(f"\n{name} {value}" for name, value in settings.items()) + "\n")
    return conf


def event_log_in(folder: Path) -> dict[str, str]:
    """Settings of an event log below `folder`, which is made; not packed, as a search of packed bytes finds nothing."""
    (folder / "events").mkdir()
    name = "spark.eventLog"
    return {f"{name}.enabled": "true", f"{name}.compress": "false", f"{name}.dir": (folder / "events").as_uri()}


def open_lake(
    spark: SparkSession,
    folder: Path,
    *,
    source: str,
    landing: Path,
    overrides: Iterable[str] = (),
    clock: Callable[[], datetime] = utc_now,
) -> Application:
    """An application on an own lake below `folder`."""
    own = places(folder, landing)
    make_key_files(own["secrets.directory"], ("id1", "c1"))
    chosen = [*(f"{key}={value}" for key, value in own.items()), f'sources.enabled=["{source}"]', *overrides]
    settings = load_settings(ROOT, profile="test", overrides=chosen, environment={})
    return open_application(ROOT, settings, name="test", spark=spark, reporter=Silent(), clock=clock)


def looked_at(app: Application) -> Look:
    """The same lake for what only looks at it, by the same clock."""
    return look_at(app.home, app.settings, clock=lambda: app.clock(), spark=lambda: app.spark)


def make_company(spark: SparkSession, folder: Path, *, n_days: int) -> Path:
    """The landing folder of a demo company of 60 people who ask about every order; the truth lies in `truth` beside it."""
    asked = ["demo.n_customers=60", "demo.feedback.chat_share=1"]
    demo = load_settings(ROOT, profile="test", overrides=asked, environment={}).demo
    generate(spark, str(folder / "landing" / "demo"), str(folder / "truth"), settings=demo, n_days=n_days)
    return folder / "landing"


def four_days_of_a_company(spark: SparkSession, folder: Path) -> None:
    """The landing folder of such a company, to be kept."""
    make_company(spark, folder, n_days=4)


def comparable(app: Application, table: Table) -> DataFrame:
    """The published rows less what says which run wrote them."""
    return published(app, table).drop(*table.run_columns)


def bag(app: Application, table: Table) -> Counter[Any]:
    """The published rows as a bag."""
    return Counter(tuple(map(repr, row)) for row in comparable(app, table).collect())


def assert_same_bag(one: Application, other: Application, table: Table, *, columns: Sequence[str] = ()) -> None:
    """Both lakes publish the same rows of the table, at the as_ofs that both hold; and they do hold some.

    Compared are `columns`, or all of them.
    """
    left, right = comparable(one, table), comparable(other, table)
    # By name: a column that came later stands last in a lake that was there before.
    assert columns or set(left.columns) == set(right.columns)
    compared = [name for name in left.columns if name in columns or not columns]
    left, right = left.select(compared), right.select(compared)
    if table.is_as_of:
        shared = left.select("as_of_date").intersect(right.select("as_of_date"))
        left, right = (frame.join(F.broadcast(shared), on="as_of_date", how="left_semi") for frame in (left, right))
    assert left.count(), f"{table.name} is empty: nothing is compared"
    assert left.exceptAll(right).count() == 0, f"{table.name}: rows of the first that the second lacks"
    assert right.exceptAll(left).count() == 0, f"{table.name}: rows of the second that the first lacks"


def with_inputs(*wanted: Table) -> frozenset[str]:
    """The named tables and all that they are built from."""
    found: set[str] = set()
    waiting = list(wanted)
    while waiting:
        table = waiting.pop()
        if table.name not in found:
            found.add(table.name)
            waiting.extend(i.table for i in table.reads)
    return frozenset(found)


def run_days(
    app: Application, *days: date, only: frozenset[str] | None = None, folder: Path | None = None
) -> dict[str, ReclakeError]:
    """Take in and build what was delivered from the first to the last of the days; all deliveries without days."""
    wanted = [days[0] + timedelta(days=n) for n in range((days[-1] - days[0]).days + 1)] if days else None
    stopped = ingest(app, str(folder) if folder else None, days=wanted)
    scope = scope_of(app, first=days[0] if days else None, last=days[-1] if days else None)
    for stage in tables.STAGES[1:]:
        stopped |= build_stage(app, stage, replace(scope, tables=only), stopped=stopped)
    return stopped
