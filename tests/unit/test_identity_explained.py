"""What `reclake identity explain` reads: accounts, links with their evidence, shared keys, merges and decisions of one person."""

from datetime import date, datetime, timedelta
from types import SimpleNamespace

import duckdb
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from lakes import ROOT
from reclake.cli import app as command
from reclake.cli import identity as identity_commands
from reclake.cli import options
from reclake.errors import UsageError
from reclake.look.delta_rs import arrow_type
from reclake.look.identity import decisions, explain
from reclake.look.ids import Moment, account_of, customer_of, known_of
from reclake.tables import silver

DAY = date(2026, 3, 1)


def day(n):
    return date(2026, 3, 1 + n)


class Held:
    """Rows in memory in place of a lake's: the same SQL is asked of them."""

    def __init__(self, **rows):
        self.tables = {f"silver.{noun}": of_table for noun, of_table in rows.items()}

    def version(self, table):
        return 0 if table.name in self.tables else None

    def require_published(self, table):
        assert table.name in self.tables

    def query(self, table, sql, *, columns, parameters=()):
        schema = pa.schema([pa.field(f.name, arrow_type(f.type)) for f in table.fields if f.name in columns])
        rows = [{name: row.get(name) for name in schema.names} for row in self.tables.get(table.name, ())]
        with duckdb.connect() as connection:
            connection.register("rows", pa.Table.from_pylist(rows, schema=schema))
            return connection.execute(sql, list(parameters)).fetchall()


def valid(since=0, until=None, **columns):
    return columns | {"valid_from": day(since), "valid_to": None if until is None else day(until)}


def tie(key_kind, key, account, evidence=None, since=0, until=None):
    return valid(since, until, key_kind=key_kind, key=key, account_id=account, evidence=evidence or key_kind)


@pytest.fixture
def reader():
    """A browser, the web account that logged in on it, and an app account with the same card; a phone is the family's."""
    accounts = {"d_web1": ("web", True), "a_web1": ("web", False), "a_app1": ("app", False), "a_app2": ("app", False)}
    return Held(
        accounts=[valid(account_id=a, source="demo", channel=channel, is_device=is_device) for a, (channel, is_device) in accounts.items()],
        identities=[
            valid(0, 2, account_id="d_web1", customer_id="c_1", evidence="alone", n_accounts=1),
            valid(2, account_id="d_web1", customer_id="c_1", evidence="login", n_accounts=3),
            valid(2, account_id="a_web1", customer_id="c_1", evidence="login", n_accounts=3),
            valid(1, 2, account_id="a_app1", customer_id="c_2", evidence="alone", n_accounts=1),
            valid(2, account_id="a_app1", customer_id="c_1", evidence="card", n_accounts=3),
            valid(0, account_id="a_app2", customer_id="c_3", evidence="alone", n_accounts=1),
        ],
        identity_ties=[
            tie("device", "d_web1", "d_web1", "own"), tie("device", "d_web1", "a_web1", "login", 2), tie("device", "d_web1", "a_web1", "device", 1),
            tie("card", "c1:k", "a_web1", since=2), tie("card", "c1:k", "a_app1", since=1), tie("phone", "c1:f", "a_app1"), tie("phone", "c1:f", "a_app2"),
            tie("email", "c1:old", "a_web1", since=0, until=1), tie("email", "c1:old", "a_app1"),
        ],
        shared_keys=[valid(key_kind="phone", key="c1:f", n_accounts=2, reason="one_shop")],
        identity_merges=[
            valid(2, absorbed_customer_id="c_2", customer_id="c_1", evidence="card", key_kind="card", key="c1:k", account_id="a_web1", absorbed_account_id="a_app1")
        ],
        identity_decisions=[
            {"decision_id": "x1", "action": "never_link", "left_account_id": "a_app2", "right_account_id": "a_app1", "valid_from": DAY, "is_undone": False, "author": "li", "reason": "sisters", "recorded_at": datetime(2026, 4, 1)},
            {"decision_id": "x2", "action": "split", "left_account_id": "a_else", "right_account_id": "a_more", "valid_from": DAY, "is_undone": True, "author": "li", "reason": "?", "recorded_at": datetime(2026, 4, 2)},
        ],
    )  # fmt: skip


def test_every_link_names_its_evidence_and_a_key_that_links_nobody_is_none(reader):
    found = explain(reader, customer_of(reader, "a_web1", Moment()), Moment())
    assert found.customer_id == "c_1"
    columns = ("account_id", "since", "evidence", "channel", "is_device")
    assert [tuple(row[name] for name in columns) for row in found.accounts] == [
        ("d_web1", day(0), "login", "web", True),  # others joined it later
        ("a_app1", day(2), "card", "app", False),
        ("a_web1", day(2), "login", "web", False),
    ]
    assert [(row["account_id"], row["other_account_id"], row["evidence"], row["since"]) for row in found.links] == [
        ("a_app1", "a_web1", ["card"], day(2)), ("a_web1", "d_web1", ["login"], day(2)),
    ]  # fmt: skip
    assert found.shared == [{"key_kind": "phone", "key": "c1:f", "since": day(0), "n_accounts": 2, "reason": "one_shop"}]
    assert [(row["absorbed_customer_id"], row["evidence"]) for row in found.merges] == [("c_2", "card")]
    assert [row["decision_id"] for row in found.decisions] == ["x1"]


