"""Funnels as tables for people: from gold, at one as_of, without Spark."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from reclake.behaviour.funnels.definition import Funnel
from reclake.tables import gold

from .conditions import Condition
from .reader import Reader, Row

PERIODS = ("window", "week", "day")
_COUNTS = (
    "step",
    "step_name",
    "n_reached",
    "n_lost",
    "n_open",
    "n_excluded",
    "step_share",
    "overall_share",
    "mature_share",
    "step_seconds_median",
)
_LOSSES = (
    "step",
    "step_name",
    "dimension",
    "value",
    "n_reached",
    "n_lost",
    "lost_share",
    "expected_lost",
    "excess_lost",
    "deviations",
)


def listed(funnels: Mapping[str, Funnel]) -> list[Row]:
    """What the catalogue holds: a row per funnel."""
    return [
        {
            "funnel": name,
            "unit": one.unit,
            "mode": one.mode,
            "steps": " > ".join(step.name for step in one.steps),
            "breakdowns": ", ".join(one.breakdowns),
            "meaning": one.description,
        }
        for name, one in funnels.items()
    ]  # fmt: skip


def steps(reader: Reader, name: str, *, as_of: date, period: str, by: str, last: int) -> list[Row]:
    """The steps of a funnel, by a breakdown or in all; of days and weeks the `last` newest ones, the newest first."""
    where = [
        Condition(column, "=", (value,)) for column, value in {"as_of_date": as_of, "funnel": name, "period": period, "dimension": by}.items()
    ]  # fmt: skip
    shown = [*(["entry_date"] if period != "window" else []), *(["value"] if by != "all" else []), *_COUNTS]
    order = (("entry_date", True), ("value", False), ("step", False))
    rows = reader.rows(gold.FUNNELS, list(dict.fromkeys(["entry_date", *shown])), where, order)
    newest = set(sorted({row["entry_date"] for row in rows}, reverse=True)[:last])
    return [{name: row[name] for name in shown} for row in rows if row["entry_date"] in newest]


def losses(reader: Reader, name: str, *, as_of: date) -> list[Row]:
    """Where the lost of each step went, and which values lost more than their mix explains."""
    where = [Condition("as_of_date", "=", (as_of,)), Condition("funnel", "=", (name,))]
    return reader.rows(
        gold.FUNNEL_LOSSES, list(_LOSSES), where, (("step", False), ("dimension", False), ("n_lost", True), ("value", False))
    )


def totals(rows: Mapping[str, int]) -> str:
    """What became of those who entered, as a sentence.

    Examples
    --------
    >>> totals({"entered": 12, "converted": 3, "lost": 7, "open": 1, "excluded": 1, "customers": 11})
    '12 entered (11 customers) = 3 converted + 7 lost + 1 open + 1 excluded'
    """
    fates = " + ".join(f"{rows[fate]:,} {fate}" for fate in ("converted", "lost", "open", "excluded"))
    return f"{rows['entered']:,} entered ({rows['customers']:,} customers) = {fates}"


def fates(reader: Reader, name: str, *, as_of: date) -> dict[str, int]:
    """What became of all entries of the window; nothing where the funnel is not told."""
    where = [
        Condition(column, "=", (value,)) for column, value in {"as_of_date": as_of, "funnel": name, "period": "window", "dimension": "all"}.items()
    ]  # fmt: skip
    names = ["step", "n_entered", "n_customers", "n_reached", "n_lost", "n_open", "n_excluded"]
    steps_held = reader.rows(gold.FUNNELS, names, where, (("step", False),))
    if not steps_held:
        return {}
    return {
        "entered": steps_held[0]["n_entered"],
        "customers": steps_held[0]["n_customers"],
        "converted": steps_held[-1]["n_reached"],
        "lost": sum(row["n_lost"] for row in steps_held),
        "open": sum(row["n_open"] for row in steps_held),
        "excluded": sum(row["n_excluded"] for row in steps_held),
    }
