"""The commands of the command line on one small lake: what they list, replay, let through and take back."""

import json
import shutil
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from typer.testing import CliRunner

from kept import copy_of
from lakes import bag, looked_at, run_days
from reclake import cli, tables
from reclake.cli import options
from reclake.errors import UsageError
from reclake.privacy.keys import load_key
from reclake.privacy.tokens import account_pseudonym
from reclake.run import runner
from reclake.run.views import published
from reclake.run.waivers import Waivers
from reclake.tables import bronze, silver
from till import BROKEN, FIRST, MENDED, SECOND, opened_lake, order

ONLY = frozenset({"silver.order_records", "silver.rejected_records", "silver.order_lines"})

FILES = {
    f"app/{FIRST}.jsonl": [
        order("o1"),
        order("o2", sku="p2"),
        order("o3", customer="c2"),
        order("o1", sent=2),
        order("o4", customer="c2", ccy="€"),
        order("o5", price=None),
    ],
    f"app/{SECOND}.jsonl": [order("o6", day=SECOND), order("o7", customer="c2", day="2026-03-19")],
    f"till/{SECOND}.csv": [
        "order,at,customer,sku,n,price",
        f"o8,{SECOND}T11:00:00Z,c1,p1,1,2.50",
        f"o9,{SECOND}T12:00:00Z,,p2,1,9.00",
    ],
    f"till/{SECOND}-empty.csv": [],
}


def reclake(app, *arguments, look=None):
    """One command on the open lake, or as `look` reads it; gives what a program would read of it."""

    @contextmanager
    def opened(chosen, name, **needs):
        yield replace(app, reporter=chosen.console)

    def looked(chosen, **needs):
        return look or looked_at(app)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RECLAKE_HOME", str(app.home))
        patch.setattr(options, "opened", opened)
        patch.setattr(options, "looked", looked)
        done = CliRunner().invoke(cli.app, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.stderr
    return done


def listed(app, *arguments, look=None):
    return json.loads(reclake(app, *arguments, "--json", look=look).stdout)


def chosen(rows, *columns):
    return [tuple(row[column] for column in columns) for row in rows]


def both_days(spark, folder):
    """Both days taken in and built as one pass with a broken mapping; the source stands beside it broken and mended."""
    for name, lines in FILES.items():
        path = folder / "landing" / "till" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{line}\n" for line in lines))
    for name, mapping in {"broken": BROKEN, "mended": MENDED}.items():
        (folder / name).mkdir()
        (folder / name / "till.toml").write_text(mapping)
    assert run_days(opened_lake(spark, folder, folder / "landing", "broken"), only=ONLY) == {}


@pytest.fixture(scope="module")
def folder(spark, tmp_path_factory):
    return copy_of("both-days", both_days, spark, tmp_path_factory.mktemp("till"))


@pytest.fixture(scope="module")
def lake(spark, folder):
    """The lake, opened with the broken mapping."""
    return opened_lake(spark, folder, folder / "landing", "broken")


@pytest.fixture(scope="module")
def mended(spark, folder, lake, tmp_path_factory):
    """A copy of the lake, opened with the mended mapping."""
    place = tmp_path_factory.mktemp("mended")
    shutil.copytree(folder / "lake", place / "lake")
    return opened_lake(spark, place, folder / "landing", "mended")


@pytest.fixture(scope="module")
def replayed(mended):
    """The mended lake after a replay, what was planned before, and what a run without replay took in."""
    planned = listed(mended, "plan", "--table", "silver.order_records", "--downstream")
    assert runner.run_graph(mended, stages=("bronze",)) == {}
    without = mended.ledger.n_rows(bronze.ORDERS), mended.ledger.n_rows(bronze.FILES)
    scope_of = runner.scope_of
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runner, "scope_of", lambda app, **options: replace(scope_of(app, **options), tables=ONLY))
        return mended, planned, without, listed(mended, "rejected", "--replay")


@pytest.fixture(scope="module")
def customers(folder):
    """Pseudonyms of the customers by their number at the till."""
    key = load_key(str(folder / "secrets"), "id1")
    return {name: account_pseudonym(key, source="till", channel="pos", native_id=name) for name in ("c1", "c2")}


