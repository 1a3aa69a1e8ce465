"""One Spark session for the whole run."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

ROOT = Path(__file__).resolve().parents[1]
# The worker of a plain `pytest` must be this environment's Python.
os.environ["PYSPARK_PYTHON"] = sys.executable
os.environ["GX_ANALYTICS_ENABLED"] = "false"


@pytest.fixture(scope="session")
def root() -> Path:
    """The project folder."""
    return ROOT


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    """The session of the test profile."""
    from reclake.lake.session import open_session

    session = open_session(ROOT / "conf" / "spark" / "test", name="reclake-tests")
    yield session
    session.stop()


@pytest.fixture(scope="session")
def company(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The landing folder of a demo company of 60 people over 4 days; the truth lies in `truth` beside it."""
    from reclake.settings import load_settings
    from reclake.synthetic import generate

    folder = tmp_path_factory.mktemp("company")
    demo = load_settings(ROOT, profile="test", overrides=["demo.n_customers=60"], environment={}).demo
    generate(spark, str(folder / "landing" / "demo"), str(folder / "truth"), settings=demo, n_days=4)
    return folder / "landing"
