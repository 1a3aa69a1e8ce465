r"""Where the time of a run goes, by Spark's own event log: jobs, tasks and CPU of every table.

cp -r conf/spark/local /tmp/spark-conf
printf 'spark.eventLog.enabled true\\nspark.eventLog.dir file:///tmp/events\\nspark.eventLog.compress false\\n' \\
        >> /tmp/spark-conf/spark-defaults.conf
SPARK_CONF_DIR=/tmp/spark-conf reclake run --day 2026-01-01
python benchmarks/where_time_goes.py /tmp/events
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

BETWEEN = "between tables"


@dataclass
class Spent:
    """What the jobs of one table took."""

    n_jobs: int = 0
    n_tasks: int = 0
    cpu_seconds: float = 0.0  # of JVM tasks; Python workers are processes of their own
    run_seconds: float = 0.0
    spans: list[tuple[float, float]] = field(default_factory=list)

    @property
    def busy_seconds(self) -> float:
        """Seconds in which at least one job ran."""
        total, last = 0.0, 0.0
        for begin, end in sorted(self.spans):
            total += max(0.0, end - max(begin, last))
            last = max(last, end)
        return total


def events(path: Path) -> Iterator[dict]:
    """The events of a log file, or of all log files in a folder."""
    files = sorted(p for p in path.rglob("*") if p.is_file() and not p.name.startswith(".")) if path.is_dir() else [path]
    for file in files:
        with file.open(encoding="utf-8") as lines:
            yield from (json.loads(line) for line in lines)


def cpu_seconds(task_end: dict) -> float:
    """CPU of one task in the JVM."""
    metrics = task_end.get("Task Metrics") or {}
    return (metrics.get("Executor CPU Time", 0) + metrics.get("Executor Deserialize CPU Time", 0)) / 1e9


def spent_by_table(found: Iterable[dict]) -> dict[tuple[str, str], Spent]:
    """(run, table) → what its jobs took; jobs outside of any table count as BETWEEN."""
    spent: dict[tuple[str, str], Spent] = defaultdict(Spent)
    group_of_job: dict[int, tuple[str, str]] = {}
    group_of_stage: dict[int, tuple[str, str]] = {}
    begun: dict[int, float] = {}
    for event in found:
        kind = event["Event"]
        if kind == "SparkListenerJobStart":
            run, _, table = ((event.get("Properties") or {}).get("spark.jobGroup.id") or "").rpartition(":")
            group = (run, table or BETWEEN)
            group_of_job[event["Job ID"]], begun[event["Job ID"]] = group, event["Submission Time"] / 1000
            for stage in event["Stage IDs"]:
                group_of_stage.setdefault(stage, group)
            spent[group].n_jobs += 1
        elif kind == "SparkListenerJobEnd":
            spent[group_of_job[event["Job ID"]]].spans.append((begun[event["Job ID"]], event["Completion Time"] / 1000))
        elif kind == "SparkListenerTaskEnd" and event["Stage ID"] in group_of_stage:
            one = spent[group_of_stage[event["Stage ID"]]]
            one.n_tasks += 1
            one.cpu_seconds += cpu_seconds(event)
            one.run_seconds += (event.get("Task Metrics") or {}).get("Executor Run Time", 0) / 1e3
    return dict(spent)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("log", type=Path, help="an uncompressed event log, or the folder of several")
    print(f"{'run':26}{'table':28}{'jobs':>6}{'tasks':>7}{'busy s':>9}{'task s':>9}{'cpu s':>9}")
    for (run, table), one in spent_by_table(events(parser.parse_args().log)).items():
        figures = f"{one.n_jobs:6}{one.n_tasks:7}{one.busy_seconds:9.1f}{one.run_seconds:9.1f}{one.cpu_seconds:9.1f}"
        print(f"{run:26}{table:28}{figures}")


if __name__ == "__main__":
    main()
