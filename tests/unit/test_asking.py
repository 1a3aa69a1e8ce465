"""What a listing is asked for is checked before anything is opened; the parser's own errors have three lines, too."""

import os
import subprocess
import sys
import time
from datetime import date, datetime
from decimal import Decimal

import pytest

from lakes import ROOT
from reclake.errors import UsageError
from reclake.look.asking import asked
from reclake.look.conditions import Condition, conditions_of
from reclake.tables import bronze, gold, silver

NOTHING = {"where": (), "as_of": None, "columns": (), "sort": (), "limit": 20}


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("tier=new", Condition("tier", "=", ("new",))),
        ("tier = new", Condition("tier", "=", ("new",))),
        ("tier!=new", Condition("tier", "!=", ("new",))),
        ("tier=a=b", Condition("tier", "=", ("a=b",))),
        ("tier=", Condition("tier", "=", (None,))),
        ("n_orders>3", Condition("n_orders", ">", (3,))),
        ("n_orders<=3", Condition("n_orders", "<=", (3,))),
        ("tier in new, high_value", Condition("tier", "in", ("new", "high_value"))),
        ("tier in (new,high_value)", Condition("tier", "in", ("new", "high_value"))),
        ("spend_amount<100.5", Condition("spend_amount", "<", (Decimal("100.5"),))),
        ("as_of_date>=2026-03-01", Condition("as_of_date", ">=", (date(2026, 3, 1),))),
    ],
)
def test_a_condition_is_read_with_the_type_of_its_column(text, condition):
    assert conditions_of(gold.CUSTOMER_SEGMENTS, [text]) == (condition,)


def test_times_truths_and_lists_are_read_too():
    texts = ["received_at<2026-03-01T10:00:00", "is_return=no", "reasons=it is empty"]
    at, truth, listed = conditions_of(silver.ORDER_RECORDS, texts)
    assert (at.values, truth.values, listed.is_list) == ((datetime(2026, 3, 1, 10),), (False,), True)


@pytest.mark.parametrize(
    ("text", "found", "hint"),
    [
        ("tier", "no comparison in it", "write --where column=value"),
        ("teir=new", "shows the columns as_of_date, customer_id", "did you mean tier?"),
        ("n_orders=many", "n_orders is long, 'many' is not", "write --where"),
        ("as_of_date=1 March", "as_of_date is date", "write --where"),
        ("zzz=1", "shows the columns", "reclake tables gold.customer_segments lists its columns"),
    ],
)
def test_a_condition_that_cannot_be_used_says_what_is_wrong(text, found, hint):
    with pytest.raises(UsageError) as stopped:
        conditions_of(gold.CUSTOMER_SEGMENTS, [text])
    lines = str(stopped.value).splitlines()
    assert lines[0] == f"--where {text} cannot be used"
    assert found in lines[1]
    assert hint in lines[2]


def test_raw_records_and_contacts_cannot_be_asked_for():
    for table, column in ((bronze.ORDERS, "raw"), (silver.CONTACTS, "phone_encrypted")):
        assert column in {field.name for field in table.fields}
        for options in ({"where": (f"{column}=1",)}, {"columns": (column,)}, {"sort": (column,)}):
            with pytest.raises(UsageError, match="cannot be used"):
                asked(table, **NOTHING | options)
        assert column not in asked(table, **NOTHING | {"columns": ("all",)}).columns


def test_columns_and_orders_stand_as_they_are_written():
    wanted = asked(
        gold.CUSTOMER_SEGMENTS, **NOTHING | {"columns": ("tier, customer_id",), "sort": ("-n_orders,tier", "-as_of_date")}
    )
    assert wanted.columns == ("tier", "customer_id")
    assert wanted.order == (("n_orders", True), ("tier", False), ("as_of_date", True))


