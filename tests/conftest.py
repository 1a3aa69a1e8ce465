"""One Spark session for the whole run, or for each of the processes that share it (docs/decisions/0012)."""

import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

ROOT = Path(__file__).resolve().parents[1]
# The worker of a plain `pytest` must be this environment's Python.
os.environ["PYSPARK_PYTHON"] = sys.executable
os.environ["GX_ANALYTICS_ENABLED"] = "false"
if not hasattr(sys.modules["__main__"], "__file__"):
    # A process of pytest-xdist: PySpark takes a main module without a file for its own doctests, and exits.
    sys.modules["__main__"].__file__ = __file__


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("trials")
    group.addoption("--trial-seed", type=int, help="seed of the trials, to repeat a run; else drawn and printed")
    group.addoption("--trial-size", choices=("ci", "nightly"), default="ci", help="size of the trials")


def pytest_configure(config: pytest.Config) -> None:
    if config.option.trial_seed is None:
        config.option.trial_seed = random.SystemRandom().randrange(1_000_000)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    told = config.option
    terminalreporter.write_line(f"trials: repeat with --trial-seed={told.trial_seed} --trial-size={told.trial_size}")


@pytest.fixture(scope="session")
def trial_seed(request: pytest.FixtureRequest) -> int:
    """The seed of whatever a trial draws."""
    return request.config.option.trial_seed


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
    """The landing folder of a demo company over 4 days."""
    from lakes import make_company

    return make_company(spark, tmp_path_factory.mktemp("company"), n_days=4)
