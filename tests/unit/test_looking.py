"""The commands that only look, on a lake that lies in the repository: what they list, and what they are asked."""

import csv
import io
import json
import shutil
from dataclasses import replace
from datetime import date, datetime

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from typer.testing import CliRunner

from lakes import ROOT, as_environment
from reclake.cli import app
from reclake.errors import UsageError
from reclake.lake.entries import REMOVED
from reclake.look import alerts, status
from reclake.look import planned as planned_work
from reclake.look import rejected as refused
from reclake.look.delta_rs import arrow_type
from reclake.look.lake import look_at
from reclake.quality.verdict import FEW_REFUSED, Finding, of_delivery, with_more
from reclake.run.scope import scope_of
from reclake.settings import load_settings
from reclake.tables import BY_NAME, gold, ops

GOLDEN = ROOT / "tests" / "data" / "lake-0.1"
CUSTOMER = "c_93acb46f04389b2e126bb489145647cb"


@pytest.fixture
def lake(tmp_path, monkeypatch):
    """A copy of the lake and its landing folder, which the environment names."""
    shutil.copytree(GOLDEN, tmp_path / "golden")
    places = {"lake.root": str(tmp_path / "golden" / "lake"), "landing.root": str(tmp_path / "golden" / "landing")}
    for name, value in (as_environment(places) | {"RECLAKE_HOME": str(ROOT)}).items():
        monkeypatch.setenv(name, value)
    return tmp_path / "golden"


def reclake(*arguments):
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def listed(*arguments):
    return json.loads(reclake(*arguments, "--json"))


def noted(name):
    (path,) = (GOLDEN / "rows").glob(f"{name}.*")
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_show_gives_the_rows_that_were_noted_newest_first(lake):
    shown = listed("show", "gold.customer_segments")
    wanted = noted("gold.customer_segments")
    assert len(shown) == len(wanted) == 8
    assert [(row["as_of_date"], row["customer_id"]) for row in shown] == sorted(
        ((row["as_of_date"], row["customer_id"]) for row in wanted),
        key=lambda one: (-date.fromisoformat(one[0]).toordinal(), one[1]),
    )
    spend = {(row["as_of_date"], row["customer_id"]): row["spend_amount"] for row in wanted}
    assert {(row["as_of_date"], row["customer_id"]): float(row["spend_amount"]) for row in shown} == spend


def test_show_takes_columns_orders_and_an_as_of(lake):
    text = reclake(
        "show", "gold.customer_segments", "--as-of", "2026-01-03", "--columns", "customer_id,spend_amount", "--sort", "-spend_amount", "--csv"
    )  # fmt: skip
    rows = list(csv.DictReader(io.StringIO(text)))
    wanted = [row for row in noted("gold.customer_segments") if row["as_of_date"] == "2026-01-03"]
    assert list(rows[0]) == ["customer_id", "spend_amount"]
    assert [float(row["spend_amount"]) for row in rows] == sorted((row["spend_amount"] for row in wanted), reverse=True)


def test_show_for_people_has_money_with_its_currency_and_the_as_of_in_the_title(lake):
    lines = reclake("show", "gold.customer_segments", "--as-of", "2026-01-03", "--where", f"customer_id={CUSTOMER}").splitlines()
    assert lines[0] == "gold.customer_segments, as_of_date 2026-01-03"
    assert lines[1].split()[:4] == ["customer_id", "tier", "segment", "spend_amount"]
    assert lines[2].split()[:4] == [CUSTOMER, "new", "steady", "29.90"]
    assert "29.90 CNY" in lines[2]
    assert "currency" not in lines[1]


def test_a_product_has_its_name_beside_its_id(lake):
    names = {row["product_id"]: row["product_name"] for row in noted("silver.products") if row.get("valid_to") is None}
    shown = listed("show", "gold.recommendations", "--limit", "200")
    assert {row["product_id"]: row["product_name"] for row in shown}.items() <= names.items()
    columns = list(shown[0])
    assert columns.index("product_name") == columns.index("product_id") + 1
    assert set(shown[0]) == {*(field.name for field in gold.RECOMMENDATIONS.fields), "product_name"}


@pytest.mark.parametrize(("day", "as_ofs"), [("2026-01-02", "2026-01-03"), ("2026-01-03", None), ("2026-01-01", "2026-01-02")])
def test_a_run_of_a_day_without_a_delivery_asks_for_no_as_of(lake, day, as_ofs):
    """The lake took in January 1 and 2; the files of January 3 wait in the landing folder, and are not in the lake."""
    look = look_at(ROOT, load_settings(ROOT, profile="local", overrides=[]))
    one = date.fromisoformat(day)
    assert scope_of(look.lake, first=one, last=one).as_ofs == ((date.fromisoformat(as_ofs),) if as_ofs else ())
    assert scope_of(look.lake, first=one, last=date(2026, 2, 1), as_ofs=[date(2026, 2, 2)]).as_ofs == (date(2026, 2, 2),)
    assert scope_of(look.lake, first=date(2026, 1, 1), last=date(2026, 2, 1)).as_ofs == (date(2026, 1, 3),)
    assert scope_of(look.lake, first=None, last=None).as_ofs == (date(2026, 1, 3),)


