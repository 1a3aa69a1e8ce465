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
