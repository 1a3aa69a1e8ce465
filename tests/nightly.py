"""The trials that have larger figures, at those figures: one file after the other, and the ones that passed are kept.

    python tests/nightly.py                    # goes on where it was stopped
    python tests/nightly.py test_kills.py      # these only
    python tests/nightly.py --again            # begins anew

What came of each file stands in .reclake/trials-nightly.json. A result counts for the commit that it was found at.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
KEPT = ROOT / ".reclake" / "trials-nightly.json"
FILES = (
    "test_disturbed_deliveries.py", "test_any_order.py", "test_partial_uploads.py", "test_company_in_any_order.py",
    "test_two_runs.py", "test_two_drivers.py", "test_scheduler.py", "test_failing_gates.py", "test_many_writers.py", "test_kills.py",
)  # fmt: skip


def commit() -> str:
    """The commit that is tried, marked where files differ from it."""
    return subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()  # fmt: skip


def tried(file: str, seed: int) -> dict[str, Any]:
    """Run one file of trials and say what came of it."""
    begun = time.monotonic()
    command = [
        sys.executable, "-m", "pytest", f"tests/trials/{file}", "-m", "trial", "-rs", "-p", "no:cacheprovider",
        "--trial-size=nightly", f"--trial-seed={seed}",
    ]  # fmt: skip
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        last = ""
        for line in process.stdout:
            sys.stdout.write(line)
            sys.stdout.flush()
            last = line.strip("= \n") or last
    return {
        "commit": commit(), "seed": seed, "date": datetime.now(UTC).date().isoformat(), "passed": process.returncode == 0,
        "minutes": round((time.monotonic() - begun) / 60, 1), "said": last,
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", default=FILES)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    parser.add_argument("--again", action="store_true", help="forget what passed before")
    options = parser.parse_args()
    found: dict[str, dict[str, Any]] = {} if options.again or not KEPT.exists() else json.loads(KEPT.read_text())
    at = commit()
    for file in options.files:
        if found.get(file, {}).get("passed") and found[file]["commit"] == at:
            continue
        found[file] = tried(file, options.seed)
        KEPT.parent.mkdir(exist_ok=True)
        KEPT.write_text(json.dumps(found, indent=2))
    for file, told in found.items():
        outcome = "passed" if told["passed"] else "FAILED"
        figures = f"{told['minutes']:6.1f} min  seed {told['seed']}  {told['commit']}  {told['said']}"
        sys.stdout.write(f"{file:34}{outcome}  {figures}\n")
    return 0 if all(found.get(file, {}).get("passed") for file in options.files) else 1


if __name__ == "__main__":
    sys.exit(main())
