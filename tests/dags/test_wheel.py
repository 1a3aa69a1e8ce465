"""A wheel given to spark-submit carries the package to driver and workers."""

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
JOBS = Path(os.environ.get("RECLAKE_JOBS_ENV") or ROOT / ".venv" / "jobs")
PROBE = """
import sys

import pyarrow as pa
import reclake
from reclake.run.job import main


def say_where(app, options):
    def places(batches):
        import reclake

        for _ in batches:
            yield pa.RecordBatch.from_pylist([{"place": reclake.__file__}])

    [row] = app.spark.range(1).coalesce(1).mapInArrow(places, "place string").collect()
    sys.stdout.write(f"driver {reclake.__file__}\\nworker {row['place']}\\n")


main(say_where, lambda parser: None, needs_keys=False)
"""


def test_driver_and_workers_import_the_package_from_the_wheel(tmp_path):
    wheel = tmp_path / "reclake-0-py3-none-any.whl"
    shutil.move(shutil.make_archive(str(tmp_path / "packed"), "zip", ROOT / "lib", "reclake"), wheel)
    for folder in ("conf", "expectations"):
        shutil.copytree(ROOT / folder, tmp_path / "home" / folder)
    (tmp_path / "probe.py").write_text(PROBE)
    own = {
        "RECLAKE_HOME": str(tmp_path / "home"),
        "SPARK_CONF_DIR": str(tmp_path / "home" / "conf" / "spark" / "local"),
        "PYSPARK_PYTHON": str(JOBS / "bin" / "python"),
    }
    inherited = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "SPARK_HOME")}
    command = [str(JOBS / "bin" / "spark-submit"), "--master", "local[1]", "--py-files", str(wheel), str(tmp_path / "probe.py")]
    done = subprocess.run(command, env=inherited | own, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr[-3000:]
    told = dict(line.split(" ", 1) for line in done.stdout.splitlines() if line.startswith(("driver ", "worker ")))
    assert told["driver"] == f"{wheel}/reclake/__init__.py"
    assert told["worker"].endswith("/reclake-0-py3-none-any.zip/reclake/__init__.py")
