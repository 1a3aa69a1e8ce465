"""One Spark session for the whole run, or for each of the processes that share it (docs/decisions/0012)."""

import os
import random
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

SKIPPED: list[str] = []
FIGURES: list[str] = []  # what trials measured
SECONDS: Counter[str] = Counter()  # of each file, preparing and clearing up included
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
    group.addoption("--nothing-skipped", action="store_true", help="end red when a test was skipped: not run is not passed")
    group.addoption("--seconds-per-file", action="store_true", help="tell in the end how long the tests of each file took")
    group.addoption("--trial-size", choices=("ci", "nightly"), default="ci", help="size of the trials")


def pytest_configure(config: pytest.Config) -> None:
    if config.option.trial_seed is None:
        config.option.trial_seed = random.SystemRandom().randrange(1_000_000)


def _how_to_repeat(config: pytest.Config) -> str:
    return f"trials: repeat with --trial-seed={config.option.trial_seed} --trial-size={config.option.trial_size}"


def pytest_sessionstart(session: pytest.Session) -> None:
    """Tell the seed at the beginning as well, which `-q` leaves out of a header: a run that is broken off has no end."""
    if (reporter := session.config.pluginmanager.get_plugin("terminalreporter")) is not None:
        reporter.write_line(_how_to_repeat(session.config))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    SECONDS[report.nodeid.partition("::")[0]] += report.duration
    if report.skipped and not hasattr(report, "wasxfail"):
        SKIPPED.append(report.nodeid)
    if report.when == "call":
        FIGURES.extend(f"{report.nodeid}: {name} {value}" for name, value in report.user_properties)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    if SKIPPED and session.config.option.nothing_skipped and exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for figure in FIGURES:
        terminalreporter.write_line(figure)
    if config.option.seconds_per_file:
        terminalreporter.section("seconds per file")
        terminalreporter.write_line(
            f"{sum(SECONDS.values()):7.1f} of all {len(SECONDS)} files, of which these took a second or more"
        )
        for name, seconds in SECONDS.most_common():
            if seconds >= 1:
                terminalreporter.write_line(f"{seconds:7.1f} {name}")
    if SKIPPED and config.option.nothing_skipped:
        terminalreporter.write_line(f"{len(SKIPPED)} trials were skipped: not run is not passed")
    terminalreporter.write_line(_how_to_repeat(config))


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
    from kept import copy_of
    from lakes import four_days_of_a_company

    return copy_of("company", four_days_of_a_company, spark, tmp_path_factory.mktemp("company")) / "landing"
