"""What Spark and this package write of a failed task holds no figure and no text of a row, quoted or not."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROFILES = ("local", "test", "cluster")
# Values as rows hold them; an apostrophe ends a quote, a bare number stands in none, and a break begins a line.
FAILING = """
import logging, sys
from pyspark.sql import SparkSession, functions as F
from reclake.run.faults import trace_text
from reclake.run.job import fault_lines, set_up_logging
set_up_logging()
spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
spent = F.lit(7777777777777).cast("decimal(38,4)") * F.lit(1000) + F.col("id")

@F.udf("string")
def raised(value):
    raise ValueError(f"{value} of O'Hara-canary, 13800138000, anna@example.org is none\\n26/01/01 00:00:00 ERROR forged: 888777")

name = F.concat(F.lit("O'Hara-canary "), "id")
for failing in (
    spent.cast("decimal(18,4)"), (F.col("id") + 888777).cast("byte"), F.concat(F.lit("anna"), "id").cast("int"), name.cast("int"),
    F.concat(F.lit("13800138000 "), "id").cast("date"), F.raise_error(F.concat(name, F.lit(" 13800138000"))), raised("id"),
    F.to_timestamp(name, "yyyy"), F.element_at(F.create_map(name, F.lit(1)), F.lit("anna")) + 1 / (F.col("id") * 0),
):
    try:
        spark.range(2).select(failing).collect()
    except Exception as fault:
        print(type(fault).__name__)
        sys.stderr.write(fault_lines(fault) + "\\n" + trace_text(fault))
        logging.getLogger("reclake").error("a table broke off", exc_info=fault)
"""
VALUES = ("7777777", "888777", "888778", "anna", "Hara", "canary", "13800138000", "forged")


def test_a_failed_task_is_logged_without_the_value_that_failed():
    environment = os.environ | {"SPARK_CONF_DIR": str(ROOT / "conf" / "spark" / "test"), "PYTHONPATH": str(ROOT / "lib")}
    environment["PYSPARK_PYTHON"] = sys.executable
    run = subprocess.run(
        [sys.executable, "-c", FAILING], capture_output=True, text=True, env=environment, check=True, timeout=180
    )
    assert run.stdout.split()[:4] == [
        "ArithmeticException",
        "ArithmeticException",
        "NumberFormatException",
        "NumberFormatException",
    ]
    assert len(run.stdout.split()) == 9, "one of them did not fail"
    lines = run.stderr.splitlines()
    of_spark = [line for line in lines if " ERROR Executor: " in line]
    assert len(of_spark) >= 7, "Spark logged nothing: nothing is proven"
    assert any("SparkArithmeticException: [NUMERIC_VALUE_OUT_OF_RANGE" in line for line in of_spark), of_spark
    assert any("org.apache.spark.api.python.PythonException" in line for line in of_spark), of_spark
    assert any("ArithmeticException: [NUMERIC_VALUE_OUT_OF_RANGE" in line for line in lines if line not in of_spark)
    assert any("PythonException" in line and "Cause: ValueError" in line for line in lines), "the function did not raise"
    assert [line for line in lines if any(word in line for word in VALUES)] == []


def test_all_profiles_write_their_lines_in_one_form():
    written = {
        line
        for profile in PROFILES
        for line in (ROOT / "conf" / "spark" / profile / "log4j2.properties").read_text().splitlines()
        if line.startswith("appender.console.layout")
    }
    assert len(written) == 3
