"""What one more day costs on top of 60, and whether both ways end in the same tables.

    python benchmarks/one_more_day.py --work /tmp/one-more-day --customers 27500     # about 3 million events

Three runs on the demo company, each a process of its own: the first 60 days as one pass, then day 61; and, in another
lake, all 61 days as one pass. CPU is that of JVM tasks (Spark's event log) and of Python workers (as /proc says),
by stage. Training is left out.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path

from same_tables import comparison
from where_time_goes import cpu_seconds, events

from reclake.privacy.keys import make_key_files
from reclake.run.application import Application, open_application
from reclake.run.demo import generate_demo
from reclake.run.job import project_home
from reclake.run.report import Silent
from reclake.run.runner import run_graph
from reclake.settings import load_settings
from reclake.tables import BY_NAME, STAGES

FIRST = date(2026, 1, 1)
N_DAYS = 60
_TICK = os.sysconf("SC_CLK_TCK")


def open_lake(work: Path, name: str, customers: int, **options: object) -> Application:
    home = project_home()
    chosen = [
        f"lake.root={work / name}", f"landing.root={work / 'landing'}", f"secrets.directory={work / 'secrets'}",
        f"mlflow.tracking_uri=sqlite:///{work / name}.db", f"mlflow.artifact_root={work / name}-models",
        'sources.enabled=["demo"]', f"demo.n_customers={customers}",
    ]  # fmt: skip
    return open_application(home, load_settings(home, profile="local", overrides=chosen), name=name, **options)  # type: ignore[arg-type]


class PythonWorkers:
    """CPU of Spark's Python workers below this process, looked at several times a second.

    A worker that ends takes its account with it when its daemon ends at the same time: what was last seen of it counts.
    """

    def __init__(self) -> None:
        self._used: dict[tuple[int, int], float] = {}  # (process, when it began) → CPU seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> PythonWorkers:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def seconds(self) -> float:
        """CPU so far, of those that have ended too."""
        return sum(self._used.copy().values())

    def _watch(self) -> None:
        while not self._stop.wait(0.2):
            self._look()

    def _look(self) -> None:
        children: dict[int, list[int]] = defaultdict(list)
        seen: dict[int, tuple[tuple[int, int], float]] = {}
        for folder in Path("/proc").iterdir():
            if not folder.name.isdigit():
                continue
            try:
                stat = (folder / "stat").read_text().rpartition(")")[2].split()
                command = (folder / "cmdline").read_text()
            except OSError:  # it has just ended
                continue
            process = int(folder.name)
            children[int(stat[1])].append(process)
            if "pyspark.daemon" in command:
                seen[process] = ((process, int(stat[19])), (int(stat[11]) + int(stat[12])) / _TICK)
        waiting = list(children[os.getpid()])
        while waiting:
            process = waiting.pop()
            waiting += children[process]
            if process in seen:
                self._used |= [seen[process]]


def one_run(options: argparse.Namespace) -> None:
    """Run the named days and print by stage its span and the workers' CPU as JSON; called as a process of its own."""
    app = open_lake(options.work, options.lake, options.customers, reporter=Silent(), run_id=options.run_id)
    days = (FIRST + timedelta(days=options.first), FIRST + timedelta(days=options.last))
    found = {}
    with PythonWorkers() as workers:
        for stage in STAGES:
            began, before = time.time(), workers.seconds
            stopped = run_graph(app, first=days[0], last=days[1], stages=(stage,))
            assert not stopped, stopped
            of_stage = [report for report in app.reporter.reports if report.stage == stage and BY_NAME[report.table].is_as_of]  # type: ignore[attr-defined]
            n_as_ofs = max((report.n_days for report in of_stage if report.verdict), default=1)
            found[stage] = {
                "began": began, "ended": time.time(), "workers_s": workers.seconds - before, "as_ofs": n_as_ofs
            }  # fmt: skip
    app.spark.stop()
    print(json.dumps(found))


