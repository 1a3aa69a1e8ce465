"""Runs over the demo company, each a process of its own, measured step by step: CPU, memory, shuffle, spill."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path

from where_time_goes import cpu_seconds, events

from reclake import tables
from reclake.run.application import Application, located, open_application
from reclake.run.demo import SOURCE, generate_demo
from reclake.run.job import project_home
from reclake.run.report import Silent
from reclake.run.runner import next_as_of, run_graph
from reclake.run.training import train
from reclake.settings import load_settings

FIRST = date(2026, 1, 1)
GENERATE, TRAINING, SIZES, FLOOR = "generate", "training", "sizes", "floor of "
_TICK, _PAGE = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
_TASK_FIGURES: dict[str, Callable[[dict], float]] = {  # of a task's metrics, bytes
    "read_bytes": lambda found: found["Input Metrics"]["Bytes Read"],
    "written_bytes": lambda found: found["Output Metrics"]["Bytes Written"],
    "shuffle_bytes": lambda found: found["Shuffle Write Metrics"]["Shuffle Bytes Written"],
    "spilled_bytes": lambda found: found["Disk Bytes Spilled"],
}


def open_lake(work: Path, name: str, customers: int, *more: str, **options: object) -> Application:
    """The lake of that name below the folder, and the landing files that all lakes there share; `more` are settings, key=value."""
    home = project_home()
    chosen = [
        f"lake.root={work / name}", f"landing.root={work / 'landing'}", f"secrets.directory={work / 'secrets'}",
        f"mlflow.tracking_uri=sqlite:///{work / name}.db", f"mlflow.artifact_root={work / name}-models",
        f'sources.enabled=["{SOURCE}"]', f"demo.n_customers={customers}",
        *more,
    ]  # fmt: skip
    return open_application(home, load_settings(home, profile="local", overrides=chosen), name=name, **options)  # type: ignore[arg-type]


class Processes:
    """CPU of Spark's Python workers, and memory of this process and all below it, looked at several times a second.

    A worker that ends takes its account with it when its daemon ends at the same time: what was last seen of it counts.
    Pages that forked workers share count once for each: the memory is an upper bound.
    """

    def __init__(self) -> None:
        self._used: dict[tuple[int, int], float] = {}  # (process, when it began) → CPU seconds
        self._peak_bytes = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Processes:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def worker_seconds(self) -> float:
        """CPU of Python workers so far, of those that have ended too."""
        return sum(self._used.copy().values())

    def taken_peak(self) -> int:
        """Most bytes resident at once since the last time this was asked."""
        peak, self._peak_bytes = self._peak_bytes, 0
        return peak

    def _watch(self) -> None:
        while not self._stop.wait(0.2):
            self._look()

    def _look(self) -> None:
        children: dict[int, list[int]] = defaultdict(list)
        workers: dict[int, tuple[tuple[int, int], float]] = {}
        resident: dict[int, int] = {}
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
            resident[process] = int(stat[21]) * _PAGE
            if "pyspark.daemon" in command:
                workers[process] = ((process, int(stat[19])), (int(stat[11]) + int(stat[12])) / _TICK)
        waiting, total = [os.getpid()], 0
        while waiting:
            process = waiting.pop()
            waiting += children[process]
            total += resident.get(process, 0)
            if process in workers:
                self._used |= [workers[process]]
        self._peak_bytes = max(self._peak_bytes, total)


def floor(app: Application, stage: str) -> None:
    """Scan what the stage reads, shuffle it once by its first key column, and let it go: no stage can be faster."""
    if stage == "bronze":
        folder = f"{located(app.home, app.settings.landing.root)}/{SOURCE}"
        files = app.spark.read.option("recursiveFileLookup", value=True).option("wholetext", value=False).text(folder)
        files.repartition("value").write.format("noop").mode("overwrite").save()
        return
    published = app.manifest.current()
    of_stage = tables.of_stage(stage)
    read = {i.table.name: i.table for table in of_stage for i in table.inputs if i.table not in of_stage}
    for table in (table for name, table in read.items() if name in published):
        frame = app.store.read(table, version=published[table.name].version)
        frame.repartition(table.key[0]).write.format("noop").mode("overwrite").save()


def _sizes(app: Application) -> dict[str, int]:
    """Bytes and files that lie in the landing folder and in what each layer publishes."""
    landing = [path for path in Path(located(app.home, app.settings.landing.root)).rglob("*") if path.is_file()]
    found = {"landing_bytes": sum(path.stat().st_size for path in landing), "landing_files": len(landing)}
    for name, row in app.manifest.current().items():
        if name in tables.BY_NAME:
            layer = tables.BY_NAME[name].layer
            found[f"{layer}_bytes"] = found.get(f"{layer}_bytes", 0) + row.n_bytes
            found[f"{layer}_files"] = found.get(f"{layer}_files", 0) + row.n_files
            found[f"{name}_rows"], found[f"{name}_bytes"] = row.n_rows, row.n_bytes
    return found


def _step(app: Application, step: str, first: date, last: date) -> dict[str, int]:
    """Do one step; gives how many records it made, or for how many as_ofs it built tables."""
    if step == GENERATE:
        return {"records": generate_demo(app, n_days=(last - FIRST).days + 1)[-1]["records"]}
    if step == SIZES:
        return _sizes(app)
    if step == TRAINING:
        train(app, tables.models.ALS, as_of=next_as_of(app))
    elif step.startswith(FLOOR):
        floor(app, step.removeprefix(FLOOR))
    else:
        stopped = run_graph(app, first=first, last=last, stages=(step,))
        if stopped:
            raise next(iter(stopped.values()))
        reports = app.reporter.reports  # type: ignore[attr-defined]
        as_ofs = [
            report.n_days
            for report in reports
            if report.stage == step and tables.BY_NAME[report.table].is_as_of and report.verdict
        ]
        return {"as_ofs": max(as_ofs, default=1)}
    return {}


def _run(options: argparse.Namespace) -> None:
    """Do the named steps and print by step its span, the workers' CPU and the peak of memory as JSON."""
    app = open_lake(options.work, options.lake, options.customers, reporter=Silent(), run_id=options.run_id)
    first, last = (FIRST + timedelta(days=n) for n in (options.first, options.last))
    found = {}
    with Processes() as processes:
        for step in options.steps:
            began, before = time.time(), processes.worker_seconds
            processes.taken_peak()
            told = _step(app, step, first, last)
            found[step] = told | {
                "began": began, "ended": time.time(), "workers_s": processes.worker_seconds - before,
                "peak_bytes": processes.taken_peak(),
            }  # fmt: skip
            print(f"{options.run_id}: {step} {found[step]['ended'] - began:.0f} s", file=sys.stderr, flush=True)
    app.spark.stop()
    print(json.dumps(found))


