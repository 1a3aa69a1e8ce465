"""Where the packages lie whose data and results other implementations are compared with: make oracles."""

import os
from collections import defaultdict
from datetime import date
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENT = Path(os.environ.get("RECLAKE_ORACLES", ROOT / ".venv" / "oracles"))


def dataset(name: str) -> Path:
    """A file of lifetimes' data sets; the test is skipped where the environment is not there."""
    found = next(ENVIRONMENT.glob(f"lib/python3*/site-packages/lifetimes/datasets/{name}"), None)
    if found is None:
        pytest.skip("the environment of the oracles is not set up here: make oracles")
    return found


def cdnow_days(name: str = "CDNOW_sample.txt") -> dict[str, list[date]]:
    """Customer → days with a purchase, sorted and each once, from the raw purchases."""
    days = defaultdict(set)
    for line in dataset(name).read_text().splitlines():
        fields = line.split()
        if fields and fields[0].isdigit():
            days[fields[0]].add(date.fromisoformat(fields[-3]))
    return {customer: sorted(of_customer) for customer, of_customer in days.items()}


def summary(days: dict[str, list[date]], end: date, *, unit_days: float = 7.0) -> dict[str, tuple[int, float, float]]:
    """Customer → x, t_x, T as the literature counts them: purchases to `end` inclusive, which is also where T ends."""
    found = {}
    for customer, of_customer in days.items():
        seen = [day for day in of_customer if day <= end]
        if seen:
            found[customer] = len(seen) - 1, (seen[-1] - seen[0]).days / unit_days, (end - seen[0]).days / unit_days
    return found
