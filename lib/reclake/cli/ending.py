"""Errors of the command line's parser in the form of all others: what is wrong, what was found, what to do next."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any

import typer
from typer.exceptions import TyperException

from reclake.errors import Interrupted, UsageError


def explained(error: BaseException, arguments: Sequence[str]) -> BaseException:
    """The error in three lines: one of the parser's own, or an interruption, becomes an error of ours; others stay.

    Parameters
    ----------
    arguments
        What was written behind `reclake`.
    """
    if isinstance(error, KeyboardInterrupt | typer.Abort):
        return Interrupted()
    return _of_parser(error, arguments) if isinstance(error, TyperException) else error


def _of_parser(error: TyperException, arguments: Sequence[str]) -> UsageError:
    context: Any = getattr(error, "ctx", None)
    command = "reclake" if context is None else str(context.command_path)
    written, see_help = " ".join(["reclake", *arguments]), f"see {command} --help"
    if (option := getattr(error, "option_name", None)) is not None and type(error).__name__ == "NoSuchOption":
        known = [name for parameter in context.command.params for name in parameter.opts] if context else []
        return UsageError(f"{command} has no option {option}", written, _meant(option, known, see_help))
    commands = sorted(getattr(context and context.command, "commands", ()))
    # Behind the names of the command that failed, which may be one of a group.
    asked = next((one for one in arguments if not one.startswith("-") and one not in command.split()), "")
    if commands and asked and asked not in commands:
        return UsageError(f"there is no command {asked!r}", written, _meant(asked, commands, see_help))
    return UsageError(error.format_message().rstrip(".").replace("Value error, ", ""), written, see_help)


def _meant(name: str, known: Sequence[str], otherwise: str) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {close[0]}?" if close else otherwise
