"""These tests run in Airflow's own environment: `make airflow-test`."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from runs import JOBS, ROOT

sys.path.append(str(ROOT / "tests"))  # what other tests use as well
collect_ignore_glob = [] if importlib.util.find_spec("airflow") else ["test_*.py"]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "trial: minutes of real spark-submit or a real scheduler; run by make trials")


@pytest.fixture(scope="session", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An Airflow home and a landing folder of their own; the lake of the spark-submit runs lies in `airflow-lake`."""
    folder = tmp_path_factory.mktemp("airflow")
    own = {
        "AIRFLOW_HOME": str(folder / "home"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW_CONN_SPARK_DEFAULT": json.dumps({"conn_type": "spark", "host": "local[2]"}),
        "RECLAKE_HOME": str(ROOT),
        "RECLAKE_JOBS_ENV": str(JOBS),
        "RECLAKE_REPORTS": str(folder / "reports"),
        "RECLAKE__LANDING__ROOT": str(folder / "landing"),
        "RECLAKE__SECRETS__DIRECTORY": str(folder / "secrets"),
        "RECLAKE__MLFLOW__TRACKING_URI": f"sqlite:///{folder / 'mlflow.db'}",
        "RECLAKE__MLFLOW__ARTIFACT_ROOT": str(folder / "models"),
        "RECLAKE__DEMO__N_CUSTOMERS": "40",
        "RECLAKE__LAKE__ROOT": str(folder / "airflow-lake"),
    }
    os.environ.update(own)
    for name in (
        "SPARK_HOME",
        "SPARK_CONF_DIR",
        "PYSPARK_PYTHON",
        "RECLAKE_PROFILE",
        "RECLAKE_WHEEL",
        "RECLAKE_SPARK_PROPERTIES",
    ):
        os.environ.pop(name, None)
    sys.path[:0] = [str(ROOT / "lib"), str(ROOT / "dags")]  # Airflow puts a bundle's folder on the path itself
    return folder


@pytest.fixture(scope="session")
def database(home: Path) -> None:
    migrate = [str(Path(sys.executable).with_name("airflow")), "db", "migrate"]
    done = subprocess.run(migrate, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
