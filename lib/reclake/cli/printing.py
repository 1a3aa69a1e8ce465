"""The options that every command which prints listings of gold has, behind its own."""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter, Signature, signature
from typing import Any, get_type_hints

from .options import Chosen, CsvOption, JsonOption, ProfileOption, SetOption, VerticalOption, choose, form_of


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
        command(shared(**{one.name: values.pop(one.name) for one in others}), **values)

    parameters = [*own, *others]
    run.__name__, run.__doc__ = command.__name__, command.__doc__
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    vars(run)["__signature__"] = Signature(parameters)  # what typer asks for options
    return run


def _parameters(function: Callable[..., Any]) -> list[Parameter]:
    hints = get_type_hints(function, include_extras=True)
    return [one.replace(annotation=hints[one.name]) for one in signature(function).parameters.values()]
