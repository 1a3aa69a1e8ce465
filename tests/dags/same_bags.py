"""Compare what two lakes publish, as bags, in one session of the jobs environment: `python same_bags.py LAKE LAKE`.

The last line is JSON: per published table its rows and how many of them only one lake has, and the runs of each lake.
"""

import json
import sys

from reclake.run.application import Application, open_application
from reclake.run.job import project_home
from reclake.run.views import published
from reclake.settings import load_settings
from reclake.tables import BY_NAME, ops


def opened(lake: str, **options: object) -> Application:
    home = project_home()
    return open_application(
        home, load_settings(home, profile="local", overrides=[f"lake.root={lake}"]), name="same bags", **options
    )


def names_in(app: Application) -> set[str]:
    return {name for name in app.manifest.current() if name in BY_NAME}


def compared(one: Application, other: Application, name: str) -> dict[str, int]:
    left, right = (published(app, BY_NAME[name]).drop(*BY_NAME[name].run_columns) for app in (one, other))
    return {"rows": left.count(), "only_left": left.exceptAll(right).count(), "only_right": right.exceptAll(left).count()}


def runs_in(app: Application) -> list[str]:
    return sorted({row["run_id"] for row in app.store.read_newest(ops.CLAIMS).select("run_id").collect()})


def main(left: str, right: str) -> None:
    one = opened(left)
    other = opened(right, spark=one.spark)
    both = sorted(names_in(one) & names_in(other))
    found = {
        "tables": {name: compared(one, other, name) for name in both},
        "in_one_only": sorted(names_in(one) ^ names_in(other)),
        "runs": [runs_in(one), runs_in(other)],
    }
    sys.stdout.write(json.dumps(found) + "\n")
    one.spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