def measured(options: argparse.Namespace, *, lake: str, run_id: str, first: int, last: int) -> dict[str, dict[str, float]]:
    """One run in its own process: by stage, wall seconds and CPU seconds of JVM tasks and Python workers."""
    log = options.work / "events" / run_id
    log.mkdir(parents=True)
    conf = options.work / "conf" / run_id
    conf.mkdir(parents=True)
    shipped = project_home() / "conf" / "spark" / "local"
    for file in shipped.iterdir():
        (conf / file.name).write_text(file.read_text(), encoding="utf-8")
    with (conf / "spark-defaults.conf").open("a", encoding="utf-8") as settings:
        settings.write("\nspark.eventLog.enabled true\nspark.eventLog.compress false\nspark.eventLog.rolling.enabled false\n")
        settings.write(f"spark.eventLog.dir {log.as_uri()}\n")
        if options.memory:
            settings.write(f"spark.driver.memory {options.memory}\n")
    command = [
        sys.executable, __file__, "--work", str(options.work), "--customers", str(options.customers), "--lake", lake,
        "--run-id", run_id, "--first", str(first), "--last", str(last),
    ]  # fmt: skip
    done = subprocess.run(command, env={**os.environ, "SPARK_CONF_DIR": str(conf)}, stdout=subprocess.PIPE, text=True, check=True)
    spans: dict[str, dict[str, float]] = json.loads(done.stdout.splitlines()[-1])
    tasks = [event for event in events(log) if event["Event"] == "SparkListenerTaskEnd"]
    found = {}
    for stage, span in spans.items():
        # By time, not by job group: what is read between two tables is part of the stage too.
        inside = (task for task in tasks if span["began"] <= task["Task Info"]["Finish Time"] / 1000 <= span["ended"])
        jvm = sum(map(cpu_seconds, inside))
        cpu = {"jvm_s": jvm, "workers_s": span["workers_s"], "cpu_s": jvm + span["workers_s"]}
        found[stage] = cpu | {"wall_s": span["ended"] - span["began"], "as_ofs": span["as_ofs"]}
    by_stage = {stage: {name: round(value, 1) for name, value in figures.items()} for stage, figures in found.items()}
    print(f"{run_id}: {json.dumps(by_stage)}", file=sys.stderr, flush=True)  # a run that is cut short leaves these
    return by_stage


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="an empty folder")
    parser.add_argument("--customers", type=int, default=27_500)
    parser.add_argument("--memory", help="driver memory, where the profile's is too small")
    parser.add_argument("--lake", help=argparse.SUPPRESS)
    parser.add_argument("--run-id", help=argparse.SUPPRESS)
    parser.add_argument("--first", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--last", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.lake:
        one_run(options)
        return
    make_key_files(str(options.work / "secrets"), ("id1", "c1"))
    app = open_lake(options.work, "daily", options.customers)
    made = generate_demo(app, n_days=N_DAYS + 1)
    app.spark.stop()
    found: dict[str, object] = {"generated": made[-1]}
    sixty = measured(options, lake="daily", run_id="sixty-days", first=0, last=N_DAYS - 1)
    more = measured(options, lake="daily", run_id="one-more-day", first=N_DAYS, last=N_DAYS)
    whole = measured(options, lake="whole", run_id="all-days", first=0, last=N_DAYS)
    found |= {"60 days": sixty, "one more day": more, "61 days as one pass": whole}
    cpu = [sum(run[stage]["cpu_s"] for stage in ("bronze", "silver")) for run in (more, sixty)]
    found["bronze and silver: one more day / 60 days, CPU"] = round(cpu[0] / cpu[1], 3)
    for stage in ("customers", "recommendations"):
        # Late events restate the as_of before, where a table is restated: then two were built.
        per_as_of = [run[stage]["cpu_s"] / run[stage]["as_ofs"] for run in (more, sixty)]
        found[f"{stage}: one more day / 60 days, CPU per as_of"] = round(per_as_of[0] / per_as_of[1], 2)
    daily, other = (open_lake(options.work, name, options.customers) for name in ("daily", "whole"))
    found["day by day against one pass"] = comparison(daily, other, as_of=str(FIRST + timedelta(days=N_DAYS + 1)))
    print(json.dumps(found, indent=2, default=str))


if __name__ == "__main__":
    main()
