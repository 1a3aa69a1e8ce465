"""The cube of behaviour: bitmaps, the pass over rows against plain Python, joined cells, and the command that reads it."""

import json
from collections import Counter, defaultdict
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import plain_cube
from lakes import ROOT, as_environment
from reclake.behaviour.bitmaps import members, n_in_any, n_members, packed
from reclake.behaviour.catalogues import CUBES
from reclake.behaviour.cube import cells, publishing
from reclake.behaviour.cube.definition import MOST_PAIRS, Cube, declared_pairs
from reclake.behaviour.dimensions import BY_NAME, DIMENSIONS
from reclake.cli import app
from reclake.errors import SettingsInvalid, UsageError
from reclake.look import figures
from reclake.tables import gold
from without_spark import publish

PAIRS = (("channel", "tier"), ("channel", "product_id"), ("kind", "tier"))
ZONE = "Asia/Shanghai"
AS_OF = date(2026, 4, 1)


def test_there_are_dimensions_with_a_meaning_in_both_languages():
    assert len(DIMENSIONS) == len(BY_NAME) >= 20
    for one in DIMENSIONS:
        assert one.english.endswith(".")
        assert any("\u4e00" <= sign <= "\u9fff" for sign in one.chinese), one.name
    assert set(figures.DIMENSIONS) <= BY_NAME.keys(), "gold.sales names its breakdowns as all tables do"


SETS = st.lists(st.one_of(st.integers(0, 200), st.integers(65_400, 65_700), st.integers(0, 2**32 - 1)), max_size=80).map(
    lambda numbers: np.array(sorted(set(numbers)), dtype=np.int64)
)


@settings(deadline=None)
@given(st.lists(SETS, min_size=1, max_size=4))
def test_a_bitmap_holds_what_was_put_in_and_unions_count_once(sets):
    bitmaps = [packed(one) for one in sets]
    for one, bitmap in zip(sets, bitmaps, strict=True):
        assert members(bitmap).tolist() == one.tolist()
        assert n_members(bitmap) == len(one)
    assert n_in_any(bitmaps) == len(set().union(*(one.tolist() for one in sets)))


