"""Commands that only look: they read published versions without Spark, and write nothing."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reclake import tables
from reclake.errors import UsageError
from reclake.run.plan import require_table

from . import options
from .console import Console
from .options import (
    CsvOption,
    DayOption,
    JsonOption,
    ProfileOption,
    SetOption,
    SourceOption,
    VerticalOption,
    choose,
    days_of,
    form_of,
)  # fmt: skip

if TYPE_CHECKING:
    from reclake.errors import ReclakeError
    from reclake.look.lake import Look
    from reclake.look.trace import Person

WhereOption = Annotated[
    list[str] | None,
    typer.Option(
        "--where", metavar="CONDITION", help="Only such rows: column=value, !=, <, <=, >, >=, 'column in a,b'; all of them hold."
    ),
]
ColumnsOption = Annotated[
    list[str] | None, typer.Option("--columns", metavar="a,b", help="These columns in this order; all for every one.")
]
SortOption = Annotated[
    list[str] | None, typer.Option("--sort", metavar="a,-b", help="By these columns; a minus before one turns its order.")
]
AsOfDay = Annotated[datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="The rows that answer for this as_of.")]


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
    look = options.looked(chosen)
    planner = look.lake.planner(scope_of(look.lake, first=begin, last=end))
    found = standing.status(look, planner, limit=days)
    console = chosen.console
    if as_json:
        console.json(found)
        return
    console.say(standing.headline(found["lake"]))
    console.rows("days", found["days"], empty="Nothing was taken in yet.")
    console.rows("tables", [_for_people(row) for row in found["tables"]])
    for sentence in standing.waiting_sentences(found["waiting"]) or ["No file waits to be taken in."]:
        console.say(sentence)
    console.rows("files not taken in", found["files"], empty="Every file that was looked at was taken in.")
    console.rows("waivers in force", found["waivers"], empty="No waivers in force.")


def _for_people(row: dict[str, Any]) -> dict[str, Any]:
    """A table's row with what is told first; what is nought of it is left empty."""
    first = ("table", "state", "days", "last_day", "rows", "why", "stale_days", "kept_days", "published_version", "stage")
    return {name: row[name] or None if name in ("stale_days", "kept_days") else row[name] for name in first}


def list_tables(
    table: Annotated[str | None, typer.Argument(help="One table: grain, columns, lineage.")] = None,
    vertical: VerticalOption = False,
    as_csv: CsvOption = False,
    as_json: JsonOption = False,
) -> None:
    """List the tables, or describe one."""
    from reclake.look.listings import describe

    console = Console(form=form_of(as_json=as_json, vertical=vertical, as_csv=as_csv))
    if table is None:
        console.rows("tables", [{"stage": t.stage, "table": t.name, "grain": t.grain} for t in tables.TABLES])
        return
    found = describe(require_table(table))
    if as_json:
        console.json(found)
        return
    columns = found.pop("columns")
    if not as_csv:
        for key, value in found.items():
            console.say(f"{key:<10}{', '.join(value) if isinstance(value, list) else value}")
    console.rows("columns", columns)


