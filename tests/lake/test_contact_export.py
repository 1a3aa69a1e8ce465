"""A contact list is handed out: who is in the file, what is noted first, and what is refused; and how it is listed without Spark."""

import csv
import json
import stat
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from uuid import uuid4

import pytest
from typer.testing import CliRunner

from frames import frame
from lakes import looked_at, open_lake
from reclake import cli
from reclake.cli import options
from reclake.errors import Overtaken, ReclakeError, SecretMissing, UsageError
from reclake.lake.digest import DayContent, Digest
from reclake.lake.ledger import Entry, commit_entry
from reclake.lake.store import Store
from reclake.privacy.encryption import encrypt
from reclake.privacy.keys import load_key
from reclake.run import contact_export
from reclake.run.contact_export import Handover, export_contacts
from reclake.run.views import published
from reclake.tables import gold, ops, silver

OLD, BEFORE, AS_OF, TODAY = date(2026, 1, 1), date(2026, 3, 9), date(2026, 3, 10), date(2026, 3, 12)
NOW = datetime(2026, 3, 12, 9)
N = 16  # people of the list
ADDRESSES = {n: f"p{n}@example.com" for n in range(N)} | {3: "=cmd@example.com", 4: "+tag@example.com"}
PHONES = {n: f"+8613800138{n:03}" for n in range(N)}


def account_id(n):
    return f"a_{n:032x}"


def customer_id(n):
    return f"c_{n:032x}"


def rows_of_people(key):
    """Sixteen people with one account each, by e-mail but for one by SMS and one in the app."""
    channels = dict.fromkeys(range(N), "email") | {12: "sms", 13: "push"}
    sealed = {
        n: {
            f"{kind}_encrypted": encrypt(key, text, table="silver.contacts", column=f"{kind}_encrypted", row_id=account_id(n))
            for kind, text in (("email", ADDRESSES[n]), ("phone", PHONES[n]), ("name", f"Anna {n}"))
        }
        for n in range(N)
    }
    listed = [
        dict(
            as_of_date=as_of, contact_purpose="win_back", customer_id=customer_id(n), consent_purpose="marketing", tier="dormant",
            priority=n + 1, contact_channel=channels[n], value_at_risk_amount=Decimal(100 - n), currency="CNY", value_basis="fitted",
            lost_share=0.5, reason="Why.", reason_zh="原因。", n_recent_contacts=0,
        )
        for as_of in (BEFORE, AS_OF) for n in range(N)
    ]  # fmt: skip
    account = dict(valid_from=OLD, basis="consent", channel="app", is_device=False, is_machine=False, source="demo")
    told = {"email_token": "t:e{}", "phone_token": "t:p{}"}
    return {
        silver.IDENTITIES: [dict(account_id=account_id(n), customer_id=customer_id(n), valid_from=OLD) for n in range(N)],
        silver.ACCOUNTS: [
            account | {"account_id": account_id(n)} | {name: text.format(n) for name, text in told.items()} for n in range(N)
        ],
        silver.CONSENTS: [consent(n) for n in range(N)],
        silver.CONTACTS: [dict(account_id=account_id(n), key_id="c1", delivery_day=OLD, **sealed[n]) for n in range(N)],
        gold.CONTACT_LIST: listed,
        gold.CONTACT_EXCLUSIONS: [
            dict(as_of_date=AS_OF, contact_purpose="win_back", tier="dormant", reason="no_consent", n_customers=20)
        ],
    }


def consent(n, is_granted=True, since=OLD, until=None):
    return dict(
        account_id=account_id(n), purpose="marketing", is_granted=is_granted, is_suspended=False, valid_from=since, valid_to=until
    )


def contact(n, day, result="delivered", number=0):
    return dict(
        source="demo", file_digest="f", position=number, delivery_day=day, account_id=account_id(n), event_date=day, purpose="marketing",
        occurred_at=datetime(day.year, day.month, day.day, 9), contact_channel="email", result=result, outreach_id=f"o{n}-{number}",
        is_repeat=False,
    )  # fmt: skip


def publish(app, rows):
    """Commit and publish the rows of these tables, with the ledger entries of their days."""
    versions = {}
    for table, of_table in rows.items():
        built = frame(app.spark, table, *of_table)
        days = sorted({row[table.day_column] for row in of_table}) if table.day_column else []
        entries = [
            Entry(
                table=table.name, day=str(day), sequence=1, kind="build", version=0, run_id="r", token=1, recorded_at=NOW,
                content=DayContent(Digest(sum(row[table.day_column] == day for row in of_table), 0)), code_digest="", settings_digest="",
                suite_digest="",
            )
            for day in days
        ]  # fmt: skip
        entry = commit_entry(uuid4().hex, entries)
        store = app.store
        versions[table.name] = (
            store.replace_days(table, built, days=days, entry=entry) if days else store.replace_whole(table, built, entry=entry)
        )
    app.manifest.publish(versions, dict.fromkeys(versions, -1), run_id="r", token=1, at=NOW)
    app.ledger.load()


