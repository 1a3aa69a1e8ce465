"""How well people are resolved in companies of other seeds: with the weights that are shipped, and with those fitted on the lake itself.

    python benchmarks/identity_seeds.py --work /tmp/identity-seeds --seeds 11 --customers 3000

The shipped weights were fitted on the demo company of seed 7, so its figures alone would not say how they do elsewhere. Each company is
brought to silver, judged, its weights are fitted without labels (`reclake train --model linkage`), and silver is built and judged again.
"""

from __future__ import annotations

import argparse
import json
from datetime import timedelta
from pathlib import Path

from demo_truth import known_accounts, resolved
from staged_runs import FIRST, open_lake

from reclake.privacy.keys import make_key_files
from reclake.run.application import Application
from reclake.run.demo import generate_demo
from reclake.run.fitting import fit
from reclake.run.report import Silent
from reclake.run.runner import run_graph
from reclake.run.stops import require_nothing_stopped
from reclake.tables.models import LINKAGE


def to_silver(app: Application) -> None:
    """Build what is stale of bronze and silver."""
    require_nothing_stopped(run_graph(app, stages=("bronze", "silver")))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="an empty folder")
    parser.add_argument("--seeds", type=int, nargs="+", default=[11])
    parser.add_argument("--customers", type=int, default=3_000)
    parser.add_argument("--days", type=int, default=60)
    options = parser.parse_args()
    as_of = FIRST + timedelta(days=options.days)
    for seed in options.seeds:
        folder = options.work / str(seed)
        make_key_files(str(folder / "secrets"), ("id1", "c1"))
        app = open_lake(folder, "lake", options.customers, f"demo.seed={seed}", reporter=Silent())
        generate_demo(app, n_days=options.days)
        to_silver(app)
        truth = f"{folder / 'landing'}-truth/demo"
        figures = {"shipped weights": resolved(*known_accounts(app, truth, as_of))}
        outcome = fit(app, LINKAGE, as_of=as_of)
        to_silver(app)
        figures["fitted weights"] = resolved(*known_accounts(app, truth, as_of))
        print(
            json.dumps({"seed": seed, "may serve": outcome is not None and not outcome.reasons} | figures, indent=2), flush=True
        )
        app.spark.stop()


if __name__ == "__main__":
    main()
