"""Funnels and paths over generated events: the same counts as DuckDB's SQL, and how long both take.

python benchmarks/behaviour.py --events 20000000 --work /tmp/behaviour                 # Spark and DuckDB, in turn
python benchmarks/behaviour.py --events 2000000 --work /tmp/behaviour --without-spark  # the counting alone, against DuckDB
python benchmarks/behaviour.py --work /tmp/behaviour --self-joins                      # against joins of each step with the next
python benchmarks/behaviour.py --events 4000000 --work /tmp/behaviour --till           # one customer with 5 % of the events
python benchmarks/behaviour.py --events 20000000 --work /tmp/behaviour --paths         # sessions, funnel and paths together
python benchmarks/behaviour.py --events 2000000 --work /tmp/behaviour --paths --without-spark
python benchmarks/behaviour.py --work /tmp/behaviour --demo .reclake                   # visits of the demo against its truth
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from deltalake import DeltaTable
from path_sql import GOAL, LENGTHS, N_STEPS, medians_by_ours, paths_by_ours, paths_by_sql

from reclake.behaviour.catalogues import FUNNELS
from reclake.behaviour.funnels.block import Clock
from reclake.behaviour.funnels.definition import Funnel
from reclake.behaviour.funnels.stream import Plan, counted
from reclake.behaviour.kinds import KINDS
from reclake.behaviour.paths.definition import Paths
from reclake.behaviour.paths.stream import Plan as PathPlan
from reclake.behaviour.paths.stream import counted as counted_paths
from reclake.privacy.keys import load_key
from reclake.privacy.tokens import device_pseudonym
from reclake.run.job import project_home
from reclake.settings import load_settings
from reclake.tables.vocabulary import CHANNELS

WINDOW = 24 * 3600  # seconds
GAP = 1800
DAYS = 28
FIRST = 1_770_768_000  # 2026-02-11 00:00 UTC; 28 days before AS_OF
AS_OF = date(2026, 3, 11)
STEPS = ("view_item", "add_to_cart", "purchase")
MICRO = 1_000_000


def funnel(unit: str) -> Funnel:
    steps = [{"name": kind, "any_of": [{"event": kind}]} for kind in STEPS]
    return Funnel.model_validate({"name": unit, "description": "d", "unit": unit, "window": {"seconds": WINDOW}, "steps": steps})


def generate(path: Path, n: int, *, per_customer: int = 40, till_share: float = 0.0) -> None:
    """Events of customers in visits of a few minutes: customer_id, second, kind, position; visits lie anywhere in 28 days."""
    if path.exists():
        return
    till = int(n * till_share)
    customer = f"CASE WHEN i < {till} THEN 0 ELSE 1 + hash(i // 8) % {max(n // per_customer, 1)} END"
    kind = "list_extract(['view_item','view_item','view_item','view_page','search','add_to_cart','purchase'], 1 + (hash(i * 7 + 1) % 7)::INT)"
    at = f"CASE WHEN i < {till} THEN {FIRST} + hash(i) % {DAYS * 86_400} ELSE {FIRST} + hash(i // 8 + 13) % {DAYS * 86_400 - 2400} + (i % 8) * 60 + hash(i) % 240 END"
    duckdb.sql(f"""
        COPY (SELECT 'c_' || md5(({customer})::VARCHAR) AS customer_id, ({at})::BIGINT AS second, {kind} AS kind, i AS position FROM range({n}) t(i))
        TO '{path}' (FORMAT parquet, ROW_GROUP_SIZE 500000)
    """)


def reached_by_sql(path: Path, *, threads: int = 2, n_steps: int = 3) -> tuple[int, ...]:
    """Customers that reached each step: by windows over the latest start, nested once per step."""
    rows = f"SELECT customer_id, second, position, kind, CASE WHEN kind = '{STEPS[0]}' THEN second END AS s1 FROM '{path}'"
    over = "OVER (PARTITION BY customer_id ORDER BY second, position ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"
    for step in range(2, n_steps + 1):
        before = f"max(s{step - 1}) {over}"
        rows = f"SELECT *, CASE WHEN kind = '{STEPS[step - 1]}' AND second - {before} <= {WINDOW} THEN {before} END AS s{step} FROM ({rows})"
    connection = duckdb.connect(config={"threads": threads})
    counts = ", ".join(f"count(DISTINCT customer_id) FILTER (s{step} IS NOT NULL)" for step in range(1, n_steps + 1))
    (reached,) = connection.execute(f"SELECT {counts} FROM ({rows})").fetchall()
    return tuple(reached)


def sessions_by_sql(path: Path, *, threads: int = 2) -> int:
    """Sessions with a first step: every customer has one device here."""
    connection = duckdb.connect(config={"threads": threads})
    sql = f"""
        WITH cut AS (SELECT *, coalesce(second - lag(second) OVER w > {GAP}, true) AS is_start FROM '{path}'
                     WINDOW w AS (PARTITION BY customer_id ORDER BY second, position)),
        numbered AS (SELECT *, sum(is_start::INT) OVER (PARTITION BY customer_id ORDER BY second, position) AS session FROM cut)
        SELECT count(*) FROM (SELECT DISTINCT customer_id, session FROM numbered WHERE kind = '{STEPS[0]}')
    """
    ((n_sessions,),) = connection.execute(sql).fetchall()
    return int(n_sessions)


def reached(counts: list[dict[str, Any]], name: str) -> tuple[int, ...]:
    """Units that reached each step of a funnel, of all entries."""
    units = [
        row
        for row in counts
        if (row["funnel"], row["measure"], row["period"], row["dimension"]) == (name, "units", "window", "all")
    ]
    return tuple(sum(row["n"] for row in units if row["step"] >= step) for step in range(1, len(STEPS) + 1))


def lines(path: Path, funnels: list[Funnel]) -> Iterator[pa.RecordBatch]:
    """The events in order as the counting reads them."""
    masks = ", ".join(
        "(" + " + ".join(f"(kind = '{kind}')::INT * {1 << n}" for n, kind in enumerate(STEPS)) + f") AS mask_{i}"
        for i in range(len(funnels))
    )
    sql = f"""
        SELECT (hash(customer_id) >> 2)::BIGINT AS customer, second * {MICRO} AS moment, (second // 86400)::INT AS day,
               list_position({list(KINDS)}, kind)::SMALLINT AS kind, 1::SMALLINT AS channel, 7::BIGINT AS unit, {masks}
        FROM '{path}' ORDER BY customer_id, second, position
    """
    connection = duckdb.connect(config={"threads": 2})
    yield from connection.execute(sql).to_arrow_reader(20_000)


def without_spark(options: argparse.Namespace, path: Path) -> dict[str, object]:
    """The counting alone in one process, on events that are sorted already."""
    funnels = [funnel("customer"), funnel("session")]
    batches = list(lines(path, funnels))
    figures: dict[str, object] = {"events": options.events}
    for chosen in ([funnels[0]], funnels):
        began = time.process_time()
        rows = [row for batch in counted(iter(batches), plan(chosen)) for row in batch.to_pylist()]
        figures[f"cpu seconds, {len(chosen)} funnels"] = round(time.process_time() - began, 2)
    assert reached(rows, "customer") == reached_by_sql(path)
    assert reached(rows, "session")[0] == sessions_by_sql(path)
    return figures | {"reached": reached(rows, "customer"), "sessions with a first step": reached(rows, "session")[0]}


def plan(funnels: list[Funnel]) -> Plan:
    return Plan(funnels, Clock("UTC", GAP // 60), (FIRST + DAYS * 86_400) * MICRO)


def till(options: argparse.Namespace) -> dict[str, object]:
    """Peak memory of the counting, with and without one customer who has 5 % of all events; each in a process of its own."""
    figures: dict[str, object] = {}
    for share in (0.0, 0.05):
        for n in (options.events, 4 * options.events):
            path = options.work / f"till_{share}_{n}.parquet"
            generate(path, n, till_share=share)
            done = subprocess.run(
                [sys.executable, __file__, "--work", options.work, "--peak-of", path], capture_output=True, text=True, check=True
            )
            figures[f"{n:,} events, {share:.0%} of one customer"] = json.loads(done.stdout)
    return figures


def peak_of(path: Path) -> dict[str, object]:
    """MiB at the peak that the counting adds to a process which has read one batch of the sorted rows."""
    ordered = path.with_suffix(".ordered.arrow")
    if not ordered.exists():
        batches = lines(path, [funnel("customer")])
        first = next(batches)
        with pa.OSFile(str(ordered), "wb") as file, pa.ipc.new_stream(file, first.schema) as writer:
            writer.write_batch(first)
            for batch in batches:
                writer.write_batch(batch)
        # Sorting takes more than counting does: another process counts.
        done = subprocess.run(
            [sys.executable, __file__, "--work", path.parent, "--peak-of", path], capture_output=True, text=True, check=True
        )
        return dict(json.loads(done.stdout))
    with pa.OSFile(str(ordered)) as file, pa.ipc.open_stream(file) as reader:
        list(counted([reader.read_next_batch()], plan([funnel("customer")])))
        before = peak()
        n_rows = sum(len(batch) for batch in counted(reader, plan([funnel("customer")])))
    return {"rows of counts": n_rows, "MiB more": peak() - before}


def peak() -> int:
    """MiB that this process has held at most; what the one that started it has held is no part of it."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) // 1024


def demo(folder: Path) -> dict[str, object]:
    """Collected visits of people's own devices by channel and step: as the shipped funnel counts them, and as they were in truth.

    A visit one of whose events is not in the lake goes further in truth: it was not delivered by the last day, or refused. Kiosks,
    shared tablets and the one id of browsers without cookies are left out: several people stand behind their visits.
    """
    (one,) = FUNNELS.load(project_home() / "conf" / "funnels", ["browse_cart_order_pay"]).values()
    connection = duckdb.connect(config={"threads": 2})
    files = DeltaTable(str(folder / "lake" / "silver" / "events")).file_uris()
    visits = f"'{folder / 'landing-truth' / 'demo' / 'visits'}/**/*.parquet'"
    devices = connection.execute(
        f"SELECT device_id FROM {visits} GROUP BY device_id HAVING NOT bool_or(is_shared_device)"
    ).fetchall()
    settings = load_settings(project_home(), profile="local")
    key = load_key(str(folder / "secrets"), settings.privacy.id_key_id)
    pseudonyms = [device_pseudonym(key, source="demo", native_id=device) for (device,) in devices]
    connection.register("own", pa.table({"native_id": [device for (device,) in devices], "device_id": pseudonyms}))
    connection.execute(f"CREATE VIEW events AS SELECT * FROM read_parquet({files}, hive_partitioning = true)")
    mask = " + ".join(f"(event_type = '{step.any_of[0].event}')::INT * {1 << n}" for n, step in enumerate(one.steps))
    rows = connection.execute(f"""
        SELECT (hash(device_id) >> 2)::BIGINT AS customer, epoch_us(occurred_at) AS moment, (epoch_ms(event_date::TIMESTAMP) // 86400000)::INT AS day,
               list_position({list(KINDS)}, event_type)::SMALLINT AS kind, list_position({list(CHANNELS)}, channel)::SMALLINT AS channel,
               (hash(device_id) >> 2)::BIGINT AS unit, channel AS dim_channel, 'x' AS dim_login, {mask} AS mask_0
        FROM events WHERE NOT is_bot AND device_id IN (SELECT device_id FROM own)
        ORDER BY customer, occurred_at, delivery_day, file_digest, position
    """).to_arrow_reader(20_000)  # fmt: skip
    by_channel: dict[str, list[int]] = {}
    for batch in counted(rows, Plan([one], Clock("Asia/Shanghai", GAP // 60), 4_102_444_800 * MICRO)):
        for row in batch.to_pylist():
            if (row["measure"], row["period"], row["dimension"]) == ("units", "window", "channel"):
                reached = by_channel.setdefault(row["value"], [0] * len(one.steps))
                for step in range(row["step"]):
                    reached[step] += row["n"]
    order = ["view", "cart", "checkout", "purchase"]
    steps = ", ".join(f"count(*) FILTER (list_position({order}, reached) >= {n})" for n in range(1, 5))
    truth = connection.execute(
        f"SELECT channel, {steps} FROM {visits} WHERE is_collected AND device_id IN (SELECT native_id FROM own) GROUP BY channel"
    ).fetchall()
    return {"counted": dict(sorted(by_channel.items())), "truth": {channel: list(reached) for channel, *reached in sorted(truth)}}


def in_turn(measured: dict[str, Callable[[], object]], rounds: int) -> dict[str, object]:
    """Medians of the seconds of each, run in turn after one warm-up, and of the ratios to the last one."""
    seconds: dict[str, list[float]] = {name: [] for name in measured}
    for turn in range(rounds + 1):
        for name, run in measured.items():
            began = time.monotonic()
            run()
            if turn:
                seconds[name].append(time.monotonic() - began)
    last = list(measured)[-1]
    figures: dict[str, object] = {f"{name}, s": round(statistics.median(of), 2) for name, of in seconds.items()}
    for name, of in list(seconds.items())[:-1]:
        ratios = [one / other for one, other in zip(of, seconds[last], strict=True)]
        figures[f"{name} / {last}"] = [round(x, 2) for x in (statistics.median(ratios), min(ratios), max(ratios))]
    return figures


def session_of_spark() -> Any:
    """A session of the local profile."""
    from reclake.lake.session import open_session

    return open_session(project_home() / "conf" / "spark" / "local", name="behaviour")


def histories_of(spark: Any, path: Path) -> Any:
    """The events as the shared input holds them."""
    from pyspark.sql import functions as F

    from reclake.behaviour.histories import IN_ORDER

    moment = F.timestamp_seconds("second")
    return (
        spark.read.parquet(str(path))
        .select(
            "customer_id", "kind", moment.alias("occurred_at"), F.to_date(moment).alias("event_date"), F.lit("web").alias("channel"),
            F.lit("s").alias("source"), F.lit(None).cast("string").alias("product_id"), F.lit(None).cast("double").alias("rating"),
            F.lit(False).alias("is_logged_in"), F.xxhash64("customer_id").alias("unit"), F.to_date(moment).alias("delivery_day"),
            F.lit("f").alias("file_digest"), "position",
        )
        .repartition("customer_id")
        .sortWithinPartitions(*IN_ORDER)
    )  # fmt: skip


def with_spark(options: argparse.Namespace, path: Path) -> dict[str, object]:
    """Spark's exchange, sort and counting against DuckDB's SQL, from the same Parquet file; results asserted equal."""
    from reclake.behaviour.funnels.funnel_counts import funnel_counts

    spark = session_of_spark()

    def run(*names: str) -> list[dict[str, Any]]:
        chosen = {name: funnel(name) for name in names}
        counts = funnel_counts(histories_of(spark, path), as_of=AS_OF, funnels=chosen, gap_minutes=GAP // 60, timezone="UTC")
        return [row.asDict() for row in counts.where("measure = 'units'").collect()]

    rows = run("customer", "session")
    assert reached(rows, "customer") == reached_by_sql(path)
    assert reached(rows, "session")[0] == sessions_by_sql(path)
    funnel_alone = in_turn(
        {"funnel by Spark": lambda: run("customer"), "funnel by DuckDB": lambda: reached_by_sql(path)}, options.rounds
    )
    both = in_turn(
        {
            "sessions and funnels by Spark": lambda: run("customer", "session"),
            "sessions and funnel by DuckDB": lambda: (reached_by_sql(path), sessions_by_sql(path)),
        },
        options.rounds,
    )
    return {"events": options.events, "reached": reached(rows, "customer"), **funnel_alone, **both}


def visits() -> Paths:
    """Collapsed visits by kind of event."""
    values = {"name": "visits", "description": "d", "goal": GOAL, "n_steps": N_STEPS, "longest_route": LENGTHS[-1]}
    return Paths.model_validate(values)


def require_same_paths(rows: list[Any], path: Path) -> dict[str, object]:
    """Ours and DuckDB's counts and medians are equal; how many of them there are."""
    one, by_sql = visits(), paths_by_sql(path, gap=GAP)
    ours, medians = paths_by_ours(rows, one.names), medians_by_ours(rows, one.names)
    assert ours == {key: counts[:-1] if key[0] == "edges" else counts for key, counts in by_sql.items()}
    assert medians == {key[1:]: counts[-1] for key, counts in by_sql.items() if key[0] == "edges" and counts[-1] is not None}
    (told,) = (row for row in rows if row["measure"] == "paths")
    return {"paths": told["n"], "converted": told["n_converted"], "transitions and routes": len(ours)}


def paths_without_spark(options: argparse.Namespace, path: Path) -> dict[str, object]:
    """The counting of paths alone in one process, on events that are sorted already."""
    one = visits()
    codes = pa.array([0, *(one.code_of(kind) if kind in one.names else 0 for kind in KINDS)], pa.int16())
    batches = [batch.append_column("node_0", codes.take(batch["kind"])) for batch in lines(path, [funnel("customer")])]
    began = time.process_time()
    counts = list(counted_paths(iter(batches), PathPlan([one], Clock("UTC", GAP // 60))))
    seconds = round(time.process_time() - began, 2)
    rows = [row for batch in counts for row in batch.to_pylist()]
    began = time.process_time()
    same = require_same_paths(rows, path)
    by_sql = round(time.process_time() - began, 2)
    return {
        "events": options.events,
        "cpu seconds": seconds,
        "cpu seconds of DuckDB's SQL, cut and sort included": by_sql,
        **same,
    }


def paths_with_spark(options: argparse.Namespace, path: Path) -> dict[str, object]:
    """Sessions, funnel and paths over one set of histories, against DuckDB's SQL for the same and against the funnel alone."""
    from pyspark import StorageLevel

    from reclake.behaviour.funnels.funnel_counts import funnel_counts
    from reclake.behaviour.paths.path_counts import path_counts

    spark = session_of_spark()
    clock = {"as_of": AS_OF, "gap_minutes": GAP // 60, "timezone": "UTC"}

    def of_funnel(lives: Any) -> list[dict[str, Any]]:
        counts = funnel_counts(lives, funnels={"customer": funnel("customer")}, **clock)
        return [row.asDict() for row in counts.where("measure = 'units'").collect()]

    def of_paths(lives: Any) -> list[Any]:
        return list(path_counts(lives, paths={"visits": visits()}, **clock).collect())

    def together() -> None:
        lives = histories_of(spark, path).persist(StorageLevel.DISK_ONLY)  # as a stage keeps them
        try:
            of_funnel(lives)
            of_paths(lives)
        finally:
            lives.unpersist(blocking=True)

    same = require_same_paths(of_paths(histories_of(spark, path)), path)
    by_sql = {"by DuckDB": lambda: (reached_by_sql(path), paths_by_sql(path, gap=GAP))}
    against_sql = in_turn({"sessions, funnel and paths by Spark": together, **by_sql}, options.rounds)
    alone = {"the funnel alone by Spark": lambda: of_funnel(histories_of(spark, path))}
    against_funnel = in_turn({"sessions, funnel and paths": together, **alone}, options.rounds)
    return {"events": options.events, **same, **against_sql, **against_funnel}


def self_joins(options: argparse.Namespace) -> dict[str, object]:
    """600,000 events of customers with few and with many events per step, against joins of each step with the next."""
    from pyspark.sql import functions as F

    from reclake.behaviour.funnels.funnel_counts import funnel_counts

    spark = session_of_spark()
    figures: dict[str, object] = {}
    for per_step in (2, 50, 400):
        path = options.work / f"joins_{per_step}.parquet"
        if not path.exists():
            customers = 200_000 // per_step
            kind = f"list_extract({list(STEPS)}, 1 + (i % 3)::INT)"
            duckdb.sql(f"""
                COPY (SELECT 'c_' || md5((i // 3 % {customers})::VARCHAR) AS customer_id, ({FIRST} + hash(i) % {DAYS * 86_400})::BIGINT AS second,
                      {kind} AS kind, i AS position FROM range(600000) t(i)) TO '{path}' (FORMAT parquet)
            """)  # fmt: skip

        def windows(path: Path = path) -> tuple[int, ...]:
            counts = funnel_counts(
                histories_of(spark, path),
                as_of=AS_OF,
                funnels={"customer": funnel("customer")},
                gap_minutes=GAP // 60,
                timezone="UTC",
            )
            return reached([row.asDict() for row in counts.where("measure = 'units'").collect()], "customer")

        def joins(path: Path = path) -> tuple[int, ...]:
            events = spark.read.parquet(str(path)).select("customer_id", F.col("second").alias("at"), "position", "kind")
            so_far = events.where(F.col("kind") == STEPS[0]).select("customer_id", F.col("at").alias("start"), "at", "position")
            counts = [so_far.select("customer_id").distinct().count()]
            for kind in STEPS[1:]:
                step = events.where(F.col("kind") == kind).select(
                    "customer_id", F.col("at").alias("t"), F.col("position").alias("p")
                )
                is_later = (F.col("t") > F.col("at")) | ((F.col("t") == F.col("at")) & (F.col("p") > F.col("position")))
                matched = so_far.join(step, on="customer_id").where(is_later & (F.col("t") <= F.col("start") + WINDOW))
                so_far = matched.groupBy("customer_id", F.col("t").alias("at"), F.col("p").alias("position")).agg(
                    F.max("start").alias("start")
                )
                counts.append(so_far.select("customer_id").distinct().count())
            return tuple(counts)

        assert windows() == joins()
        figures[f"{per_step} events per step"] = in_turn({"one pass": windows, "self-joins": joins}, options.rounds)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=20_000_000)
    parser.add_argument("--work", type=Path, required=True, help="a folder for the generated events")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--without-spark", action="store_true")
    parser.add_argument("--self-joins", action="store_true")
    parser.add_argument("--till", action="store_true")
    parser.add_argument("--paths", action="store_true")
    parser.add_argument("--demo", type=Path, help="the folder that make demo has filled")
    parser.add_argument("--peak-of", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    if options.peak_of:
        figures = peak_of(options.peak_of)
    elif options.till:
        figures = till(options)
    elif options.demo:
        figures = demo(options.demo)
    elif options.self_joins:
        figures = self_joins(options)
    else:
        path = options.work / f"events_{options.events}.parquet"
        generate(path, options.events)
        alone, beside = (paths_without_spark, paths_with_spark) if options.paths else (without_spark, with_spark)
        figures = (alone if options.without_spark else beside)(options, path)
    print(json.dumps(figures, indent=2, default=str))


if __name__ == "__main__":
    np.seterr(all="raise")
    main()
