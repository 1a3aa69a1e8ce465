"""What the gates said last of each table."""

from __future__ import annotations

from reclake.tables import ops

from .lake import Look
from .listings import Rows


def blocking(look: Look) -> Rows:
    """The newest verdict of every table that it blocks, by table: verdict, counts and findings as JSON."""
    shown = ("table", "verdict", "n_failed", "n_expectations", "findings")
    row = ", ".join(f"'{name}': \"{name}\"" for name in shown)
    sql = f'SELECT arg_max({{{row}}}, checked_at) FROM rows GROUP BY "table"'
    newest = [row for (row,) in look.reader.query(ops.GATE_RESULTS, sql, columns=(*shown, "checked_at"))]
    return sorted((row for row in newest if row["verdict"] in ("failed", "broken")), key=lambda row: str(row["table"]))
