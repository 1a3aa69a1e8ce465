"""The command check-source: what lies in the folder, what is refused of it, what is written."""

import json
import os
import time
import tomllib

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from reclake import cli
from reclake.errors import UsageError
from reclake.inspection import looking, refusals
from reclake.inspection.check import check
from reclake.inspection.looking import inspect
from reclake.inspection.report import field_rows, file_rows, refusal_rows, sample_rows, untaken_rows
from reclake.settings import load_settings
from sources_of_records import EVENT_COLUMNS, ORDER_COLUMNS, feed, source

HEADER = "order,line,at,channel,customer,code,n,price,ccy\n"
NAMED = HEADER.replace(",n,", ",qty,")
GOOD = "A1,1,2026-03-01 08:00:00,web,7,P1,1,2.50,EUR\n"


class Limits:
    max_file_bytes = 1 << 30
    max_unpacked_ratio = 100
    max_record_bytes = 1 << 20


@pytest.fixture
def settings(root):
    return load_settings(root, profile="local", environment={})


def put(folder, name, content, *, age=3600):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    os.utime(path, (time.time() - age,) * 2)
    return path


def tills(**other):
    columns = ORDER_COLUMNS | {"currency": {"from": "ccy", "type": "string"}}
    of = feed("orders", columns, format="csv", record_id=["order_id", "line_id"], pattern="*.csv", **other)
    return source(orders=of)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("A1,1,2026-03-01 08:00:00,web,7,P1,0,2.50,EUR", "quantity is 0"),
        ("A1,1,2026-03-01 08:00:00,web,7,P1,1,0,EUR", "unit_price_amount is not above 0"),
        ("A1,1,2026-03-01 08:00:00,web,7,P1,1,-5,EUR", "unit_price_amount is not above 0"),
        ("A1,1,2099-03-01 08:00:00,web,7,P1,1,5,EUR", "ordered_at is in the future"),
        ("A1,1,1970-01-01 00:00:00,web,7,P1,1,5,EUR", "ordered_at is too long ago"),
        ("A1,1,2026-01-01 00:00:00,web,7,P1,1,5,EUR", "it was delivered after the late limit"),
        ("A1,1,2026-03-01 08:00:00,web,7,P1,1,5,€", "currency is not ISO 4217"),
        ("A1,1,2026-03-01 08:00:00,web,7,P1,1,5,eur", "currency is not ISO 4217"),
        ("A1,1,2026-03-01 08:00:00,web,7,P1,1000000,5000,EUR", "line_amount is outside its limits"),
        ("A0,1,2026-03-01 08:00:00,web,7,P1,2,2.50,EUR", "its id was delivered before with other content"),
        ("A1,,2026-03-01 08:00:00,web,7,P1,1,5,EUR", "line_id is missing"),
        ("A1,1,2026-03-01 08:00:00,,7,P1,1,5,EUR", "account_id cannot be told without channel"),
    ],
)
def test_records_are_refused_as_their_table_refuses_them(tmp_path, line, reason):
    put(tmp_path, "2026-03-01.csv", HEADER + GOOD.replace("A1", "A0") + line + "\n")
    found = inspect(tmp_path, tills(), Limits())
    assert [(one.reason, one.n_records, one.line) for one in found.refusals] == [(reason, 1, 3)]


def test_a_consent_that_uses_an_id_again_is_no_clash(tmp_path):
    columns = {
        "consent_id": {"from": "no", "type": "string"}, "account_id": {"from": "who", "type": "account"},
        "channel": {"constant": "web", "type": "string"}, "purpose": {"constant": "marketing", "type": "string"},
        "is_granted": {"from": "yes", "type": "boolean"}, "changed_at": {"from": "at", "type": "timestamp", "format": "iso"},
    }  # fmt: skip
    lines = [f"s1,7,{answer},2026-03-01T08:00:00Z" for answer in ("true", "false", "true", "maybe")]
    put(tmp_path, "2026-03-01.csv", "\n".join(["no,who,yes,at", *lines]) + "\n")
    stated = source(consents=feed("consents", columns, format="csv", record_id=["consent_id"], pattern="*.csv"))
    found = inspect(tmp_path, stated, Limits())
    assert {(one.reason, one.line) for one in found.refusals} == {
        ("it was delivered before", 4),
        ("is_granted is not true or false", 5),
    }


def test_a_day_is_one_of_the_business(tmp_path):
    put(tmp_path, "2026-03-01.csv", HEADER + GOOD.replace("2026-03-01 08", "2026-03-02 20"))
    assert inspect(tmp_path, tills(), Limits(), timezone="UTC").refusals == ()
    ahead = inspect(tmp_path, tills(), Limits(), timezone="Asia/Shanghai").refusals
    assert [one.reason for one in ahead] == ["ordered_at is in the future"]


