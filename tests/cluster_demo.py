"""The demo company on a cluster and on one machine: `make cluster-demo` shows that both publish the same rows.

The company's first days come in one delivery, so each table is built once. The model is trained on the cluster, and serves
in both lakes: two trainings add floating-point numbers in another order, so two models are never quite equal.
"""

import hashlib
import sys
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from subprocess import CompletedProcess
from tempfile import TemporaryDirectory

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from lakes import as_environment, comparable
from reclake import tables
from reclake.lake.claims import ALL_DAYS
from reclake.run.application import Application, open_application
from reclake.run.demo import generate_demo
from reclake.run.runner import run_graph
from reclake.run.stops import require_nothing_stopped
from reclake.settings import load_settings
from reclake.tables import BY_NAME, Table, gold, silver
from standalone import ROOT, Cluster, standalone

FIRST = date(2026, 1, 1)
N_DAYS = 4  # no event is later than the source's limit, though all come on the last day
LAST = FIRST + timedelta(days=N_DAYS - 1)
AS_OF = LAST + timedelta(days=1)
MODEL = "model:als"
N_TABLES = 20  # that are published at least: of fewer, nothing is shown
# Figures that come out of another order of additions; everything else is compared to the last digit.
ROUNDED = {gold.RECOMMENDATIONS.name: {"score": 4}}
MAY_BE_EMPTY = {silver.REJECTED_RECORDS.name}  # the generator plants rejected records later than these days
_BEFORE_TRAINING, _AFTER = tables.STAGES[1:-1], tables.STAGES[-1]
# Few people of strong tastes: a model that may be promoted after days instead of months. With the same keys each time, as
# pseudonyms decide where ALS begins, and whom the bootstrap draws: with others the model of so few days may fail by chance.
KEYS = {name: hashlib.sha256(f"cluster demo {name}".encode()).hexdigest() for name in ("id1", "c1")}
COMPANY = {
    "demo.n_customers": "1000", "demo.first_day": str(FIRST), "demo.products.n_products": "60",
    "demo.tastes.style_lift": "200.0", "demo.tastes.sequence_share": "0.0",
    "demo.life.early_share": "1.0", "demo.life.early_days": "1.0",
    "training.test_days": "1", "training.bootstrap_samples": "100",
    "als.rank": "8", "als.iterations": "5", "als.blocks": "2",
}  # fmt: skip


def places(folder: Path, *, lake: str) -> dict[str, str]:
    """The company's settings, and where its files, keys and models lie: below one folder that every machine sees."""
    shared = folder / "shared"
    return COMPANY | {
        "lake.root": (shared / lake).as_uri(),
        "landing.root": (shared / "landing").as_uri(),
        "secrets.directory": str(shared / "secrets"),
        "mlflow.tracking_uri": f"sqlite:///{shared / 'mlflow.db'}",
        "mlflow.artifact_root": (shared / "models").as_uri(),
    }


def opened(folder: Path, *, lake: str, spark: SparkSession, profile: str) -> Application:
    """The lake on this machine."""
    overrides = [f"{key}={value}" for key, value in places(folder, lake=lake).items()]
    settings = load_settings(ROOT, profile=profile, overrides=overrides, environment={})
    return open_application(ROOT, settings, name="cluster demo", spark=spark)


