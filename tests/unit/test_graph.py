"""What the graph refuses, and what it derives: on small declarations of its own."""

from dataclasses import replace
from datetime import date

import pytest

from reclake import tables
from reclake.run import inputs
from reclake.tables import bronze, gold, ops, serving, silver
from reclake.tables.declaration import Field, Privacy, Table, plain
from reclake.tables.graph import GraphRefused, is_fact_by_account, require_people_asked, sorted_tables
from reclake.tables.inputs import (
    Each,
    Input,
    Shared,
    day_before,
    days,
    deliveries,
    previous_as_of,
    repeats,
    same_day,
    takes,
    until_as_of,
    valid_at_as_of,
    whole,
)  # fmt: skip
from reclake.tables.people import PEOPLE

STAGES = ("bronze", "silver", "customers", "behaviour", "training", "ops")
DAY = plain("day", "date", "The day.")
AS_OF = plain("as_of_date", "date", "The as_of.")
ACCOUNT = Field("account_id", "string", "The account.", privacy=Privacy.PSEUDONYM)


def table(name, *inputs, stage="silver", day="day", fields=(DAY, AS_OF), **more):
    return Table(
        name=name, grain="", key=(), fields=fields, stage=stage, write="replace_days", day_column=day, inputs=inputs, **more
    )


RAW = table("bronze.raw", stage="bronze")
VISITS = table("silver.visits", Input(RAW, same_day()), stage="behaviour", fields=(DAY, ACCOUNT))
STATES = replace(table("silver.states", Input(RAW, whole())), write="replace_validity", day_column=None)


def test_a_table_that_reads_what_a_later_stage_builds_is_refused_with_the_path():
    """It would see yesterday's visits, and every test of its builder would pass."""
    early = table("gold.early", Input(VISITS, until_as_of()), stage="customers", day="as_of_date")
    with pytest.raises(GraphRefused) as refused:
        sorted_tables((RAW, VISITS, early), STAGES)
    assert str(refused.value) == (
        "gold.early of stage customers reads silver.visits of stage behaviour, which is built later: "
        "bronze.raw → silver.visits → gold.early"
    )


def test_inputs_come_before_what_reads_them_in_whatever_order_they_are_declared():
    second = table("silver.second", Input(RAW, same_day()))
    first = table("silver.first", Input(second, same_day()))
    late = table("gold.late", Input(first, until_as_of()), stage="customers", day="as_of_date")
    assert [t.name for t in sorted_tables((late, first, RAW, second), STAGES)] == [
        "bronze.raw", "silver.second", "silver.first", "gold.late",
    ]  # fmt: skip
    # A stage comes whole, also where a table of the next one was declared between its tables.
    assert [t.name for t in sorted_tables((late, RAW, first, second, VISITS), STAGES)][-2:] == ["gold.late", "silver.visits"]


def test_a_circle_and_a_name_that_stands_twice_are_refused():
    one = table("silver.one")
    two = table("silver.two", Input(one, same_day()))
    object.__setattr__(one, "reads", (Input(two, same_day()),))
    with pytest.raises(GraphRefused, match=r"in a circle: silver.one → silver.two → silver.one"):
        sorted_tables((one, two), STAGES)
    with pytest.raises(GraphRefused, match=r"bronze\.raw is declared twice"):
        sorted_tables((RAW, replace(RAW, grain="another")), STAGES)


@pytest.mark.parametrize(
    ("inputs", "parameters", "message"),
    [
        ((Input(RAW, same_day()),), takes(bronze_raw="a.raw"), "two arguments of its builder are named 'bronze_raw'"),
        ((), takes("sources", sources="a.sources"), "two arguments of its builder are named 'sources'"),
        ((Input(RAW, same_day()), Each("raws", (RAW,), days(before=1))), (), "silver.x reads bronze.raw in two ways"),
        ((Input(RAW, until_as_of()),), (), "silver.x reads bronze.raw by as_of, but its rows answer for no as_of"),
        ((Input(STATES, same_day()),), (), "silver.x reads days of silver.states, which has none"),
    ],
    ids=["input and setting", "two settings", "two ranges", "as_of", "no days"],
)
def test_inputs_that_cannot_arrive_as_declared_are_refused(inputs, parameters, message):
    with pytest.raises(ValueError, match=message.replace("(", r"\(")):
        table("silver.x", *inputs, parameters=parameters)


def test_only_what_has_validity_can_be_read_as_it_was_valid():
    with pytest.raises(ValueError, match=r"reads what is valid of bronze.raw, whose rows have no validity"):
        table("gold.x", Input(RAW, valid_at_as_of()), day="as_of_date", stage="customers")
    assert table("gold.x", Input(STATES, valid_at_as_of()), day="as_of_date", stage="customers").reads[0].table is STATES


def test_two_windows_are_two_parameters_and_two_readings_two_digests():
    taken = takes(window_days="a.window_days", value_window_days="b.window_days")
    assert [p.setting for p in taken] == ["a.window_days", "b.window_days"]
    scores = table("gold.scores", Input(VISITS, until_as_of(window="a.window_days")), day="as_of_date", stage="behaviour")
    moves = table("gold.moves", Input(scores, same_day()), Input(scores, previous_as_of()), day="as_of_date", stage="behaviour")
    assert [(i.name, i.digest_name) for i in moves.reads] == [
        ("scores", "gold.scores"), ("previous_scores", "gold.scores (previous as_of)"),
    ]  # fmt: skip
    with pytest.raises(ValueError, match="cannot be that of"):
        until_as_of(30, window="a.window_days")


