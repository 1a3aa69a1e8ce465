"""One whole day on the local profile, as a newcomer runs it: with code generation and adaptive plans."""

import json
import os
import re
import shlex
import subprocess
import sys
import unicodedata
from collections import Counter
from pathlib import Path

import pytest

from decoded import decoded_files
from lakes import as_environment, event_log_in, places, spark_profile
from parsed_pages import parsed, section, text_in
from reclake import tables

PHONE = "13800138000"  # demo.canary_phone
# On the first day of 60 people.
EMPTY_AT_FIRST = {
    # Fewer people than a group did the same: no row would hide them.
    "gold.behaviour_cube",
    "gold.contact_exclusions",
    "gold.first_orders",
    "gold.funnel_losses",
    "gold.funnels",
    "gold.lifecycle",
    "gold.path_routes",
    "gold.path_steps",
    "gold.path_transitions",
    "gold.popular_products",
    "gold.product_relations",
    "gold.retention",
    "gold.sales",
    "gold.segment_bins",
    # Nobody has bought anything twice.
    "gold.due_again",
    # Nobody had a tier 30 days before, and no forecast can be judged.
    "gold.segment_quality",
    "gold.value_deciles",
    # All accounts are new: no customer was there to become part of another, and no likely pair is apart.
    "silver.identity_conflicts",
    "silver.identity_merges",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where everything of this module's lake lies, Spark's event log as well."""
    folder = tmp_path_factory.mktemp("one-day")
    spark_profile(folder, "test", event_log_in(folder) | {"spark.local.dir": str(folder / "scratch")})
    return folder


@pytest.fixture(scope="module")
def reclake(root, folder):
    """The command line on the lake; gives exit code, standard output and standard error, which are kept as logs."""
    own = as_environment(places(folder, folder / "landing")) | {
        "RECLAKE__DEMO__N_CUSTOMERS": "60",
        # All have accounts from the first day on, and every search holds the canary.
        "RECLAKE__DEMO__LIFE__MEMBER_SHARE": "1",
        "RECLAKE__DEMO__CONTACTS__CANARY_SHARE": "1",
        "RECLAKE__TRAINING__TEST_DAYS": "1",
        "RECLAKE_HOME": str(root),
        "SPARK_CONF_DIR": str(folder / "spark"),
        "RECLAKE_VERBOSE": "1",
    }

    def run(*arguments: str, quiet: bool = False) -> subprocess.CompletedProcess[str]:
        command = [str(Path(sys.executable).with_name("reclake")), *arguments]
        environment = os.environ | own | ({"RECLAKE_VERBOSE": ""} if quiet else {})
        options = {"capture_output": True, "text": True, "check": False, "timeout": 1800}
        done = subprocess.run(command, env=environment, cwd=root, umask=0o022, **options)  # as a login shell has it
        with (folder / "log.txt").open("a") as log:
            log.write(done.stdout + done.stderr)
        return done

    return run


@pytest.fixture(scope="module")
def day(reclake):
    """What the run of the first day reports, by table."""
    made = reclake("generate", "--days", "2")
    assert made.returncode == 0, made.stderr
    done = reclake("run", "--day", "2026-01-01", "--json")
    assert done.returncode == 0, done.stderr
    return {row["table"]: row for row in json.loads(done.stdout)}


def test_a_day_from_files_to_recommendations(reclake, day):
    built = {name for name, row in day.items() if row["outcome"] == "built"}
    assert {"silver.events", "silver.sessions", "gold.customer_segments", "gold.recommendations", "ops.freshness"} <= built
    assert all(row["gate"] == "passed" for name, row in day.items() if name in built)
    assert {name for name in built if not day[name]["rows"]} == EMPTY_AT_FIRST
    assert {name for name in EMPTY_AT_FIRST if not tables.BY_NAME[name].may_be_empty} == set()
    again = reclake("run", "--day", "2026-01-01")
    assert (again.returncode, "Everything is up to date" in again.stdout) == (0, True), again.stdout + again.stderr


def listed(done):
    """What a command with --json printed."""
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.trial
def test_status_plan_and_a_waiver_in_force(reclake, day):
    waived = reclake("waive", "silver.sessions", "--reason", "a holiday", "--hours", "1")
    assert waived.returncode == 0, waived.stderr
    assert "lets silver.sessions through once until" in waived.stdout
    found = listed(reclake("status", "--json"))
    assert [(row["table"], row["reason"]) for row in found["waivers"]] == [("silver.sessions", "a holiday")]
    assert "2026-01-01" in {row["day"] for row in found["days"]}
    rows = {row["table"]: row["rows"] for row in found["tables"]}
    built = {name: row["rows"] for name, row in day.items() if row["outcome"] == "built"}
    assert {name: rows[name] for name in built} == built
    assert listed(reclake("plan", "--table", "silver.events", "--json")) == []
    (asked,) = listed(reclake("plan", "--as-of", "2026-01-01", "--table", "gold.customer_segments", "--json"))[:1]
    assert (asked["table"], asked["days"], asked["why"]) == ("gold.customer_segments", 1, "never built (1)")


@pytest.mark.trial
def test_tables_and_doctor(reclake, day):
    described = listed(reclake("tables", "silver.sessions", "--json"))
    assert {"silver.events", "silver.products"} & {name.split(" ")[0] for name in described["reads"]} == {"silver.events"}
    assert {column["column"] for column in described["columns"]} >= {"session_id", "duration_seconds"}
    names = {row["table"] for row in listed(reclake("tables", "--json"))}
    assert day.keys() < names
    assert {finding["state"] for finding in listed(reclake("doctor", "--json"))} == {"ok"}


@pytest.mark.trial
def test_rows_and_the_trace_of_one_of_them(reclake, day):
    everything = ("--where", "as_of_date=2026-01-02", "--limit", "100000", "--json")
    segments = listed(reclake("show", "gold.customer_segments", *everything))
    assert len(segments) == day["gold.customer_segments"]["rows"]
    assert {row["as_of_date"] for row in segments} == {"2026-01-02"}
    customer = max(segments, key=lambda row: (row["n_orders"], row["customer_id"]))
    (identity,) = listed(reclake("show", "silver.identities", "--where", f"customer_id={customer['customer_id']}", "--json"))[:1]
    found = listed(reclake("trace", identity["account_id"], "--json"))
    assert {"silver.accounts", "silver.identities", "gold.customer_segments"} <= set(found)
    assert customer in found["gold.customer_segments"]


@pytest.mark.trial
def test_history_and_refusals(reclake, day):
    (moved,) = listed(reclake("history", "silver.events", "--json"))
    assert (moved["kind"], moved["version"], moved["n_rows"]) == ("publish", 0, day["silver.events"]["rows"])
    refused = listed(reclake("rejected", "--limit", "1000", "--json"))
    counted = {name: sum(row["records"] for row in refused if row["record_table"] == name) for name in day}
    n_records = sum(row["rows"] for name, row in day.items() if name.endswith("_records") and name != "silver.rejected_records")
    assert day["silver.rejected_records"]["rows"] <= sum(counted.values()) < n_records
    few = reclake("rejected", "--limit", "1", "--json")
    assert f"not kept: {len(refused) - len(listed(few)):,} more" in few.stderr


@pytest.fixture(scope="module")
def training(reclake, day):
    """What the demo prints: it goes on from the first day, trains, judges by the last day, and makes its page."""
    done = reclake("demo", "--days", "15")
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.usefixtures("day")
def test_contact_data_stay_in_landing_and_bronze_and_keys_in_their_files(folder):
    assert_nothing_leaked(folder)


def made_by_runs(folder):
    """Everything below the places that reclake makes, and its mode."""
    names = ("lake", "landing", "landing-truth", "models", "secrets", "mlflow.db", "demo.html")
    places = [folder / name for name in names if (folder / name).exists()]
    return {path: path.stat().st_mode & 0o777 for place in places for path in (place, *place.rglob("*"))}


def assert_closed_to_others(folder, kinds):
    modes = made_by_runs(folder)
    assert {path.relative_to(folder).parts[0] for path in modes} >= set(kinds)
    assert {path.suffix for path in modes} >= {".parquet", ".json", ".crc", ".jsonl", ".key"}, "nothing of the kind was made"
    assert {str(path): oct(mode) for path, mode in modes.items() if mode & 0o077} == {}


@pytest.mark.usefixtures("day")
def test_nobody_else_can_open_what_a_run_makes(folder):
    assert_closed_to_others(folder, ("lake", "landing", "landing-truth", "secrets"))
    assert list((folder / "scratch").iterdir()) == [], "Spark's temporary files outlived their run"


@pytest.mark.trial
@pytest.mark.usefixtures("training")
def test_nor_the_model_and_its_registry(folder):
    assert_closed_to_others(folder, ("lake", "models", "mlflow.db", "demo.html"))


@pytest.mark.trial
def test_the_demo_ends_with_its_page(reclake, folder, training):
    """The page shows what the command line lists, of the newest day and of the week before."""
    ending = training.splitlines()[training.splitlines().index("Open these pages in a browser:") :]
    assert ending[1].strip() == str(folder / "demo.html")
    rows = listed(reclake("show", "gold.customer_segments", "--limit", "100000", "--json"))
    assert {row["as_of_date"] for row in rows} == {"2026-01-02", "2026-01-09", "2026-01-16"}
    before, now = (
        {row["customer_id"]: row["tier"] for row in rows if row["as_of_date"] == day} for day in ("2026-01-09", "2026-01-16")
    )
    place = section(parsed((folder / "demo.html").read_text(encoding="utf-8")), "segments")
    chart = next(figure for figure in place.iter("figure") if "have spent" in text_in(figure))
    texts = [text_in(one).split(" · ")[0] for one in chart.iter("text")]
    shown = dict(zip(texts[::2], texts[1::2], strict=True))
    assert shown == {tier.replace("_", " "): str(n) if n >= 10 else "< 10" for tier, n in Counter(now.values()).items()}
    both = before.keys() & now.keys()
    n_moved = sum(before[customer] != now[customer] for customer in both)
    assert len(both) >= 10
    n_shown = n_moved if n_moved >= 10 or not n_moved else "< 10"
    assert f"{n_shown} of {len(both)} customers changed their tier within the week." in text_in(place)


@pytest.mark.trial
def test_what_the_demo_proposes_to_try_works(reclake, training):
    lines = training.splitlines()
    commands = [shlex.split(line) for line in lines[lines.index("Try next:") + 1 :]]
    assert len(commands) == 4
    assert {command[0] for command in commands} == {".venv/jobs/bin/reclake"}
    assert {" ".join(command): reclake(*command[1:]).returncode for command in commands} == {" ".join(c): 0 for c in commands}


@pytest.mark.trial
@pytest.mark.usefixtures("training")
def test_nor_do_they_leave_through_a_second_day_and_a_training(folder):
    assert any(b"ndcg_at_10" in content for path, content in decoded_files(folder) if path.name == "mlflow.db")
    assert_nothing_leaked(folder)


def plain_digits(content):
    """The content with full-width digits as plain ones, and without what people write between the digits of a phone."""
    text = unicodedata.normalize("NFKC", content.decode("utf-8", errors="ignore"))
    return re.sub(r"(?<=\d)\W{1,3}(?=\d)", "", text).encode()


def test_a_phone_is_found_however_it_is_written():
    for written in (
        "138 0013 8000",
        "138-0013-8000",
        "１３８００１３８０００",
        "+86 (138) 0013.8000",
        "138 – 0013 – 8000",
        "138、0013/8000",
    ):
        assert PHONE.encode() in plain_digits(f"call {written} now".encode())


def assert_nothing_leaked(folder):
    """The canary lies in landing and bronze and the keys in their files, and neither anywhere else."""
    keys = [path.read_text().strip().encode() for path in (folder / "secrets").glob("*.key")]
    assert len(keys) == 2
    needles = [*keys, *(bytes.fromhex(key.decode()) for key in keys)]
    found = {
        str(path.relative_to(folder)).split("/part-")[0]
        for path, content in decoded_files(folder)
        if PHONE.encode() in plain_digits(content) or any(n in content for n in needles)
    }
    places = {name.split("/")[0] if not name.startswith("lake") else "/".join(name.split("/")[:2]) for name in found}
    assert {"landing", "lake/bronze", "secrets"} <= places, "the canary is not where it was planted: nothing is proven"
    assert places <= {"landing", "lake/bronze", "secrets"}
    logs = [content for _, content in decoded_files(folder / "events")]
    assert any(b"SparkListenerApplicationStart" in content for content in logs), "the event log cannot be read: nothing is proven"


@pytest.mark.usefixtures("day")
@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (("show", "silver.nothing"), "silver.nothing"),
        (("run", "--day", "2026-01-01", "--source", "unheard"), "unheard"),
        (("run", "--set", "lake.colour=blue"), "lake.colour"),
        (("run", "--set", "business.timezone=Mars/Olympus"), "Mars/Olympus"),
        (("status", "--profile", "unheard"), "unheard"),
        (("run", "--set", "secrets.directory=nowhere"), "nowhere"),
        pytest.param(("run", "--landing", "nowhere"), "nowhere", marks=pytest.mark.trial),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_used_gives_three_lines_and_exit_code_2(reclake, arguments, names):
    done = reclake(*arguments, quiet=True)
    of_spark = ("WARNING", "Setting default log level", "To adjust logging level")
    lines = [line for line in done.stderr.splitlines() if line.strip() and not line.startswith(of_spark)]
    assert done.returncode == 2, done.stderr
    assert len(lines) == 3, done.stderr
    assert [line.split(":")[0].strip() for line in lines[1:]] == ["found", "next"]
    assert names in "\n".join(lines)


@pytest.mark.trial
def test_a_training_is_told_like_a_table(reclake, training):
    (told,) = (line for line in training.splitlines() if "gold.model_metrics" in line)
    metrics = listed(reclake("show", "gold.model_metrics", "--limit", "1000", "--json"))
    figures = re.fullmatch(r"training +gold\.model_metrics +built +(\d+) rows, (\d+) jobs, ([\d.]+) s", told.strip())
    assert figures, told
    assert int(figures[1]) == len(metrics) > 0
    assert int(figures[2]) > 10
    assert float(figures[3]) > 0


@pytest.mark.trial
@pytest.mark.usefixtures("training")
def test_a_rollback_takes_back_what_was_not_published_then(reclake):
    """Last, as the tests before read what it takes back."""
    moved = {row["name"]: row["version"] for row in listed(reclake("rollback", "2", "--json"))}
    assert {moved[name] for name in ("gold.customer_segments", "gold.recommendations")} == {-1}
    assert moved["silver.events"] == 0
    assert not {name for name in moved if name.startswith("bronze.") or name == "gold.model_metrics"}
    gone = reclake("show", "gold.customer_segments", quiet=True)
    assert (gone.returncode, "is not published yet" in gone.stderr) == (2, True)
