"""The report about behaviour: its numbers are those that gold holds and the other commands print, and what is empty says why."""

import json
from collections import Counter, defaultdict
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from typer.testing import CliRunner

import reported
from lakes import ROOT, as_environment, places
from parsed_pages import parsed, rows_of, section, text_in
from reclake.behaviour import lifecycle
from reclake.behaviour.dimensions import DIMENSIONS
from reclake.cli import app
from reclake.cockpit import behaviour_texts as texts
from reclake.cockpit import behaviour_texts_of_paths as of_paths
from reclake.cockpit import behaviour_texts_of_people as of_people
from reclake.cockpit.behaviour_span import TABLES
from reclake.cockpit.behaviour_words import dimension_name, value_name
from reclake.cockpit.demo_ending import ending
from reclake.errors import UsageError
from reclake.look.lake import look_at
from reclake.pages.texts import Text
from reclake.settings import load_settings
from reclake.tables import bronze, gold, vocabulary
from reported import AS_OF, CUSTOMERS, FIRST, VISITS
from without_spark import publish

ROWS = reported.rows()
DAY = timedelta(days=1)
LAST = AS_OF - DAY
# What the page calls values of gold.sales.
ENGLISH = {"app": "app", "web": "web site", "mini_program": "mini-program", "pos": "shop", "not_profiled": "not profiled", "(others)": "small groups together", "(none)": "none"}  # fmt: skip
PARTS = {name: f"funnel-{name.replace('_', '-')}" for name in (VISITS, CUSTOMERS)}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    publish(folder / "lake", ROWS)
    return folder / "lake"


def in_lake(root, monkeypatch):
    for name, value in (as_environment({"lake.root": str(root)}) | {"RECLAKE_HOME": str(ROOT)}).items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def reclake(root, monkeypatch):
    in_lake(root, monkeypatch)
    return run