@pytest.mark.parametrize("n", [4_095, 4_096, 4_097, 65_536, 65_537, 200_000])
def test_large_sets_are_stored_as_bits(n):
    numbers = np.arange(7, 7 + 2 * n, 2)
    bitmap = packed(numbers)
    assert (members(bitmap) == numbers).all()
    assert n_members(bitmap) == n_in_any([bitmap, packed(numbers[: n // 2])]) == n
    assert len(bitmap) <= 8_192 * (2 * n // 65_536 + 2) + 64


@pytest.mark.parametrize("numbers", [[2, 1], [1, 1], [-1], [2**32]])
def test_what_is_no_set_of_numbers_is_refused(numbers):
    with pytest.raises(ValueError, match="ascend"):
        packed(np.array(numbers, dtype=np.int64))


@pytest.mark.parametrize("bitmap", [b"", b"12345678", packed(np.arange(9))[:12]])
def test_what_is_no_bitmap_is_refused(bitmap):
    with pytest.raises(ValueError, match="Roaring"):
        n_in_any([bitmap])


def arrow(acts, dimensions):
    """Rows as Spark hands them over."""
    plain = ("customer", "moment", "day", "unit", "order", "is_sale", "amount")
    columns = {name: pa.array([act[name] for act in acts]) for name in plain if name != "order"}
    known = {order: n for n, order in enumerate(sorted({act["order"] for act in acts} - {None}))}
    columns["order"] = pa.array([known.get(act["order"]) for act in acts], pa.int64())
    columns["month"] = pa.array([act["month"] for act in acts], pa.int32())
    return pa.table(columns | {f"dim_{name}": pa.array([act["dims"][name] for act in acts], pa.string()) for name in dimensions})


def built(acts, *, least, pairs=PAIRS, n_rows=cells.N_ROWS, at_once=64):
    """The rows of the cube by the code that Spark calls."""
    plan = cells.Plan(pairs, ZONE, plain_cube.GAP_MINUTES, n_rows)
    parts = pa.Table.from_batches(
        cells.counted(arrow(acts, plan.dimensions).to_batches(max_chunksize=at_once), plan), cells.SCHEMA
    )
    groups = defaultdict(list)
    for n, row in enumerate(parts.select(["dimension_a", "dimension_b", "month"]).to_pylist()):
        groups[tuple(row.values())].append(n)
    tables = [publishing.published(parts.take(chosen).combine_chunks(), least=least) for chosen in groups.values()]
    return [row for table in tables for row in table.to_pylist()]


def comparable(rows):
    return sorted(
        (
            {name: row[name] for name in row if name not in ("revenue_amount", "customer_bitmap", "n_customers")}
            | {
                "amount": None if row["revenue_amount"] is None else int(row["revenue_amount"].scaleb(4)),
                "customers": set(members(row["customer_bitmap"]).tolist()),
            }
            for row in rows
        ),
        key=str,
    )


@pytest.mark.parametrize(("seed", "least", "n_rows"), [(1, 1, 10**6), (2, 4, 10**6), (3, 4, 50), (4, 12, 7), (5, 25, 50)])
def test_cells_are_what_plain_python_counts(seed, least, n_rows):
    acts = plain_cube.acts(seed)
    rows = built(acts, least=least, n_rows=n_rows)
    wanted = list(plain_cube.rows(acts, PAIRS, least=least))
    assert len(wanted) > 20 or least > 12
    assert any(row["value_a"] == "(others)" for row in wanted) == (least > 1)
    keys = ("dimension_a", "value_a", "dimension_b", "value_b", "month")
    row_of = {tuple(row[k] for k in keys): row for row in comparable(rows)}
    assert len(row_of) == len(rows)
    assert row_of == {tuple(row[k] for k in keys): row for row in wanted}
    assert all(row["n_customers"] == n_members(row["customer_bitmap"]) >= least for row in rows)


def test_all_cells_together_are_the_facts_and_no_row_tells_of_few():
    acts = plain_cube.acts(6)
    for least in (1, 6):
        rows = built(acts, least=least)
        for a, b in PAIRS:
            of_pair = [row for row in rows if (row["dimension_a"], row["dimension_b"]) == (a, b)]
            assert sum(row["n_events"] for row in of_pair) == sum(act["order"] is None for act in acts)
            if least == 1:
                assert sum(row["revenue_amount"] for row in of_pair) == Decimal(sum(act["amount"] for act in acts)).scaleb(-4)
            people = {act["customer"] for act in acts}
            assert n_in_any(row["customer_bitmap"] for row in of_pair) == len(people)


def one_month(people, *, dims, buyers=(), payers=()):
    """An event of each person, a sale of nothing of each buyer, and a fee of 7 without a sale of each payer."""
    event = plain_cube.acts(7)[0] | {"dims": dims, "order": None, "is_sale": False, "amount": 0, "month": 0}
    line = event | {"unit": None}
    made = [event | {"customer": n} for n in people]
    made += [line | {"customer": n, "order": f"o{n}", "is_sale": True} for n in buyers]
    made += [line | {"customer": n, "order": f"o{n}", "amount": 70_000} for n in payers]
    return sorted(made, key=lambda act: act["customer"])


@pytest.mark.parametrize(
    ("buyers", "payers", "revenue"),
    [((), (1,), None), ((1, 2, 3), (1,), None), ((1, 2), (1, 2, 3), None), ((), (1, 2, 3), 21), ((1, 2, 3), (), 0), ((), (), 0)],
)
def test_revenue_is_told_of_nobody_or_of_enough_buyers_and_payers(buyers, payers, revenue):
    acts = one_month(range(5), dims={"channel": "app", "tier": "new"}, buyers=buyers, payers=payers)
    pairs = [("channel", "tier")]
    (row,) = built(acts, least=3, pairs=pairs)
    assert (row["n_buyers"], row["revenue_amount"]) == (len(buyers), revenue if revenue is None else Decimal(revenue))
    assert comparable([row]) == comparable(built(acts, least=3, pairs=pairs, n_rows=1))  # in several blocks too
    assert [one["amount"] for one in plain_cube.rows(acts, pairs, least=3)] == [one["amount"] for one in comparable([row])]


@pytest.mark.parametrize("n_small", [0, 1, 2])
def test_a_cell_that_is_called_others_joins_them(n_small):
    named = one_month(range(5), dims={"channel": "(others)", "tier": "(others)"})
    small = one_month(range(10, 10 + n_small), dims={"channel": "app", "tier": "new"})
    large = one_month(range(20, 24), dims={"channel": "web", "tier": "new"})
    rows = built([*named, *small, *large], least=3, pairs=[("channel", "tier")])
    counts = {(row["value_a"], row["value_b"]): (row["n_events"], row["n_customers"]) for row in rows}
    assert counts == {("(others)", "(others)"): (5 + n_small,) * 2, ("web", "new"): (4, 4)}


def test_an_amount_that_the_column_cannot_hold_is_null():
    act = plain_cube.acts(7)[0] | {"order": "o", "is_sale": True, "unit": None}
    rows = built([act | {"amount": 6 * 10**17}, act | {"amount": 3 * 10**17}], least=1)
    assert {row["revenue_amount"] for row in rows} == {Decimal(9 * 10**17).scaleb(-4)}
    rows = built([act | {"amount": 6 * 10**17}] * 2, least=1)
    assert {row["revenue_amount"] for row in rows} == {None}


def test_readers_of_views_and_files_are_shown_no_set_of_customers():
    with_sets = {table.name: {f.name for f in table.fields} - {f.name for f in gold.shown(table).fields} for table in gold.TABLES}
    assert {name: left_out for name, left_out in with_sets.items() if left_out} == {"gold.behaviour_cube": {"customer_bitmap"}}
    assert gold.shown(gold.SALES) == gold.SALES


def cube(*pairs):
    return Cube.model_validate({"name": "c", "description": "d", "pairs": pairs})


def test_shipped_pairs_are_known_and_few_enough():
    pairs = declared_pairs(CUBES.load(ROOT / "conf" / "cubes"))
    assert 20 <= len(pairs) <= MOST_PAIRS
    assert all(a < b for a, b in pairs)
    assert declared_pairs({"x": cube(("tier", "channel")), "y": cube(("channel", "tier"))}) == (("channel", "tier"),)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('pairs = [["channel", "channel"]]', "channel stands beside itself"),
        ('pairs = [["channel", "tier"], ["tier", "channel"]]', "tier and channel stand twice"),
        ('pairs = [["channel", "mood"]]', "pairs.0.1"),
        ("pairs = []", "needs at least 1, and has 0"),
        ('pairs = [["channel", "tier"]]\nsize = 3', "size"),
    ],
)
def test_a_cube_that_cannot_be_used_is_refused_by_name(tmp_path, text, why):
    (tmp_path / "bad.toml").write_text(f'description = "d"\n{text}\n')
    with pytest.raises(SettingsInvalid) as error:
        CUBES.load(tmp_path)
    assert why in str(error.value)


def test_too_many_pairs_in_all_files_are_refused():
    names = sorted(BY_NAME)[:11]
    pairs = [(a, b) for n, a in enumerate(names) for b in names[:n]]
    with pytest.raises(SettingsInvalid, match=f"{len(pairs)} pairs"):
        declared_pairs({"x": cube(*pairs[:30]), "y": cube(*pairs[30:])})


ACTS = plain_cube.acts(11, n=900)
LEAST = 3


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder: Path = tmp_path_factory.mktemp("cube") / "lake"
    rows = [
        row
        | {
            "as_of_date": AS_OF,
            "month_date": date(1970, 1, 1) + timedelta(days=row["month"]),
            "is_open": False,
            "currency": "CNY",
        }
        for row in built(ACTS, least=LEAST)
    ]
    old = [row | {"as_of_date": date(2026, 3, 1), "n_events": 10**6} for row in rows]
    publish(folder, {gold.BEHAVIOUR_CUBE: rows + old})
    return folder


@pytest.fixture(autouse=True)
def environment(request, monkeypatch):
    if "root" in request.fixturenames:
        settings_ = as_environment({"lake.root": str(request.getfixturevalue("root"))}) | {"RECLAKE_HOME": str(ROOT)}
        for name, value in settings_.items():
            monkeypatch.setenv(name, value)


def reclake(*arguments):
    done = CliRunner().invoke(app, ["cube", *arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_over_several_months_a_customer_counts_once(root):
    rows = json.loads(reclake("--by", "tier", "--by", "channel", "--json"))
    people, events, months = defaultdict(set), defaultdict(int), Counter()
    for row in plain_cube.rows(ACTS, [("channel", "tier")], least=LEAST):
        key = (row["value_b"], row["value_a"])
        people[key] |= row["customers"]
        events[key] += row["n_events"]
        months[key] += 1
    assert {(row["tier"], row["channel"]): (row["n_customers"], row["n_events"], row["n_months"]) for row in rows} == {
        key: (len(people[key]), events[key], months[key]) for key in people
    }
    assert [row["n_customers"] for row in rows] == sorted((row["n_customers"] for row in rows), reverse=True)
    by_month = json.loads(reclake("--by", "tier", "--by", "channel", "--series", "--json"))
    assert max(row["n_customers"] for row in rows) < sum(row["n_customers"] for row in by_month)


def test_one_month_is_as_gold_holds_it(root):
    rows = json.loads(reclake("--by", "channel", "--by", "tier", "--from", "2026-02", "--to", "2026-02-28", "--json"))
    month = (date(2026, 2, 1) - date(1970, 1, 1)).days
    wanted = {
        (row["value_a"], row["value_b"]): (len(row["customers"]), row["n_buyers"], row["n_orders"])
        for row in plain_cube.rows(ACTS, [("channel", "tier")], least=LEAST)
        if row["month"] == month
    }
    assert len(wanted) > 3
    assert {(row["channel"], row["tier"]): (row["n_customers"], row["n_buyers"], row["n_orders"]) for row in rows} == wanted


def test_without_dimensions_the_pairs_are_listed(root):
    rows = json.loads(reclake("--json"))
    assert {(row["by"], row["and_by"]) for row in rows} == set(PAIRS)
    assert all("渠道" in row["meaning"] for row in rows if row["by"] == "channel")


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (["--by", "channel"], "a question has two dimensions"),
        (["--by", "channel", "--by", "channel"], "a question has two dimensions"),
        (["--by", "tier", "--by", "product_id"], "product_id stands beside channel"),
        (["--by", "mood", "--by", "tier"], "mood stands beside nothing"),
        (["--by", "channel", "--by", "tier", "--from", "2026-03", "--to", "2026-02"], "--from is later than --to"),
        (["--by", "channel", "--by", "tier", "--as-of", "2026-01-01"], "gold.behaviour_cube has no rows of the as_of 2026-01-01"),
    ],
)
def test_what_cannot_be_answered_is_told_in_three_lines(root, asked, message):
    with pytest.raises(UsageError) as error:
        reclake(*asked)
    assert len(str(error.value).splitlines()) == 3
    assert message in str(error.value)


def test_a_month_that_is_not_shown_says_so(root):
    assert "holds no such month" in reclake("--by", "channel", "--by", "tier", "--from", "2020-01", "--to", "2020-01")
