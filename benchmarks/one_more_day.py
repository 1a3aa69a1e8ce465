"""What one more day costs on top of 60, and whether both ways end in the same tables.

    python benchmarks/one_more_day.py --work /tmp/one-more-day --customers 27500     # about 3 million events

Three runs on the demo company, each a process of its own: the first 60 days as one pass, then day 61; and, in another
lake, all 61 days as one pass. CPU is that of JVM tasks (Spark's event log) and of Python workers (as /proc says),
by stage. Training is left out.
"""

from __future__ import annotations

import argparse
import json
from datetime import timedelta
from functools import partial
from pathlib import Path

from same_tables import comparison
from staged_runs import FIRST, measured, open_lake

from reclake.privacy.keys import make_key_files
from reclake.run.demo import generate_demo
from reclake.tables import STAGES

N_DAYS = 60


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="an empty folder")
    parser.add_argument("--customers", type=int, default=27_500)
    parser.add_argument("--memory", help="driver memory, where the profile's is too small")
    options = parser.parse_args()
    make_key_files(str(options.work / "secrets"), ("id1", "c1"))
    app = open_lake(options.work, "daily", options.customers)
    made = generate_demo(app, n_days=N_DAYS + 1)
    app.spark.stop()
    found: dict[str, object] = {"generated": made[-1]}
    spark = {"spark.driver.memory": options.memory} if options.memory else {}
    run = partial(measured, options.work, customers=options.customers, steps=STAGES, spark=spark)
    sixty = run(lake="daily", run_id="sixty-days", first=0, last=N_DAYS - 1)
    more = run(lake="daily", run_id="one-more-day", first=N_DAYS, last=N_DAYS)
    whole = run(lake="whole", run_id="all-days", first=0, last=N_DAYS)
    found |= {"60 days": sixty, "one more day": more, "61 days as one pass": whole}
    cpu = [sum(run[stage]["cpu_s"] for stage in ("bronze", "silver")) for run in (more, sixty)]
    found["bronze and silver: one more day / 60 days, CPU"] = round(cpu[0] / cpu[1], 3)
    for stage in ("customers", "behaviour", "recommendations"):
        # Late events restate the as_of before, where a table is restated: then two were built.
        per_as_of = [run[stage]["cpu_s"] / run[stage]["as_ofs"] for run in (more, sixty)]
        found[f"{stage}: one more day / 60 days, CPU per as_of"] = round(per_as_of[0] / per_as_of[1], 2)
    daily, other = (open_lake(options.work, name, options.customers) for name in ("daily", "whole"))
    found["day by day against one pass"] = comparison(daily, other, as_of=str(FIRST + timedelta(days=N_DAYS + 1)))
    print(json.dumps(found, indent=2, default=str))


if __name__ == "__main__":
    main()
