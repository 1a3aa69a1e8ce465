"""Tables that seem older than they are: what retention goes by, moved back in time."""

import json
import os
from pathlib import Path

from pyspark.sql import SparkSession

DAY_SECONDS = 86_400


def age(spark: SparkSession, table_folder: Path, *, days: int) -> None:
    """Move every file's time, and what the log says of commits and removals, `days` back."""
    for path in sorted(table_folder.rglob("*")):
        if path.parent.name == "_delta_log" and path.suffix == ".json":
            stamp = path.stat()
            path.write_text("".join(f"{_aged(line, days)}\n" for line in path.read_text().splitlines()))
            os.utime(path, (stamp.st_atime, stamp.st_mtime))
            path.with_name(f".{path.name}.crc").unlink(missing_ok=True)  # Hadoop's own, of the bytes before
    for path in table_folder.rglob("*"):
        if path.is_file():
            then = path.stat().st_mtime - days * DAY_SECONDS
            os.utime(path, (then, then))
    spark._jvm.org.apache.spark.sql.delta.DeltaLog.clearCache()


def _aged(line: str, days: int) -> str:
    action = json.loads(line)
    for kind, name in (("remove", "deletionTimestamp"), ("commitInfo", "timestamp"), ("add", "modificationTime")):
        if kind in action:
            action[kind][name] -= days * DAY_SECONDS * 1000
    return json.dumps(action, separators=(",", ":"))