def test_an_as_of_asks_for_its_day_or_for_what_was_valid_then():
    day = date(2026, 3, 2)
    assert asked(gold.CUSTOMER_SEGMENTS, **NOTHING | {"as_of": day}).where == (Condition("as_of_date", "=", (day,)),)
    opened, closed = asked(silver.IDENTITIES, **NOTHING | {"as_of": day}).where
    valid = {(first, last) for first in (1, 2) for last in (1, 2, 3, None) if last is None or last > first}
    kept = {
        (first, last)
        for first, last in valid
        if opened.is_met_by(date(2026, 3, first)) and closed.is_met_by(last and date(2026, 3, last))
    }
    # design: read by valid_from < as_of <= valid_to, or open
    assert kept == {(1, 2), (1, 3), (1, None)}
    with pytest.raises(UsageError, match=r"--as-of cannot be used with silver\.events"):
        asked(silver.EVENTS, **NOTHING | {"as_of": day})


@pytest.mark.parametrize(
    ("comparison", "met"), [("=", {3}), ("!=", {2, 4, None}), ("<", {2}), (">", {4}), ("<=", {2, 3}), (">=", {3, 4})]
)
def test_a_null_meets_only_what_is_not_equal(comparison, met):
    condition = Condition("n", comparison, (3,))
    assert {value for value in (2, 3, 4, None) if condition.is_met_by(value)} == met


def reclake(*arguments, **environment):
    """A command as somebody types it, in a process of its own: exit code, standard error, and seconds."""
    whole = {"PYTHONPATH": str(ROOT / "lib"), "RECLAKE_HOME": str(ROOT), "PATH": os.environ["PATH"]} | environment
    begun = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "reclake.cli", *arguments], env=whole, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stderr.splitlines(), time.monotonic() - begun


WRONG = {
    ("shwo", "gold.customer_segments"): ("there is no command 'shwo'", "did you mean show?"),
    ("contacts", "exprot"): ("there is no command 'exprot'", "did you mean export?"),
    ("contacts", "export", "--purpose", "win_back"): ("Missing option '--as-of'", "see reclake contacts export --help"),
    ("contacts", "list", "--purpse", "x"): ("reclake contacts list has no option --purpse", "did you mean --purpose?"),
    ("show",): ("Missing argument 'table'", "see reclake show --help"),
    ("show", "gold.customer_segmets"): ("there is no table 'gold.customer_segmets'", "did you mean gold.customer_segments?"),
    ("show", "order_lines"): ("there is no table 'order_lines'", "did you mean silver.order_lines?"),
    ("show", "gold.customer_segments", "--lmit", "3"): ("reclake show has no option --lmit", "did you mean --limit?"),
    ("show", "gold.customer_segments", "--where", "teir=new"): ("--where teir=new cannot be used", "did you mean tier?"),
    ("show", "gold.customer_segments", "--json", "--csv"): ("a listing has one form", "name one of them"),
    ("run", "--from", "2026-02-02", "--to", "2026-02-01"): (
        "the first day comes after the last",
        "write --from 2026-02-01 --to 2026-02-02",
    ),
    ("run", "--landing", "/nowhere/at/all"): ("the landing folder does not exist", "name another with --landing, or create it"),
    ("ingest", "--landing", "/nowhere/at/all"): (
        "the landing folder does not exist",
        "name another with --landing, or create it",
    ),
    ("status", "--set", "lake.root=/nowhere/at/all"): ("there is no lake at /nowhere/at/all", "reclake run takes files in"),
    ("trace",): ("trace follows one id", "name an ID, or --raw ID --source NAME"),
    ("trace", "--raw", "7"): ("--raw and --source belong together", "name both"),
    ("history", "silver.orderlines"): ("there is no table 'silver.orderlines'", "did you mean silver.order_lines?"),
}


@pytest.mark.parametrize("arguments", WRONG, ids=" ".join)
def test_a_wrong_argument_ends_at_once_with_three_lines(arguments):
    wrong, hint = WRONG[arguments]
    code, lines, seconds = reclake(*arguments)
    assert (code, len(lines)) == (2, 3), lines
    assert lines[0] == wrong
    assert lines[1].startswith("  found: ")
    assert lines[2].startswith(f"  next:  {hint}")
    assert seconds < 10, "Spark alone takes longer on a busy machine"
