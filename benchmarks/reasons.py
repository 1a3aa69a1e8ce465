"""Whether each fact that the lists of a lake state is true, and the share of rows that state none.

Run: PYTHONPATH=lib python benchmarks/reasons.py [--profile local] [--as-of 2026-03-01]
"""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import date
from pathlib import Path

from reclake.look.as_ofs import as_of_of
from reclake.look.lake import look_at
from reclake.look.reasons import stated_facts
from reclake.settings import load_settings
from reclake.tables import gold

HOME = Path(__file__).resolve().parents[1]


def main() -> None:
    """Count, and print a line per scenario and fact."""
    parser = ArgumentParser()
    parser.add_argument("--profile", default="local")
    parser.add_argument("--as-of", type=date.fromisoformat)
    asked = parser.parse_args()
    look = look_at(HOME, load_settings(HOME, profile=asked.profile))
    limits = look.settings.recommendations
    day = as_of_of(look.reader, gold.RECOMMENDATIONS, asked.as_of)
    rows = [
        {"table": table.name} | row
        for table in (gold.RECOMMENDATIONS, gold.PRODUCT_RECOMMENDATIONS, gold.BASKET_RECOMMENDATIONS)
        for row in stated_facts(look.reader, table, as_of=day, min_together=limits.min_together, min_lift=limits.min_lift)
    ]
    for row in rows:
        print(
            f"{row['table']:<29} {row['scenario']:<14} {row['reason'] or '(none)':<12} {row['n_rows']:>9,} rows, "
            f"{row['n_false']:,} false"
        )
    n_rows, n_false = (sum(row[name] for row in rows) for name in ("n_rows", "n_false"))
    n_silent = sum(row["n_rows"] for row in rows if row["reason"] is None)
    print(f"as_of {day}: {n_rows:,} rows, {n_false:,} false, {n_silent / max(n_rows, 1):.1%} without a reason")


if __name__ == "__main__":
    main()