def test_status_says_of_every_day_and_table_what_is_built_and_what_is_missing(lake):
    found = listed(lake, "status")
    columns = ("day", "bronze", "silver", "customers", "recommendations")
    fed = {s: sum(silver.ORDER_LINES in {i.table for i in t.reads} for t in tables.of_stage(s)) for s in columns[3:]}
    assert chosen(found["days"], *columns) == [
        ("2026-03-29", "1 built", "3 built, 3 missing", *(f"{n_tables} missing" for n_tables in fed.values())),
        ("2026-03-28", "1 built", "3 built, 3 missing", "", ""),
    ]
    never = ("silver.interactions", "ops.reconciliation", "ops.freshness")
    assert found["days"][1]["why"] == "; ".join(f"{name}: never built" for name in never)
    held = [row for row in found["tables"] if row["state"] == "built"]
    assert chosen(held, "table", "days", "last_day", "stale_days", "published_version", "rows") == [
        ("bronze.orders", 2, "2026-03-29", 0, 0, 8),
        ("bronze.files", 1, "whole", 0, 0, 4),
        ("silver.order_records", 2, "2026-03-29", 0, 0, 8),
        ("silver.rejected_records", 2, "2026-03-29", 0, 0, 4),
        ("silver.order_lines", 2, "2026-03-29", 0, 0, 4),
    ]
    stale = [row for row in found["tables"] if row["state"] == "stale"]
    assert {(row["why"], row["published_version"], row["rows"]) for row in stale} == {
        ("never built (1)", None, 0),
        ("never built (2)", None, 0),
    }
    assert [row["day"] for row in listed(lake, "status", "--days", "1")["days"]] == ["2026-03-29"]


def test_plan_names_what_is_stale_and_counts_what_it_reads(lake):
    assert listed(lake, "plan", "--table", "silver.order_lines") == []
    found = {row["table"]: row for row in listed(lake, "plan")}
    stale = [row for row in found.values() if row["days"]]
    of_orders = [table.name for table in tables.readers_of("silver.order_lines") if table.layer == "gold"]
    assert chosen(stale, "table", "days", "which", "why", "rows_to_read") == [
        ("silver.interactions", 2, "2026-03-28 … 2026-03-29", "never built (2)", 4),
        ("silver.products", 1, "whole … whole", "never built (1)", 8),
        ("silver.accounts", 1, "whole … whole", "never built (1)", 8),
        ("ops.reconciliation", 2, "2026-03-28 … 2026-03-29", "never built (2)", 16),
        ("ops.freshness", 2, "2026-03-28 … 2026-03-29", "never built (2)", 16),
        *((name, 1, "2026-03-30 … 2026-03-30", "never built (1)", 4) for name in of_orders),
    ]
    assert found["silver.identities"] | {"stage": ""} == {
        "stage": "", "table": "silver.identities", "days": 0, "which": "known when its inputs are built",
        "why": "reads silver.accounts, silver.identity_ties, silver.shared_keys", "rows_to_read": 0,
    }  # fmt: skip


def test_tables_describes_one_and_lists_all(lake):
    found = listed(lake, "tables", "silver.order_lines")
    columns = {column["column"]: column for column in found.pop("columns")}
    assert found == {
        "table": "silver.order_lines",
        "grain": "one row per kept order line, sale or return",
        "key": ["source", "event_date", "file_digest", "position"],
        "stage": "silver",
        "write": "replace_days",
        "reads": ["silver.order_records (deliveries)"],
        "read_by": [table.name for table in tables.readers_of("silver.order_lines")],
        "rows_stay": f"as long as the lake: {silver.ORDER_LINES.stays_because}",
    }
    assert columns["line_amount"] | {"meaning": ""} == {
        "column": "line_amount", "type": "decimal(18,4)", "unit": "currency", "privacy": "personal", "required": True, "meaning": "",
    }  # fmt: skip
    assert set(columns) == set(published(lake, silver.ORDER_LINES).columns)
    described = listed(lake, "tables")
    assert {row["table"] for row in listed(lake, "status")["tables"]} < {row["table"] for row in described}
    assert "silver.order_lines" in reclake(lake, "tables", "silver.order_lines").stdout


