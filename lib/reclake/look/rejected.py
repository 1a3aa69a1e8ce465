"""What was not kept and why: records by reason, each with one of them, and files by name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from reclake import tables
from reclake.inspection.written import written_value
from reclake.quality.verdict import FEW_REFUSED, delivery_of
from reclake.tables import bronze, silver

from .conditions import Condition
from .lake import Look
from .listings import Listing, Rows
from .verdicts import blocking

REJECTED = "rejected"
STOPPED = "stopped delivery"
_PLACE = ("delivery_day", "file_digest", "position")
_FIRST = ("record_table", "reason", "records", "file", "line", "value", "record_class", "source", "first_day", "last_day")


def rejected(look: Look, *, limit: int = 50) -> Listing:
    """Deliveries that stopped their table; records that were not kept, by table, source, class and reason; refused files.

    The records of a stopped delivery are in no table that is published: their most common reasons stand in the gate's verdict.

    The example is the first delivered: its file and line, and what it wrote in the field that the reason is about, shown so
    that nobody is recognised by it. Records and files are each cut to
    `limit` rows.
    """
    reasons, n_more_reasons = _reasons(look, limit)
    files, n_more_files = _files(look, limit)
    return Listing(_stopped(look) + _with_examples(look, reasons) + files, n_more_reasons + n_more_files, _FIRST)


def _stopped(look: Look) -> Rows:
    """One row per delivery of which so much was refused that its records table is stopped now."""
    return [
        {
            "record_table": row["table"],
            "source": source,
            "reason": reason,
            "record_class": STOPPED,
            "records": finding["n_bad"],
            "first_day": date.fromisoformat(day),
            "last_day": date.fromisoformat(day),
            "file": None,
            "line": None,
            "value": None,
        }
        for row in blocking(look)
        for finding in json.loads(row["findings"])
        if finding["rule"] == FEW_REFUSED
        for source, day, reason in [delivery_of(finding["message"])]
    ]


def _reasons(look: Look, limit: int) -> tuple[Rows, int]:
    place = ", ".join(f"'{name}': {name}" for name in _PLACE)
    sql = (
        f"WITH told AS (SELECT record_table, source, record_class, {', '.join(_PLACE)}, "
        "unnest(CASE WHEN len(reasons) > 0 THEN reasons ELSE [NULL] END) AS reason FROM rows) "
        f"SELECT record_table, source, reason, record_class, count(*) AS records, min(delivery_day) AS first_day, "
        f"max(delivery_day) AS last_day, min({{{place}}}) AS example, count(*) OVER () AS n_all "
        "FROM told GROUP BY record_table, source, record_class, reason "
        "ORDER BY records DESC, record_table, source, record_class, reason NULLS FIRST LIMIT ?"
    )
    columns = ("record_table", "source", "record_class", "reasons", *_PLACE)
    found = look.reader.query(silver.REJECTED_RECORDS, sql, columns=columns, parameters=[limit])
    names = ("record_table", "source", "reason", "record_class", "records", "first_day", "last_day", "example")
    n_all = found[0][-1] if found else 0
    return [dict(zip(names, row[:-1], strict=True)) for row in found], n_all - len(found)


def _files(look: Look, limit: int) -> tuple[Rows, int]:
    """Files that were refused and not taken in since: a replay takes some in, and may refuse the others again."""
    sql = (
        "WITH taken AS (SELECT DISTINCT source, file_digest FROM rows WHERE outcome = 'ingested') "
        "SELECT DISTINCT source, concat_ws(': ', file_name, reason) AS told, delivery_day, file_name FROM rows "
        "ANTI JOIN taken USING (source, file_digest) WHERE outcome = 'rejected' "
        "ORDER BY source, delivery_day NULLS FIRST, told"
    )
    columns = ("source", "file_digest", "file_name", "reason", "delivery_day", "outcome")
    look.reader.require_published(bronze.FILES)
    found = _once(look, sql, columns)
    rows = [
        {
            "record_table": bronze.FILES.name,
            "source": source,
            "record_class": "rejected file",
            "reason": reason,
            "records": 0,
            "first_day": day,
            "last_day": day,
            "file": file_name,
            "line": None,
            "value": None,
        }
        for source, reason, day, file_name in found
    ]
    return rows[:limit], max(0, len(rows) - limit)


def _once(look: Look, sql: str, columns: tuple[str, ...]) -> list[tuple[Any, ...]]:
    """SQL that names `rows` twice: what is streamed can be read once, so it is held first. One row per file of the lake."""
    held = sql.replace("WITH taken", "WITH rows AS MATERIALIZED (SELECT * FROM streamed), taken", 1)
    return look.reader.query(bronze.FILES, held, columns=columns, name="streamed")


def _with_examples(look: Look, reasons: Rows) -> Rows:
    """The rows with file, line and value of their example instead of its pointer; empty where the raw record is gone."""
    raw = {name: _raw_records(look, name, reasons) for name in {row["record_table"] for row in reasons}}
    return [_shown(look, row, raw[row["record_table"]].get(_place(row))) for row in reasons]


def _place(row: Mapping[str, Any]) -> tuple[str, str, int]:
    return row["source"], row["example"]["file_digest"], row["example"]["position"]


def _shown(look: Look, row: Mapping[str, Any], record: Mapping[str, Any] | None) -> dict[str, Any]:
    shown = {name: value for name, value in row.items() if name != "example"}
    shown |= {"file": None, "line": None, "value": None}
    if record is None:
        return shown
    shown |= {"file": record["file_name"], "line": record["line"]}
    source = look.sources.get(row["source"])
    feed = source.feed_of(silver.raw_of(tables.BY_NAME[row["record_table"]]).noun, record["file_name"]) if source else None
    if feed is not None and row["record_class"] == REJECTED:  # of a duplicate or late record no value is wrong
        shown["value"] = written_value(row["reason"] or "", bytes(record["raw"]), record["header"], feed)
    return shown


def _raw_records(look: Look, record_table: str, reasons: Rows) -> dict[tuple[str, str, int], dict[str, Any]]:
    """The raw records of the examples of one records table, by source, file and position: one for each row that is shown."""
    table = silver.raw_of(tables.BY_NAME[record_table])
    if look.reader.version(table) is None:
        return {}
    places = {_place(row): row["example"]["delivery_day"] for row in reasons if row["record_table"] == record_table}
    days: tuple[date, ...] = tuple(sorted(set(places.values())))
    where = (
        Condition("delivery_day", "in", days),
        Condition("file_digest", "in", tuple({digest for _, digest, _ in places})),
        Condition("position", "in", tuple({position for _, _, position in places})),
    )
    columns = ("source", "file_digest", "position", "file_name", "line", "header", "raw")
    rows = look.reader.rows(table, columns, where)
    held = {(row["source"], row["file_digest"], row["position"]): row for row in rows}
    return {place: held[place] for place in places if place in held}