def run(*arguments):
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def opened(*arguments):
    """The page that the command says it wrote."""
    path = run("report", "behaviour", *arguments).strip().rpartition(": ")[2]
    return parsed(Path(path).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def page(root):
    with pytest.MonkeyPatch.context() as patched:
        in_lake(root, patched)
        return opened()


def marks(place):
    return [float(one.get("data-value")) for one in place.iter() if one.get("data-value")]


def table_below(place, name):
    """The table that opens under a name, or that is a figure of that name."""
    for one in place.iter():
        tables = list(one.iter("table")) if one.tag in ("details", "figure") else []
        if tables and text_in(one[0]).startswith(name):
            return tables[0]
    raise LookupError(name)


@pytest.mark.parametrize("name", [VISITS, CUSTOMERS])
def test_a_funnel_has_the_numbers_that_its_command_prints(page, reclake, name):
    place = section(page, PARTS[name])
    printed = json.loads(reclake("funnel", name, "--json"))
    rows = rows_of(table_below(place, "The numbers"))
    assert [(row[0], row[1], row[5], row[6], row[7]) for row in rows] == [
        (one["step_name"], *(f"{one[key]:,}" for key in ("n_reached", "n_lost", "n_open", "n_excluded"))) for one in printed
    ]
    bars = next(place.iter("figure"))
    n_excluded = sum(one["n_excluded"] for one in printed)
    wanted = [printed[0]["n_reached"], n_excluded]
    for before, one in pairwise(printed):
        wanted += [one["n_reached"], before["n_lost"], before["n_open"]]
    assert marks(bars) == [n for n in wanted if n]
    sentence = reclake("funnel", name).splitlines()[-1]  # 12 entered (11 customers) = 3 converted + 7 lost + …
    assert sentence.split(" entered")[0] + " " in text_in(place)
    for fate in ("converted", "lost", "open", "excluded"):
        number = sentence.split(f" {fate}")[0].split()[-1]
        assert f"{number} {'still ' if fate == 'open' else ''}{fate}" in text_in(place)


def test_the_rate_among_those_whose_window_is_over_stands_beside(page):
    of = [fate for *_, fate in reported.units(VISITS, 3000, seed=len(VISITS)) if fate != "open"]
    share = sum(fate == "converted" for fate in of) / len(of)
    assert f"Among those whose window is over, {share * 100:.1f} % converted" in text_in(section(page, PARTS[VISITS]))


def test_where_the_lost_went_adds_up_to_the_lost(page):
    place = section(page, PARTS[VISITS])
    charts = [one for one in place.iter("figure") if "lost visits did next" in text_in(one)]
    lost = {row["step"]: row["n_lost"] for row in ROWS[gold.FUNNELS] if (row["funnel"], row["period"], row["dimension"]) == (VISITS, "window", "all")}  # fmt: skip
    assert [sum(marks(chart)) for chart in charts] == [lost[1], lost[2], lost[3]]
    assert [f"what {lost[step]:,} lost visits" in text_in(charts[step - 1]) for step in (1, 2, 3)] == [True] * 3


def test_days_of_visits_are_added_up_and_those_of_customers_are_not(reclake):
    first, last = FIRST + 7 * DAY, FIRST + 13 * DAY
    page = opened(*reported.days(first, last))
    of = [unit for unit in reported.units(VISITS, 3000, seed=len(VISITS)) if first <= unit[0] <= last]
    place = section(page, PARTS[VISITS])
    assert f"{len(of):,} visits entered from {first} to {last}" in text_in(place)
    assert rows_of(table_below(place, "The numbers"))[0][1] == f"{sum(unit[-1] != 'excluded' for unit in of):,}"
    assert "customers." not in text_in(place).split("Time for all steps")[0]  # one may have come on several days
    others = section(page, PARTS[CUSTOMERS])
    assert f"entered from {FIRST} to {LAST}" in text_in(others)
    assert "cannot be added up" in text_in(others)
    assert len(rows_of(table_below(others, "By day of entry"))) == 7


def test_days_that_the_as_of_does_not_tell_are_not_claimed(reclake):
    page = opened(*reported.days(FIRST - 39 * DAY, LAST))
    place = text_in(section(page, PARTS[VISITS]))
    assert f"entered from {FIRST} to {LAST}" in place
    assert f"{FIRST - 39 * DAY}" not in place
    page = opened(*reported.days(FIRST - 39 * DAY, LAST - 7 * DAY))
    place = text_in(section(page, PARTS[VISITS]))
    assert f"entered from {FIRST} to {LAST - 7 * DAY}" in place
    assert "not in the sum: 0 of 21 days" in place


def test_sales_claim_no_days_before_those_that_are_shown(reclake):
    shown = AS_OF - 400 * DAY  # sales.shown_days
    assert f"{shown} to {LAST}" in text_in(section(opened(*reported.days(shown - 10 * DAY, LAST)), "sales"))


def test_a_sum_of_sales_that_no_column_holds_is_no_error(tmp_path, monkeypatch):
    huge = [row | {"revenue_amount": Decimal("99999999999999")} for row in ROWS[gold.SALES]]
    publish(tmp_path / "lake", {gold.SALES: huge})
    in_lake(tmp_path / "lake", monkeypatch)
    assert "orders" in text_in(section(opened(), "sales"))


@pytest.mark.parametrize(("activity", "name"), [("order", "Ordered again"), ("any", "Came or ordered again")])
def test_the_triangle_has_the_shares_of_the_command_and_nothing_where_it_is_open(page, reclake, activity, name):
    printed = json.loads(reclake("retention", "--period", "week", "--activity", activity, "--counts", "--json"))[::-1]
    table = table_below(section(page, "retention"), name)
    *cohorts, whole = table.find("tbody").findall("tr")
    assert [text_in(one.find("th")) for one in cohorts] == [one["start_date"] for one in printed]
    width = len(cohorts[0].findall("td")) - 1
    for row, one in zip(cohorts, printed, strict=True):
        size, *cells = row.findall("td")
        assert text_in(size) == f"{one['n_customers']:,}"
        shares = [None if cell.get("class") == "open" else float(cell.get("data-value")) for cell in cells]
        wanted = [None if one[str(n)] is None else one[str(n)] / one["n_customers"] for n in range(width)]
        assert shares == [None if share is None else pytest.approx(share, rel=1e-5) for share in wanted]
    assert [cell.get("class") for cell in cohorts[-1].findall("td")[2:]] == ["open"] * (width - 1)
    over = [(one["1"], one["n_customers"]) for one in printed if one["1"] is not None]
    second = float(whole.findall("td")[2].get("data-value"))
    assert second == pytest.approx(sum(n for n, _ in over) / sum(size for _, size in over), rel=1e-5)


def test_the_life_cycle_by_week_is_that_of_the_command(page, reclake):
    printed = json.loads(reclake("retention", "--lifecycle", "interval", "--period", "week", "--activity", "any", "--json"))
    wanted = [
        [one["start_date"], *(f"{one[state]:,}" for state in of_people.STATES)] for one in reversed(printed) if not one["is_open"]
    ]
    assert len(wanted) > 3
    assert rows_of(table_below(section(page, "lifecycle"), "The numbers")) == wanted


def test_moves_are_those_of_the_days(page):
    moves = Counter()
    for row in ROWS[gold.LIFECYCLE]:
        if (row["activity"], row["state_kind"]) == ("any", "daily") and FIRST <= row["start_date"] <= LAST and row["from_state"] != row["state"]:  # fmt: skip
            moves[row["from_state"], row["state"]] += row["n_customers"]
    flow = next(one for one in section(page, "lifecycle").iter("figure") if list(one.iter("path")))
    assert {(p.get("data-before"), p.get("data-after")): int(p.get("data-value")) for p in flow.iter("path")} == moves


def is_read(period, start):
    """Of the days from 2026-02-10 to 2026-03-09 the three whole weeks are read as weeks, and the others as days."""
    is_in_week = date(2026, 2, 16) <= start <= date(2026, 3, 8)
    return start >= FIRST and (is_in_week if period == "week" else not is_in_week)


@pytest.mark.parametrize("by", ["channel", "customer_kind", "category"])
def test_sales_add_up_to_those_of_the_command(page, reclake, by):
    printed = [
        row | {"period": period}
        for period in ("day", "week")
        for row in json.loads(reclake("sales", "--period", period, "--by", by, "--last", "28", "--json"))
    ]
    wanted = defaultdict(lambda: [0, Decimal(0)])
    for row in printed:
        if is_read(row["period"], date.fromisoformat(row["start_date"])) and row["currency"] == "CNY":
            value = ENGLISH.get(row[by], row[by])
            wanted[value] = [wanted[value][0] + row["n_orders"], wanted[value][1] + Decimal(row["revenue_amount"])]
    found = rows_of(table_below(section(page, "sales"), texts.ORDERS_BY[by].en))
    assert {row[0]: row[1] for row in found} == {value: f"{n:,}" for value, (n, _) in wanted.items()}
    assert sum(Decimal(row[3].replace(",", "").split()[0]) for row in found) == pytest.approx(sum(x for _, x in wanted.values()), abs=Decimal("0.05"))  # fmt: skip


def test_dimensions_and_their_values_have_names_in_both_languages():
    assert dimension_name("order_band") == Text("order band", "累计订单数区间")
    assert dimension_name("kind") == Text("kind", "事件类型")
    assert dimension_name("next_event").zh == "下一事件"
    assert value_name("channel", "pos") == Text("shop", "门店")
    assert value_name("tier", "dormant").zh == "休眠客户"
    assert value_name("weekday", "monday").zh == "星期一"
    assert value_name("tier", "unknown").zh == "未知"
    assert value_name("brand", "(none)").zh == "无"
    assert value_name("later", "no_other_channel").zh == "未转到其他渠道"
    # A word of one dimension says nothing of another's.
    assert [value_name("brand", value) for value in ("pos", "left", "new", "web")] == ["pos", "left", "new", "web"]
    for one in DIMENSIONS:
        assert "（" not in dimension_name(one.name).zh


def text_in_english(value):
    return value if isinstance(value, str) else value.en


def test_each_step_of_the_matrix_holds_all_paths(page):
    place = section(page, "paths-visits")
    whole, *_ = (one for one in place.iter("figure") if "each column sums to 100" in text_in(one))
    rows = whole.find("div/table/tbody").findall("tr")
    for step in range(reported.N_STEPS):
        assert sum(float(row.findall("td")[step].get("data-value")) for row in rows) == pytest.approx(1, abs=1e-5)
    walks = list(reported.walks())
    assert f"share in per cent of all {len(walks):,} paths" in text_in(whole)
    names = [text_in(row.find("th")) for row in rows]
    assert names[-1] == "end"  # who has gone stands below those who are there
    second = Counter(walk[1] for walk in walks if len(walk) > 1)
    cart = rows[names.index("cart")].findall("td")[1]
    assert float(cart.get("data-value")) == pytest.approx(second["cart"] / len(walks), rel=1e-5)


def test_every_node_has_as_many_that_come_as_that_go(page):
    flow = next(section(page, "paths-visits").iter("figure"))
    came, went = Counter(), Counter()
    for ribbon in flow.iter("path"):
        went[ribbon.get("data-before")] += int(ribbon.get("data-value"))
        came[ribbon.get("data-after")] += int(ribbon.get("data-value"))
    walks = list(reported.walks())
    assert went.pop("path_start") == came.pop("path_end") == len(walks)
    assert went == came == Counter(node for walk in walks for node in walk)


def test_routes_are_those_of_the_table(page):
    found = rows_of(table_below(section(page, "paths-visits"), "Routes that are walked most"))
    routes = sorted(
        (row for row in ROWS[gold.PATH_ROUTES] if row.get("n_paths")), key=lambda row: (-row["n_paths"], row["route"])
    )
    best = routes[0]
    words = " → ".join(text_in_english(of_paths.NODES.get(node, node)) for node in best["route"].split(" > "))
    assert found[0][:2] == [words, str(best["n_paths"])]
    assert len(found) == min(len(routes), 12)


def test_text_of_others_is_text(page):
    assert "a page of <b>others</b>" in text_in(section(page, "paths-visits"))
    assert not list(page.iter("b"))


@pytest.mark.parametrize("key", [*PARTS.values(), "paths-visits", "retention", "lifecycle"])
def test_every_part_says_who_counts_and_how_many_do_not(page, key):
    for language, counted, left_out, shared in (
        ("en", "customers who may be profiled; machines are not", "40 customers at least", "On a device that many people use"),
        ("zh", "仅统计允许画像的客户", "至少有 40 位", "多人共用的设备"),
    ):
        said = text_in(section(page, key), language)
        assert AS_OF.isoformat() in said
        assert counted in said
        assert left_out in said
        assert shared in said


def test_sales_say_that_everybody_counts_and_of_how_many_newness_is_not_told(page):
    rows = [
        row
        for row in ROWS[gold.SALES]
        if row["period"] in ("day", "week") and row["category"] == "(all)" and is_read(row["period"], row["start_date"])
    ]
    unknown = sum(row["n_orders"] for row in rows if row["customer_kind"] == "not_profiled")
    said = text_in(section(page, "sales"))
    assert f"{sum(row['n_orders'] for row in rows):,} orders" in said
    assert f"Of the orders, {unknown} (" in said


# What is empty says why


def test_a_lake_with_sales_alone_has_a_page_that_says_what_is_missing(tmp_path, monkeypatch):
    root = tmp_path / "lake"
    publish(root, {gold.SALES: ROWS[gold.SALES], gold.LIFECYCLE: []})
    in_lake(root, monkeypatch)
    page = opened()
    for key, table in {"funnels": gold.FUNNELS, "paths": gold.PATH_TRANSITIONS, "retention": gold.RETENTION}.items():
        assert f"{table.name} is not published yet" in text_in(section(page, key))
        assert not list(section(page, key).iter("svg"))
    assert f"gold.lifecycle has no row of the as_of {AS_OF}" in text_in(section(page, "lifecycle"))
    assert not list(section(page, "lifecycle").iter("svg"))
    assert "gold.first_orders is not published yet" in text_in(section(page, "sales"))
    assert list(section(page, "sales").iter("svg"))


def test_days_before_all_rows_say_so_and_draw_nothing(reclake):
    page = opened(*reported.days(date(2025, 1, 1), date(2025, 1, 7)))
    for key in ("funnels", "paths", "retention", "lifecycle", "sales"):  # no funnel of other days either
        assert "tells nothing of 2025-01-01 to 2025-01-07" in text_in(section(page, key))
        assert not list(section(page, key).iter("svg"))


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (("--from", "2026-03-01"), "--from and --to belong together"),
        (reported.days(LAST, FIRST), "the first day comes after the last"),
        (reported.days(LAST, AS_OF), f"{AS_OF} is not told of yet"),
    ],
)
def test_days_that_cannot_be_asked_for_end_in_three_lines(reclake, asked, message):
    with pytest.raises(UsageError, match=message) as error:
        run("report", "behaviour", *asked)
    assert len(str(error.value).splitlines()) == 3