@dataclass
class Timed:
    """What was submitted, and how long each took."""

    cluster: Cluster
    say: Callable[[str], object] = sys.stdout.write
    seconds: dict[str, float] = field(default_factory=dict)

    def submit(self, job: str, *arguments: str) -> CompletedProcess[str]:
        """Run a job on the cluster; stops with its error lines unless it ended well."""
        started, name = time.monotonic(), " ".join((f"jobs/{job}", *arguments))
        done = self.cluster.submit(job, *arguments)
        self.seconds[name] = time.monotonic() - started
        self.say(f"  {self.seconds[name]:5.0f} s  {name}\n")
        if done.returncode:
            raise RuntimeError(f"{name} ended with exit code {done.returncode}:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
        return done


def run_on_cluster(timed: Timed) -> None:
    """All jobs of a day of production on the cluster."""
    day = str(LAST)
    timed.submit("ingest.py", "--day", day)
    for stage in _BEFORE_TRAINING:
        timed.submit("build.py", "--stage", stage, "--day", day)
    timed.submit("train.py", "--as-of", str(AS_OF))
    timed.submit("build.py", "--stage", _AFTER, "--day", day)


def generate(app: Application) -> None:
    """The company's first days, delivered together on the last of them."""
    folder = Path(app.settings.secrets.directory)
    folder.mkdir(parents=True)
    for name, key in KEYS.items():
        (folder / f"{name}.key").touch(mode=0o600)
        (folder / f"{name}.key").write_text(key)
    generate_demo(app, n_days=N_DAYS)
    landing = Path(app.settings.landing.root.removeprefix("file://"))
    for file in sorted(path for path in landing.rglob(f"{FIRST:%Y}-*") if path.is_file()):
        file.rename(file.with_name(f"{LAST}.{file.name}"))


def run_here(app: Application) -> None:
    """The same on this machine, without a model."""
    require_nothing_stopped(run_graph(app, first=LAST, last=LAST))


def share_model(app: Application, *, version: int | None) -> None:
    """Let the model that the cluster has trained serve here too; the registry is the same."""
    if version is None:
        raise RuntimeError("the cluster's model was not promoted: there is nothing to share")
    claim = app.claims.take(app.run_id, {MODEL: (ALL_DAYS,)})
    app.manifest.publish({MODEL: version}, {}, run_id=app.run_id, token=claim.token, at=app.clock())
    app.claims.release(claim)
    require_nothing_stopped(run_graph(app, first=LAST, last=LAST, stages=(_AFTER,)))


def bag(app: Application, table: Table) -> Counter[str]:
    """The published rows as a bag, figures of a model rounded; collected, as the company is small."""
    rounded = {name: F.round(name, digits) for name, digits in ROUNDED.get(table.name, {}).items()}
    return Counter(map(repr, comparable(app, table).withColumns(rounded).collect()))


def published_in_either(one: Application, other: Application) -> set[str]:
    """Names of tables; left out is gold.model_metrics, which says of the cluster's training how it was judged."""
    return (one.manifest.current().keys() | other.manifest.current().keys()) & BY_NAME.keys() - {gold.MODEL_METRICS.name}


def compared(one: Application, other: Application, names: Collection[str]) -> dict[str, tuple[int, int, int]]:
    """Per table: rows, rows that only one lake has, rows that only the other has."""
    found = {}
    for name in sorted(names):
        ours, theirs = (bag(app, BY_NAME[name]) if name in app.manifest.current() else Counter() for app in (one, other))
        found[name] = (ours.total(), (ours - theirs).total(), (theirs - ours).total())
    return found


def wrong(found: Mapping[str, tuple[int, int, int]]) -> dict[str, tuple[int, int, int]]:
    """Those tables that differ, or hold nothing though they should."""
    return {name: told for name, told in found.items() if told[1] or told[2] or not (told[0] or name in MAY_BE_EMPTY)}


def main() -> None:
    """Run both, and say what differs."""
    from reclake.lake.session import open_session

    say = sys.stdout.write
    with TemporaryDirectory(prefix="reclake-cluster-") as name:
        folder = Path(name)
        spark = open_session(ROOT / "conf" / "spark" / "local", name="cluster demo")
        local = opened(folder, lake="lake-here", spark=spark, profile="local")
        generate(local)
        with standalone(folder, as_environment(places(folder, lake="lake-cluster"))) as cluster:
            say(f"a master and two workers on loopback: {cluster.master}\n")
            run_on_cluster(Timed(cluster, say))
        remote = opened(folder, lake="lake-cluster", spark=spark, profile="local")
        say("the same on this machine\n")
        run_here(local)
        share_model(local, version=remote.model_version("als"))
        found = compared(remote, local, published_in_either(remote, local))
        spark.stop()
    for table, (rows, missing, extra) in found.items():
        say(f"  {table:28} {rows:6,} rows  {'equal' if not missing + extra else f'{missing} only there, {extra} only here'}\n")
    bad = wrong(found)
    said = f"wrong are {', '.join(sorted(bad))}" if bad else "equal on both"
    say(f"{len(found)} tables of at least {N_TABLES}: {said}\n")
    sys.exit(bool(bad) or len(found) < N_TABLES)


if __name__ == "__main__":
    main()
