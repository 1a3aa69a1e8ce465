"""Commands that take back, maintain and let through."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

import typer

from reclake import tables
from reclake.errors import UsageError
from reclake.run.plan import require_table

from . import options
from .options import (
    JsonOption,
    ProfileOption,
    SetOption,
    SourceOption,
    choose,
    require_known,
)


def rollback(
    to: Annotated[int, typer.Argument(help="Number of the manifest that becomes current again.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would move, and do nothing.")] = False,
    profile: ProfileOption = "local",
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make an earlier manifest current again, model version included; it can be undone."""
    chosen = choose(profile, overrides, as_json=as_json)
    if dry_run:
        from reclake.look.history import would_move

        chosen.console.rows("would be rolled back", would_move(options.looked(chosen).reader, to), empty="Nothing would move.")
        return
    from reclake.lake.manifest import WITHDRAWN
    from reclake.run.rollback import manifest_of, roll_back

    with options.opened(chosen, "rollback", publishes=True) as application:
        moved = roll_back(application, to)
        number = manifest_of(application, moved)
        rows = [{"name": name, "version": version, "manifest_id": number} for name, version in moved.items()]
        chosen.console.rows("rolled back", rows, empty="Nothing moved.")
        if withdrawn := sorted(name for name, version in moved.items() if version == WITHDRAWN):
            chosen.console.say(f"Not published any more, as they were not then: {', '.join(withdrawn)}")
        if number is not None:
            chosen.console.say(f"Manifest {number} is current now, and says what manifest {to} said.")
            chosen.console.say(f"reclake rollback {number - 1} undoes this; reclake plan shows what the next run builds again.")


def maintain(
    table: Annotated[list[str] | None, typer.Option("--table", help="Only this table; may be repeated.")] = None,
    erase_history: Annotated[
        bool,
        typer.Option("--erase-history", help="Keep no version but the published one: for an erasure. Breaks readers at work."),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
    profile: ProfileOption = "local",
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Join small files, remove old ones and shorten logs; what is published stays the same."""
    from reclake.run.maintain import maintain as keep_up
    from reclake.run.maintain import require_maintained, would_do

    chosen = choose(profile, overrides, as_json=as_json)
    for name in table or ():
        require_known(name)
    with options.opened(chosen, "maintain", publishes=not dry_run) as application:
        if dry_run:
            found = would_do(application, only=table, erasing=erase_history)
            chosen.console.rows("to maintain", found, empty="There is no table yet.")
            return
        rows = keep_up(application, only=table, erasing=erase_history)
        chosen.console.rows("maintenance", rows, empty="There is no table yet.")
        require_maintained(rows, erasing=erase_history)


def waive(
    table: Annotated[str, typer.Argument(help="The table to let through its gate once.")],
    reason: Annotated[str, typer.Option(help="Why; it is stored and shown.")],
    hours: Annotated[float, typer.Option(min=0.1, max=8760, help="Hours for which the waiver counts.")] = 24.0,
    profile: ProfileOption = "local",
    overrides: SetOption = None,
) -> None:
    """Let a table through its gate once, with a reason and an expiry."""
    from reclake.run.waivers import Waivers

    declared = require_table(table)
    if not reason.strip():
        raise UsageError("a waiver needs a reason", "it is empty", "say why the table may pass")
    if declared not in tables.GATED or declared is tables.gold.MODEL_METRICS:
        told = "no gate stops it" if declared not in tables.GATED else "its gate decides on a promotion, which is not waived"
        raise UsageError(f"{table} cannot be let through", told, "name a table of a daily stage: reclake tables lists them")
    chosen = choose(profile, overrides)
    with options.opened(chosen, "waive", writes=True) as application:
        expires_at = application.clock() + timedelta(hours=hours)
        waiver_id = Waivers(application.store, application.clock).grant(declared, reason=reason, expires_at=expires_at)
        chosen.console.say(f"waiver {waiver_id} lets {table} through once until {expires_at:%Y-%m-%d %H:%M} UTC")


def accept_code(
    table: Annotated[str, typer.Argument(help="The table whose code changed.")],
    reason: Annotated[str, typer.Option(help="Why the change moves no rows; it is stored.")],
    verify: Annotated[
        datetime | None, typer.Option("--verify", formats=["%Y-%m-%d"], help="The day that is built anew; by default the newest.")
    ] = None,
    source: SourceOption = None,
    profile: ProfileOption = "local",
    overrides: SetOption = None,
) -> None:
    """Take the days of a table for built by its changed code, after one day was built anew and came out the same."""
    declared = require_table(table)
    if not reason.strip():
        raise UsageError("a change of code is accepted for a reason", "it is empty", "say why it moves no rows")
    chosen = choose(profile, overrides, sources=source)
    from reclake.run.accepting import accept_code as accept

    with options.opened(chosen, "accept-code", publishes=True, needs_keys=True) as application:
        accepted = accept(application, declared, reason=reason, verify=verify.date() if verify else None)
        chosen.console.say(
            f"{table}: {accepted.verified_day} came out the same ({accepted.n_rows:,} rows); "
            f"{accepted.n_days:,} days stand as built by the code as it is now"
        )
