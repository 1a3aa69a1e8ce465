"""What the lake can say of itself: status, rows, history, refusals, and the trace of one account. Rows of plain values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake import tables
from reclake.errors import UsageError
from reclake.lake.manifest import Published
from reclake.tables import Privacy, Table, gold, models, ops, silver

from .application import Application
from .dictionary import kept
from .plan import Scope, counted
from .untaken import untaken_files
from .waivers import Waivers

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Listing:
    """The first rows, and how many there are beyond them."""

    rows: Rows
    n_more: int = 0


def status(app: Application, scope: Scope) -> Rows:
    """Every declared table: days built, what is missing or stale and why, and what is published."""
    planner, published = app.planner(scope), app.manifest.current()
    found: Rows = []
    for table in tables.GATED:
        entries = app.ledger.days(table)
        work = planner.work(table)
        row = published.get(table.name)
        state = "stale" if work.reasons else "built" if entries or row else "not fed"
        found.append({
            "stage": table.stage,
            "table": table.name,
            "state": state,
            "days": len(entries),
            "last_day": max(entries, default=""),
            "stale_days": len(work.reasons),
            "kept_days": len(work.kept),  # as earlier code or settings made them, as their raw records are gone
            "why": counted([*work.reasons.values(), *(f"kept: {why}" for why in work.kept.values())]),
            "published_version": row.version if row else None,
            "rows": app.ledger.n_rows(table) or (row.n_rows if row else 0),
        })
    return found


def waivers(app: Application) -> Rows:
    """Waivers in force."""
    return [{**row, "expires_at": str(row["expires_at"])} for row in Waivers(app.store, app.clock).in_force()]


def untaken(app: Application) -> Rows:
    """Files that lie in a landing folder and were not taken in, as the last run that looked there noted them."""
    shown = ("source", "file_name", "state", "reason", "delivery_day", "listed_at")
    return [{name: _plain(row[name]) for name in shown} for row in untaken_files(app)]


def describe(table: Table) -> dict[str, Any]:
    """One table's declaration; needs no lake."""
    return {
        "table": table.name,
        "grain": table.grain,
        "key": list(table.key),
        "stage": table.stage,
        "write": table.write,
        "reads": [f"{i.table.name} ({i.days.reads.value})" for i in table.reads],
        "read_by": [reader.name for reader in tables.readers_of(table.name)],
        "rows_stay": kept(table),
        "columns": [
            {
                "column": f.name,
                "type": f.type,
                "unit": f.unit,
                "privacy": f.privacy.value,
                "required": f.required,
                "meaning": f.doc,
            }
            for f in table.fields
        ],
    }


def shown_versions(current: Mapping[str, Published]) -> Rows:
    """The rows of `gold.published_versions`: what of the manifest is gold's or a model's, by name."""
    names = {table.name for table in gold.TABLES}
    told = [row for name, row in sorted(current.items()) if name in names or name.startswith(models.PREFIX)]
    return [{field.name: getattr(row, field.name) for field in gold.SHOWN_VERSIONS.fields} for row in told]


def published(app: Application, table: Table) -> DataFrame:
    """The table's published rows.

    Raises
    ------
    UsageError
        When nothing of it is published.
    LakeDamaged
        When the version is not what was published.
    """
    if table in ops.WRITTEN:
        return app.store.read_newest(table)
    current = app.manifest.current()
    if table.name not in current:
        raise UsageError(f"{table.name} is not published yet", "no manifest names it", "reclake status says why")
    return app.read(table, version=current[table.name].version, published=current)


def show(app: Application, table: Table, *, where: Iterable[str] = (), limit: int = 20) -> Listing:
    """Published rows, at most `limit`; raw records, and columns that reach a person, are left out.

    Raises
    ------
    UsageError
        When a condition names no column.
    """
    frame = published(app, table)
    readable = [f.name for f in table.fields if f.privacy not in (Privacy.RAW, Privacy.CONTACT)]
    for condition in where:
        column, separator, value = condition.partition("=")
        if not separator or column not in readable:
            raise UsageError(
                f"--where {condition} cannot be used", f"columns {', '.join(readable)}", "write --where column=value"
            )
        frame = frame.where(F.col(column).cast("string") == F.lit(value))
    # What the runner notes is asked for its newest rows.
    order = F.desc if table in ops.WRITTEN else F.asc
    return first_rows(frame.select(readable).orderBy(*[order(name) for name in table.key if name in readable]), limit)


def history(app: Application, table: Table, *, limit: int = 20) -> Listing:
    """The manifests that moved the table, newest first and at most `limit`, with the run and what was read for it."""
    rows = app.store.read_newest(ops.PUBLISHED_VERSIONS).where(F.col("name") == table.name)
    ledger = app.store.read_newest(ops.LEDGER).where((F.col("table") == table.name) & (F.col("kind") == "build"))
    built = ledger.groupBy("version").agg(
        F.count("*").alias("n_days"),
        F.max("day").alias("last_day"),
        F.max_by("input_versions", "sequence").alias("input_versions"),
    )
    columns = (
        "manifest_id", "kind", "version", "n_rows", "n_files", "n_bytes", "n_days", "last_day", "run_id", "published_at",
        "input_versions",
    )  # fmt: skip
    return first_rows(rows.join(built, on="version", how="left").select(*columns).orderBy(F.desc("manifest_id")), limit)


def first_rows(ordered: DataFrame, limit: int) -> Listing:
    """The first rows of an ordered frame; the rest is counted only if there is one."""
    rows = ordered.limit(limit + 1).collect()
    n_more = ordered.count() - limit if len(rows) > limit else 0
    return Listing([{name: _plain(value) for name, value in row.asDict().items()} for row in rows[:limit]], n_more)


def trace(app: Application, account_id: str, *, limit: int = 100) -> dict[str, Listing]:
    """Where an account came from and what was built from it, by table; each is cut to `limit` rows.

    Raises
    ------
    UsageError
        When no published table knows the account.
    """
    found: dict[str, Listing] = {}
    customers: set[str] = set()
    for table in (t for t in tables.TABLES if t.layer in ("silver", "gold")):
        names = {f.name for f in table.fields}
        wanted = F.lit(False)
        for column in {"account_id", "login_account_id", "device_id", "unit_id"} & names:
            wanted = wanted | (F.col(column) == F.lit(account_id))
        if "customer_id" in names and customers:
            wanted = wanted | F.col("customer_id").isin(sorted(customers))
        if not ({"account_id", "customer_id"} & names) or not app.ledger.holds(table) or table.name not in app.manifest.current():
            continue
        shown = [f.name for f in table.fields if f.privacy not in (Privacy.RAW, Privacy.CONTACT)]
        rows = published(app, table).where(wanted)
        order = dict.fromkeys(name for name in (table.day_column, *table.key) if name in shown)
        listing = first_rows(rows.select(shown).orderBy(*order), limit)
        if listing.rows:
            found[table.name] = listing
        if table.name == silver.IDENTITIES.name:
            customers = {row["customer_id"] for row in rows.select("customer_id").distinct().collect()}
    if not found:
        raise UsageError(
            f"no table knows the account {account_id}", "no row with this account_id", "take an account_id from silver.accounts"
        )
    return found


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | float | list) else str(value)