def test_show_filters_by_value_and_leaves_raw_records_out(lake, customers):
    found = listed(lake, "show", "silver.order_lines", "--where", f"account_id={customers['c1']}", "--where", "product_id=p1")
    assert chosen(found, "order_id", "event_date", "quantity", "line_amount") == [
        ("o6", "2026-03-29", 2, "5.0000"),
        ("o1", "2026-03-28", 2, "5.0000"),
    ]
    few = reclake(lake, "show", "silver.order_lines", "--limit", "3", "--json")
    assert (len(json.loads(few.stdout)), few.stderr) == (3, "silver.order_lines: 1 more; a higher --limit shows them\n")
    shown = listed(lake, "show", "bronze.orders", "--limit", "1")[0]
    assert set(shown) == set(published(lake, bronze.ORDERS).columns) - {"raw"}
    with pytest.raises(UsageError, match="--where raw=1 cannot be used"):
        reclake(lake, "show", "bronze.orders", "--where", "raw=1")
    with pytest.raises(UsageError, match="not published yet"):
        reclake(lake, "show", "silver.sessions")


RECORDS_NOT_KEPT = [
    ("silver.order_records", "duplicate", "it was delivered before", 1, "2026-03-28"),
    ("silver.order_records", "late", "it was delivered after the late limit", 1, "2026-03-29"),
    ("silver.order_records", "rejected", "currency is not a known value", 1, "2026-03-28"),
    ("silver.order_records", "rejected", "unit_price_amount is missing", 1, "2026-03-28"),
]
EMPTY_FILE = ("bronze.files", "rejected file", "till/2026-03-29-empty.csv: is empty", 0, "2026-03-29")
WRONG_HEADER = ("bronze.files", "rejected file", "till/2026-03-29.csv: its header lacks ['pieces']", 0, "2026-03-29")
NOT_KEPT = ("record_table", "record_class", "reason", "records", "first_day")


def test_rejected_counts_records_by_reason_and_names_files(lake):
    assert chosen(listed(lake, "rejected"), *NOT_KEPT) == [*RECORDS_NOT_KEPT, EMPTY_FILE, WRONG_HEADER]


def test_rejected_shows_file_line_and_value_of_one_record_of_each_reason(lake):
    shown = ("reason", "file", "line", "value")
    found = [row for row in chosen(listed(lake, "rejected"), *shown) if row[2]]
    file = f"app/{FIRST}.jsonl"
    assert sorted(found) == [
        ("currency is not a known value", file, 5, "€"),
        ("it was delivered after the late limit", f"app/{SECOND}.jsonl", 2, None),
        ("it was delivered before", file, 4, None),
        ("unit_price_amount is missing", file, 6, ""),
    ]


def test_rejected_names_files_before_any_record_was_judged(lake):
    files = {bronze.FILES.name: lake.manifest.current()[bronze.FILES.name]}
    early = looked_at(lake)
    early.reader.__dict__["published"] = files
    assert chosen(listed(lake, "rejected", look=early), *NOT_KEPT) == [EMPTY_FILE, WRONG_HEADER]


def test_rejected_says_how_much_it_leaves_out(lake):
    few = reclake(lake, "rejected", "--limit", "1", "--json")
    assert chosen(json.loads(few.stdout), *NOT_KEPT) == [RECORDS_NOT_KEPT[0], EMPTY_FILE]
    assert few.stderr.splitlines() == ["not kept: 4 more; a higher --limit shows them"]


def test_trace_follows_an_account_through_the_tables(lake, customers):
    found = listed(lake, "trace", customers["c1"])
    assert {name: chosen(rows, "order_id", "delivery_day") for name, rows in found.items()} == {
        "silver.order_records": [*((name, "2026-03-28") for name in ("o1", "o2", "o1", "o5")), ("o6", "2026-03-29")],
        "silver.order_lines": [("o1", "2026-03-28"), ("o2", "2026-03-28"), ("o6", "2026-03-29")],
    }
    few = reclake(lake, "trace", customers["c1"], "--limit", "2", "--json")
    assert {name: chosen(rows, "order_id") for name, rows in json.loads(few.stdout).items()} == {
        "silver.order_records": [("o1",), ("o2",)],
        "silver.order_lines": [("o1",), ("o2",)],
    }
    assert few.stderr.splitlines() == [
        "silver.order_records: 3 more; a higher --limit shows them",
        "silver.order_lines: 1 more; a higher --limit shows them",
    ]
    with pytest.raises(UsageError, match="no table knows the account a_nobody"):
        reclake(lake, "trace", "a_nobody")


def test_trace_takes_an_id_as_the_till_writes_it_and_shows_none(lake, customers, folder):
    """The pseudonym is made on the spot, in the way of the records tables: trimmed, and for every channel that a feed names."""
    by_id = listed(lake, "trace", customers["c1"])
    for written in ("c1", " c1 "):
        done = reclake(lake, "trace", "--raw", written, "--source", "till", "--json")
        assert json.loads(done.stdout) == by_id
    for wrong in ("c99", "C1"):
        with pytest.raises(UsageError, match="no table knows the account that source till names so"):
            reclake(lake, "trace", "--raw", wrong, "--source", "till")
    with pytest.raises(UsageError, match="there is no source 'tiller'"):
        reclake(lake, "trace", "--raw", "c1", "--source", "tiller")