def test_rejected_shows_a_delivery_that_stopped_its_table_and_what_to_do(lake, monkeypatch):
    """Its records are in no published table: what was counted stands in the verdict alone, beside other findings."""
    found = "3 of 5 records (currency is missing: 3); at most 5% may be"
    stop = Finding.failed(FEW_REFUSED, n_bad=3, n_rows=5, message=of_delivery("shop", "2026-01-02", found))
    findings = with_more("[]", [Finding.failed("a rule", n_bad=1, n_rows=5), stop], blocks=True)
    before = listed("rejected")
    monkeypatch.setattr(refused, "blocking", lambda look: [{"table": "silver.order_records", "findings": findings}])
    first, *others = listed("rejected")
    assert others == before
    shown = ("record_table", "source", "reason", "record_class", "records", "first_day", "last_day")
    wanted = ("silver.order_records", "shop", found, "stopped delivery", 3, "2026-01-02", "2026-01-02")
    assert tuple(first[name] for name in shown) == wanted
    assert (
        reclake("rejected").splitlines()[-1].startswith("A stopped delivery is in no table yet: correct its file or its mapping")
    )


def test_an_alert_says_who_was_sent_it_and_ends_with_7_where_that_is_asked_for(lake, monkeypatch):
    asked = ("alert", "--day", "2026-01-02")
    first, *findings, last = reclake(*asked).splitlines()
    assert (first, last) == ("findings", "alerts.channel is none: nobody was sent anything")
    assert len(findings) > 1
    assert CliRunner().invoke(app, [*asked, "--exit-code"]).exit_code == 7
    assert CliRunner().invoke(app, [*asked, "--exit-code", "--failed", "daily_lake.silver"]).exit_code == 7
    monkeypatch.setattr(alerts, "findings_of", lambda look, day: [])
    assert reclake(*asked, "--exit-code") == "Nothing to tell.\n"


def test_a_source_whose_files_wait_is_not_called_silent(lake):
    """The files of January 3 lie in the landing folder, and no run has looked at them; of January 4 nothing came."""
    look = look_at(ROOT, load_settings(ROOT, profile="local", overrides=[]))

    def told(day):
        findings = {(one.kind, one.subject) for one in alerts.findings_of(look, day) if one.kind in ("waiting", "freshness")}
        assert ("waiting", "demo 2026-01-03") in findings
        return {subject for kind, subject in findings if kind == "freshness"}

    assert told(date(2026, 1, 3)) == set()
    assert told(date(2026, 1, 4)) == {"demo"}


AS_OF_TABLES = {"gold.customer_segments", "gold.segment_bins", "gold.recommendations"}


def never_built(look, day=None):
    """As-of tables that were never built: as a plan without a day says, and as an alert of the day."""
    planned = planned_work.plan(look, scope_of(look.lake, first=None, last=None))
    told = alerts.findings_of(look, day)
    return (
        {row["table"] for row in planned if "never built" in row["why"]} & AS_OF_TABLES,
        {finding.subject for finding in told if finding.kind == "verdict" and "never built" in finding.told} & AS_OF_TABLES,
    )


def test_plan_and_alert_say_the_same_of_an_as_of_that_a_rollback_took_back(lake):
    look = look_at(ROOT, load_settings(ROOT, profile="local", overrides=[]))
    first, never = date(2026, 1, 1), date(2025, 12, 31)
    ledger = look.lake.ledger
    assert never_built(look, first) == never_built(look, never) == (set(), set())
    (one, *_) = ledger.days(BY_NAME["gold.customer_segments"]).values()
    for number, name in enumerate(sorted(AS_OF_TABLES)):
        back = {
            day: replace(one, table=name, day=day, kind=REMOVED, sequence=10**15 + number) for day in ("2026-01-02", "2030-01-02")
        }
        ledger.add(back.values())
    assert never_built(look, first) == (AS_OF_TABLES, AS_OF_TABLES)
    # What was built of a day that was never delivered is not missed.
    assert never_built(look, date(2030, 1, 1))[1] == set()
    named = alerts.findings_of(look, date(2030, 1, 1), as_ofs=[date(2030, 1, 2)])
    assert {one.subject for one in named if "never built" in one.told} >= AS_OF_TABLES


