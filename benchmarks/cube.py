"""How long a question of two dimensions takes over the cube of 15 million events, each in a cold process.

    python benchmarks/cube.py make FOLDER --events 15000000     the cube of made events, as a lake of its own below FOLDER
    python benchmarks/cube.py ask FOLDER                        every pair of conf/cubes, each in a process of its own

Events are made and counted by the rules of the cube without Spark: 75 events a customer on average, in visits of five, over 190 days.
Asked are DuckDB alone over the files of the version, and the command, which compares every page with its checksum.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections import defaultdict
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import write_deltalake

from reclake.behaviour.catalogues import CUBES
from reclake.behaviour.cube import cells
from reclake.behaviour.cube.definition import declared_pairs
from reclake.behaviour.cube.publishing import published
from reclake.look.delta_rs import arrow_type
from reclake.tables import gold, ops

ROOT = Path(__file__).resolve().parents[1]
AS_OF, N_DAYS, ZONE = date(2026, 7, 1), 181, "Asia/Shanghai"
PER_CUSTOMER, PER_VISIT, AT_ONCE = 75, 5, 20_000
N_VALUES = {
    "channel": 4, "kind": 8, "source": 1, "login": 2, "device_kind": 3, "customer_kind": 2, "product_id": 600, "category": 12, "brand": 20,
    "price_band": 6, "tier": 7, "segment": 10, "rfm_tier": 7, "recency_score": 5, "frequency_score": 5, "monetary_score": 5,
    "order_band": 5, "region": 31, "gender": 3, "age_band": 6, "member_since": 8,
}  # fmt: skip
OF_VISIT = ("channel", "login", "device_kind", "source", "customer_kind")
OF_EVENT = ("kind", "product_id", "category", "brand", "price_band")
DUCKDB = """
import sys, duckdb
from reclake.behaviour.bitmaps import n_in_any
rows = duckdb.execute(
    "SELECT value_a, value_b, sum(n_events), sum(n_sessions), sum(n_orders), sum(revenue_amount), list(customer_bitmap) "
    "FROM read_parquet(?) WHERE dimension_a = ? AND dimension_b = ? GROUP BY ALL", [sys.argv[1], sys.argv[2], sys.argv[3]]
).fetchall()
print(len([(row[:6], n_in_any(row[6])) for row in rows]))
"""


def words(name: str, codes: np.ndarray) -> pa.Array:
    """Codes as texts."""
    values = pa.array([f"{name}-{n}" for n in range(N_VALUES[name])])
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), values).cast(pa.string())


def acts(first: int, n: int, dimensions: tuple[str, ...], seed: int) -> pa.Table:
    """The rows of some customers, in order of customer and time."""
    draw = np.random.default_rng(seed)
    n_visits = n * PER_CUSTOMER // PER_VISIT
    visitor = np.sort((n * draw.random(n_visits) ** 1.5).astype(np.int64))
    start = (np.datetime64(AS_OF) - np.datetime64("1970-01-01")).astype(int) * 86_400 - draw.integers(
        1, N_DAYS * 86_400, n_visits
    )
    visit = np.repeat(np.arange(n_visits), PER_VISIT)
    moment = (start[visit] + draw.integers(0, 900, len(visit))) * 1_000_000
    in_order = np.lexsort((moment, visitor[visit]))
    visit, moment = visit[in_order], moment[in_order]
    customer = first + visitor[visit]
    local = moment // 1_000_000 + 8 * 3600
    day = (local // 86_400).astype("datetime64[D]")
    is_order = draw.random(len(visit)) < 0.04
    columns = {
        "customer": customer, "moment": moment, "day": day.astype(np.int64),
        "month": day.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64),
        "unit": pa.array(customer * 2 + visit % 2, mask=is_order), "order": pa.array(visit, mask=~is_order), "is_sale": is_order,
        "amount": np.where(is_order, 995_000, 0),
    }  # fmt: skip
    for name in dimensions:
        columns[f"dim_{name}"] = _values(name, day, local, customer, visit, draw)
    return pa.table(columns)


def _values(
    name: str, day: np.ndarray, local: np.ndarray, customer: np.ndarray, visit: np.ndarray, draw: np.random.Generator
) -> pa.Array:
    if name == "hour":
        return pa.array(local // 3600 % 24).cast(pa.string())
    if name in ("day", "week", "weekday"):
        number = day.astype(np.int64)
        monday = (number + 3) % 7
        return (
            pa.array(monday).cast(pa.string())
            if name == "weekday"
            else pa.array(number - (monday if name == "week" else 0)).cast(pa.string())
        )
    if name in OF_EVENT:
        # Seven of ten events of a visit are about the same things.
        own = (visit * 2_654_435_761 >> 9) % N_VALUES[name]
        return words(name, np.where(draw.random(len(visit)) < 0.7, own, draw.integers(0, N_VALUES[name], len(visit))))
    whose = visit if name in OF_VISIT else customer
    return words(name, ((whose + len(name)) * 2_654_435_761 >> 11) % N_VALUES[name])


def make(folder: Path, n_events: int) -> dict[str, float]:
    """The cube as the one table of a lake."""
    pairs = declared_pairs(CUBES.load(ROOT / "conf" / "cubes"))
    plan = cells.Plan(pairs, ZONE, 30)
    parts: dict[tuple[str, str, int], list[pa.Table]] = defaultdict(list)
    n_customers, n_rows, began = n_events // PER_CUSTOMER, 0, time.process_time()
    for number, first in enumerate(range(1, n_customers + 1, AT_ONCE)):
        rows = acts(first, min(AT_ONCE, n_customers + 1 - first), plan.dimensions, number)
        n_rows += len(rows)
        for batch in cells.counted(rows.to_batches(max_chunksize=10_000), plan):
            table = pa.Table.from_batches([batch])
            a, b = table["dimension_a"][0].as_py(), table["dimension_b"][0].as_py()
            for month in pc.unique(table["month"]).to_pylist():
                parts[a, b, month].append(table.filter(pc.field("month") == month))
    counted = time.process_time() - began
    rows = pa.concat_tables(published(pa.concat_tables(parts.pop(key)).combine_chunks(), least=10) for key in sorted(parts))
    n_bytes = write(folder / "lake", rows)
    made = {"events": n_rows, "customers": n_customers, "pairs": len(pairs), "rows": len(rows), "bytes": n_bytes}
    return made | {
        "counting_cpu_seconds": round(counted, 1),
        "publishing_cpu_seconds": round(time.process_time() - began - counted, 1),
    }


def write(root: Path, rows: pa.Table) -> int:
    """The rows as a published version; gives the bytes of its files."""
    n = len(rows)
    filled = {
        "as_of_date": pa.repeat(pa.scalar(AS_OF), n), "month_date": rows["month"].cast(pa.date32()), "is_open": pa.repeat(pa.scalar(False), n),
        "currency": pa.repeat(pa.scalar("CNY"), n),
    }  # fmt: skip
    columns = {
        f.name: filled.get(f.name, rows[f.name] if f.name in rows.column_names else None) for f in gold.BEHAVIOUR_CUBE.fields
    }
    write_deltalake(str(root / "gold" / "behaviour_cube"), pa.table(columns), partition_by=["as_of_date"])
    sizes = [path.stat().st_size for path in (root / "gold").rglob("*.parquet")]
    row = {
        "manifest_id": 1,
        "version": 0,
        "kind": "publish",
        "token": 1,
        "run_id": "t",
        "published_at": datetime(2026, 7, 1, tzinfo=UTC).replace(tzinfo=None),
    }
    row |= {"name": gold.BEHAVIOUR_CUBE.name, "n_rows": n, "n_files": len(sizes), "n_bytes": sum(sizes)}
    fields = ops.PUBLISHED_VERSIONS.fields
    table = pa.table({f.name: pa.array([row.get(f.name)], arrow_type(f.type)) for f in fields})
    times = {f.name for f in fields if f.type == "timestamp"}
    table = table.cast(pa.schema([pa.field(f.name, pa.timestamp("us", "UTC")) if f.name in times else f for f in table.schema]))
    write_deltalake(str(root / "ops" / "published_versions"), table)
    return sum(sizes)


def ask(folder: Path, n_tries: int) -> dict[str, object]:
    """Seconds of every pair in a cold process: wall time, and CPU time of all its threads."""
    pairs = declared_pairs(CUBES.load(ROOT / "conf" / "cubes"))
    command, files = [sys.executable, "-m", "reclake.cli", "cube", "--csv"], str(folder / "lake/gold/behaviour_cube/*/*.parquet")
    taken: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for a, b in pairs * n_tries:
        taken["duckdb, all months"].append(seconds_of([sys.executable, "-c", DUCKDB, files, a, b], folder))
        taken["command, month by month"].append(seconds_of([*command, "--by", a, "--by", b, "--series"], folder))
        taken["command, all months"].append(seconds_of([*command, "--by", a, "--by", b], folder))
    return {"questions": len(pairs) * n_tries, "load": os.getloadavg()[0]} | {what: _told(of) for what, of in taken.items()}


def seconds_of(words_: list[str], folder: Path) -> tuple[float, float]:
    """Wall and CPU seconds of a process that answers one question."""
    environment = os.environ | {"RECLAKE_HOME": str(ROOT), "RECLAKE__LAKE__ROOT": str(folder / "lake")}
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(words_, env=environment, check=True, stdout=subprocess.DEVNULL)
    wall, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _told(taken: list[tuple[float, float]]) -> dict[str, float]:
    found = {}
    for what, of in zip(("wall", "cpu"), zip(*taken, strict=True), strict=True):
        found |= {f"{what}_median": round(float(np.median(of)), 2), f"{what}_p95": round(float(np.quantile(of, 0.95)), 2)}
    return found


def main() -> None:
    """Print what was measured, as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["make", "ask"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--events", type=int, default=15_000_000)
    parser.add_argument("--tries", type=int, default=2)
    options = parser.parse_args()
    print(
        json.dumps(
            make(options.folder, options.events) if options.what == "make" else ask(options.folder, options.tries), indent=2
        )
    )


if __name__ == "__main__":
    main()