def measured(
    work: Path, *, lake: str, run_id: str, customers: int, first: int, last: int, steps: Sequence[str], spark: dict[str, str]
) -> dict[str, dict[str, float]]:
    """One run in a process of its own over the days `first`…`last`, counted from 0.

    Returns
    -------
    dict
        Step → seconds on the clock, seconds of CPU (JVM tasks and Python workers), bytes read, written, shuffled and spilled
        to disk by tasks, the most bytes resident at once, and `records` or `as_ofs` made by the step.
    """
    log, conf = work / "events" / run_id, work / "conf" / run_id
    log.mkdir(parents=True)
    conf.mkdir(parents=True)
    for file in (project_home() / "conf" / "spark" / "local").iterdir():
        (conf / file.name).write_text(file.read_text(), encoding="utf-8")
    added = {
        "spark.eventLog.enabled": "true", "spark.eventLog.compress": "false", "spark.eventLog.rolling.enabled": "false",
        "spark.eventLog.dir": log.as_uri(),
    } | spark  # fmt: skip
    with (conf / "spark-defaults.conf").open("a", encoding="utf-8") as settings:
        settings.write("".join(f"\n{name} {value}" for name, value in added.items()) + "\n")
    command = [
        sys.executable, __file__, "--work", str(work), "--customers", str(customers), "--lake", lake,
        "--run-id", run_id, "--first", str(first), "--last", str(last), *steps,
    ]  # fmt: skip
    done = subprocess.run(command, env={**os.environ, "SPARK_CONF_DIR": str(conf)}, stdout=subprocess.PIPE, text=True, check=True)
    spans: dict[str, dict[str, float]] = json.loads(done.stdout.splitlines()[-1])
    found: dict[str, dict[str, float]] = {
        step: span | {"wall_s": span["ended"] - span["began"], "jvm_s": 0.0} | dict.fromkeys(_TASK_FIGURES, 0.0)
        for step, span in spans.items()
    }
    for event in events(log):
        if event["Event"] != "SparkListenerTaskEnd":
            continue
        # By time, not by job group: what is read between two tables is part of the step too.
        ended = event["Task Info"]["Finish Time"] / 1000
        step = next((step for step, span in spans.items() if span["began"] <= ended <= span["ended"]), None)
        if step is None or not event.get("Task Metrics"):
            continue
        found[step]["jvm_s"] += cpu_seconds(event)
        for name, figure in _TASK_FIGURES.items():
            found[step][name] += figure(event["Task Metrics"])
    for figures in found.values():
        figures["cpu_s"] = figures["jvm_s"] + figures["workers_s"]
    by_step = {step: {name: round(value, 1) for name, value in figures.items()} for step, figures in found.items()}
    print(f"{run_id}: {json.dumps(by_step)}", file=sys.stderr, flush=True)  # a run that is cut short leaves these
    return by_step


def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--customers", type=int, required=True)
    for name in ("--lake", "--run-id"):
        parser.add_argument(name, required=True)
    for name in ("--first", "--last"):
        parser.add_argument(name, type=int, required=True)
    parser.add_argument("steps", nargs="+")
    _run(parser.parse_args())


if __name__ == "__main__":
    _main()
