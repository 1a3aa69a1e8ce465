"""A lake whose gold tables hold a few rows of every kind that a reader may take amiss."""

import json
import re
import subprocess
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from bi_readers import checksum
from frames import frame
from lakes import ROOT, open_lake
from reclake.lake.catalog import Catalog
from reclake.run.register import show_published
from reclake.run.views import published
from reclake.tables import gold

# Those of the documentation, which its readers are to run as they stand.
QUERIES = re.findall(r"^```sql\n(.*?)^```$", (ROOT / "docs" / "bi.md").read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
PYTHON = ROOT / ".venv" / "bi" / "bin" / "python"
N_ROWS = 24  # of each table: half of them of each day, more than the ten people that the queries ask for
DAYS = (date(2026, 3, 1), date(2026, 3, 2))
TEXTS = ("plain", "", 'it\'s, "quoted"', "two\nlines", "客户 é", "=1+1", "null", "a\\b")
# Where a query of docs/bi.md asks for a value, it is there.
WORDS = {
    "tier": ("new", "dormant"),
    "segment": ("champions", "no_orders"),
    "currency": ("CNY", "EUR"),
    "measure": ("recency", "monetary"),
    "scenario": ("home",),
    "source": ("als", "popular"),
    "model_name": ("als", "popularity"),
    "metric": ("ndcg_at_10",),
    "split": ("time",),
    "product_id": ("p1", "p2"),
    "period": ("week", "month", "month", "week"),
    "category": ("tea", "tea", "(all)", "(all)"),
    "cohort_kind": ("first",),
    "state_kind": ("daily", "daily", "interval", "interval"),
    "gold.retention.activity": ("any", "any", "order", "order"),
    "gold.retention.dimension": ("all",),
    "gold.retention.measure": ("bounded", "stickiness", "stickiness", "bounded"),
    "activity": ("any",),
    "dimension_a": ("channel",),
    "dimension_b": ("tier",),
    "funnel": ("browse_cart_order_pay",),
    "gold.funnels.dimension": ("all",),
    "step_name": ("browse", "browse", "cart", "cart"),
    "gold.funnels.entry_date": (date(2026, 2, 16),),
    "customer_id": tuple(f"c{n}" for n in range(N_ROWS // 2) for _ in DAYS),
}


def value_of(table, field, n, kept):
    """The n-th value of a column; `kept` moves what is no key from one version to the next."""
    if not field.required and n % 3 == 2:
        return None
    if words := WORDS.get(f"{table.name}.{field.name}") or WORDS.get(field.name):
        return words[n % len(words)]
    kind = field.type.partition("(")[0]
    return {
        "string": f"{field.name}-{n // 2}-{TEXTS[n // 2 % len(TEXTS)]}",
        "date": DAYS[n % len(DAYS)],
        "integer": n % 5 + 1,
        "long": n * 10**12 + kept,
        "double": (0.1, 1e-7, -2.5e20, 3.0)[n % 4] * (1 + kept),
        "decimal": Decimal(n * 7 - 20 + kept) / Decimal("10000"),
        "boolean": n % 2 == 0,
        "binary": bytes([n, kept]),
    }[kind]


def rows_of(table, *, kept=0):
    return [{field.name: value_of(table, field, n, kept) for field in table.fields} for n in range(N_ROWS)]


def write(app, kept):
    """Commit every gold table anew; gives table → version."""
    versions = {}
    for table in gold.TABLES:
        rows, entry = frame(app.spark, table, *rows_of(table, kept=kept)), {"commit_id": f"{table.noun}-{kept}"}
        if table.day_column:
            versions[table.name] = app.store.replace_days(table, rows, days=DAYS, entry=entry)
        else:
            versions[table.name] = app.store.replace_whole(table, rows, entry=entry)
    return versions


def publish(app, versions):
    app.manifest.publish(versions, dict.fromkeys(versions, N_ROWS), run_id="test", token=1, at=app.clock())


def opened(spark, folder, **options):
    """An application on the folder's lake."""
    return open_lake(
        spark, folder, source="demo", landing=folder / "landing", overrides=[f"bi.duckdb_python={PYTHON}"], **options
    )


def gold_lake(spark, folder):
    """A lake that publishes one version of every gold table and has committed a second; and table → that second one."""
    app = opened(spark, folder)
    publish(app, write(app, kept=0))
    return app, write(app, kept=1)


def seen_by_spark(app):
    """Table → rows and checksum of what is published."""
    told = {table.name: (published(app, table), gold.shown(table).fields) for table in gold.TABLES}
    return {
        n: checksum(rows.select([f.name for f in fields]).collect(), [f.type for f in fields])
        for n, (rows, fields) in told.items()
    }


def columns_of(app, *, newest=False):
    """What a reader is told of each table; its path, and the published version if it shall be pinned."""
    current = app.manifest.current()
    return {
        table.name: {
            "path": app.store.path(table),
            "version": None if newest else current[table.name].version,
            "columns": [field.name for field in gold.shown(table).fields],
            "types": [field.type for field in gold.shown(table).fields],
        }
        for table in gold.TABLES
    }


def require_bi():
    """Skip where the environment of the readers is missing."""
    if not PYTHON.exists():
        pytest.skip("make bi creates the environment of DuckDB, delta-rs and PyHive")


def read_by(reader, *, timeout=300, **job):
    """What a reader of the bi environment answers."""
    require_bi()
    script = Path(__file__).with_name("bi_readers.py")
    done = subprocess.run(
        [str(PYTHON), str(script)],
        input=json.dumps({"reader": reader, **job}),
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def answered(app):
    """What the queries of docs/bi.md find through the views of this process, as readers print it."""
    catalog = Catalog(app.store, database="gold")
    show_published(app, catalog)
    try:
        return {query: [[str(value) for value in row] for row in app.spark.sql(query).collect()] for query in QUERIES}
    finally:
        for database in (catalog.database, catalog.newest_database):
            app.spark.sql(f"DROP DATABASE IF EXISTS {database} CASCADE")


def plain_numbers(rows):
    """Numbers rounded: engines differ in the scale of a decimal and in the last digits of a mean."""
    return [[f"{float(v):.9g}" if re.fullmatch(r"-?[\d.]+(E-?\d+|e[-+]\d+)?", v) else v for v in row] for row in rows]