def test_years_of_birth_and_words_of_events(tmp_path):
    columns = {
        "account_id": {"from": "id", "type": "account"},
        "channel": {"constant": "web", "type": "string"},
        "birth_year": {"from": "born", "type": "long"},
    }
    put(tmp_path, "2026-03-01.csv", "id,born\n1,1990\n2,2030\n3,1200\n")
    found = inspect(tmp_path, source(all=feed("accounts", columns, format="csv", pattern="*.csv")), Limits())
    assert [(one.reason, one.n_records) for one in found.refusals] == [
        ("birth_year is outside its limits (the record is kept)", 2)
    ]


def test_what_an_ingest_would_leave_is_listed_with_its_reason(tmp_path):
    put(tmp_path, "2026-03-01.csv", HEADER + GOOD)
    put(tmp_path, "2026-03-02.csv.tmp", HEADER)
    put(tmp_path, "x:y.csv", HEADER)
    put(tmp_path, "other.txt", "a,b\n1,2\n")
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "link.csv").symlink_to(tmp_path / "2026-03-01.csv")
    put(tmp_path, "_hidden.csv", HEADER)
    (tmp_path / os.fsdecode(b"m\xfcller.csv")).write_bytes(b"a,b\n1,2\n")
    of = tills()
    found = inspect(tmp_path, of, Limits())
    assert {row["file"]: row["state"] for row in untaken_rows(found)} == {
        "2026-03-02.csv.tmp": "waiting",
        "x:y.csv": "refused",
        "other.txt": "unmatched",
        "pipe.csv": "refused",
        "link.csv": "refused",
        "m\\udcfcller.csv": "refused",
    }
    assert {sample.name for sample in found.samples} == {"2026-03-01.csv", "other.txt"}
    assert {row["file"]: row["state"] for row in untaken_rows(inspect(tmp_path, None, Limits()))} == {
        "2026-03-02.csv.tmp": "waiting",
        "x:y.csv": "refused",
        "pipe.csv": "refused",
        "link.csv": "refused",
        "m\\udcfcller.csv": "refused",
    }


def test_one_file_that_cannot_be_read_costs_no_other(tmp_path):
    at = pa.array([0], pa.timestamp("us", "Mars/Olympus"))
    pq.write_table(pa.table({"at": at}), tmp_path / "a.parquet")
    put(tmp_path, "b.jsonl", '{"type": "\\ud800", "\\udfff": 1}\n')
    put(tmp_path, "c.jsonl", '{"a": ' + "[" * 990 + "]" * 990 + "}\n" + '{"a": 1}\n')
    put(tmp_path, "d.jsonl", '{"a":' * 900 + "1" + "}" * 900 + "\n")
    put(tmp_path, "e.csv", HEADER + GOOD)
    events = feed("events", EVENT_COLUMNS, pattern="*.jsonl")
    taken = feed("events", EVENT_COLUMNS, pattern="*.parquet", format="parquet")
    for of in (None, source(a=events, b=taken)):
        found = inspect(tmp_path, of, Limits())
        listed = json.dumps(
            [rows(found) for rows in (file_rows, field_rows, sample_rows, refusal_rows, untaken_rows)], ensure_ascii=False
        )
        assert listed.encode()
        assert "ccy" in listed
        assert len(found.samples) == 5


def test_a_fault_of_the_readers_costs_one_file(tmp_path, monkeypatch):
    put(tmp_path, "2026-03-01.csv", HEADER + GOOD)
    put(tmp_path, "2026-03-02.csv", HEADER + GOOD.replace("A1", "A2"))

    def failing(real, place):
        def call(*args, **options):
            if "2026-03-02" in str(args[place]):
                raise TypeError("of Anna")
            return real(*args, **options)

        return call

    monkeypatch.setattr("reclake.inspection.looking.head_of", failing(looking.head_of, 0))
    monkeypatch.setattr("reclake.inspection.refusals.verdict_of", failing(refusals.verdict_of, 1))
    found = inspect(tmp_path, tills(), Limits())
    assert [sample.head.problem for sample in found.samples] == ["", "cannot be read: TypeError"]
    assert [(one.file_name, one.reason) for one in found.refusals] == [("2026-03-02.csv", "cannot be judged: TypeError")]


def test_fields_that_the_source_maps_to_a_person_are_shown_by_shape(tmp_path):
    put(tmp_path, "2026-03-01.csv", HEADER.replace("customer", "x1") + GOOD.replace(",7,", ",K-77,"))
    columns = ORDER_COLUMNS | {"account_id": {"from": "x1", "type": "account"}}
    of = source(orders=feed("orders", columns, format="csv", pattern="*.csv"))
    such_as = {row["field"]: row["such as"] for row in field_rows(inspect(tmp_path, of, Limits()))}
    assert (such_as["x1"], such_as["order"]) == ("a-99", "A1")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda folder: folder / "none", "does not exist"),
        (lambda folder: put(folder, "one.csv", HEADER), "not a file"),
        (lambda folder: folder, "nothing to look into"),
    ],
)
def test_a_wrong_folder_is_told_as_what_it_is(tmp_path, make, said):
    with pytest.raises(UsageError, match=said):
        inspect(make(tmp_path), None, Limits())


