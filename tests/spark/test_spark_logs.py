"""What Spark writes of a failed task holds no figure and no text of a row."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROFILES = ("local", "test", "cluster")
FAILING = """
from pyspark.sql import SparkSession, functions as F
from reclake.run.job import set_up_logging
set_up_logging()
spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
spent = F.lit(7777777777777).cast("decimal(38,4)") * F.lit(1000) + F.col("id")
for failing in (spent.cast("decimal(18,4)"), (F.col("id") + 888777).cast("byte"), F.concat(F.lit("anna"), "id").cast("int")):
    try:
        spark.range(2).select(failing).collect()
    except Exception as fault:
        print(type(fault).__name__)
"""


def test_a_failed_task_is_logged_without_the_value_that_failed():
    environment = os.environ | {"SPARK_CONF_DIR": str(ROOT / "conf" / "spark" / "test"), "PYTHONPATH": str(ROOT / "lib")}
    run = subprocess.run(
        [sys.executable, "-c", FAILING], capture_output=True, text=True, env=environment, check=True, timeout=180
    )
    assert run.stdout.split() == ["ArithmeticException", "ArithmeticException", "NumberFormatException"]
    assert "NUMERIC_VALUE_OUT_OF_RANGE" in run.stderr, "nothing was logged, so nothing was looked at"
    assert not [line for line in run.stderr.splitlines() if any(word in line for word in ("7777777", "888777", "888778", "anna"))]


def test_all_profiles_write_their_lines_in_one_form():
    written = {
        line
        for profile in PROFILES
        for line in (ROOT / "conf" / "spark" / profile / "log4j2.properties").read_text().splitlines()
        if line.startswith("appender.console.layout.pattern")
    }
    assert len(written) == 1