def test_a_rollback_says_what_it_would_move_and_writes_nothing(lake):
    before = {path: path.stat().st_mtime_ns for path in lake.rglob("*")}
    rows = listed("rollback", "3", "--dry-run")
    then = {row["name"]: row["version"] for row in noted_manifest(3)}
    now = {row["name"]: row["version"] for row in noted_manifest(10)}
    kept = {name for name in now if name.startswith("bronze.") or name == "gold.model_metrics"}
    wanted = {name: (now.get(name), then.get(name)) for name in now.keys() - kept if now.get(name) != then.get(name)}
    assert {row["name"]: (row["version_now"], row["version_then"]) for row in rows} == wanted
    assert ("gold.recommendations", None) in [(row["name"], row["version_then"]) for row in rows]
    assert reclake("rollback", "10", "--dry-run") == "Nothing would move.\n"
    assert {path: path.stat().st_mtime_ns for path in lake.rglob("*")} == before
    with pytest.raises(UsageError, match="there is no manifest 11"):
        reclake("rollback", "11", "--dry-run")


def noted_manifest(number):
    """The last row of each table up to the manifest, from the rows of the table of published versions."""
    rows = listed("show", "ops.published_versions", "--limit", "1000")
    return {row["name"]: row for row in sorted(rows, key=lambda row: row["manifest_id"]) if row["manifest_id"] <= number}.values()


def test_history_lists_the_manifests_of_a_table_newest_first(lake):
    rows = listed("history", "gold.customer_segments")
    assert [(row["manifest_id"], row["version"], row["n_rows"], row["n_days"], row["last_day"]) for row in rows] == [
        (8, 1, 8, 1, "2026-01-03"),
        (3, 0, 4, 1, "2026-01-02"),
    ]
    assert json.loads(rows[0]["input_versions"])["silver.order_lines"] == 0
    with pytest.raises(UsageError, match=r"there is no model 'als'"):
        reclake("history", "model:als")
    assert reclake("models") == "No model was ever published.\n"


@pytest.mark.parametrize("asked", [CUSTOMER, "c_93a", "c_93acb46f"])
def test_trace_takes_a_customer_or_the_beginning_of_an_id(lake, asked):
    found = listed("trace", asked)
    accounts = {row["account_id"] for row in noted("silver.identities") if row["customer_id"] == CUSTOMER}
    assert {row["customer_id"] for row in found["gold.customer_segments"]} == {CUSTOMER}
    assert {row["account_id"] for row in found["silver.identities"]} == accounts
    lines = [row for row in noted("silver.order_lines") if row["account_id"] in accounts]
    assert [row["order_id"] for row in found["silver.order_lines"]] == [row["order_id"] for row in lines]
    assert lines


def test_trace_names_the_ids_among_which_a_beginning_does_not_decide(lake):
    begun = sorted({row[name] for row in noted("silver.identities") for name in ("account_id", "customer_id")})
    with pytest.raises(UsageError, match="no table knows the account c_"):
        reclake("trace", "c_")
    shared = next(one[:3] for one in begun if sum(other.startswith(one[:3]) for other in begun) > 1)
    with pytest.raises(UsageError) as stopped:
        reclake("trace", shared)
    ids = [one for one in begun if one.startswith(shared)]
    assert str(stopped.value).splitlines()[:2] == [f"{len(ids)} ids begin with {shared}", f"  found: {', '.join(ids[:5])}"]


def test_an_account_is_traced_alone_and_its_customer_in_gold(lake):
    one = next(row for row in noted("silver.identities") if row["customer_id"] == CUSTOMER)
    found = listed("trace", one["account_id"])
    assert {row["account_id"] for row in found["silver.identities"]} == {one["account_id"]}
    assert {row["customer_id"] for row in found["gold.customer_segments"]} == {CUSTOMER}


def test_status_names_the_lake_its_age_and_what_waits(lake):
    chosen = load_settings(ROOT, profile="local", overrides=[])
    look = look_at(ROOT, chosen, clock=lambda: datetime(2026, 9, 29, 12))
    standing = status.lake(look)
    assert standing["newest_delivery"] == "2026-01-02"
    assert status.headline(standing) == f"lake {lake / 'lake'}, manifest 10: newest delivery 2026-01-02, 270 days ago"
    lines = reclake("status").splitlines()
    assert lines[0].startswith(f"lake {lake / 'lake'}, manifest 10: newest delivery 2026-01-02, ")
    # A copied file is a new one: its time is another.
    files = [path for path in (lake / "landing").rglob("*") if path.is_file()]
    assert f"{len(files)} files of source demo wait to be taken in, 2026-01-01 … 2026-01-03" in lines
    assert listed("status")["waiting"][0]["files"] == len(files) > 5


