"""The command line: thin, every listing also as JSON."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from reclake import tables
from reclake.errors import ReclakeError, UsageError
from reclake.recommend.settings import Tune
from reclake.run.console import Console
from reclake.run.job import end_with, project_home, set_up_logging
from reclake.run.plan import require_table
from reclake.settings import Settings, load_settings

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Customer analytics and recommendation on Spark.",
    epilog="With --verbose, anywhere, or RECLAKE_VERBOSE=1: what a run does, and the stack trace of an error.",
)

SetOption = Annotated[list[str] | None, typer.Option("--set", metavar="section.key=value", help="Override a setting.")]
ProfileOption = Annotated[str, typer.Option("--profile", envvar="RECLAKE_PROFILE", help="conf/<profile>.toml")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
SourceOption = Annotated[list[str] | None, typer.Option("--source", help="Source of conf/sources; may be repeated.")]
DayOption = Annotated[datetime | None, typer.Option("--day", formats=["%Y-%m-%d"], help="One delivery day.")]
FromOption = Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First delivery day.")]
ToOption = Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last delivery day.")]
AsOfOption = Annotated[
    list[datetime] | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="Build as-of tables for this day; may be repeated.")
]
TableOption = Annotated[str | None, typer.Option("--table", help="Only this table.")]
DownstreamOption = Annotated[bool, typer.Option("--downstream", help="With --table: what reads it as well.")]
LandingOption = Annotated[str | None, typer.Option("--landing", help="Folder of the source's files.")]


@dataclass
class Chosen:
    """What the options of one command amount to."""

    home: Path
    settings: Settings
    console: Console
    overrides: list[str] = field(default_factory=list)


def _choose(profile: str, overrides: list[str] | None, *, as_json: bool = False, sources: list[str] | None = None) -> Chosen:
    home = project_home()
    chosen = list(overrides or [])
    if sources:
        chosen.append(f"sources.enabled={json.dumps(sources)}")
    return Chosen(home, load_settings(home, profile=profile, overrides=chosen), Console(as_json=as_json))


@contextmanager
def _open(chosen: Chosen, name: str, *, publishes: bool = False, **needs: Any) -> Iterator[Any]:
    """An open application; Spark is imported only for commands that need it. Views follow those that publish."""
    from reclake.run.application import open_application
    from reclake.run.register import views_renewed

    application = open_application(chosen.home, chosen.settings, name=f"reclake {name}", reporter=chosen.console, **needs)
    try:
        with views_renewed(application) if publishes else nullcontext():
            yield application
    finally:
        application.spark.stop()


def _days(day: datetime | None, first: datetime | None, last: datetime | None) -> tuple[date | None, date | None]:
    if day is not None and (first or last):
        raise UsageError("--day cannot stand beside --from or --to", "both were given", "name one day, or a span")
    if (first is None) != (last is None):
        raise UsageError("--from and --to belong together", "only one was given", "name both")
    if day is not None:
        return day.date(), day.date()
    return (first.date(), last.date()) if first and last else (None, None)


@app.command()
def generate(
    days: Annotated[int | None, typer.Option(min=1, help="Days of the demo company; by default demo.n_days.")] = None,
    customers: Annotated[int | None, typer.Option(min=1, help="Customers; by default demo.n_customers.")] = None,
    folder: Annotated[str | None, typer.Option("--landing", help="Where the files go.")] = None,
    profile: ProfileOption = "local",
    overrides: SetOption = None,
) -> None:
    """Generate the demo company: landing files, the truth beside them, and its key files."""
    from reclake.run.demo import generate_demo

    chosen = _choose(profile, [*(overrides or []), *([f"demo.n_customers={customers}"] if customers else [])])
    with _open(chosen, "generate") as application:
        chosen.console.rows("demo company", generate_demo(application, n_days=days, folder=folder))


@app.command()
def demo(
    days: Annotated[int | None, typer.Option(min=1, help="Days of the demo company; by default demo.n_days.")] = None,
    profile: ProfileOption = "local",
    overrides: SetOption = None,
) -> None:
    """Show the whole way on generated data: generate, run, train, score, and look at the result."""
    from reclake.run import demo as company
    from reclake.run.runner import next_as_of, run_graph
    from reclake.run.stage import require_nothing_stopped
    from reclake.run.training import runs_of
    from reclake.run.training import train as run_training

    chosen = _choose(profile, overrides)
    console = chosen.console
    with _open(chosen, "demo", publishes=True) as application:
        company.generate_demo(application, n_days=days)
        stopped = dict(run_graph(application, stages=tables.STAGES[:-1]))
        if tables.gold.MODEL_METRICS.name not in application.manifest.current() and not stopped:
            try:
                for training, model in runs_of(application, tables.models.MODELS):
                    if outcome := run_training(training, model, as_of=next_as_of(application)):
                        console.say(f"the model {model.name} is {outcome.decision}")
            except ReclakeError as failure:
                stopped[tables.gold.MODEL_METRICS.name] = failure  # the lists are built all the same, from what is popular
        stopped |= run_graph(application, stages=tables.STAGES[-1:])
        console.end()
        require_nothing_stopped(stopped)
        console.rows("customers by tier", company.segment_sizes(application))
        console.rows("recommended to the customer with the most orders", company.one_list(application))
    console.say("Try next:")
    for command in ("reclake status", "reclake rejected", "reclake show gold.customer_segments --where tier=high_value"):
        console.say(f"  .venv/jobs/bin/{command}")


@app.command()
def ingest(
    day: DayOption = None,
    source: SourceOption = None,
    landing: LandingOption = None,
    profile: ProfileOption = "local",
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take new files into bronze."""
    from reclake.run.runner import run_graph
    from reclake.run.stage import require_nothing_stopped

    first, last = _days(day, None, None)
    chosen = _choose(profile, overrides, as_json=as_json, sources=source)
    with _open(chosen, "ingest", publishes=True, needs_keys=True) as application:
        stopped = run_graph(application, first=first, last=last, stages=("bronze",), folder=landing)
        chosen.console.end()
        require_nothing_stopped(stopped)