def test_a_waiver_is_listed_until_it_is_used_or_expires(lake):
    told = reclake(lake, "waive", "silver.order_lines", "--reason", "checked by hand", "--hours", "2").stdout
    (waiver,) = listed(lake, "status")["waivers"]
    assert told.startswith(f"waiver {waiver['waiver_id']} lets silver.order_lines through once until")
    assert (waiver["table"], waiver["reason"], waiver["action"]) == ("silver.order_lines", "checked by hand", "granted")
    lasts = datetime.fromisoformat(waiver["expires_at"]) - lake.clock()
    assert timedelta(minutes=110) < lasts <= timedelta(hours=2)
    in_three_hours = Waivers(lake.store, lambda: lake.clock() + timedelta(hours=3))
    assert (in_three_hours.in_force(), in_three_hours.find(silver.ORDER_LINES)) == ([], None)
    waivers = Waivers(lake.store, lake.clock)
    assert waivers.find(silver.ORDER_RECORDS) is None
    assert waivers.find(silver.ORDER_LINES) == waiver["waiver_id"]
    waivers.spend(waiver["waiver_id"], run_id="r")
    assert waivers.in_force() == []
    with pytest.raises(UsageError, match="a waiver needs a reason"):
        reclake(lake, "waive", "silver.order_lines", "--reason", " ")


def test_a_mended_mapping_makes_its_records_stale_but_opens_no_refused_file(replayed):
    _, planned, without, _ = replayed
    assert chosen(planned, "table", "days", "why", "rows_to_read")[0] == ("silver.order_records", 2, "settings changed (2)", 8)
    assert {"silver.order_lines", "silver.rejected_records"} <= {row["table"] for row in planned}
    assert without == (8, 4)


def test_a_replay_keeps_what_the_mended_mapping_can_read(lake, replayed):
    app, _, _, told = replayed
    still = [row for row in RECORDS_NOT_KEPT if "currency" not in row[2]]
    assert chosen(told, *NOT_KEPT) == [*still, EMPTY_FILE]
    now = Counter(row["order_id"] for row in published(app, silver.ORDER_LINES).collect())
    before = Counter(row["order_id"] for row in published(lake, silver.ORDER_LINES).collect())
    assert before == Counter(["o1", "o2", "o3", "o6"])
    assert now - before == Counter(["o4", "o8", "o9"])
    assert before - now == Counter()


def test_a_rollback_brings_the_rows_of_before_back_and_leaves_what_arrived(lake, replayed):
    app = replayed[0]
    columns = ("manifest_id", "kind", "version", "n_rows", "n_days", "last_day")
    assert chosen(listed(app, "rollback", "2"), "name", "version") == [(name, 0) for name in sorted(ONLY)]
    assert bag(app, silver.ORDER_LINES) == bag(lake, silver.ORDER_LINES)
    assert chosen(listed(app, "history", "silver.order_lines"), *columns) == [
        (5, "rollback", 0, 4, 2, "2026-03-29"),
        (4, "publish", 1, 7, 2, "2026-03-29"),
        (2, "publish", 0, 4, 2, "2026-03-29"),
    ]
    newest = reclake(app, "history", "silver.order_lines", "--limit", "1").stdout
    assert "silver.order_lines: 2 more; a higher --limit shows them" in newest
    assert chosen(listed(app, "rejected"), *NOT_KEPT) == [*RECORDS_NOT_KEPT, EMPTY_FILE]
    with pytest.raises(UsageError, match="there is no manifest 9"):
        reclake(app, "rollback", "9")
    undone = reclake(app, "rollback", "4").stdout.splitlines()
    assert undone[-2:] == [
        "Manifest 6 is current now, and says what manifest 4 said.",
        "reclake rollback 5 undoes this; reclake plan shows what the next run builds again.",
    ]
    assert {row["manifest_id"] for row in listed(app, "rollback", "5")} == {7}
    assert bag(app, silver.ORDER_LINES) == bag(lake, silver.ORDER_LINES)
    assert reclake(app, "rollback", "7").stdout == "Nothing moved.\n"
