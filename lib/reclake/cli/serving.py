"""Commands that show gold to readers of other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import options
from .options import (
    JsonOption,
    ProfileOption,
    SetOption,
    choose,
)


def register(profile: ProfileOption = "local", overrides: SetOption = None, as_json: JsonOption = False) -> None:
    """Let the metastore's views read what gold's current manifest publishes."""
    from reclake.run.register import register as renew

    chosen = choose(profile, overrides, as_json=as_json)
    with options.opened(chosen, "register", needs_metastore=True) as application:
        chosen.console.rows("registered", renew(application), empty="Nothing of gold is published.")


def export(
    file: Annotated[Path | None, typer.Option("--file", help="The DuckDB file; by default bi.duckdb_file.")] = None,
    profile: ProfileOption = "local",
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the published gold as one DuckDB file."""
    from reclake.run.export import export as write
    from reclake.run.export import place_of

    chosen = choose(profile, overrides, as_json=as_json)
    with options.opened(chosen, "export") as application:
        chosen.console.rows(f"exported to {place_of(application, file)}", write(application, file))


def thrift(profile: ProfileOption = "local", overrides: SetOption = None) -> None:
    """Serve the published gold to JDBC readers, until it is interrupted."""
    from reclake.run.thrift import serve, until_told

    chosen = choose(profile, overrides)
    with options.opened(chosen, "thrift", needs_metastore=True) as application, until_told() as until:
        serve(application, until=until, ready=chosen.console.say)
