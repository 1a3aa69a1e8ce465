"""Suites as files, changed so that a gate finds something to stop."""

import json
from pathlib import Path


def demand_what_no_row_is(path: Path) -> None:
    """Add a rule to a suite of gold.customer_segments that every row breaks."""
    suite = json.loads(path.read_text())
    suite["expectations"].append({
        "type": "expect_column_values_to_be_between",
        "kwargs": {"column": "n_orders", "min_value": 1_000_000},
        "meta": {},
        "severity": "critical",
    })
    suite["meta"]["n_expectations"] += 1
    path.write_text(json.dumps(suite))
