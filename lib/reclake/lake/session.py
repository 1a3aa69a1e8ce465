"""The Spark session: everything that differs between machines stands in spark-defaults.conf."""

import logging
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from pyspark import SparkConf, SparkContext
from pyspark.sql import SparkSession

from reclake.errors import UsageError

from .files import Files
from .java_noise import without_noise
from .scratch import scratch_folder

CLOSED = "077"  # the umask under which nobody else may open what a run makes


def metastore_settings(metastore: str) -> dict[str, str]:
    """Spark's settings for a metastore: thrift://host:port, a folder with an own one, or "" for what the profile names.

    Examples
    --------
    >>> metastore_settings("thrift://metastore:9083")["spark.hadoop.hive.metastore.uris"]
    'thrift://metastore:9083'
    >>> metastore_settings("/srv/metastore")["spark.sql.warehouse.dir"]
    '/srv/metastore/warehouse'
    """
    settings = {"spark.sql.catalogImplementation": "hive"}
    if metastore.startswith("thrift://"):
        return settings | {"spark.hadoop.hive.metastore.uris": metastore}
    if metastore:
        settings["spark.sql.warehouse.dir"] = f"{metastore}/warehouse"
        settings["spark.hadoop.javax.jdo.option.ConnectionURL"] = f"jdbc:derby:;databaseName={metastore}/derby;create=true"
    return settings


def open_session(
    conf_dir: Path, *, name: str, metastore: str | None = None, more: Mapping[str, str] | None = None, umask: str = CLOSED
) -> SparkSession:
    """A session with the settings of the profile's folder; with `metastore`, of the catalogue that it keeps.

    Under spark-submit the session exists and SPARK_CONF_DIR was read already; then this joins it.

    Parameters
    ----------
    umask
        Octal digits: the rights that new files and folders lack, of this process, of Spark's Java and of the lake.
    """
    # Before Java starts, which inherits it; Hadoop sets the rights of what it makes by a setting of its own.
    os.umask(int(umask, 8))
    # Spark reads the folder when the JVM starts: it must be set before.
    os.environ.setdefault("SPARK_CONF_DIR", str(conf_dir))
    # Workers of local mode need this environment; spark-submit and clusters name theirs in the environment.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    # Spark hands times to Python in the machine's zone: with UTC on both sides a stored time reads as it was written.
    os.environ["TZ"] = "UTC"
    time.tzset()
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    chosen: dict[str, Any] = (metastore_settings(metastore) if metastore is not None else {}) | dict(more or {})
    chosen["spark.hadoop.fs.permissions.umask-mode"] = umask
    # Under spark-submit Java runs already, and whoever asked for more wants all that it says.
    starts_java = SparkContext._gateway is None and "PYSPARK_GATEWAY_PORT" not in os.environ
    is_quiet = starts_java and not logging.getLogger("reclake").isEnabledFor(logging.INFO)
    with without_noise() if is_quiet else nullcontext():
        chosen |= _scratch_settings(chosen)
        spark = SparkSession.builder.appName(name).config(map=chosen).getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    _require_profile(spark, conf_dir)
    if metastore and "://" not in metastore:
        # Derby would leave its log in the working directory.
        Path(metastore).mkdir(parents=True, exist_ok=True)
        spark._jvm.java.lang.System.setProperty("derby.stream.error.file", f"{metastore}/derby.log")  # type: ignore[union-attr]
    # Logs the message of every failed action, and the message of a failed cast quotes the value.
    logging.getLogger("DataFrameQueryContextLogger").disabled = True
    return spark


def _require_profile(spark: SparkSession, conf_dir: Path) -> None:
    """Stop a session that was started without the profile's settings: it could read no table, and check no page.

    Raises
    ------
    UsageError
        When there is no Delta in it.
    """
    if "io.delta" in (spark.conf.get("spark.sql.extensions", "") or ""):
        return
    place = os.environ.get("SPARK_CONF_DIR") or "no folder"
    spark.stop()
    raise UsageError(
        "Spark was started without the settings of reclake",
        f"no Delta among spark.sql.extensions; SPARK_CONF_DIR named {place}",
        f"export SPARK_CONF_DIR={conf_dir} before spark-submit is called",
    )


def _scratch_settings(chosen: Mapping[str, Any]) -> dict[str, str]:
    """Settings that send Spark's temporary files to folders of this process alone, beside where they would lie; local mode only.

    On a cluster executors have folders of their resource manager, and `spark.io.encryption` protects what lies there.
    """
    if SparkContext._active_spark_context is not None:
        return {}
    of_environment = os.environ.get("SPARK_LOCAL_DIRS", "")
    # The settings that Java was started with are those of the profile and of spark-submit.
    SparkContext._ensure_initialized(conf=SparkConf(loadDefaults=False).setAll(list(chosen.items())))
    profile = SparkConf()
    if not profile.get("spark.master", "").startswith("local"):
        return {}
    if of_environment:
        # Java takes its environment's folders before any setting, and their rights are not this run's to change.
        return {"spark.io.encryption.enabled": "true"}
    bases = profile.get("spark.local.dir", "") or tempfile.gettempdir()
    folders = [scratch_folder(Path(base)) for base in bases.split(",")]
    # Hadoop's connectors keep blocks that they upload in a folder of their own.
    return {"spark.local.dir": ",".join(map(str, folders)), "spark.hadoop.hadoop.tmp.dir": str(folders[0] / "hadoop")}


@contextmanager
def checkpoints_in(spark: SparkSession, folder: str) -> Iterator[None]:
    """Give iterations a folder to leave their state in, which every worker sees; it is removed in the end.

    Without one the lineage of a fit in MLlib grows with each iteration, until a task that unpacks it overflows its stack.
    """
    spark.sparkContext.setCheckpointDir(folder)
    try:
        yield
    finally:
        Files(spark).remove(folder)
