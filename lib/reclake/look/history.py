"""What moved a table or a model, and how models were judged."""

from __future__ import annotations

from typing import Any

from reclake import tables
from reclake.errors import UsageError
from reclake.lake.published import WITHDRAWN, moved_by
from reclake.tables import gold, ops
from reclake.tables.models import PREFIX

from .conditions import Condition, quoted
from .listings import Listing, Rows, first_rows
from .reader import Reader


def history(reader: Reader, name: str, *, limit: int = 20) -> Listing:
    """The manifests that moved the table or model, newest first and at most `limit`, with the run and what was read for it.

    Raises
    ------
    UsageError
        When there is neither a table nor a model of that name.
    """
    of_name = (Condition("name", "=", (name,)),)
    shown = ("manifest_id", "kind", "version", "n_rows", "n_files", "n_bytes", "run_id", "published_at")
    listing = first_rows(reader, ops.PUBLISHED_VERSIONS, shown, of_name, (("manifest_id", True),), limit)
    if name not in tables.BY_NAME and not listing.rows:
        known = ", ".join(sorted(one for one in reader.published if one.startswith(PREFIX))) or "none"
        raise UsageError(
            f"there is no model {name.removeprefix(PREFIX)!r}", f"published models: {known}", "reclake models lists them"
        )
    built = _built(reader, name) if name in tables.BY_NAME else {}
    nothing = {"n_days": None, "last_day": None, "input_versions": None}
    order = ("manifest_id", "kind", "version", "n_rows", "n_files", "n_bytes", "n_days", "last_day", "run_id", "published_at", "input_versions")  # fmt: skip
    rows = [{key: (row | built.get(row["version"], nothing))[key] for key in order} for row in listing.rows]
    first = ("manifest_id", "published_at", "kind", "version", "n_rows", "n_days", "last_day", "run_id")
    return Listing(
        rows, listing.n_more, first if built else tuple(one for one in first if one not in ("n_rows", "n_days", "last_day"))
    )


def _built(reader: Reader, name: str) -> dict[int, dict[str, Any]]:
    """Version → the days that were built with it, and what was read for them."""
    sql = (
        "SELECT version, count(*), max(day), arg_max(input_versions, sequence) FROM rows "
        "WHERE \"table\" = ? AND kind = 'build' GROUP BY version"
    )
    columns = ("table", "kind", "version", "day", "sequence", "input_versions")
    rows = reader.query(ops.LEDGER, sql, columns=columns, parameters=[name])
    return {version: {"n_days": n, "last_day": last, "input_versions": read} for version, n, last, read in rows}


def models(reader: Reader) -> Listing:
    """Every model version that ever served, newest first, and how it was judged in the training that made it."""
    where = f"starts_with({quoted('name')}, '{PREFIX}')"
    columns = ("manifest_id", "name", "version", "kind", "run_id", "published_at")
    sql = f"SELECT {', '.join(map(quoted, columns))} FROM rows WHERE {where} ORDER BY manifest_id DESC, name"
    judged = _judged(reader)
    rows = []
    for values in reader.query(ops.PUBLISHED_VERSIONS, sql, columns=columns):
        row = dict(zip(columns, values, strict=True))
        name = row["name"].removeprefix(PREFIX)
        current = reader.published.get(row["name"])
        rows.append({
            "model": name,
            "version": row["version"],
            "serves": current is not None and (current.version, current.manifest_id) == (row["version"], row["manifest_id"]),
            **judged.get((name, str(row["version"])), {"as_of_date": None, "ndcg_at_10": None, "recall_at_10": None, "coverage_at_10": None}),
            "published_at": row["published_at"],
            "kind": row["kind"],
            "manifest_id": row["manifest_id"],
            "run_id": row["run_id"],
        })  # fmt: skip
    return Listing(rows)


def _judged(reader: Reader) -> dict[tuple[str, str], dict[str, Any]]:
    """Model and version → the as_of it was trained for, and its metrics."""
    table = gold.MODEL_METRICS
    if reader.version(table) is None:
        return {}
    columns = ("as_of_date", "model_name", "model_version", "metric", "value")
    metrics = ("ndcg_at_10", "recall_at_10", "coverage_at_10")
    held: dict[tuple[str, str], dict[str, Any]] = {}
    for row in reader.rows(table, columns, (Condition("metric", "in", metrics), Condition("model_version", "!=", (None,)))):
        key = (row["model_name"], row["model_version"])
        held.setdefault(key, {"as_of_date": row["as_of_date"], **dict.fromkeys(metrics)})[row["metric"]] = row["value"]
    return held


def would_move(reader: Reader, to: int) -> Rows:
    """What a rollback to the manifest would move: name, version now and then; none for what is not published.

    Of gold, what then goes back loses the rows of customers who have withdrawn since, and is published at a new version.

    Raises
    ------
    UsageError
        When there is no such manifest.
    """
    current, then = reader.published, reader.published_in(to)
    moved = moved_by(to, current, then, last=reader.manifest_id)
    return [
        {
            "name": name,
            "version_now": current[name].version if name in current else None,
            "version_then": None if version == WITHDRAWN else version,
            "rows_then": then[name].n_rows if name in then and then[name].n_rows >= 0 else None,
        }
        for name, version in moved.items()
    ]
