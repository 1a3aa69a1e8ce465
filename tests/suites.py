"""Suites as files, changed so that a gate finds something to stop."""

import json
from pathlib import Path


def demand_what_no_row_is(path: Path) -> None:
    """Add a rule to a suite of gold.customer_segments that every row breaks."""
    _add(
        path, {"type": "expect_column_values_to_be_between", "column": "n_orders", "min_value": 1_000_000, "max_value": 2_000_000}
    )


def demand_more_rows(path: Path) -> None:
    """Add a floor to a suite that no frame reaches."""
    _add(path, {"type": "expect_table_row_count_to_be_between", "min_value": 10**9})


def _add(path: Path, expectation: dict[str, object]) -> None:
    suite = json.loads(path.read_text())
    suite["expectations"].append(expectation)
    suite["n_expectations"] += 1
    path.write_text(json.dumps(suite))