def test_a_lake_that_knows_nothing_of_behaviour_is_refused(tmp_path, monkeypatch):
    for tables, message in (({gold.SALES: []}, "gold.funnels is not published"), ({gold.FUNNELS: []}, "nothing to report yet")):
        root = tmp_path / str(len(message)) / "lake"
        publish(root, tables)
        in_lake(root, monkeypatch)
        with pytest.raises(UsageError, match=message):
            run("report", "behaviour")


def test_the_newest_as_of_that_reaches_back_is_read(tmp_path, monkeypatch):
    early, late = AS_OF - 30 * DAY, AS_OF + 30 * DAY
    rows = [row | {"as_of_date": as_of} for as_of in (early, AS_OF, late) for row in ROWS[gold.FIRST_ORDERS]]
    publish(tmp_path / "lake", {gold.FIRST_ORDERS: rows})
    in_lake(tmp_path / "lake", monkeypatch)

    def as_of(*arguments):
        header = opened(*arguments).find("body").find("header")
        return {text_in(one.find("dt")): text_in(one.find("dd")) for one in header.find("dl")}["As of"]

    assert as_of() == late.isoformat()
    assert as_of(*reported.days(late - 20 * DAY, late - DAY)) == late.isoformat()
    assert as_of(*reported.days(FIRST, FIRST + DAY)) == AS_OF.isoformat()
    assert as_of(*reported.days(FIRST - 20 * DAY, AS_OF - 10 * DAY)) == AS_OF.isoformat()  # none reaches back so far


