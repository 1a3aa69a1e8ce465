"""Every profile loads, says only what differs, and has the Spark settings that no profile may lack."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from reclake.settings import load_settings

ROOT = Path(__file__).resolve().parents[2]
PROFILES = sorted(path.stem for path in (ROOT / "conf").glob("*.toml") if path.stem != "base")
EVERYWHERE = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.hadoop.parquet.page.verify-checksum.enabled": "true",
    "spark.hadoop.parquet.filter.columnindex.enabled": "false",
    "spark.hadoop.parquet.filter.stats.enabled": "false",
    "spark.databricks.delta.optimizeMetadataQuery.enabled": "false",
    "spark.ui.enabled": "false",
}
SECRET_WORDS = (
    "secret",
    "password",
    "token",
    "access.key",
    "credential",
    "salt",
    "pepper",
    "hmac_key",
    "api_key",
    "dsn",
    "private",
)
ON_A_CLUSTER = {
    "spark.authenticate": "true",
    "spark.network.crypto.enabled": "true",
    "spark.io.encryption.enabled": "true",
    "spark.master.rest.enabled": "false",
    "spark.sql.adaptive.enabled": "true",
    "spark.executorEnv.TZ": "UTC",
    "spark.executor.extraJavaOptions": "-Duser.timezone=UTC",
}
FOR_SMALL_DATA = (
    "spark.master",
    "spark.driver.host",
    "spark.driver.bindAddress",
    "spark.buffer.pageSize",
    "spark.sql.shuffle.partitions",
    "spark.sql.sources.parallelPartitionDiscovery.parallelism",
    "spark.databricks.delta.snapshotPartitions",
    "spark.databricks.delta.delta.log.cacheSize",
    "spark.sql.codegen.wholeStage",
    "spark.sql.codegen.factoryMode",
)


def conf_dir(profile: str) -> Path:
    return ROOT / load_settings(ROOT, profile=profile, environment={}).spark.conf_dir


def spark_settings(profile: str) -> dict[str, str]:
    """The profile's spark-defaults.conf as Spark reads it: key, blanks, value; a key twice is a mistake."""
    lines = (conf_dir(profile) / "spark-defaults.conf").read_text(encoding="utf-8").splitlines()
    pairs = [tuple(line.split(None, 1)) for line in lines if line.strip() and not line.startswith("#")]
    assert all(len(pair) == 2 for pair in pairs), [pair for pair in pairs if len(pair) != 2]
    found = {key: value.strip() for key, value in pairs}
    assert len(found) == len(pairs), "a key stands there twice"
    return found


def leaves(values: dict, path: tuple[str, ...] = ()):
    for key, value in values.items():
        if isinstance(value, dict):
            yield from leaves(value, (*path, key))
        else:
            yield ".".join((*path, key)), value


def test_all_profiles_are_looked_at():
    assert {"cluster", "local", "test"} <= set(PROFILES)


@pytest.mark.parametrize("profile", PROFILES)
class TestEveryProfile:
    def test_says_only_what_differs(self, profile):
        base = dict(leaves(tomllib.loads((ROOT / "conf" / "base.toml").read_text(encoding="utf-8"))))
        own = dict(leaves(tomllib.loads((ROOT / "conf" / f"{profile}.toml").read_text(encoding="utf-8"))))
        assert [key for key, value in own.items() if base[key] == value] == []
        settings = load_settings(ROOT, profile=profile, environment={})
        assert {key: settings.value(key) for key in own} == own

    def test_has_its_own_spark_settings(self, profile):
        assert conf_dir(profile) == ROOT / "conf" / "spark" / profile
        assert (conf_dir(profile) / "log4j2.properties").is_file()
        found = spark_settings(profile)
        assert {key: found.get(key) for key in EVERYWHERE} == EVERYWHERE
        assert "-Duser.timezone=UTC" in found["spark.driver.extraJavaOptions"]

    def test_hides_values_whose_name_says_that_they_are_secret(self, profile):
        for key in ("spark.redaction.regex", "spark.sql.redaction.options.regex"):
            hidden = re.compile(spark_settings(profile)[key])
            assert [word for word in SECRET_WORDS if not hidden.search(f"spark.executorEnv.MY_{word.upper()}")] == []
            assert not hidden.search("spark.sql.session.timeZone")


def test_the_cluster_keeps_nothing_of_the_small_profiles_and_everything_of_its_own():
    found = spark_settings("cluster")
    assert [key for key in FOR_SMALL_DATA if key in found] == []
    assert {key: found.get(key) for key in ON_A_CLUSTER} == ON_A_CLUSTER
    assert set(FOR_SMALL_DATA) & set(spark_settings("local")), "the list names nothing that a small profile has"


def test_a_place_on_a_cluster_lies_on_no_machine_alone():
    settings = load_settings(ROOT, profile="cluster", environment={})
    shared = (settings.lake.root, settings.landing.root, settings.mlflow.tracking_uri, settings.mlflow.artifact_root)
    assert [place for place in shared if "://" not in place or place.startswith(("file:", "sqlite:"))] == []
    assert Path(settings.secrets.directory).is_absolute()


@pytest.mark.trial
def test_the_cluster_settings_are_in_force_in_a_session(tmp_path):
    """What Spark made of the file, and that a shuffle and a spill work with it; the event log shows no secret."""
    (tmp_path / "events").mkdir()
    told = [
        "import json",
        "from pyspark.sql import SparkSession",
        "spark = SparkSession.builder.getOrCreate()",
        "n = spark.range(1000).repartition(4).persist().groupBy('id').count().count()",
        "spark.sparkContext.parallelize(range(8), 2).map(lambda x: (x % 2, x)).groupByKey().count()",
        "conf = spark.sparkContext.getConf()",
        "print(json.dumps({'n': n, **dict(conf.getAll())}))",
        "spark.stop()",
    ]
    own = {
        "spark.master": "local[1]",
        "spark.driver.memory": "1g",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.local.dir": str(tmp_path / "scratch"),
        "spark.eventLog.dir": str(tmp_path / "events"),
        "spark.eventLog.compress": "false",
        "spark.sql.shuffle.partitions": "2",
        "spark.executorEnv.MY_SALT": "canary-of-the-test",
    }
    environment = {key: value for key, value in os.environ.items() if key != "SPARK_HOME"} | {
        "SPARK_CONF_DIR": str(conf_dir("cluster")),
        "PYSPARK_PYTHON": sys.executable,
    }
    script = tmp_path / "session.py"
    script.write_text("\n".join(told))
    chosen = [word for key, value in own.items() for word in ("--conf", f"{key}={value}")]
    submit = str(Path(sys.executable).with_name("spark-submit"))
    done = subprocess.run(
        [submit, *chosen, str(script)], env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["n"] == 1000
    expected = EVERYWHERE | ON_A_CLUSTER | {"spark.serializer": "org.apache.spark.serializer.KryoSerializer"}
    # Spark puts options of its own before ours.
    in_force = {key: found.get(key, "").split()[-1] if key.endswith("JavaOptions") else found.get(key) for key in expected}
    assert in_force == expected
    log = "".join(path.read_text(errors="replace") for path in (tmp_path / "events").rglob("*") if path.is_file())
    assert "MY_SALT" in log, "the canary is not where it was planted: nothing is proven"
    assert "canary-of-the-test" not in log