def show(
    table: Annotated[str, typer.Argument(help="The table.")],
    where: WhereOption = None,
    as_of: AsOfDay = None,
    columns: ColumnsOption = None,
    sort: SortOption = None,
    limit: Annotated[int, typer.Option(min=1, help="Rows at most.")] = 20,
    vertical: VerticalOption = False,
    as_csv: CsvOption = False,
    profile: ProfileOption = "local",
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show published rows of a table, the newest first."""
    from reclake.look import asking, listings

    asked = asking.asked(
        require_table(table), where=where or (), as_of=as_of and as_of.date(), columns=columns or (), sort=sort or (), limit=limit
    )
    form = form_of(as_json=as_json, vertical=vertical, as_csv=as_csv)
    chosen = choose(profile, overrides, form=form)
    listing = listings.show(options.looked(chosen).reader, asked)
    rows = listings.plain_rows(listing.rows) if as_json and not columns else listing.for_people()
    if vertical or (as_csv and not columns):
        rows = listing.rows
    chosen.console.rows(table, rows, empty="No rows.", n_more=listing.n_more)


def history(
    table: Annotated[str, typer.Argument(metavar="TABLE|model:NAME", help="The table, or model:NAME.")],
    limit: Annotated[int, typer.Option(min=1, help="Manifests at most.")] = 20,
    vertical: VerticalOption = False,
    as_csv: CsvOption = False,
    profile: ProfileOption = "local",
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the manifests that moved a table or a model, newest first."""
    from reclake.look import history as past
    from reclake.look import listings

    if not table.startswith("model:"):
        require_table(table)
    chosen = choose(profile, overrides, form=form_of(as_json=as_json, vertical=vertical, as_csv=as_csv))
    listing = past.history(options.looked(chosen).reader, table, limit=limit)
    rows = listing.for_people() if chosen.console.form == "table" else listings.plain_rows(listing.rows)
    chosen.console.rows(table, rows, empty="Never published.", n_more=listing.n_more)


def models(
    vertical: VerticalOption = False,
    as_csv: CsvOption = False,
    profile: ProfileOption = "local",
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the model versions that serve or served, newest first, and how each was judged."""
    from reclake.look import history as past
    from reclake.look import listings

    chosen = choose(profile, overrides, form=form_of(as_json=as_json, vertical=vertical, as_csv=as_csv))
    rows = past.models(options.looked(chosen).reader).rows
    chosen.console.rows("models", listings.plain_rows(rows) if as_json else rows, empty="No model was ever published.")


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
    from reclake.look.rejected import rejected as not_kept

    chosen = choose(profile, overrides, form=form_of(as_json=as_json, vertical=vertical, as_csv=as_csv), sources=source)
    stopped = _replayed(chosen) if replay else {}
    listing = not_kept(options.looked(chosen), limit=limit)
    rows = listings.plain_rows(listing.rows) if as_json else listing.for_people()
    chosen.console.rows("not kept", rows, empty="Nothing was refused of what is published.", n_more=listing.n_more)
    if stopped:
        from reclake.run.stage import require_nothing_stopped

        require_nothing_stopped(stopped)


def _replayed(chosen: options.Chosen) -> dict[str, ReclakeError]:
    from reclake.run.runner import run_graph

    with options.opened(chosen, "rejected", publishes=True, needs_keys=True) as application:
        return dict(run_graph(application, retries_rejected=True))


def trace(
    person: Annotated[
        str | None, typer.Argument(metavar="ID", help="An account_id or customer_id, or the beginning of the only one.")
    ] = None,
    raw: Annotated[
        str | None, typer.Option("--raw", metavar="ID", help="Instead: an id as --source writes it; it is not stored.")
    ] = None,
    source: Annotated[str | None, typer.Option("--source", help="With --raw: the source that writes it.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Rows of each table at most.")] = 100,
    vertical: VerticalOption = False,
    profile: ProfileOption = "local",
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show where a customer or an account came from, and what was built from it."""
    from reclake.look import listings
    from reclake.look import trace as tracing

    if (person is None) == (raw is None):
        raise UsageError("trace follows one id", "none, or two of them, were given", "name an ID, or --raw ID --source NAME")
    if (raw is None) != (source is None):
        raise UsageError("--raw and --source belong together", "only one was given", "name both")
    chosen = choose(profile, overrides, form=form_of(as_json=as_json, vertical=vertical, as_csv=False))
    look = options.looked(chosen)
    if person is not None:
        whom, asked = tracing.person_of(look.reader, person), person
    else:
        whom, asked = _of_raw(look, str(source), str(raw)), f"that source {source} names so"
    found = tracing.trace(look.reader, whom, asked=asked, limit=limit)
    if as_json:
        chosen.console.json({name: listings.plain_rows(listing.rows) for name, listing in found.items()})
    for name, listing in found.items():
        if as_json:
            chosen.console.more(name, listing.n_more)
        else:
            chosen.console.rows(name, listing.rows if vertical else listing.for_people(), n_more=listing.n_more)


def _of_raw(look: Look, source: str, raw: str) -> Person:
    """The person of an id as the source writes it."""
    from reclake.look.raw_accounts import accounts_of
    from reclake.look.trace import person_of_accounts
    from reclake.privacy.pseudonyms import Keys
    from reclake.run.opened import load_sources, located

    declared = load_sources(look.home, look.settings, [source])[source]
    directory, privacy = located(look.home, look.settings.secrets.directory), look.settings.privacy
    keys = Keys(directory, privacy.id_key_id, privacy.contact_key_id, privacy.default_region)
    return person_of_accounts(look.reader, accounts_of(declared, raw, keys))


def alert(
    day: Annotated[datetime, typer.Option("--day", formats=["%Y-%m-%d"], help="The delivery day.")],
    failed: Annotated[str | None, typer.Option("--failed", help="Tell only that this task failed; looks at no lake.")] = None,
    missed: Annotated[bool, typer.Option("--missed-deadline", help="Tell only that the day is late; looks at no lake.")] = False,
    run_id: Annotated[str, typer.Option("--run-id", help="The run it is told of.")] = "by hand",
    profile: ProfileOption = "local",
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell by webhook or mail what is wrong with a day.

    It tells of stopped gates, of thin, late or missing deliveries, and of consents that were refused or not taken over.

    It tells of files that were not taken in, and of tables that are not built or not maintained.
    """
    from reclake.run.opened import located
    from reclake.run.posting import Finding, tell

    chosen = choose(profile, overrides, as_json=as_json)
    found = [Finding("failure", failed, "the task failed after its last try")] if failed else []
    found += [Finding("deadline", str(day.date()), "not published by its hour")] if missed else []
    if not found:
        from reclake.look.alerts import findings_of

        found = findings_of(options.looked(chosen), day.date())
    chosen.console.rows("findings", [asdict(finding) for finding in found], empty="Nothing to tell.")
    secrets = located(chosen.home, chosen.settings.secrets.directory)
    channel = tell(found, day=str(day.date()), run_id=run_id, alerts=chosen.settings.alerts, secrets=secrets)
    chosen.console.say(f"told by {channel}" if channel != "none" else "nobody was told")


def doctor(profile: ProfileOption = "local", overrides: SetOption = None, as_json: JsonOption = False) -> None:
    """Check Python, Java, JARs, settings, paths and secrets; it tries to write beside the lake."""
    from reclake.look.doctor import examine

    chosen = choose(profile, overrides, as_json=as_json)
    findings = examine(chosen.home, chosen.settings)
    chosen.console.rows("doctor", findings)
    if bad := [finding for finding in findings if finding["state"] == "bad"]:
        raise UsageError(f"{len(bad)} checks failed", "; ".join(f["check"] for f in bad), "do what the list says")