def test_the_page_lies_where_it_is_asked_for(reclake, tmp_path, root):
    run("report", "behaviour", "--file", str(tmp_path / "mine.html"))
    assert oct((tmp_path / "mine.html").stat().st_mode & 0o777) == "0o600"
    run("report", "behaviour")
    assert (root.parent / "behaviour.html").is_file()


def test_the_demo_ends_with_the_page_as_well(tmp_path):
    root = tmp_path / "lake"
    publish(root, {gold.FUNNELS: ROWS[gold.FUNNELS], bronze.FILES: []})
    own = [f"{key}={value}" for key, value in places(root.parent, root.parent / "landing").items()]
    look = look_at(ROOT, load_settings(ROOT, profile="test", overrides=own, environment={}))
    end = ending(look)
    assert [Path(line.strip()).name for line in end.lines[1:4]] == ["demo.html", "customers.html", "behaviour.html"]
    assert "Funnel" in Path(end.lines[3].strip()).read_text(encoding="utf-8")


def test_every_word_of_the_tables_has_a_text():
    assert set(of_people.STATES) == set(lifecycle.INTERVAL_STATES)
    assert set(vocabulary.EVENT_TYPES) < set(of_paths.NODES)
    assert {row["state"] for row in ROWS[gold.LIFECYCLE]} <= {*of_people.STATES, *of_people.DAILY_STATES}
    assert {table.name for table in TABLES} == {table.name for table in ROWS}
