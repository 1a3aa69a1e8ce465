"""How long the commands that only look take, cold: on the demo's lake, and with a ledger of many days.

    python benchmarks/looking.py [LAKE_HOME]         the commands on an existing lake, each in a process of its own
    python benchmarks/looking.py --ledger 1000       status on a made ledger of 1,000 days of every table

The made lake holds a ledger and a manifest and no rows: status reads nothing else. Its ledger is written as maintenance
leaves it, one file of the past and one per day of the last 30.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median

import pyarrow as pa
from deltalake import write_deltalake

from reclake import tables
from reclake.lake.digest import WHOLE, DayContent, Digest
from reclake.lake.entries import Entry, sequence_of
from reclake.look.delta_rs import arrow_type
from reclake.tables import Table, bronze, ops

ROOT = Path(__file__).resolve().parents[1]
COMMANDS = (
    "show gold.customer_segments", "status", "rejected", "history gold.customer_segments", "models", "plan", "tables", "sales", "retention",
    "funnel browse_cart_order_pay", "report behaviour",
)  # fmt: skip
AT = datetime(2026, 3, 2, 1, tzinfo=UTC).replace(tzinfo=None)
N_TRIES = 3


def seconds_of(command: str, environment: dict[str, str]) -> float:
    """The median of a few cold runs."""
    taken = []
    for _ in range(N_TRIES):
        begun = time.monotonic()
        words = [sys.executable, "-m", "reclake.cli", *command.split()]
        subprocess.run(words, env=os.environ | environment, check=True, stdout=subprocess.DEVNULL)
        taken.append(time.monotonic() - begun)
    return median(taken)


def entry_of(table: Table, day: str, number: int, details: dict[str, Digest]) -> Entry:
    """One built day."""
    return Entry(
        table=table.name,
        day=day,
        sequence=sequence_of(1, number),
        kind="build",
        version=number,
        run_id=f"run-{day}",
        token=1,
        recorded_at=AT,
        content=DayContent(Digest(1000, number * 7919), details),
        code_digest="0" * 16,
        settings_digest="0" * 16,
        suite_digest="0" * 16,
        input_digests={i.table.name: f"{number:016x}" for i in table.reads},
        input_versions={i.table.name: number for i in table.reads},
    )


def days_of(table: Table, n_days: int) -> list[tuple[str, dict[str, Digest]]]:
    """The table's days, with the event days that a delivery brought where readers take them apart."""
    first = date(2026, 3, 1) - timedelta(days=n_days - 1)
    if table.day_column is None or table.is_validity:
        return [(WHOLE, {str(first + timedelta(days=n)): Digest(1, n) for n in range(n_days)} if table.is_validity else {})]
    days = [first + timedelta(days=n + (1 if table.is_as_of else 0)) for n in range(n_days)]
    late = range(3) if table.source_day_column else ()
    return [(str(day), {str(day - timedelta(days=n)): Digest(300, n) for n in late}) for day in days]


def arrow_table(table: Table, rows: list[dict[str, object]]) -> pa.Table:
    """Rows of an ops table as Delta stores them."""
    schema = pa.schema([pa.field(f.name, arrow_type(f.type)) for f in table.fields])
    times = {f.name for f in table.fields if f.type == "timestamp"}
    stored = pa.schema([pa.field(f.name, pa.timestamp("us", "UTC")) if f.name in times else f for f in schema])
    return pa.Table.from_pylist([{f.name: row.get(f.name) for f in table.fields} for row in rows], schema).cast(stored)


def make_lake(root: Path, n_days: int) -> int:
    """A lake of nothing but its ledger and manifest; gives the number of ledger entries."""
    entries = [
        entry_of(table, day, number, details)
        for table in tables.GATED
        for number, (day, details) in enumerate(days_of(table, n_days))
    ]
    recent = sorted({entry.day for entry in entries if entry.day != WHOLE})[-30:]
    for part in [[e for e in entries if e.day not in recent], *([e for e in entries if e.day == day] for day in recent)]:
        write_deltalake(str(root / "ops" / "ledger"), arrow_table(ops.LEDGER, [entry.row() for entry in part]), mode="append")
    # Rows of files are read for days without records: this lake has none.
    names = [table.name for table in tables.GATED if table != bronze.FILES]
    row = {"n_files": 0, "n_bytes": 0, "n_rows": 1000 * n_days, "kind": "publish", "run_id": "r", "token": 1, "published_at": AT}
    manifests = [{"manifest_id": number + 1, "name": name, "version": number} | row for number in range(n_days) for name in names]
    write_deltalake(str(root / "ops" / "published_versions"), arrow_table(ops.PUBLISHED_VERSIONS, manifests))
    return len(entries)


def main() -> None:
    """Print what was measured, as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("home", nargs="?", default=str(ROOT), help="the project folder whose lake is looked at")
    parser.add_argument("--ledger", type=int, metavar="DAYS", help="make a ledger of so many days instead")
    options = parser.parse_args()
    if options.ledger is None:
        found = {command: round(seconds_of(command, {"RECLAKE_HOME": options.home}), 2) for command in COMMANDS}
        print(json.dumps({"seconds": found}, indent=2))
        return
    with tempfile.TemporaryDirectory() as folder:
        n_entries = make_lake(Path(folder) / "lake", options.ledger)
        environment = {"RECLAKE_HOME": str(ROOT), "RECLAKE__LAKE__ROOT": f"{folder}/lake"}
        taken = seconds_of("status", environment | {"RECLAKE__LANDING__ROOT": f"{folder}/landing"})
    print(json.dumps({"days": options.ledger, "entries": n_entries, "status_seconds": round(taken, 2)}, indent=2))


if __name__ == "__main__":
    main()
