"""The kinds of expectations that a suite may hold, in the form of Great Expectations. No Spark: listings read suites too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ROW_COUNT = "expect_table_row_count_to_be_between"
NOT_NULL = "expect_column_values_to_not_be_null"
NULL = "expect_column_values_to_be_null"
IN_SET = "expect_column_values_to_be_in_set"
BETWEEN = "expect_column_values_to_be_between"
MATCHES = "expect_column_values_to_match_regex"
NOT_MATCHES = "expect_column_values_to_not_match_regex"
AT_LEAST = "expect_column_pair_values_a_to_be_greater_than_b"
PAIR_OPTIONS = {"or_equal": True, "ignore_row_if": "either_value_is_missing"}

Expectation = Mapping[str, Any]
"""type, kwargs, meta and severity."""


def expectation(
    kind: str,
    kwargs: Mapping[str, Any],
    *,
    where: str = "",
    min_matching_rows: int | None = None,
    reason: str = "",
    severity: str = "critical",
) -> Expectation:
    """One expectation; `where` is the condition of the rows that it judges, `min_matching_rows` how many it must find.

    Examples
    --------
    >>> expectation(NOT_NULL, {"column": "order_id"}, reason="a till may lose it", severity="warning")["meta"]
    {'reason': 'a till may lose it'}
    """
    condition = {"pass_through_filter": where, "type": "pass_through"}
    meta = {"min_matching_rows": min_matching_rows, "reason": reason or None}
    return {
        "type": kind,
        "kwargs": {**kwargs, **({"row_condition": condition, "condition_parser": "spark"} if where else {})},
        "meta": {key: value for key, value in meta.items() if value is not None},
        "severity": severity,
    }
