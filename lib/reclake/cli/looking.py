"""Commands that only look: they read published versions without Spark, and write nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from reclake import tables
from reclake.errors import UsageError
from reclake.run.plan import require_table

from . import options
from .console import Console
from .options import (
    AsOfDay,
    CsvOption,
    JsonOption,
    ProfileOption,
    SetOption,
    VerticalOption,
    choose,
    form_of,
)  # fmt: skip

if TYPE_CHECKING:
    from reclake.look.lake import Look
    from reclake.look.listings import Rows
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


def list_tables(
    table: Annotated[str | None, typer.Argument(help="One table: grain, columns, lineage.")] = None,
    suite: Annotated[bool, typer.Option("--suite", help="The whole suite of the table, as JSON of Great Expectations.")] = False,
    profile: ProfileOption = "local",
    vertical: VerticalOption = False,
    as_csv: CsvOption = False,
    as_json: JsonOption = False,
) -> None:
    """List the tables, or describe one."""
    from reclake.look.listings import describe

    console = Console(form=form_of(as_json=as_json, vertical=vertical, as_csv=as_csv))
    if suite:
        if table is None:
            raise UsageError("--suite names no table", "a suite judges one table", "name it: reclake tables NAME --suite")
        from reclake.run.suites import listed_suite

        chosen = choose(profile, None)
        console.json(listed_suite(chosen.home, chosen.settings, require_table(table)))
        return
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
            console.say(f"{key:<11}{', '.join(value) if isinstance(value, list) else value}")
    first = ("column", "type", "meaning", "unit", "privacy", "required")
    console.rows("columns", [{name: row[name] for name in first} for row in columns])


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
    title, rows = _one_as_of(table, rows) if form == "table" and not columns else (table, rows)
    chosen.console.rows(title, rows, empty="No rows.", n_more=listing.n_more)


def _one_as_of(table: str, rows: Rows) -> tuple[str, Rows]:
    """The title and the rows; an as_of that all of them share stands in the title alone."""
    as_ofs = {row.get("as_of_date") for row in rows}
    if len(as_ofs) != 1 or None in as_ofs:
        return table, rows
    return f"{table}, as_of_date {as_ofs.pop()}", [{name: row[name] for name in row if name != "as_of_date"} for row in rows]


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
    from reclake.look.trace import person_of_accounts

    return person_of_accounts(look.reader, accounts_of_raw(look, source, raw))


def accounts_of_raw(look: Look, source: str, raw: str) -> frozenset[str]:
    """Every account that the source's feeds would make of an id as it writes it; neither is stored."""
    from reclake.look.raw_accounts import accounts_of
    from reclake.privacy.pseudonyms import Keys
    from reclake.run.items import load_sources
    from reclake.run.opened import located

    declared = load_sources(look.home, look.settings, [source])[source]
    directory, privacy = located(look.home, look.settings.secrets.directory), look.settings.privacy
    keys = Keys(directory, privacy.id_key_id, privacy.contact_key_id, privacy.default_region)
    return accounts_of(declared, raw, keys)
