"""The command `reclake`: its commands, and how each of them ends."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable
from typing import Any

import typer

from reclake.run.job import end_with, set_up_logging

from . import (
    contacting,
    cube,
    ending,
    evaluating,
    figures,
    funnels,
    identity,
    looking,
    paths,
    reporting,
    running,
    scenarios,
    serving,
    trying,
    upkeep,
    watching,
)

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # a help text is shown as it is written: brackets in it are no markup
    help="Customer analytics and recommendation on Spark.",
    epilog="With --verbose, anywhere, or RECLAKE_VERBOSE=1: what a run does, and the stack trace of an error.",
)
for _command in (
    trying.generate, trying.demo, trying.check_source, running.ingest, watching.plan, running.run, running.train, evaluating.evaluate,
    watching.status, looking.list_tables, looking.show, looking.history, looking.models, watching.rejected, looking.trace,
    figures.sales, figures.retention, funnels.funnel, paths.paths, cube.cube,
    upkeep.rollback, upkeep.maintain, serving.register, serving.export, serving.thrift, upkeep.waive, upkeep.accept_code, watching.alert, watching.doctor,
):  # fmt: skip
    app.command("tables" if _command is looking.list_tables else None)(_command)
app.add_typer(identity.app, name="identity")
app.add_typer(contacting.app, name="contacts")
app.add_typer(reporting.app, name="report")
app.add_typer(scenarios.app, name="scenarios")
app.add_typer(scenarios.preview, name="preview")


def main(run_app: Callable[..., Any] = app) -> None:
    """The entry point: every error becomes three lines and its exit code."""
    verbose = bool(os.environ.get("RECLAKE_VERBOSE")) or "--verbose" in sys.argv
    if "--verbose" in sys.argv:
        sys.argv.remove("--verbose")
    if len(sys.argv) == 1:
        sys.argv.append("--help")
    set_up_logging(level=logging.INFO if verbose else logging.WARNING)
    try:
        code = run_app(standalone_mode=False, prog_name="reclake")
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read the output has ended, as head does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the end of the process: every error becomes its exit code
        end_with(ending.explained(error, sys.argv[1:]), verbose=verbose)
    sys.exit(code if isinstance(code, int) else 0)
