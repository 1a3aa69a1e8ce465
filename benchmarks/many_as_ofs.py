"""What several as_ofs of one pass cost, by how many of them are planned at once.

    python benchmarks/many_as_ofs.py --work /tmp/many-as-ofs --customers 300 --days 30 --as-ofs 9

A small demo lake is brought to silver. Then the table is built for the newest as_ofs, over and over in one process, each time with
another number of as_ofs at once. After the first build, which is left out, each must end `unchanged`: the same rows.
"""

from __future__ import annotations

import argparse
import json
from datetime import timedelta
from pathlib import Path

from staged_runs import FIRST, open_lake

from reclake import tables
from reclake.privacy.keys import make_key_files
from reclake.run import building
from reclake.run.application import Application
from reclake.run.demo import generate_demo
from reclake.run.plan import Scope
from reclake.run.report import Silent, TableReport
from reclake.run.runner import run_graph
from reclake.run.stage import build_stage
from reclake.run.stops import require_nothing_stopped


def built(app: Application, table: str, *, n_days: int, n_as_ofs: int) -> TableReport:
    """The report of one pass over the newest as_ofs, all of them forced."""
    as_ofs = tuple(FIRST + timedelta(days=n_days - n) for n in range(n_as_ofs))
    scope = Scope(as_ofs=as_ofs, tables=frozenset({table}), force=True)
    require_nothing_stopped(build_stage(app, tables.BY_NAME[table].stage, scope))
    reports: list[TableReport] = app.reporter.reports  # type: ignore[attr-defined]
    return next(report for report in reversed(reports) if report.table == table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--customers", type=int, default=300)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--as-ofs", type=int, default=9)
    parser.add_argument("--table", default="gold.customer_segments")
    parser.add_argument("--at-once", type=int, nargs="+", default=[9, 3, 2, 1])
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    is_new = not options.work.exists()
    make_key_files(str(options.work / "secrets"), ("id1", "c1"))
    app = open_lake(options.work, "lake", options.customers, reporter=Silent())
    if is_new:
        generate_demo(app, n_days=options.days)
    require_nothing_stopped(run_graph(app, stages=("bronze", "silver")))
    built(app, options.table, n_days=options.days, n_as_ofs=options.as_ofs)
    for turn in range(options.rounds):
        for at_once in options.at_once:
            building.AS_OFS_AT_ONCE = at_once
            report = built(app, options.table, n_days=options.days, n_as_ofs=options.as_ofs)
            assert report.outcome == "unchanged", report
            figures = {"turn": turn, "at_once": at_once, "seconds": round(report.seconds, 1), "jobs": report.n_jobs}
            print(json.dumps(figures | {"rows": report.n_rows}), flush=True)
    app.spark.stop()


if __name__ == "__main__":
    main()
