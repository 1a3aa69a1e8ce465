"""The options that every command which prints listings of gold has, behind its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from inspect import Parameter, Signature, signature
from typing import Any, get_type_hints

import typer

from reclake.errors import UsageError

from .options import Chosen, CsvOption, JsonOption, ProfileOption, SetOption, VerticalOption, choose, form_of

_CONTEXT = Parameter("context", Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)


def prints_listings(command: Callable[..., None]) -> Callable[..., None]:
    """The command with the options of all that print listings, behind its own: it is given what they amount to, first."""

    def shared(
        vertical: VerticalOption = False,
        as_csv: CsvOption = False,
        profile: ProfileOption = "local",
        overrides: SetOption = None,
        as_json: JsonOption = False,
    ) -> Chosen:
        return choose(profile, overrides, form=form_of(as_json=as_json, vertical=vertical, as_csv=as_csv))

    _, *own = _parameters(command)
    others = _parameters(shared)

    def run(**values: Any) -> None:
        context: typer.Context = values.pop(_CONTEXT.name)
        chosen = shared(**{one.name: values.pop(one.name) for one in others})
        command(replace(chosen, written=_written(context)), **values)

    parameters = [_CONTEXT, *own, *others]
    run.__name__, run.__doc__ = command.__name__, command.__doc__
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    vars(run)["__signature__"] = Signature(parameters)  # what typer asks for options
    return run


def _written(context: typer.Context) -> dict[str, str]:
    """Of the parameters that the command line names: the option that stands for each."""
    options = {one.name: one.opts[0] for one in context.command.params if one.name}
    sources = {name: context.get_parameter_source(name) for name in options}
    return {name: options[name] for name, source in sources.items() if source is not None and source.name == "COMMANDLINE"}


def refuse_beside(chosen: Chosen, question: str, *parameters: str) -> None:
    """Stop at options that the question does not read: they would be ignored in silence.

    Parameters
    ----------
    question
        What is asked, in words of the command line.
    parameters
        Names of the command's parameters.

    Raises
    ------
    UsageError
        Naming the options that were written.
    """
    if given := [chosen.written[one] for one in parameters if one in chosen.written]:
        raise UsageError(f"{question} does not read {', '.join(given)}", "it was written beside it", "leave that out")


def _parameters(function: Callable[..., Any]) -> list[Parameter]:
    hints = get_type_hints(function, include_extras=True)
    return [one.replace(annotation=hints[one.name]) for one in signature(function).parameters.values()]
