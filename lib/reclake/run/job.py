"""What every spark-submit job and the command line share: settings, logging, and errors turned into exit codes."""

from __future__ import annotations

import logging
import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import date
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NoReturn

from reclake.errors import Interrupted, ReclakeError
from reclake.printable import printable
from reclake.settings import Settings, find_home, load_settings
from reclake.tables import of_stage

from .faults import as_error, trace_text
from .job_log import LogReporter
from .log_lines import LogLines
from .opened import located, require_writable

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from .application import Application

logger = logging.getLogger("reclake")
LOG_FORMAT = "%(asctime)s %(levelname)s %(message)s"


def project_home() -> Path:
    """The project folder: RECLAKE_HOME, else the one around the working directory."""
    return find_home(Path(os.environ.get("RECLAKE_HOME") or Path.cwd()).resolve())


def set_up_logging(*, level: int = logging.INFO) -> None:
    """Plain lines on standard error; the package logger is set up here and nowhere else."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LogLines(LOG_FORMAT))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logger.setLevel(level)
    # Great Expectations reports each of its temporary folders, and sets its own level when it is imported; MLflow its tables.
    handler.addFilter(lambda record: record.name.startswith("reclake") or record.levelno >= logging.WARNING)
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
    # PySpark writes the whole message of an error of a query, with the value that it quotes, before anybody catches it.
    for name in ("DataFrameQueryContextLogger", "SQLQueryContextLogger"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


def fault_lines(fault: BaseException) -> str:
    """A fault of program or machine in three lines; its message may quote a person and is left out."""
    return str(as_error(fault))


def end_with(error: BaseException, *, verbose: bool) -> NoReturn:
    """End the process with the error's exit code, 1 for a fault: three lines, after the stack trace if it was asked for.

    The trace holds no message of others either: logs are kept, and read by more people than the tables are.
    """
    if verbose:
        sys.stderr.write("".join(f"{printable(line)}\n" for line in trace_text(error).splitlines()))
    sys.stderr.write(f"{error if isinstance(error, ReclakeError) else fault_lines(error)}\n")
    sys.exit(error.exit_code if isinstance(error, ReclakeError) else 1)


def settings_of(options: Namespace) -> tuple[Path, Settings]:
    """Project folder and settings from `--profile` and `--set`."""
    home = project_home()
    return home, load_settings(home, profile=options.profile, overrides=options.set)


@contextmanager
def package_on_workers(spark: SparkSession) -> Iterator[None]:
    """Give the workers the wheel that this package was imported from, if it was one.

    Spark sends a wheel of `--py-files` along, but puts only .zip, .egg and .jar on its workers' path.
    """
    archive = getattr(__spec__.loader, "archive", "")
    if not archive.endswith(".whl"):
        yield
        return
    with TemporaryDirectory(prefix="reclake-") as folder:
        spark.sparkContext.addPyFile(copyfile(archive, f"{folder}/{Path(archive).stem}.zip"))
        yield


@contextmanager
def reported(app: Application, place: str | None, reporter: LogReporter) -> Iterator[None]:
    """Write the report of what the block did, whether or not it ends in an error; nothing without a place."""
    from .outcome import write_report

    try:
        yield
    except Exception as error:
        if place is not None:
            try:
                write_report(app, place, reporter, error)
            except Exception as failure:  # noqa: BLE001 - a dead session writes nothing; the first error is the one to tell
                logger.warning("the report was not written: %s", type(failure).__name__)
        raise
    if place is not None:
        write_report(app, place, reporter, None)


def _report_without_spark(options: Namespace, reporter: LogReporter, error: BaseException) -> None:
    """Leave a report of an error that nobody has written one of: no session was opened, or it is dead."""
    from .outcome import write_without_spark

    if options.report is None or reporter.is_written:
        return
    try:
        write_without_spark(options.report, options.run_id or "", reporter, error)
    except OSError as failure:
        logger.warning("the report was not written: %s", type(failure).__name__)


def _title(options: Namespace, stages: Sequence[str]) -> str:
    """What the summary is of: a stage, or the job where there are several, and the days that were asked for."""
    asked = (getattr(options, name, None) for name in ("day", "as_of"))
    day = next((one for one in asked if isinstance(one, date)), None)
    first, last = getattr(options, "first", None), getattr(options, "last", None)
    days = f"{first} to {last}" if first and last else str(day or "")
    what = stages[0] if len(stages) == 1 else Path(sys.argv[0]).stem
    return f"{what} {days}".rstrip() if stages else ""


def main(
    verb: Callable[[Application, Namespace], None],
    arguments: Callable[[ArgumentParser], None],
    *,
    argv: Sequence[str] | None = None,
    needs_keys: bool = True,
    needs_metastore: bool = False,
    publishes: bool = True,
    stages: Callable[[Namespace], Sequence[str]] = lambda options: (),
) -> None:
    """Run a job: its verb with an open application; a ReclakeError becomes three lines and its exit code.

    Views follow those that publish. The log ends with a line that sums up, and after an error with its three lines.

    Parameters
    ----------
    stages
        The stages that the job works on by its options: each of their tables gets a row in its report.
    """
    # Spark and Great Expectations: seconds that a usage error need not wait for.
    from .application import open_application
    from .register import views_renewed

    parser = ArgumentParser(description=verb.__doc__)
    parser.add_argument("--profile", default=os.environ.get("RECLAKE_PROFILE", "local"), help="conf/<profile>.toml")
    parser.add_argument("--set", action="append", default=[], metavar="section.key=value", help="override a setting")
    parser.add_argument("--run-id", help="name of the run; a retry may keep it")
    parser.add_argument("--report", metavar="FILE", help="where to write what was published, for the scheduler: a path or URI")
    parser.add_argument("--verbose", action="store_true", help="show stack traces")
    arguments(parser)
    options = parser.parse_args(argv)
    set_up_logging()
    worked_on = stages(options)
    reporter = LogReporter([table for stage in worked_on for table in of_stage(stage)])
    try:
        home, settings = settings_of(options)
        name = f"reclake {Path(sys.argv[0]).stem}"
        if publishes:
            require_writable(located(home, settings.lake.root))
        app = open_application(
            home,
            settings,
            name=name,
            run_id=options.run_id,
            reporter=reporter,
            needs_keys=needs_keys,
            needs_metastore=needs_metastore,
        )
        try:
            with (
                reporter.summed_up(_title(options, worked_on)),
                package_on_workers(app.spark),
                reported(app, options.report, reporter),
                views_renewed(app) if publishes else nullcontext(),
            ):
                verb(app, options)
        finally:
            app.spark.stop()
    except KeyboardInterrupt:
        end_with(Interrupted(), verbose=options.verbose)
    except Exception as error:  # noqa: BLE001 - the end of the process: every error becomes its exit code
        _report_without_spark(options, reporter, error)
        end_with(error, verbose=options.verbose)
