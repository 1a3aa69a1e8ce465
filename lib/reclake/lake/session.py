"""The Spark session: everything that differs between machines stands in spark-defaults.conf."""

import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pyspark.sql import SparkSession

from .files import Files


def open_session(conf_dir: Path, *, name: str) -> SparkSession:
    """A session with the settings of the profile's folder.

    Under spark-submit the session exists and SPARK_CONF_DIR was read already; then this joins it.
    """
    # Spark reads the folder when the JVM starts: it must be set before.
    os.environ.setdefault("SPARK_CONF_DIR", str(conf_dir))
    # Workers of local mode need this environment; spark-submit and clusters name theirs in the environment.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    # Spark hands times to Python in the machine's zone: with UTC on both sides a stored time reads as it was written.
    os.environ["TZ"] = "UTC"
    time.tzset()
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    spark = SparkSession.builder.appName(name).getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    # Logs the message of every failed action, and the message of a failed cast quotes the value.
    logging.getLogger("DataFrameQueryContextLogger").disabled = True
    return spark


@contextmanager
def checkpoints_in(spark: SparkSession, folder: str) -> Iterator[None]:
    """Give iterations a folder to leave their state in, which every worker sees; it is removed in the end.

    Without one the lineage of MLlib's ALS grows with each iteration, until a task that unpacks it overflows its stack.
    """
    spark.sparkContext.setCheckpointDir(folder)
    try:
        yield
    finally:
        Files(spark).remove(folder)