@app.command("check-source")
def check_source(
    name: Annotated[str, typer.Argument(help="Name of the source: of its file in conf/sources, which may not be there yet.")],
    landing: LandingOption = None,
    write: Annotated[
        bool, typer.Option("--write", help="Draft conf/sources/NAME.toml from the files; each guess is marked.")
    ] = False,
    profile: ProfileOption = "local",
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Look into the head of each file, in seconds: what it holds, and what the source would refuse and why."""
    from reclake.inspection import report
    from reclake.inspection.check import check

    chosen = _choose(profile, overrides, as_json=as_json)
    checked = check(chosen.home, chosen.settings, name, landing=landing, write=write)
    listings = {
        "files": report.file_rows(checked.found),
        "fields": report.field_rows(checked.found),
        "first records": report.sample_rows(checked.found),
        "not taken": report.untaken_rows(checked.found),
        "would be refused": report.refusal_rows(checked.found),
    }
    if as_json:
        chosen.console.json(listings | {"says": checked.says})
        return
    for title, rows in listings.items():
        if rows:
            chosen.console.rows(title, rows)
    for sentence in checked.says:
        chosen.console.say(sentence)


@app.command()
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
    from reclake.run import planned
    from reclake.run.runner import scope_of

    chosen = _choose(profile, overrides, as_json=as_json, sources=source)
    begin, end = _days(day, first, last)
    _known(table)
    with _open(chosen, "plan") as application:
        scope = scope_of(application, first=begin, last=end, as_ofs=_dates(as_of), table=table, downstream=downstream)
        chosen.console.rows("to build", planned.plan(application, scope), empty="Everything is up to date.")


@app.command()
def run(
    day: DayOption = None,
    first: FromOption = None,
    last: ToOption = None,
    as_of: AsOfOption = None,
    stage: Annotated[list[str] | None, typer.Option("--stage", help="Only this stage; may be repeated.")] = None,
    table: TableOption = None,
    downstream: DownstreamOption = False,
    source: SourceOption = None,
    landing: LandingOption = None,
    force: Annotated[bool, typer.Option("--force", help="Build what is up to date as well.")] = False,
    profile: ProfileOption = "local",
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take in what was delivered and build what is stale, over one day, a span, or everything."""
    from reclake.run.runner import run_graph
    from reclake.run.stage import require_nothing_stopped

    chosen = _choose(profile, overrides, as_json=as_json, sources=source)
    begin, end = _days(day, first, last)
    _known(table)
    if unknown := sorted(set(stage or ()) - set(tables.STAGES)):
        raise UsageError(f"there is no stage {unknown[0]!r}", f"stages {', '.join(tables.STAGES)}", "name one of them")
    stages = tuple(s for s in tables.STAGES if not stage or s in stage)
    with _open(chosen, "run", publishes=True, needs_keys=True) as application:
        options: dict[str, Any] = dict(table=table, downstream=downstream, folder=landing, force=force)
        stopped = run_graph(application, first=begin, last=end, as_ofs=_dates(as_of), stages=stages, **options)
        chosen.console.end()
        require_nothing_stopped(stopped)


@app.command()
def train(
    as_of: Annotated[datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="Train on the days before it.")] = None,
    tune: Annotated[
        Tune,
        typer.Option(
            "--tune", help="Search the settings first; never: take the model's section as it stands, without an earlier search's."
        ),
    ] = "when-due",
    model: Annotated[str | None, typer.Option("--model", help="Only this model; all of them without it.")] = None,
    source: SourceOption = None,
    profile: ProfileOption = "local",
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Train the models, judge each, and promote those that are better."""
    from reclake.run.runner import next_as_of
    from reclake.run.training import runs_of
    from reclake.run.training import train as run_training

    wanted = _models(model)
    chosen = _choose(profile, overrides, as_json=as_json, sources=source)
    with _open(chosen, "train", publishes=True) as application:
        day, trainings = as_of.date() if as_of else next_as_of(application), []
        for training, of_model in runs_of(application, wanted):
            outcome = run_training(training, of_model, as_of=day, tune=tune)
            if outcome is None:
                continue  # of a run that has tried before; this one is new
            rows = outcome.rows(training_id=training.run_id, model_version=None, is_promoted=outcome.is_promotable)
            shown = ("model_name", "metric", "value", "lower", "upper", "n_customers")
            metrics = [{name: row[name] for name in shown} for row in rows]
            trainings.append({"is_promoted": outcome.is_promotable, "reasons": outcome.reasons, "metrics": metrics})
            if not as_json:
                chosen.console.rows("training", metrics)
                chosen.console.say(outcome.decision)
        if as_json and trainings:
            chosen.console.json(trainings[0] if len(wanted) == 1 else trainings)


def _models(name: str | None) -> tuple[tables.models.Model, ...]:
    """The declared model of the name; all of them without one."""
    if name is None:
        return tables.models.MODELS
    if name not in tables.models.BY_NAME:
        raise UsageError(f"there is no model {name!r}", f"models {', '.join(tables.models.BY_NAME)}", "name one of them")
    return (tables.models.BY_NAME[name],)


@app.command()
def status(
    day: DayOption = None,
    days: Annotated[int, typer.Option(min=1, help="Days that are listed, the newest ones.")] = 14,
    source: SourceOption = None,
    profile: ProfileOption = "local",
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show days and stages: what is built, what is missing or stale and why; files not taken in, and waivers in force."""
    from reclake.run import views
    from reclake.run.days import days_by_stages
    from reclake.run.runner import scope_of

    begin, end = _days(day, None, None)
    chosen = _choose(profile, overrides, as_json=as_json, sources=source)
    with _open(chosen, "status") as application:
        scope = scope_of(application, first=begin, last=end)
        found = {
            "days": days_by_stages(application.ledger, application.planner(scope), limit=days),
            "tables": views.status(application, scope),
            "files": views.untaken(application),
            "waivers": views.waivers(application),
        }
    if as_json:
        chosen.console.json(found)
    else:
        chosen.console.rows("days", found["days"], empty="Nothing was taken in yet.")
        chosen.console.rows("tables", found["tables"])
        chosen.console.rows("files not taken in", found["files"], empty="Every file that was looked at was taken in.")
        chosen.console.rows("waivers in force", found["waivers"], empty="No waivers in force.")


@app.command("tables")
def list_tables(
    table: Annotated[str | None, typer.Argument(help="One table: grain, columns, lineage.")] = None,
    suite: Annotated[bool, typer.Option("--suite", help="The whole suite of the table, as JSON of Great Expectations.")] = False,
    profile: ProfileOption = "local",
    as_json: JsonOption = False,
) -> None:
    """List the tables, or describe one."""
    from reclake.run import views
    from reclake.run.suites import listed_suite

    console = Console(as_json=as_json)
    if suite:
        if table is None:
            raise UsageError("--suite names no table", "a suite judges one table", "name it: reclake tables NAME --suite")
        chosen = _choose(profile, None)
        console.json(listed_suite(chosen.home, chosen.settings, require_table(table)))
        return
    if table is None:
        console.rows("tables", [{"stage": t.stage, "table": t.name, "grain": t.grain} for t in tables.TABLES])
        return
    found = views.describe(require_table(table))
    if as_json:
        console.json(found)
        return
    columns = found.pop("columns")
    console.rows(
        table, [{"": key, table: ", ".join(value) if isinstance(value, list) else value} for key, value in found.items()]
    )
    console.rows("columns", columns)


@app.command()
def show(
    table: Annotated[str, typer.Argument(help="The table.")],
    where: Annotated[list[str] | None, typer.Option("--where", metavar="column=value", help="Only rows with this value.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Rows at most.")] = 20,
    profile: ProfileOption = "local",
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show published rows of a table."""
    from reclake.run import views

    declared = require_table(table)
    chosen = _choose(profile, overrides, as_json=as_json)
    with _open(chosen, "show") as application:
        found = views.show(application, declared, where=where or (), limit=limit)
        chosen.console.rows(table, found.rows, empty="No rows.", n_more=found.n_more)


@app.command()
def history(
    table: Annotated[str, typer.Argument(help="The table.")],
    limit: Annotated[int, typer.Option(min=1, help="Manifests at most.")] = 20,
    profile: ProfileOption = "local",
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the manifests that moved a table, newest first."""
    from reclake.run import views

    declared = require_table(table)
    chosen = _choose(profile, overrides, as_json=as_json)
    with _open(chosen, "history") as application:
        found = views.history(application, declared, limit=limit)
        chosen.console.rows(table, found.rows, empty="Never published.", n_more=found.n_more)


@app.command()
def rejected(
    replay: Annotated[
        bool, typer.Option("--replay", help="Judge refused files and all records anew, after a mapping was mended.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, help="Reasons at most, and refused files at most.")] = 50,
    source: SourceOption = None,
    profile: ProfileOption = "local",
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what was not kept, by reason; --replay builds anew what a mended mapping changes."""
    from reclake.run import refusals
    from reclake.run.runner import run_graph
    from reclake.run.stage import require_nothing_stopped

    chosen = _choose(profile, overrides, as_json=as_json, sources=source)
    with _open(chosen, "rejected", publishes=replay, needs_keys=replay) as application:
        stopped: Mapping[str, ReclakeError] = run_graph(application, retries_rejected=True) if replay else {}
        found = refusals.rejected(application, limit=limit)
        chosen.console.rows("not kept", found.rows, empty="Nothing was refused of what is published.", n_more=found.n_more)
        require_nothing_stopped(stopped)


@app.command()
def trace(
    account_id: Annotated[str, typer.Argument(help="An account_id of silver.accounts.")],
    limit: Annotated[int, typer.Option(min=1, help="Rows of each table at most.")] = 100,
    profile: ProfileOption = "local",
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show where an account came from and what was built from it."""
    from reclake.run import views

    chosen = _choose(profile, overrides, as_json=as_json)
    with _open(chosen, "trace") as application:
        found = views.trace(application, account_id, limit=limit)
    if as_json:
        chosen.console.json({name: listing.rows for name, listing in found.items()})
    for name, listing in found.items():
        if as_json:
            chosen.console.more(name, listing.n_more)
        else:
            chosen.console.rows(name, listing.rows, n_more=listing.n_more)


@app.command()
def rollback(
    to: Annotated[int, typer.Argument(help="Number of the manifest that becomes current again.")],
    profile: ProfileOption = "local",
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make an earlier manifest current again, model version included."""
    from reclake.lake.manifest import WITHDRAWN
    from reclake.run.rollback import roll_back

    chosen = _choose(profile, overrides, as_json=as_json)
    with _open(chosen, "rollback", publishes=True) as application:
        moved = roll_back(application, to)
        chosen.console.rows(
            "rolled back", [{"name": name, "version": version} for name, version in moved.items()], empty="Nothing moved."
        )
        if withdrawn := sorted(name for name, version in moved.items() if version == WITHDRAWN):
            chosen.console.say(f"Not published any more, as they were not then: {', '.join(withdrawn)}")


@app.command()
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

    chosen = _choose(profile, overrides, as_json=as_json)
    for name in table or ():
        _known(name)
    with _open(chosen, "maintain", publishes=not dry_run) as application:
        if dry_run:
            found = would_do(application, only=table, erasing=erase_history)
            chosen.console.rows("to maintain", found, empty="There is no table yet.")
            return
        rows = keep_up(application, only=table, erasing=erase_history)
        chosen.console.rows("maintenance", rows, empty="There is no table yet.")
        require_maintained(rows, erasing=erase_history)


@app.command()
def register(profile: ProfileOption = "local", overrides: SetOption = None, as_json: JsonOption = False) -> None:
    """Let the metastore's views read what gold's current manifest publishes."""
    from reclake.run.register import register as renew

    chosen = _choose(profile, overrides, as_json=as_json)
    with _open(chosen, "register", needs_metastore=True) as application:
        chosen.console.rows("registered", renew(application), empty="Nothing of gold is published.")


@app.command()
def export(
    file: Annotated[Path | None, typer.Option("--file", help="The DuckDB file; by default bi.duckdb_file.")] = None,
    profile: ProfileOption = "local",
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the published gold as one DuckDB file."""
    from reclake.run.export import export as write
    from reclake.run.export import place_of

    chosen = _choose(profile, overrides, as_json=as_json)
    with _open(chosen, "export") as application:
        chosen.console.rows(f"exported to {place_of(application, file)}", write(application, file))


@app.command()
def thrift(profile: ProfileOption = "local", overrides: SetOption = None) -> None:
    """Serve the published gold to JDBC readers, until it is interrupted."""
    from reclake.run.thrift import serve, until_told

    chosen = _choose(profile, overrides)
    with _open(chosen, "thrift", needs_metastore=True) as application, until_told() as until:
        serve(application, until=until, ready=chosen.console.say)


@app.command()
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
    chosen = _choose(profile, overrides)
    with _open(chosen, "waive") as application:
        expires_at = application.clock() + timedelta(hours=hours)
        waiver_id = Waivers(application.store, application.clock).grant(declared, reason=reason, expires_at=expires_at)
        chosen.console.say(f"waiver {waiver_id} lets {table} through once until {expires_at:%Y-%m-%d %H:%M} UTC")


@app.command()
def alert(
    day: Annotated[datetime, typer.Option("--day", formats=["%Y-%m-%d"], help="The delivery day.")],
    failed: Annotated[str | None, typer.Option("--failed", help="Tell only that this task failed; needs no Spark.")] = None,
    missed: Annotated[bool, typer.Option("--missed-deadline", help="Tell only that the day is late; needs no Spark.")] = False,
    run_id: Annotated[str, typer.Option("--run-id", help="The run it is told of.")] = "by hand",
    profile: ProfileOption = "local",
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell by webhook or mail what is wrong with a day.

    It tells of stopped gates, of thin, late or missing deliveries, and of consents that were refused or not taken over.

    It tells of files that were not taken in, and of tables that are not built or not maintained.
    """
    from reclake.run.alerts import Finding, findings_of
    from reclake.run.application import located
    from reclake.run.posting import tell

    chosen = _choose(profile, overrides, as_json=as_json)
    found = [Finding("failure", failed, "the task failed after its last try")] if failed else []
    found += [Finding("deadline", str(day.date()), "not published by its hour")] if missed else []
    if not found:
        with _open(chosen, "alert") as application:
            found = findings_of(application, day.date())
    chosen.console.rows("findings", [asdict(finding) for finding in found], empty="Nothing to tell.")
    secrets = located(chosen.home, chosen.settings.secrets.directory)
    channel = tell(found, day=str(day.date()), run_id=run_id, alerts=chosen.settings.alerts, secrets=secrets)
    chosen.console.say(f"told by {channel}" if channel != "none" else "nobody was told")


@app.command()
def doctor(profile: ProfileOption = "local", overrides: SetOption = None, as_json: JsonOption = False) -> None:
    """Check Python, Java, JARs, settings, paths and secrets."""
    from reclake.run.doctor import examine

    chosen = _choose(profile, overrides, as_json=as_json)
    findings = examine(chosen.home, chosen.settings)
    chosen.console.rows("doctor", findings)
    if bad := [finding for finding in findings if finding["state"] == "bad"]:
        raise UsageError(f"{len(bad)} checks failed", "; ".join(f["check"] for f in bad), "do what the list says")


def _known(table: str | None) -> None:
    if table is not None:
        require_table(table)


def _dates(days: list[datetime] | None) -> tuple[date, ...]:
    return tuple(day.date() for day in days or ())


def main(run_app: Callable[[], Any] = app) -> None:
    """The entry point: a ReclakeError becomes three lines and its exit code."""
    verbose = bool(os.environ.get("RECLAKE_VERBOSE")) or "--verbose" in sys.argv
    if "--verbose" in sys.argv:
        sys.argv.remove("--verbose")
    set_up_logging(level=logging.INFO if verbose else logging.WARNING)
    try:
        run_app()
    except Exception as error:  # noqa: BLE001 - the end of the process: every error becomes its exit code
        end_with(error, verbose=verbose)


if __name__ == "__main__":
    main()
