"""The scan for planted secrets finds them wherever they lie, compressed or not (S-05); the scan itself runs end to end."""

import gzip
import os
import sqlite3
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from decoded import decoded_files
from lakes import event_log_in, spark_profile

CANARY = "13800138000"
ENCODED = ["zstd.parquet", "snappy.parquet", "lines.jsonl.gz", "mlflow.db", "log.txt"]


def leaking(folder):
    """One file of each kind that a lake writes, each with the canary in it."""
    for codec in ("zstd", "snappy"):
        table = pa.table({"at": [f"a{n}" for n in range(200)] + [CANARY] + [CANARY[::-1]] * 200})
        pq.write_table(table, folder / f"{codec}.parquet", compression=codec)
    (folder / "lines.jsonl.gz").write_bytes(gzip.compress(CANARY.encode() * 3))
    with sqlite3.connect(folder / "mlflow.db") as database:
        database.execute("create table params (value text)")
        database.execute("insert into params values (?)", (CANARY,))
    (folder / "log.txt").write_text(f"called {CANARY}")
    return folder


def test_the_scan_finds_a_leak_in_every_kind_of_file(tmp_path):
    found = {path.name for path, content in decoded_files(leaking(tmp_path)) if CANARY.encode() in content}
    assert found == set(ENCODED)


def test_a_raw_search_is_told(tmp_path):
    """The known-bad variant: bytes as they lie do not show what is compressed."""
    found = {path.name for path in leaking(tmp_path).iterdir() if CANARY.encode() in path.read_bytes()}
    assert "lines.jsonl.gz" not in found
    assert "zstd.parquet" not in found
    assert "log.txt" in found


LEAK = """
import sys
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
spark = SparkSession.builder.config("spark.custom.api_key", sys.argv[2]).getOrCreate()
spark.range(3).select(F.lit(sys.argv[1]).alias("key")).where("id > 0").write.mode("overwrite").format("noop").save()
spark.stop()
"""


@pytest.mark.trial
def test_a_key_in_a_plan_is_found_in_the_event_log_and_one_in_a_setting_is_redacted(tmp_path):
    environment = os.environ | {"SPARK_CONF_DIR": str(spark_profile(tmp_path, "local", event_log_in(tmp_path)))}
    subprocess.run(
        [sys.executable, "-c", LEAK, "in-a-plan-5f3a", "in-a-setting-77c1"], env=environment, check=True, capture_output=True
    )
    content = b"".join(content for _, content in decoded_files(tmp_path / "events"))
    assert b"SparkListenerApplicationStart" in content
    assert (b"in-a-plan-5f3a" in content, b"in-a-setting-77c1" in content) == (True, False)


FAILED_CAST = """
import sys
from pathlib import Path
from pyspark.sql import functions as F
from reclake.lake.session import open_session
from reclake.run.job import end_with, set_up_logging
set_up_logging()
spark = open_session(Path(sys.argv[2]), name="cast")
try:
    spark.createDataFrame([(sys.argv[1],)], "phone string").select(F.col("phone").cast(sys.argv[3])).collect()
except Exception as error:
    print(type(error).__name__, file=sys.stderr)
    end_with(error, verbose=True)
"""


@pytest.mark.trial
@pytest.mark.parametrize(
    ("planted", "to"),
    [
        (f"{CANARY}x", "long"),
        # An apostrophe ends the quotes that a message puts around a value.
        (f"O'Hara {CANARY}", "long"),
        (f"' {CANARY} '", "timestamp"),
        # A number that does not fit stands in no quotes.
        (f"{CANARY}99999999999", "decimal(18,2)"),
        (f"{CANARY}.5", "int"),
    ],
)
def test_a_failed_cast_leaves_its_value_in_no_log(root, planted, to):
    command = [sys.executable, "-c", FAILED_CAST, planted, str(root / "conf" / "spark" / "local"), to]
    environment = {name: value for name, value in os.environ.items() if name != "SPARK_CONF_DIR"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 1, done.stderr
    assert " ERROR Executor: " in done.stderr, "Spark logged nothing: nothing is proven"
    assert "the run broke off" in done.stderr
    assert any(name in done.stderr for name in ("CAST_INVALID_INPUT", "NUMERIC_VALUE_OUT_OF_RANGE"))
    assert CANARY not in done.stderr + done.stdout
    assert "Hara" not in done.stderr + done.stdout