def in_home(settings, home):
    return settings.model_copy(update={"sources": settings.sources.model_copy(update={"directory": str(home / "conf")})})


def drafted(settings, tmp_path, name="shop"):
    return check(tmp_path, in_home(settings, tmp_path), name, landing=str(tmp_path / "in"), write=True)


def test_a_draft_makes_its_folder_and_is_written_whole_or_not_at_all(settings, tmp_path, monkeypatch):
    put(tmp_path / "in", "2026-03-01.csv", NAMED + GOOD)
    with monkeypatch.context() as patched:
        patched.setattr("reclake.inspection.check.draft", lambda name, samples: "no = toml = at all")
        with pytest.raises(tomllib.TOMLDecodeError):
            drafted(settings, tmp_path)
    assert not (tmp_path / "conf").exists()
    says = drafted(settings, tmp_path).says
    assert [path.name for path in (tmp_path / "conf").iterdir()] == ["shop.toml"]
    assert says[-1] == "Nothing of what was read would be refused."


def test_nothing_is_drafted_from_files_that_cannot_be_read(settings, tmp_path):
    put(tmp_path / "in", "a.pdf", b"%PDF-1.4")
    with pytest.raises(UsageError, match="nothing to draft"):
        drafted(settings, tmp_path)
    assert not (tmp_path / "conf").exists()


def test_a_feed_that_does_not_say_which_contacts_are_verified_is_told_what_follows(settings, tmp_path):
    rows = [f"M{n},1380013800{n},anna{n}@example.com,2026-02-01 10:00:00" for n in range(5)]
    put(tmp_path / "in", "members/2026-02-01.csv", "\n".join(["member_no,mobile,email,updated_at", *rows]) + "\n")
    assert "verified" not in "".join(drafted(settings, tmp_path).says)
    file = tmp_path / "conf" / "shop.toml"
    text = file.read_text()
    file.write_text("".join(line for line in text.splitlines(keepends=True) if not line.startswith("verified_contacts")))
    says = check(tmp_path, in_home(settings, tmp_path), "shop", landing=str(tmp_path / "in")).says
    assert says == (
        "Nothing of what was read would be refused.",
        "Feed members does not say which contacts are verified, so phone_token and email_token tie no accounts to one person: "
        "map is_phone_verified and is_email_verified, or state verified_contacts.",
    )


def test_what_would_be_refused_is_said(settings, tmp_path):
    put(tmp_path / "in", "2026-03-01.csv", NAMED + GOOD)
    drafted(settings, tmp_path)
    put(tmp_path / "in", "2026-03-01.csv", NAMED + GOOD.replace(",1,2.50", ",0,2.50"))
    put(tmp_path / "in", "2026-03-02.csv", "a,b\n1,2\n")
    put(tmp_path / "in", "other.txt", "a,b\n1,2\n")
    says = check(tmp_path, in_home(settings, tmp_path), "shop", landing=str(tmp_path / "in")).says
    assert says[0] == "1 file would not be taken: matches the pattern of no feed (1)."
    assert says[1].startswith("1 file would be refused: has no header line")
    assert says[2] == "Of 1 file records would be refused, or values left out."


def test_the_command_prints_what_it_found_once(tmp_path, monkeypatch, root):
    monkeypatch.setenv("RECLAKE_HOME", str(root))
    put(tmp_path / "in", "2026-03-01.csv", HEADER + GOOD)
    answer = CliRunner().invoke(
        cli.app, ["check-source", "shop", "--landing", str(tmp_path / "in"), "--set", f'sources.directory="{tmp_path}"']
    )
    assert answer.exit_code == 0
    assert answer.output.count("There is no") == 1
    assert "would be refused" not in answer.output


def test_what_is_not_judged_is_said(settings, tmp_path, monkeypatch):
    put(tmp_path / "in", "2026-03-01.csv", (NAMED + GOOD).encode("utf-16"))
    drafted(settings, tmp_path)
    monkeypatch.setattr("reclake.inspection.looking._BYTES", 10)
    monkeypatch.setattr("reclake.inspection.looking._FEWEST_BYTES", 10)
    says = check(tmp_path, in_home(settings, tmp_path), "shop", landing=str(tmp_path / "in")).says
    assert says == ("1 file not judged: Parquet and UTF-16 of that size need a run.",)
