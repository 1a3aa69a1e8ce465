"""Commands for whoever keeps a lake going: how it stands, what was refused, whom to tell, and whether the machine is ready."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reclake.errors import UsageError

from . import options
from .options import (
    AsOfOption,
    CsvOption,
    DayOption,
    DownstreamOption,
    FromOption,
    JsonOption,
    ProfileOption,
    SetOption,
    SourceOption,
    TableOption,
    ToOption,
    VerticalOption,
    choose,
    dates_of,
    days_of,
    form_of,
    require_come,
    require_known,
)

if TYPE_CHECKING:
    from reclake.errors import ReclakeError


_HAS_FINDINGS = 7  # the exit code of an alert that was asked for it
_NAMED = 2  # tables that share a reason and are named


def status(
    day: DayOption = None,
    days: Annotated[int, typer.Option(min=1, help="Days that are listed, the newest ones.")] = 14,
    source: SourceOption = None,
    profile: ProfileOption = "local",
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show days and stages: what is built, missing or stale and why; what waits, was not taken in, or is let through."""
    from reclake.look import status as standing
    from reclake.run.scope import scope_of

    begin, end = days_of(day, None, None)
    chosen = choose(profile, overrides, as_json=as_json, sources=source)
    require_come(chosen.settings, end)
    look = options.looked(chosen)
    planner = look.lake.planner(scope_of(look.lake, first=begin, last=end))
    found = standing.status(look, planner, limit=days)
    console = chosen.console
    if as_json:
        console.json(found)
        return
    console.say(standing.headline(found["lake"]))
    console.rows("days", [row | {"why": _by_reason(row["why"])} for row in found["days"]], empty="Nothing was taken in yet.")
    console.rows("tables", [_for_people(row) for row in found["tables"]])
    for sentence in standing.waiting_sentences(found["waiting"]) or ["No file waits to be taken in."]:
        console.say(sentence)
    console.rows("files not taken in", found["files"], empty="Every file that was looked at was taken in.")
    console.rows("waivers in force", found["waivers"], empty="No waivers in force.")


def _by_reason(why: str) -> str:
    """The reasons of a day with the tables that each holds for: a few by name, many by their number.

    Examples
    --------
    >>> _by_reason("silver.a: code changed; silver.b: never built; silver.c: code changed; silver.d: code changed")
    'code changed (3 tables); never built (silver.b)'
    """
    tables_of: dict[str, list[str]] = {}
    for part in why.split("; ") if why else []:
        table, _, reason = part.partition(": ")
        tables_of.setdefault(reason, []).append(table)
    return "; ".join(
        f"{reason} ({', '.join(names) if len(names) <= _NAMED else f'{len(names)} tables'})"
        for reason, names in tables_of.items()
    )


def _for_people(row: dict[str, Any]) -> dict[str, Any]:
    """A table's row with what is told first; what is nought of it is left empty."""
    first = ("table", "state", "last_day", "rows", "why", "days", "stale_days", "kept_days", "published_version", "stage")
    return {name: row[name] or None if name in ("stale_days", "kept_days") else row[name] for name in first}


