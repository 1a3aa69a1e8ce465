"""Why a table is not built: the table that was really stopped, or that is only to be built first."""

from datetime import date
from types import SimpleNamespace

import pytest

from reclake.errors import GateFailed
from reclake.run import waits
from reclake.run.plan import Scope, Work
from reclake.run.waits import NEVER_BUILT, STALE, STOPPED, Root, not_built, roots_before, roots_of
from reclake.tables import gold, silver

DAY = Scope(delivery_days=frozenset({date(2026, 11, 21)}))
LINES, RECORDS = silver.ORDER_LINES.name, silver.ORDER_RECORDS.name


def waiting(table, roots, scope=DAY):
    """What is found, and the next step."""
    error = not_built(table, roots, scope)
    assert error.args[0] == f"{table.name} is not built"
    return error.args[1:]


def test_a_table_whose_inputs_are_there_can_be_built():
    assert not_built(silver.PRODUCTS, {LINES: Root(LINES, STOPPED)}, DAY) is None
    # Looked at only: it does not feed the table.
    assert not_built(silver.EVENTS, {LINES: Root(LINES, STOPPED)}, DAY) is None


def test_a_table_that_reads_a_stopped_one_names_it_and_what_to_mend():
    assert waiting(silver.INTERACTIONS, {LINES: Root(LINES, STOPPED)}) == (
        "waits for silver.order_lines, which was stopped",
        "mend what stopped silver.order_lines, then run again",
    )


def test_a_table_that_waits_for_one_that_waits_names_the_root_as_well():
    interactions = not_built(silver.INTERACTIONS, {LINES: Root(LINES, STOPPED)}, DAY)
    roots = {silver.INTERACTIONS.name: interactions.root}
    assert waiting(gold.RECOMMENDATIONS, roots)[0] == (
        "waits for silver.interactions, which waits for silver.order_lines, which was stopped"
    )


def test_of_inputs_that_wait_for_the_same_the_root_itself_is_named():
    stopped = Root(LINES, STOPPED)
    roots = {silver.IDENTITIES.name: stopped, silver.ACCOUNTS.name: stopped, LINES: stopped}
    assert waiting(gold.CUSTOMER_SEGMENTS, roots)[0] == "waits for silver.order_lines, which was stopped"


@pytest.mark.parametrize(
    ("scope", "days"),
    [
        (DAY, " --day 2026-11-21"),
        (Scope(delivery_days=frozenset({date(2026, 11, 21), date(2026, 11, 23)})), " --from 2026-11-21 --to 2026-11-23"),
        (Scope(), ""),
    ],
)
@pytest.mark.parametrize("why", [NEVER_BUILT, STALE])
def test_a_table_that_reads_a_stale_one_is_told_which_stage_comes_first(why, scope, days):
    assert waiting(gold.CUSTOMER_SEGMENTS, {LINES: Root(LINES, why)}, scope) == (
        f"waits for silver.order_lines, which {why}",
        f"run stage silver first: reclake run --stage silver{days}",
    )


def test_a_stopped_input_goes_before_a_stale_one_and_of_many_three_are_named():
    roots = {name: Root(name, STALE) for name in (silver.IDENTITIES.name, silver.ACCOUNTS.name, silver.CONSENTS.name)}
    assert waiting(gold.CUSTOMER_SEGMENTS, roots | {LINES: Root(LINES, STOPPED)}) == (
        "waits for silver.order_lines, which was stopped; for silver.accounts, which is to be built again; "
        "for silver.consents, which is to be built again; and for 1 more",
        "mend what stopped silver.order_lines, then run again",
    )


def test_what_an_earlier_stage_of_the_run_did_not_build_keeps_its_root():
    gate = GateFailed("a", "b", "c")
    waits_for = not_built(silver.INTERACTIONS, {LINES: Root(LINES, STOPPED)}, DAY)
    assert roots_of({LINES: gate, silver.INTERACTIONS.name: waits_for}) == {
        LINES: Root(LINES, STOPPED),
        silver.INTERACTIONS.name: Root(LINES, STOPPED),
    }


def planner(**reasons):
    """A plan in which the named tables are stale, each for one reason."""
    return SimpleNamespace(
        work=lambda table: Work(table, {"2026-11-21": reasons[table.noun]} if table.noun in reasons else {}),
    )


@pytest.fixture
def stopped(monkeypatch):
    """The tables whose newest verdict blocks them, and how often somebody asked."""
    names, asked = set(), []
    monkeypatch.setattr(waits, "_stopped_by_a_gate", lambda app: asked.append(app) or names)
    return names, asked


def test_a_stage_alone_takes_no_stale_table_for_a_stopped_one(stopped):
    names, _ = stopped
    roots = roots_before(None, planner(order_lines="never built"), "customers")
    assert roots[LINES] == Root(LINES, NEVER_BUILT)
    assert roots[silver.INTERACTIONS.name] == Root(LINES, NEVER_BUILT), "it reads it, whether it is stale itself or not"
    assert silver.PRODUCTS.name not in roots
    assert roots_before(None, planner(order_lines="code changed"), "customers")[LINES] == Root(LINES, STALE)
    names.add(LINES)
    roots = roots_before(None, planner(order_lines="never built"), "customers")
    assert {roots[LINES], roots[silver.INTERACTIONS.name]} == {Root(LINES, STOPPED)}


def test_a_table_that_was_stopped_and_whose_input_came_anew_waits_for_the_input(stopped):
    names, _ = stopped
    names.add(LINES)
    roots = roots_before(None, planner(order_records="bronze.orders changed", order_lines="never built"), "customers")
    assert roots[LINES] == Root(RECORDS, STALE)


def test_nobody_asks_for_verdicts_where_everything_is_built(stopped):
    assert roots_before(None, planner(), "customers") == {}
    assert stopped[1] == []
