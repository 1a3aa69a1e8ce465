"""The trials that have larger figures, at those figures, one after the other; what has passed is not run again.

    python tests/nightly.py                                # goes on where it was stopped
    python tests/nightly.py test_kills.py -k each_moment   # these only, of their file as pytest chooses them
    python tests/nightly.py --again                        # begins anew

What came of each trial stands in .reclake/trials-nightly.json, as soon as it has ended. It counts for the commit that it
was found at.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
KEPT = ROOT / ".reclake" / "trials-nightly.json"
# The quick ones first.
FILES = (
    "test_disturbed_deliveries.py", "test_partial_uploads.py", "test_failing_gates.py", "test_any_order.py", "test_two_runs.py",
    "test_two_drivers.py", "test_scheduler.py", "test_many_writers.py", "test_killed_training.py", "test_company_in_any_order.py", "test_kills.py",
)  # fmt: skip


class Results:
    """A pytest plugin: leaves out what has passed at this commit, and keeps what comes of the others one by one."""

    def __init__(self, found: dict[str, dict[str, Any]], commit: str, seed: int) -> None:
        # Nobody knows which files a marked commit stands for: what was found at one counts for no other run.
        self._found = {trial: told for trial, told in found.items() if not told["commit"].endswith("-dirty")}
        self._commit, self._seed = commit, seed
        self.asked_for: list[str] = []

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Last, when marker and name have chosen."""
        self.asked_for = [item.nodeid for item in items]
        done = [item for item in items if self.passed(item.nodeid)]
        items[:] = [item for item in items if not self.passed(item.nodeid)]
        config.hook.pytest_deselected(items=done)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A trial has passed when its body and what was set up for it have; one that was skipped was not run."""
        if report.when != "call" and report.passed:
            return
        self._found[report.nodeid] = {
            "commit": self._commit, "seed": self._seed, "date": datetime.now(UTC).date().isoformat(), "outcome": report.outcome,
            "minutes": round(report.duration / 60, 1),
        }  # fmt: skip
        KEPT.parent.mkdir(exist_ok=True)
        KEPT.write_text(json.dumps(self._found, indent=2))

    def passed(self, trial: str) -> bool:
        """Whether the trial has passed at this commit."""
        told = self._found.get(trial, {})
        return (told.get("outcome"), told.get("commit")) == ("passed", self._commit)

    def table(self) -> str:
        """A line for each trial that was asked for."""
        return "".join(f"{self._line(trial)}  {trial.removeprefix('tests/trials/')}\n" for trial in self.asked_for)

    def _line(self, trial: str) -> str:
        if trial not in self._found:
            return f"{'not run':8}{'':40}"
        told = self._found[trial]
        return f"{told['outcome']:8}{told['minutes']:6.1f} min  seed {told['seed']:<7} {told['date']}  {told['commit']:9}"


def current_commit() -> str:
    """The commit that is tried, marked where files differ from it."""
    return subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", default=FILES)
    parser.add_argument("-k", dest="chosen", default="", help="as in pytest")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    parser.add_argument("--again", action="store_true", help="forget what passed before")
    options = parser.parse_args(arguments)
    os.chdir(ROOT)
    results = Results({} if options.again or not KEPT.exists() else json.loads(KEPT.read_text()), current_commit(), options.seed)
    code = pytest.main(
        [
            *(f"tests/trials/{file}" for file in options.files), "-v", "-m", "trial", "-k", options.chosen, "-rs",
            "-p", "no:cacheprovider", "--trial-size=nightly", f"--trial-seed={options.seed}",
        ],
        plugins=[results],
    )  # fmt: skip
    sys.stdout.write(results.table())
    if code == pytest.ExitCode.NO_TESTS_COLLECTED and results.asked_for:
        return 0  # all of them have passed before
    return code or not all(map(results.passed, results.asked_for))


if __name__ == "__main__":
    sys.exit(main())
