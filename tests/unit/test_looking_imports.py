"""What the commands that only look import: nothing of Spark, and no pandas, whose import takes as long as the answer."""

import json
import subprocess
import sys
from datetime import date

import pytest

from lakes import ROOT, as_environment
from reclake.tables import gold
from without_spark import publish

GOLDEN = ROOT / "tests" / "data" / "lake-0.1"
AS_OF = date(2026, 3, 10)
OF_THE_LAKE = (
    ("status",), ("plan",), ("show", "gold.customer_segments"), ("history", "gold.customer_segments"), ("models",), ("rejected",),
    ("trace", "c_93ac"), ("tables", "silver.events"), ("alert", "--day", "2026-01-02"), ("doctor",),
)  # fmt: skip
OF_FIGURES = (
    ("sales",), ("retention",), ("funnel", "browse_cart_order_pay"), ("paths", "visits", "--transitions"), ("cube",),
    ("show", "gold.sales", "--where", "n_orders>0", "--sort", "-n_orders"), ("history", "gold.sales"),
)  # fmt: skip
COMMANDS = OF_THE_LAKE + OF_FIGURES
PROGRAM = """
import json, sys
from typer.testing import CliRunner
from reclake.cli import app
ended, known = [], set()
for command in json.loads(sys.argv[1]):
    done = CliRunner().invoke(app, command)
    heavy = {name.split(".")[0] for name in sys.modules}
    heavy &= {"pyspark", "py4j", "delta", "great_expectations", "mlflow", "pandas", "scipy", "polars"}
    ended.append([done.exit_code, done.output, type(done.exception).__name__, sorted(heavy - known)])
    known |= heavy
print(json.dumps(ended))
"""


def figures():
    day = {"as_of_date": AS_OF, "category": "", "currency": "CNY"}
    yield gold.SALES, day | {"period": "month", "start_date": date(2026, 3, 1), "is_open": True, "n_orders": 3}
    yield (
        gold.RETENTION,
        day | {"activity": "order", "period": "month", "cohort_kind": "activity", "start_date": date(2026, 3, 1)},
    )
    step = {"period": "window", "dimension": "all", "step": 1, "n_reached": 3}
    yield (
        gold.FUNNELS,
        day
        | step
        | {"funnel": "browse_cart_order_pay", "n_entered": 3, "n_customers": 3, "n_lost": 0, "n_open": 0, "n_excluded": 0},
    )
    step = {"dimension": "all", "value": "", "from_node": "view", "to_node": "order", "n_transitions": 3}
    yield gold.PATH_TRANSITIONS, day | step | {"path": "visits"}
    yield gold.BEHAVIOUR_CUBE, day | {"dimension_a": "category", "dimension_b": "tier", "value_a": "tea", "value_b": "new"}


@pytest.fixture(scope="module")
def ended(tmp_path_factory):
    """Command → exit code, output, exception and what it imported, of one process that runs them all."""
    lake = tmp_path_factory.mktemp("figures")
    publish(lake, {table: [row] for table, row in figures()})
    settings = {"lake.root": str(GOLDEN / "lake"), "landing.root": str(GOLDEN / "landing")}
    environment = {"PYTHONPATH": str(ROOT / "lib"), "RECLAKE_HOME": str(ROOT), "PATH": "/usr/bin:/bin"} | as_environment(settings)
    asked = [*OF_THE_LAKE, *((*command, "--set", f"lake.root={lake}") for command in OF_FIGURES)]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(asked)], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return dict(zip(COMMANDS, json.loads(done.stdout.splitlines()[-1]), strict=True))


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_command_that_only_looks_imports_neither_spark_nor_pandas(ended, command):
    exit_code, output, exception, heavy = ended[command]
    assert exit_code == 0 or command in OF_THE_LAKE, output
    assert exit_code in {0, 1}, output
    assert not heavy
    assert exception in {"NoneType", "UsageError"}, output
    assert output.strip()
