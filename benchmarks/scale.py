"""How time, shuffle, spill and memory of every stage grow with the events, from generated files to gold.

    python benchmarks/scale.py --work /tmp/scale                       # about 0.3, 3 and 15 million events
    python benchmarks/scale.py --work /tmp/scale --customers 3000 27500

The demo company of 60 days with more and more customers, each size in a process and a lake of its own. A size that has
been measured stands in WORK/<customers>-<commit>.json and is not run again. The growth exponent between two sizes is
log(ratio of CPU) / log(ratio of records): 1 is linear. Beside each stage stands its floor: what it reads, scanned and
shuffled once by its first key column; floors are measured last, in a warm process.
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
import subprocess
from pathlib import Path

from staged_runs import FLOOR, GENERATE, SIZES, TRAINING, measured

from reclake.run.job import project_home
from reclake.tables import STAGES

N_DAYS = 60
_BUILT = (*STAGES[:-1], TRAINING, STAGES[-1])
STEPS = (GENERATE, *_BUILT, SIZES, *(FLOOR + stage for stage in STAGES))
# One setting for all sizes: adaptive execution joins what is too small, and cuts nothing that is too large.
SPARK = {"spark.master": "local[2]", "spark.driver.memory": "6g", "spark.sql.shuffle.partitions": "32"}
_GIB, _MIB = 2.0**30, 2.0**20


def one_size(work: Path, customers: int) -> dict[str, dict[str, float]]:
    """The figures of a size by step, measured now or before."""
    told = ["git", "describe", "--always", "--dirty"]
    commit = subprocess.run(told, cwd=project_home(), capture_output=True, text=True, check=True).stdout.strip()
    kept = work / f"{customers}-{commit}.json"
    if kept.exists():
        found: dict[str, dict[str, float]] = json.loads(kept.read_text(encoding="utf-8"))
        return found
    folder = work / str(customers)
    shutil.rmtree(folder, ignore_errors=True)  # of a run that was cut short
    folder.mkdir(parents=True)
    found = measured(
        folder, lake="lake", run_id="scale", customers=customers, first=0, last=N_DAYS - 1, steps=STEPS, spark=SPARK
    )  # fmt: skip
    kept.write_text(json.dumps(found), encoding="utf-8")
    shutil.rmtree(folder)
    return found


def exponent(small: float, large: float, growth: float) -> float:
    """The power of the growth by which a figure has grown."""
    return math.log(large / small) / math.log(growth)


def table(sizes: dict[int, dict[str, dict[str, float]]]) -> str:
    """Figures of all sizes as Markdown: a line per step and size."""
    lines = [
        "| step | records | seconds | CPU s | exponent | floor s | × floor | read MiB | shuffle MiB | spill MiB | memory GiB |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for step in (GENERATE, *_BUILT):
        before: tuple[float, float] | None = None
        for found in sizes.values():
            figures, records = found[step], found[GENERATE]["records"]
            grown = f"{exponent(before[1], figures['cpu_s'], records / before[0]):.2f}" if before else ""
            floor, times_floor = "", ""
            if lowest := found.get(FLOOR + step):
                floor, times_floor = f"{lowest['wall_s']:,.1f}", f"{figures['cpu_s'] / lowest['cpu_s']:.1f}"
            sizes_in_mib = (f"{figures[name] / _MIB:,.0f}" for name in ("read_bytes", "shuffle_bytes", "spilled_bytes"))
            cells = [
                step, f"{records / 1e6:.2f} M", f"{figures['wall_s']:,.0f}", f"{figures['cpu_s']:,.0f}", grown, floor, times_floor,
                *sizes_in_mib, f"{figures['peak_bytes'] / _GIB:.1f}",
            ]  # fmt: skip
            lines.append(f"| {' | '.join(cells)} |")
            before = records, figures["cpu_s"]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--customers", type=int, nargs="+", default=[3_000, 27_500, 137_500])
    options = parser.parse_args()
    sizes: dict[int, dict[str, dict[str, float]]] = {}
    for customers in sorted(options.customers):
        sizes[customers] = one_size(options.work, customers)
        print(table(sizes), flush=True)
        print(json.dumps(sizes[customers][SIZES]), flush=True)


if __name__ == "__main__":
    main()
