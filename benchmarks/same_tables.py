"""Whether two lakes publish the same rows, table by table; for benchmarks that reach one state in two ways."""

from __future__ import annotations

from reclake.run.application import Application
from reclake.run.views import published
from reclake.tables import TABLES, ops

LEFT_OUT = ops.WRITTEN  # they say which run wrote what


def comparison(one: Application, other: Application, *, as_of: str) -> dict[str, str]:
    """Every table that one of the lakes publishes, less the columns that say which run wrote a row.

    Parameters
    ----------
    as_of
        The as_of that both lakes hold, as ISO date: as_of tables are compared there.
    """
    verdicts = {table.name: "left out: it says which run wrote what" for table in LEFT_OUT}
    held = [set(app.manifest.current()) for app in (one, other)]
    for table in (table for table in TABLES if table not in LEFT_OUT and table.name in held[0] | held[1]):
        if table.name not in held[0] & held[1]:
            verdicts[table.name] = "DIFFERENT: only one lake publishes it"
            continue
        left, right = (published(app, table).drop(*table.run_columns) for app in (one, other))
        if table.is_as_of:
            left, right = (frame.where(frame.as_of_date == as_of) for frame in (left, right))
        is_same = left.exceptAll(right).isEmpty() and right.exceptAll(left).isEmpty()
        left_out = f", without {', '.join(table.run_columns)}" if table.run_columns else ""
        verdicts[table.name] = f"{left.count():,} rows, {'equal' if is_same else 'DIFFERENT'}{left_out}"
    return verdicts
