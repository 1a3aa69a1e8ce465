"""Compare what two lakes publish, as bags, in one session of the jobs environment: `python same_bags.py LAKE LAKE`.

The last line is JSON: per published table its rows and how many of them only one lake has, and the runs of each lake.
"""

import json
import sys
from collections import Counter

from reclake.run.application import Application, open_application
from reclake.run.job import project_home
from reclake.settings import load_settings
from reclake.tables import BY_NAME, ops


def opened(lake: str, **options: object) -> Application:
    home = project_home()
    return open_application(
        home, load_settings(home, profile="local", overrides=[f"lake.root={lake}"]), name="same bags", **options
    )


def bags(app: Application) -> dict[str, Counter[str]]:
    """Every published table's rows less what says which run wrote them; collected, as a day of the test's company is small."""
    current = app.manifest.current()
    tables = [BY_NAME[name] for name in sorted(current) if name in BY_NAME]
    frames = {table.name: app.store.read(table, version=current[table.name].version).drop(*table.run_columns) for table in tables}
    return {name: Counter(map(repr, frame.collect())) for name, frame in frames.items()}


def compared(left: Counter[str], right: Counter[str]) -> dict[str, int]:
    return {"rows": left.total(), "only_left": (left - right).total(), "only_right": (right - left).total()}


def runs_in(app: Application) -> list[str]:
    return sorted({row["run_id"] for row in app.store.read_newest(ops.CLAIMS).select("run_id").collect()})


def main(left: str, right: str) -> None:
    one = opened(left)
    other = opened(right, spark=one.spark)
    ours, theirs = bags(one), bags(other)
    found = {
        "tables": {name: compared(ours[name], theirs[name]) for name in sorted(ours.keys() & theirs.keys())},
        "in_one_only": sorted(ours.keys() ^ theirs.keys()),
        "runs": [runs_in(one), runs_in(other)],
    }
    sys.stdout.write(json.dumps(found) + "\n")
    one.spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
