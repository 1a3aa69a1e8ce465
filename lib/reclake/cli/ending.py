"""Errors of the command line's parser in the form of all others: what is wrong, what was found, what to do next."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

import click

from reclake.errors import Interrupted, UsageError


def told(error: BaseException, arguments: Sequence[str]) -> BaseException:
    """The error as it is told: the parser's own, and an interruption, become errors of three lines."""
    if isinstance(error, KeyboardInterrupt | click.Abort):
        return Interrupted()
    if isinstance(error, click.UsageError):
        return _usage_error(error, arguments)
    if isinstance(error, click.ClickException):
        return UsageError(error.format_message().rstrip("."), "an argument", "see reclake --help")
    return error


def _usage_error(error: click.UsageError, arguments: Sequence[str]) -> UsageError:
    command = error.ctx.command_path if error.ctx else "reclake"
    written = " ".join(["reclake", *arguments])
    help_step = f"see {command} --help"
    if isinstance(error, click.NoSuchOption):
        known = [name for parameter in (error.ctx.command.params if error.ctx else ()) for name in parameter.opts]
        return UsageError(f"{command} has no option {error.option_name}", written, _meant(error.option_name, known, help_step))
    if isinstance(error, click.MissingParameter):
        missing = error.param.make_metavar(error.ctx) if error.param and error.ctx else "an argument"
        name = error.param.opts[0] if isinstance(error.param, click.Option) else missing
        return UsageError(f"{command} needs {name}", written, help_step)
    group = error.ctx.command if error.ctx else None
    asked = next((one for one in arguments if not one.startswith("-")), "")
    if isinstance(group, click.Group) and asked and asked not in group.commands:
        return UsageError(f"there is no command {asked!r}", written, _meant(asked, sorted(group.commands), help_step))
    return UsageError(error.format_message().rstrip("."), written, help_step)


def _meant(name: str, known: Sequence[str], otherwise: str) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {close[0]}?" if close else otherwise