def test_a_lake_in_another_zone_has_its_own_day(lake, monkeypatch):
    monkeypatch.setenv("RECLAKE__BUSINESS__TIMEZONE", "Asia/Shanghai")
    chosen = load_settings(ROOT, profile="local", overrides=[])
    late = look_at(ROOT, chosen, clock=lambda: datetime(2026, 1, 2, 20))  # the third in Shanghai
    assert status.lake(late)["age_days"] == 1


def test_whoever_looks_leaves_nothing_behind(lake, monkeypatch, tmp_path):
    """Neither in the lake nor where the command is typed, such as files of a query that took much memory."""
    place = tmp_path / "here"
    place.mkdir()
    monkeypatch.chdir(place)
    before = {path: path.stat().st_mtime_ns for path in lake.rglob("*")}
    for command in (("status",), ("plan",), ("show", "silver.events"), ("rejected",), ("trace", CUSTOMER), ("models",)):
        reclake(*command)
    assert {path: path.stat().st_mtime_ns for path in lake.rglob("*")} == before
    assert list(place.iterdir()) == []


def test_where_no_lake_is_a_command_says_so_and_ends_with_2(tmp_path, monkeypatch):
    monkeypatch.setenv("RECLAKE_HOME", str(ROOT))
    for command in (("status",), ("show", "gold.customer_segments"), ("rejected",), ("models",), ("trace", "c_12345")):
        with pytest.raises(UsageError) as stopped:
            reclake(*command, "--set", f"lake.root={tmp_path}")
        assert (str(stopped.value).splitlines()[0], stopped.value.exit_code) == (f"there is no lake at {tmp_path}", 2)


def test_blocks_and_csv_hold_every_column_that_may_be_read(lake):
    lines = reclake("show", "gold.customer_segments", "--limit", "1", "--vertical").splitlines()
    names = [line.split()[0] for line in lines[1:] if line and not line.startswith("gold.")]
    shown = set(names) | {"currency"}
    assert shown == {field.name for field in gold.CUSTOMER_SEGMENTS.fields} >= set(noted("gold.customer_segments")[0])
    (row,) = csv.DictReader(io.StringIO(reclake("show", "silver.contacts", "--limit", "1", "--csv")))
    assert not {name for name in row if name.endswith("_encrypted")}
    assert "account_id" in row


def test_a_query_may_read_a_table_twice(lake):
    """DuckDB's optimizer turns `x = max(x) over (...)` into a join of the table with itself: both sides must be read."""
    reader = look_at(ROOT, load_settings(ROOT, profile="local", overrides=[])).reader
    sql = (
        'SELECT "table", checked_at FROM (SELECT *, max(checked_at) OVER (PARTITION BY "table") AS newest FROM rows) '
        "WHERE checked_at = newest ORDER BY 1"
    )
    found = reader.query(ops.GATE_RESULTS, sql, columns=("table", "checked_at"))
    times = {}
    for row in reader.rows(ops.GATE_RESULTS, ("table", "checked_at")):
        times[row["table"]] = max(row["checked_at"], times.get(row["table"], row["checked_at"]))
    assert found == sorted(times.items())
    assert len(found) > 10


def test_the_newest_listing_of_untaken_files_counts(tmp_path):
    """As runs note them: each listing of a source replaces the one before; one in which every file was taken in has one row."""
    schema = pa.schema([pa.field(f.name, arrow_type(f.type)) for f in ops.UNTAKEN_FILES.fields])

    def note(hour, **files):
        rows = [
            {
                "source": "demo",
                "listed_at": datetime(2026, 1, 1, hour),
                "file_name": name,
                "state": state,
                "reason": "r",
                "run_id": "r",
            }
            for name, state in files.items()
        ]
        stored = pa.Table.from_pylist(rows, schema)
        place = schema.get_field_index("listed_at")
        stored = stored.set_column(place, "listed_at", stored.column("listed_at").cast(pa.timestamp("us", "UTC")))
        write_deltalake(str(tmp_path / "ops" / "untaken_files"), stored, mode="append")

    def listed_now():
        look = look_at(ROOT, load_settings(ROOT, profile="local", overrides=[f"lake.root={tmp_path}"], environment={}))
        return {row["file_name"]: row["state"] for row in status.files(look)}

    assert listed_now() == {}
    note(1, a="waiting", b="refused")
    assert listed_now() == {"a": "waiting", "b": "refused"}
    note(2, b="refused", c="unmatched")
    assert listed_now() == {"b": "refused", "c": "unmatched"}
    note(3, **{"": "none"})
    assert listed_now() == {}