def plan(
    day: DayOption = None,
    first: FromOption = None,
    last: ToOption = None,
    as_of: AsOfOption = None,
    table: TableOption = None,
    downstream: DownstreamOption = False,
    source: SourceOption = None,
    profile: ProfileOption = "local",
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a run would build, and why."""
    begin, end = days_of(day, first, last)
    require_known(table)
    chosen = choose(profile, overrides, as_json=as_json, sources=source)
    require_come(chosen.settings, end, as_ofs=dates_of(as_of))
    from reclake.look import planned
    from reclake.run.scope import scope_of

    look = options.looked(chosen, is_needed=False)
    scope = scope_of(look.lake, first=begin, last=end, as_ofs=dates_of(as_of), table=table, downstream=downstream)
    chosen.console.rows("to build", planned.plan(look, scope), empty="Everything is up to date.")


def rejected(
    replay: Annotated[
        bool, typer.Option("--replay", help="Judge refused files and all records anew, after a mapping was mended.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, help="Reasons at most, and refused files at most.")] = 50,
    vertical: VerticalOption = False,
    as_csv: CsvOption = False,
    source: SourceOption = None,
    profile: ProfileOption = "local",
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what was not kept, by reason; --replay builds anew what a mended mapping changes."""
    from reclake.look import listings
    from reclake.look.rejected import STOPPED
    from reclake.look.rejected import rejected as not_kept

    chosen = choose(profile, overrides, form=form_of(as_json=as_json, vertical=vertical, as_csv=as_csv), sources=source)
    stopped = _replayed(chosen) if replay else {}
    listing = not_kept(options.looked(chosen), limit=limit)
    rows = listings.plain_rows(listing.rows) if as_json else [_with_place(row) for row in listing.for_people()]
    chosen.console.rows("not kept", rows, empty="Nothing was refused of what is published.", n_more=listing.n_more)
    if any(row["record_class"] == STOPPED for row in listing.rows):
        chosen.console.say(
            "A stopped delivery is in no table yet: correct its file or its mapping in conf/sources, and run its day again."
        )
    if stopped:
        from reclake.run.stops import require_nothing_stopped

        require_nothing_stopped(stopped)


def _with_place(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of refusals whose file and line are one place, as a person looks it up."""
    place = row["file"] if row["line"] is None else f"{row['file']}:{row['line']}"
    return {("example" if name == "file" else name): place if name == "file" else row[name] for name in row if name != "line"}


def _replayed(chosen: options.Chosen) -> dict[str, ReclakeError]:
    from reclake.run.runner import run_graph

    with options.opened(chosen, "rejected", publishes=True, needs_keys=True) as application:
        return dict(run_graph(application, retries_rejected=True))


def alert(
    day: Annotated[datetime, typer.Option("--day", formats=["%Y-%m-%d"], help="The delivery day.")],
    failed: Annotated[str | None, typer.Option("--failed", help="Tell only that this task failed; looks at no lake.")] = None,
    missed: Annotated[bool, typer.Option("--missed-deadline", help="Tell only that the day is late; looks at no lake.")] = False,
    run_id: Annotated[str, typer.Option("--run-id", help="The run it is told of.")] = "by hand",
    exit_code: Annotated[bool, typer.Option("--exit-code", help="End with exit code 7 when there are findings.")] = False,
    profile: ProfileOption = "local",
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell by webhook or mail what is wrong with a day.

    It tells of stopped gates, of refused deliveries and files, of thin, late or missing deliveries, and of consents that were
    refused or not taken over.

    It tells of files that were not taken in, and of tables that are not built or not maintained.
    """
    from reclake.run.opened import located
    from reclake.run.posting import Finding, sent, tell

    chosen = choose(profile, overrides, as_json=as_json)
    found = [Finding("failure", failed, "the task failed after its last try")] if failed else []
    found += [Finding("deadline", str(day.date()), "not published by its hour")] if missed else []
    if not found:
        from reclake.look.alerts import findings_of

        found = findings_of(options.looked(chosen), day.date())
    chosen.console.rows("findings", [asdict(finding) for finding in found], empty="Nothing to tell.")
    secrets = located(chosen.home, chosen.settings.secrets.directory)
    channel = tell(found, day=str(day.date()), run_id=run_id, alerts=chosen.settings.alerts, secrets=secrets)
    if found:
        chosen.console.say(sent(found, channel))
    if found and exit_code:
        raise typer.Exit(_HAS_FINDINGS)


def doctor(profile: ProfileOption = "local", overrides: SetOption = None, as_json: JsonOption = False) -> None:
    """Check Python, Java, JARs, settings, paths and secrets; it tries to write beside the lake."""
    from reclake.look.doctor import examine

    chosen = choose(profile, overrides, as_json=as_json)
    findings = examine(chosen.home, chosen.settings)
    chosen.console.rows("doctor", findings)
    if bad := [finding for finding in findings if finding["state"] == "bad"]:
        raise UsageError(f"{len(bad)} checks failed", "; ".join(f["check"] for f in bad), "do what the list says")