@pytest.fixture(scope="module")
def lake(spark, tmp_path_factory):
    """A lake that publishes the list of two as_ofs, opened where a group needs ten people."""
    folder = tmp_path_factory.mktemp("contacts")
    app = open_lake(
        spark, folder, source="demo", landing=folder / "landing", overrides=["privacy.min_group_size=10"], clock=lambda: NOW
    )
    publish(app, rows_of_people(load_key(str(folder / "secrets"), "c1")))
    return app


def asked(folder, **more):
    told = dict(purpose="win_back", as_of=AS_OF, target=folder / "list.csv", receiver="Mail house", reason="spring campaign")
    return Handover(**(told | more))


def read(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def noted(app):
    return [row.asDict() for row in published(app, ops.CONTACT_EXPORTS).orderBy("recorded_at").collect()]


def left_in(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_holds_the_list_by_priority_and_no_contact_unless_it_is_asked_for(lake, tmp_path):
    row = export_contacts(lake, asked(tmp_path))
    rows = read(tmp_path / "list.csv")
    assert list(rows[0]) == ["customer_id", "account_id", "contact_channel", "priority", "contact_purpose", "as_of_date"]
    assert [(one["customer_id"], one["account_id"], one["priority"]) for one in rows] == [
        (customer_id(n), account_id(n), str(n + 1)) for n in range(N)
    ]
    assert stat.S_IMODE((tmp_path / "list.csv").stat().st_mode) == 0o600
    assert left_in(tmp_path) == ["list.csv"]
    text = (tmp_path / "list.csv").read_text()
    assert "@" not in text
    assert "138001" not in text
    (last,) = [one for one in noted(lake) if one["export_id"] == row["export_id"]]
    assert last == row
    assert {name: last[name] for name in ("contact_purpose", "as_of_date", "receiver", "reason", "file_name")} == {
        "contact_purpose": "win_back", "as_of_date": AS_OF, "receiver": "Mail house", "reason": "spring campaign", "file_name": "list.csv",
    }  # fmt: skip
    assert (last["n_customers"], last["n_left_out"], last["is_with_contacts"], last["is_forced"]) == (N, 0, False, False)
    assert "@" in last["exported_by"]
    assert last["recorded_at"] == NOW


def test_contacts_stand_in_clear_where_they_are_asked_for_and_no_cell_is_a_formula(lake, tmp_path):
    export_contacts(lake, asked(tmp_path, with_contacts=True))
    contacts = {row["customer_id"]: row["contact"] for row in read(tmp_path / "list.csv")}
    assert contacts[customer_id(0)] == "p0@example.com"
    assert contacts[customer_id(3)] == "'=cmd@example.com"
    assert contacts[customer_id(4)] == "'+tag@example.com"
    assert contacts[customer_id(12)] == f"00{PHONES[12][1:]}"
    assert contacts[customer_id(13)] == account_id(13)
    assert not [row for row in csv.reader((tmp_path / "list.csv").open()) for cell in row if cell[:1] in "=+-@\t\r" and cell]


def test_the_export_is_noted_before_the_file_appears(lake, tmp_path, monkeypatch):
    before = len(noted(lake))
    append, seen = Store.append, []

    def watched(self, table, rows, **more):
        version = append(self, table, rows, **more)
        if table is ops.CONTACT_EXPORTS:
            seen.append(((tmp_path / "list.csv").exists(), [path.stat().st_size for path in tmp_path.iterdir()]))
        return version

    monkeypatch.setattr(Store, "append", watched)
    export_contacts(lake, asked(tmp_path))
    assert seen == [(False, [0])]  # nothing but an empty file that waits under another name

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(contact_export, "_write", full)
    with pytest.raises(ReclakeError, match="the file could not be written") as error:
        export_contacts(lake, asked(tmp_path, target=tmp_path / "other.csv"))
    assert "No space left on device" in str(error.value)
    assert left_in(tmp_path) == ["list.csv"]
    assert len(noted(lake)) == before + 2

    def refused(self, table, rows, **more):
        raise Overtaken("ops was written by another", "at the same time", "run again")

    monkeypatch.setattr(Store, "append", refused)
    with pytest.raises(Overtaken):
        export_contacts(lake, asked(tmp_path, target=tmp_path / "other.csv"))
    assert left_in(tmp_path) == ["list.csv"]


@pytest.mark.parametrize(
    ("more", "wrong"),
    [
        ({"purpose": "winback"}, "there is no purpose 'winback'"),
        ({"purpose": "thank_loyal"}, "too short to be handed out"),
        ({"as_of": BEFORE}, "the list of 2026-03-09 is not the newest"),
        ({"as_of": TODAY, "force": True}, "there is no list of 2026-03-12"),
        ({"receiver": " "}, "an export needs a receiver"),
        ({"reason": ""}, "an export needs a reason"),
    ],
)
def test_what_is_refused_is_not_noted_and_leaves_no_file(lake, tmp_path, more, wrong):
    before = published(lake, ops.CONTACT_EXPORTS).count()
    with pytest.raises(UsageError, match=wrong):
        export_contacts(lake, asked(tmp_path, **more))
    assert left_in(tmp_path) == []
    assert published(lake, ops.CONTACT_EXPORTS).count() == before


def test_no_file_is_replaced_and_no_folder_is_made(lake, tmp_path):
    (tmp_path / "list.csv").write_text("mine")
    with pytest.raises(UsageError, match=r"list\.csv exists"):
        export_contacts(lake, asked(tmp_path))
    assert (tmp_path / "list.csv").read_text() == "mine"
    with pytest.raises(UsageError, match="its folder does not exist"):
        export_contacts(lake, asked(tmp_path, target=tmp_path / "away" / "list.csv"))


def test_contacts_need_their_key(lake, tmp_path):
    (tmp_path / "secrets").mkdir()
    settings = lake.settings.model_copy(
        update={"secrets": lake.settings.secrets.model_copy(update={"directory": str(tmp_path / "secrets")})}
    )
    without = replace(lake, settings=settings)
    with pytest.raises(SecretMissing):
        export_contacts(without, asked(tmp_path, with_contacts=True))
    assert left_in(tmp_path) == ["secrets"]
    assert export_contacts(without, asked(tmp_path))["n_customers"] == N


def test_who_withdrew_complained_or_was_contacted_since_is_left_out(lake, tmp_path):
    """Published after the list: nothing of it is in the list itself."""
    rows = rows_of_people(load_key(str(lake.value("secrets.directory")), "c1"))
    withdrawn = [consent(n, until=TODAY if n == 0 else None) for n in range(N)] + [consent(0, False, since=TODAY)]
    known_by_now = [r | {"birth_year": 2015} if r["account_id"] == account_id(1) else r for r in rows[silver.ACCOUNTS]]
    # An account of 2 belongs to another person by now, who refuses.
    joined = rows[silver.IDENTITIES] + [dict(account_id=account_id(99), customer_id=customer_id(99), valid_from=OLD)]
    moved = [
        *(r | {"valid_to": TODAY} if r["account_id"] == account_id(2) else r for r in joined),
        dict(account_id=account_id(2), customer_id=customer_id(99), valid_from=TODAY),
    ]
    publish(
        lake,
        {
            silver.CONSENTS: [*withdrawn, consent(99, False)],
            silver.ACCOUNTS: known_by_now,
            silver.IDENTITIES: moved,
            silver.OUTREACH: [
                contact(5, date(2026, 3, 11)), contact(5, date(2026, 3, 12), number=1), contact(6, date(2026, 3, 12)),
                contact(7, date(2026, 3, 11), "complained"),
            ],
        },
    )  # fmt: skip
    row = export_contacts(lake, asked(tmp_path, as_of=BEFORE, force=True))
    handed = {one["customer_id"] for one in read(tmp_path / "list.csv")}
    assert handed == {customer_id(n) for n in range(N) if n not in (0, 1, 2, 5, 7)}
    assert (row["n_customers"], row["n_left_out"], row["is_forced"]) == (N - 5, 5, True)


def reclake(app, *arguments):
    @contextmanager
    def opened(chosen, name, **needs):
        yield replace(app, reporter=chosen.console)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RECLAKE_HOME", str(app.home))
        patch.setattr(options, "opened", opened)
        patch.setattr(options, "looked", lambda chosen, **needs: looked_at(app))
        done = CliRunner().invoke(cli.app, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_the_list_is_shown_with_priority_reason_and_who_is_left_out(lake):
    text = reclake(lake, "contacts", "list", "--limit", "2")
    assert text.startswith(f"contact list, as_of_date {AS_OF}\n")
    assert f"{N - 2} more; a higher --limit shows them" in text
    assert customer_id(0) in text
    assert "100.00 CNY" in text
    assert "Why." in text
    assert "Anna" not in text
    *_, left_out, rounded = text.splitlines()
    assert left_out.split() == ["win_back", "dormant", "no_consent", "20"]
    assert rounded == "Those left out are counted in whole groups of 10; smaller groups are not shown."
    rows = json.loads(reclake(lake, "contacts", "list", "--purpose", "win_back", "--as-of", str(BEFORE), "--names", "--json"))
    assert [(row["priority"], row["customer_id"], row["customer_name"]) for row in rows] == [
        (n + 1, customer_id(n), f"Anna {n}") for n in range(N)
    ]
    with pytest.raises(UsageError, match="there is no purpose 'win_bak'"):
        reclake(lake, "contacts", "list", "--purpose", "win_bak")
    with pytest.raises(UsageError, match="there is no list of 2026-01-01"):
        reclake(lake, "contacts", "list", "--as-of", "2026-01-01")


def test_the_command_hands_the_list_out(lake, tmp_path):
    told = ("--purpose", "win_back", "--as-of", str(AS_OF), "--receiver", "Mail house", "--reason", "spring")
    (row,) = json.loads(reclake(lake, "contacts", "export", *told, "--to", str(tmp_path / "list.csv"), "--json"))
    assert len(read(tmp_path / "list.csv")) == row["n_customers"] >= 10