def test_an_as_of_tells_who_it_was_then(reader):
    before = Moment(day(2))
    assert customer_of(reader, "a_app1", before) == "c_2"
    found = explain(reader, "c_2", before)
    assert [row["account_id"] for row in found.accounts] == ["a_app1"]
    assert found.merges == []  # it became part of c_1 after that
    with pytest.raises(UsageError, match="part of c_1 since 2026-03-03"):
        explain(reader, "c_2", Moment())
    with pytest.raises(UsageError, match="was not known then"):
        customer_of(reader, "a_app1", Moment(day(1)))


def test_the_beginning_of_an_id_is_enough_where_it_is_the_only_one(reader):
    assert account_of(reader, "a_w") == "a_web1"
    assert customer_of(reader, "c_3", Moment()) == "c_3"
    with pytest.raises(UsageError, match="2 ids begin with a_app"):
        account_of(reader, "a_app")
    with pytest.raises(UsageError, match="knows no a_x"):
        account_of(reader, "a_x")
    assert known_of(reader, {"a_app2", "a_none", "d_web1"}) == ["a_app2", "d_web1"]
    assert known_of(reader, ()) == []


def test_decisions_are_listed_the_newest_first_also_what_was_taken_back(reader):
    assert [(row["decision_id"], row["is_undone"]) for row in decisions(reader)] == [("x2", True), ("x1", False)]
    assert decisions(Held()) == []


def pair(left, right, levels, *, is_linked=True):
    """A pair whose attributes say so many bits by level; null says nothing."""
    names = [field.name.removeprefix("weight_") for field in silver.IDENTITY_PAIRS.fields if field.name.startswith("weight_")]
    bits = {5: 6.5, 3: 3.0, 1: -2.25, None: 0.0}
    told = {name: levels.get(name) for name in names}
    return {
        "left_account_id": left, "right_account_id": right, "valid_from": DAY, "is_linked": is_linked, "match_probability": 0.9,
        "match_weight": sum(bits[level] for level in told.values()),
        **{f"level_{name}": level for name, level in told.items()}, **{f"weight_{name}": bits[level] for name, level in told.items()},
    }  # fmt: skip


def test_a_likely_pair_is_told_as_a_waterfall_that_adds_up_to_its_weight(reader):
    reader.tables["silver.identity_pairs"] = [
        pair("a_app1", "a_web1", {"name": 5, "phone": 3, "birth_year": 1}),
        pair("a_app1", "a_app2", {"name": 5}),
        pair("a_x", "a_y", {"name": 5}),
        pair("a_web1", "a_z", {"gender": 1}, is_linked=False),
    ]
    reader.tables["silver.identity_conflicts"] = [
        {"left_account_id": "a_app1", "right_account_id": "a_app2", "valid_from": DAY, "match_weight": 6.5, "reason": "one_shop"}
    ]
    found = explain(reader, "c_1", Moment()).likely
    assert [(one.accounts, one.outcome) for one in found] == [
        (("a_app1", "a_web1"), "linked"), (("a_app1", "a_app2"), "left out: one_shop"), (("a_web1", "a_z"), "below the threshold"),
    ]  # fmt: skip
    first = found[0]
    assert [(row["attribute"], row["agreement"], row["bits"], row["sum"]) for row in first.waterfall] == [
        ("name", "equal", 6.5, 6.5), ("phone", "close", 3.0, 9.5), ("birth_year", "different", -2.25, 7.25),
    ]  # fmt: skip
    assert first.waterfall[-1]["sum"] == first.match_weight
    assert explain(reader, "c_1", Moment(day(3))).likely == found
    # Before their day they were not known.
    assert explain(reader, "c_1", Moment(DAY + timedelta(days=1))).likely == ()


@pytest.fixture
def asked(reader, monkeypatch):
    """The commands on this reader; what they would record instead of an open lake."""
    recorded = []
    monkeypatch.setattr(options, "looked", lambda chosen: SimpleNamespace(reader=reader))
    monkeypatch.setattr(identity_commands, "_part", lambda chosen, pairs, *told: recorded.append((pairs, *told)))
    monkeypatch.setenv("RECLAKE_HOME", str(ROOT))

    def ask(*arguments):
        done = CliRunner().invoke(command, ["identity", *arguments])
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.output

    return ask, recorded


def test_a_split_parts_the_named_accounts_from_the_others_of_their_person_and_not_from_each_other(asked):
    ask, recorded = asked
    ask("split", "a_web", "d_web1", "--reason", "a tablet", "--author", "li", "--from", "2026-03-04")
    assert recorded == [([("a_web1", "a_app1"), ("d_web1", "a_app1")], "split", "li", "a tablet", datetime(2026, 3, 4), None)]
    with pytest.raises(UsageError, match="nothing to part"):
        ask("split", "a_app2", "--reason", "x")
    with pytest.raises(UsageError, match="nothing to part"):
        ask("split", "a_web1", "a_app1", "d_web1", "--reason", "x")


def test_never_link_names_two_accounts_and_a_customer_is_none(asked):
    ask, recorded = asked
    ask("never-link", "a_app2", "a_app1", "--reason", "sisters", "--author", "li")
    assert recorded == [([("a_app2", "a_app1")], "never_link", "li", "sisters", None, None)]
    with pytest.raises(UsageError, match="knows no c_1"):
        ask("never-link", "c_1", "a_app1", "--reason", "x")


def test_explain_prints_every_part(asked):
    ask, _ = asked
    told = ask("explain", "a_web1")
    assert "c_1: 3 accounts" in told
    assert all(
        part in told
        for part in ("links", "card", "login", "shared keys, which link nobody", "one_shop", "merges", "decisions", "sisters")
    )