def test_a_family_reads_each_of_its_tables_and_some_of_them_wider():
    other = table("bronze.other", stage="bronze")
    reader = table("silver.x", Each("raws", (RAW, other), same_day(), wider=((other, repeats()),)))
    assert [(i.table.name, i.days) for i in reader.reads] == [("bronze.raw", same_day()), ("bronze.other", repeats())]


def test_what_reads_a_shared_input_reads_its_tables_and_takes_its_settings():
    shared = Shared("known", "", "x", (Input(STATES, valid_at_as_of()),), takes(min_age="privacy.min_age"))
    reader = table(
        "gold.x", shared, Input(VISITS, until_as_of()), day="as_of_date", stage="behaviour", parameters=takes("popularity")
    )
    assert [i.table.name for i in reader.reads] == ["silver.states", "silver.visits"]
    assert reader.settings == ("popularity", "privacy.min_age")


def test_a_shared_input_may_read_another_and_catalogues():
    known = Shared("known", "", "x", (Input(STATES, valid_at_as_of()),), takes(min_age="privacy.min_age"))
    lives = Shared("lives", "", "x", (known, Input(VISITS, until_as_of())))
    counts = Shared("counts", "", "x", (lives,), takes(gap_minutes="sessions.gap_minutes"), ("funnels",))
    reader = table("gold.x", counts, known, day="as_of_date", stage="behaviour", catalogues=("paths",))
    assert [i.table.name for i in reader.reads] == ["silver.states", "silver.visits"]
    assert [one.name for one in reader.shared] == ["known", "lives", "counts"]
    assert reader.settings == ("privacy.min_age", "sessions.gap_minutes")
    assert reader.all_catalogues == ("paths", "funnels")
    assert table("gold.x", counts, day="as_of_date", stage="behaviour").all_catalogues == ("funnels",)


def test_shared_inputs_are_made_of_one_another(monkeypatch):
    known = Shared("known", "", "x", (Input(STATES, valid_at_as_of()),))
    lives = Shared("lives", "", "x", (known, Input(VISITS, until_as_of())))
    monkeypatch.setattr(inputs, "builder_of", lambda shared: lambda **given: (shared.name, given))
    made_now = []

    def share(shared):
        made_now.append(shared.name)
        return inputs.made(shared, lambda i: i.table.name, share, as_of=date(2026, 3, 1), arguments={})

    name, given = share(lives)
    assert (name, given["visits"], made_now) == ("lives", "silver.visits", ["lives", "known"])
    assert given["known"] == ("known", {"states": "silver.states", "as_of": date(2026, 3, 1)})


def test_a_table_of_gold_that_counts_accounts_asks_who_may_be_counted():
    reads = Input(VISITS, until_as_of())
    gold_table = {"day": "as_of_date", "stage": "behaviour"}
    with pytest.raises(GraphRefused, match=r"gold\.x reads silver\.visits by account: let it read PEOPLE, or state why"):
        require_people_asked([table("gold.x", reads, **gold_table)])
    require_people_asked([table("gold.x", PEOPLE, reads, **gold_table)])
    require_people_asked([table("gold.x", reads, **gold_table, counts_everyone="traffic of the site, of no person")])
    with pytest.raises(GraphRefused, match="only one of them can hold"):
        require_people_asked([table("gold.x", PEOPLE, reads, **gold_table, counts_everyone="traffic")])
    with pytest.raises(GraphRefused, match="counts_everyone says nothing there"):
        require_people_asked([table("gold.x", Input(RAW, until_as_of()), **gold_table, counts_everyone="traffic")])


def test_every_table_of_gold_that_reads_facts_by_account_asks():
    asking = {t.name for t in gold.TABLES if PEOPLE in t.shared}
    assert asking == {
        "gold.contact_exclusions",
        "gold.contact_list",
        "gold.customer_segments",
        "gold.customer_value",
        "gold.basket_recommendations",
        "gold.due_again",
        "gold.popular_products",
        "gold.product_relations",
        "gold.recommendations",
        "gold.segment_quality",
        "gold.value_deciles",
        "gold.value_models",
        "gold.customer_products",
        "gold.first_orders",
        "gold.lifecycle",
        "gold.retention",
        "gold.sales",
        "gold.funnels",
        "gold.funnel_losses",
        "gold.path_routes",
        "gold.path_steps",
        "gold.path_transitions",
        "gold.behaviour_cube",
    }
    facts = {t.name for t in silver.TABLES if is_fact_by_account(t)}
    assert {"silver.events", "silver.order_lines", "silver.sessions", "silver.interactions"} <= facts
    assert not facts & {"silver.accounts", "silver.identities", "silver.products", "silver.rejected_records"}


def test_the_graph_of_the_product_is_whole():
    assert tables.STAGES == ("bronze", "silver", "customers", "behaviour", "recommendations")
    assert {t.name for t in tables.of_stage("silver")} >= {"silver.sessions", "silver.interactions"}
    assert {t.name for t in tables.TABLES} == {
        t.name for t in (*bronze.TABLES, *silver.TABLES, *ops.BUILT, *ops.WRITTEN, *gold.TABLES, *serving.BUILT)
    }
    with pytest.raises(AttributeError, match="declares no table NOTHING"):
        gold.NOTHING  # noqa: B018 - the access is what is tested


def test_a_range_says_what_it_reads():
    assert (day_before().before, day_before().after, day_before(7).before) == (1, -1, 7)
    assert [r().is_by_day for r in (same_day, repeats, deliveries, whole, previous_as_of)] == [True, True, False, False, False]
