"""gold.retention and gold.lifecycle: published figures, and plain Python on random histories."""

from datetime import date, timedelta
from decimal import Decimal
from random import Random

import pytest
from pyspark.sql import functions as F

import returning
from declared import cut_inputs
from frames import contents, frame
from reclake.behaviour.settings import CohortsOfPeriod, CohortsSettings
from reclake.gold import lifecycle as gold_lifecycle
from reclake.gold import retention as gold_retention
from reclake.gold.lifecycle import lifecycle
from reclake.gold.retention import retention
from reclake.lake.schema import conform
from reclake.tables import gold, silver

OLD = date(2010, 1, 1)
SMALL = {"day": (9, 6, (0, 1, 3, 6)), "week": (4, 3, (0, 2)), "month": (3, 2, (0, 1, 2))}
PUBLISHED = SMALL | {"month": (14, 12, (0, 1, 3, 12))}


def settings_of(followed):
    return CohortsSettings(**{
        period: CohortsOfPeriod(shown=n, intervals=longest, brackets=ends) for period, (n, longest, ends) in followed.items()
    })


def inputs(spark, table, *, customers, as_of, visits=(), lines=(), silent=(), regions=None):
    """`customers` are their own accounts; those in `silent` may not be profiled; `regions` is customer → region."""
    accounts = [
        dict(
            account_id=one, basis="consent" if one in silent else "contract", is_device=False, is_machine=False, valid_from=OLD,
            region=(regions or {}).get(one),
        )
        for one in customers
    ]  # fmt: skip
    identities = [dict(account_id=one, customer_id=one, valid_from=OLD) for one in customers]
    frames = {
        silver.IDENTITIES.name: frame(spark, silver.IDENTITIES, *identities),
        silver.ACCOUNTS.name: frame(spark, silver.ACCOUNTS, *accounts),
        silver.CONSENTS.name: frame(spark, silver.CONSENTS),
        gold.CUSTOMER_SEGMENTS.name: frame(spark, gold.CUSTOMER_SEGMENTS),
        silver.SESSIONS.name: frame(spark, silver.SESSIONS, *(dict(account_id=one, session_date=day) for one, day in visits)),
        silver.ORDER_LINES.name: lines if hasattr(lines, "columns") else frame(spark, silver.ORDER_LINES, *lines),
    }
    return cut_inputs(table, frames, as_of=as_of)


def line(account_id, day, n, amount="1.00", currency="CNY"):
    return dict(
        account_id=account_id, order_id=f"o{n}", source="demo", order_scope="web", line_kind="product", event_date=day, quantity=1,
        line_amount=Decimal(amount), currency=currency, is_return=False,
    )  # fmt: skip


def retained(taken, *, as_of, followed, least=1, breakdowns=()):
    settings = {"reporting_currency": "CNY", "min_group_size": least, "timezone": "UTC", "breakdowns": breakdowns}
    return contents(conform(retention(**taken, as_of=as_of, cohorts=settings_of(followed), **settings), gold.RETENTION))


def lived(taken, *, as_of, followed, least=1):
    return contents(conform(lifecycle(**taken, as_of=as_of, cohorts=settings_of(followed), min_group_size=least), gold.LIFECYCLE))


def random_histories(seed, *, as_of):
    """Customer → active days, some of them long ago, of the week before, or of every day; each has one at least."""
    random = Random(seed)
    return {
        f"c{n}": {
            as_of - timedelta(days=1 + int(random.betavariate(0.7, 1.6) * span)) for _ in range(random.choice((1, 2, 4, 9)))
        }
        for n, span in enumerate(random.choices((6, 30, 100), k=40))
    }


def of_cohorts(rows, activity, dimension="all"):
    """Cells of cohorts by what they are of, and behind it by the value of a breakdown."""
    return {
        (
            row["period"], row["cohort_kind"], row["start_date"], row["measure"], row["from_interval"],
            *(() if dimension == "all" else (row["value"],)),
        ): (
            row["n_customers"], row["n_active"], row["revenue_amount"],
        )
        for row in rows
        if (row["activity"], row["dimension"]) == (activity, dimension)
    }  # fmt: skip


@pytest.mark.parametrize(("seed", "least"), [(1, 1), (2, 4)])
def test_retention_is_what_plain_python_counts(spark, seed, least):
    as_of, random = date(2026, 3, 10), Random(seed)
    histories = random_histories(seed, as_of=as_of)
    bought = {one: {day for day in days if random.random() < 0.6} for one, days in histories.items()}
    bought = {one: days for one, days in bought.items() if days}
    spends = {one: {day: Decimal(random.randrange(1, 99)) for day in days} for one, days in bought.items()}
    abroad = min(spends)
    lines = [line(one, day, f"{one}{day}", amount) for one, of in spends.items() for day, amount in of.items() if one != abroad]
    lines += [line(abroad, day, f"x{day}", currency="EUR") for day in spends[abroad]]
    spends[abroad] = {}
    visits = [(one, day) for one, days in histories.items() for day in days if day not in bought.get(one, ())]
    visits += [(f"silent{n}", as_of - timedelta(days=3)) for n in range(5)]
    silent = [f"silent{n}" for n in range(5)]
    random.shuffle(visits)
    taken = inputs(spark, gold.RETENTION, customers=[*histories, *silent], as_of=as_of, visits=visits, lines=lines, silent=silent)
    rows = retained(taken, as_of=as_of, followed=SMALL, least=least)
    wanted = {
        "any": returning.retention(histories, as_of=as_of, followed=SMALL, least=least),
        "order": returning.retention(bought, as_of=as_of, followed=SMALL, least=least, spends=spends),
    }
    for activity, cells in wanted.items():
        assert of_cohorts(rows, activity) == cells, activity
        assert any(n is None for _, n, _ in cells.values())
    assert {(row["activity"], row["n_left_out"]) for row in rows} == {("any", 5 - 5 % least), ("order", 0)}
    unknown = [row for row in rows if row["revenue_amount"] is None]
    assert unknown
    assert all(row["revenue_ratio"] is None for row in unknown), "an open cell has earned no 0"


@pytest.mark.parametrize(("seed", "least"), [(5, 1), (6, 3)])
def test_each_value_of_a_breakdown_is_a_cohort_and_small_ones_are_joined(spark, seed, least):
    as_of, random = date(2026, 3, 10), Random(seed)
    histories = random_histories(seed, as_of=as_of)
    regions = {one: random.choices(("north", "south", "east", None), (6, 3, 1, 1))[0] for one in histories}
    visits = [(one, day) for one, days in histories.items() for day in days]
    taken = inputs(spark, gold.RETENTION, customers=histories, as_of=as_of, visits=visits, regions=regions)
    rows = retained(taken, as_of=as_of, followed=SMALL, least=least, breakdowns=("region", "order_band"))
    whole = returning.retention(histories, as_of=as_of, followed=SMALL, least=least)
    assert of_cohorts(rows, "any") == whole
    assert of_cohorts(rows, "any", "order_band") == {(*key, "unknown"): cell for key, cell in whole.items()}

    by_region = {
        region or "unknown": {one: days for one, days in histories.items() if regions[one] == region}
        for region in set(regions.values())
    }
    counted = {
        region: returning.retention(of_region, as_of=as_of, followed=SMALL, least=1) for region, of_region in by_region.items()
    }
    wanted, joined = {}, set()
    for key in whole:
        cohort = key[:3]
        sizes = sorted(
            (cells[*cohort, "bounded", 0][0], region) for region, cells in counted.items() if (*cohort, "bounded", 0) in cells
        )
        n_small = sum(n < least for n, _ in sizes)
        if n_small == len(sizes):
            continue
        for place, (_, region) in enumerate(sizes):
            value = "other" if n_small and place <= n_small else region
            joined |= {value} & {"other"}
            n, n_active, _ = counted[region][key]
            before, active, _ = wanted.get((*key, value), (0, 0, None))
            wanted[*key, value] = (before + n, None if n_active is None else active + n_active, None)
    assert of_cohorts(rows, "any", "region") == wanted
    assert (least == 1) == (not joined)


@pytest.mark.parametrize("seed", [3, 4])
def test_the_life_cycle_is_what_plain_python_counts_and_its_flow_is_conserved(spark, seed):
    as_of = date(2026, 3, 10)
    histories = random_histories(seed, as_of=as_of)
    visits = [(one, day) for one, days in histories.items() for day in days]
    rows = lived(inputs(spark, gold.LIFECYCLE, customers=histories, as_of=as_of, visits=visits), as_of=as_of, followed=SMALL)
    assert {row["activity"] for row in rows} == {"any"}
    intervals = {
        (row["period"], row["start_date"], row["state"]): row["n_customers"] for row in rows if row["state_kind"] == "interval"
    }
    assert intervals == returning.by_interval(histories, as_of=as_of, followed=SMALL)
    flows = {
        (row["start_date"], row["from_state"], row["state"]): row["n_customers"] for row in rows if row["state_kind"] == "daily"
    }
    assert flows == returning.flows(histories, as_of=as_of, n_days=SMALL["day"][0])
    for day in {day for day, *_ in flows}:
        into, out_of = {}, {}
        for (on, from_state, state), n in flows.items():
            if on == day:
                into[state] = into.get(state, 0) + n
            elif on == day + timedelta(days=1) and from_state != "(none)":
                out_of[from_state] = out_of.get(from_state, 0) + n
        assert not out_of or into == out_of


def test_three_users_are_counted_as_published(spark):
    """PostHog 13748: back on day 1, on day 5, and never."""
    first, as_of = date(2026, 3, 2), date(2026, 3, 9)
    active = {"a": (0, 1), "b": (0, 5), "c": (0,)}
    visits = [(one, first + timedelta(days=n)) for one, days in active.items() for n in days]
    taken = inputs(spark, gold.RETENTION, customers=active, as_of=as_of, visits=visits)
    found = of_cohorts(retained(taken, as_of=as_of, followed=SMALL), "any")
    shares = {
        measure: [100 * found["day", "first", first, measure, n][1] // 3 for n in range(7)]
        for measure in ("bounded", "unbounded")
    }
    assert shares == {"bounded": [100, 33, 0, 0, 0, 33, 0], "unbounded": [100, 66, 33, 33, 33, 33, 0]}


def test_few_customers_are_a_reason_and_nobody_at_all_is_none(spark):
    as_of = date(2026, 3, 9)
    for visits, told in (([("a", date(2026, 3, 2))], True), ([], False)):
        taken, alive = (
            inputs(spark, table, customers=["a"], as_of=as_of, visits=visits) for table in (gold.RETENTION, gold.LIFECYCLE)
        )
        common = {"as_of": as_of, "cohorts": settings_of(SMALL), "min_group_size": 2}
        few = gold_retention.emptiness(**taken, **common, reporting_currency="CNY", timezone="UTC", breakdowns=())
        lives = gold_lifecycle.emptiness(**alive, **common)
        wanted = ["each cohort has fewer than 2 customers", "fewer than 2 customers who may be profiled were ever active"]
        assert [contents(one)[0]["reason"] for one in (few, lives)] == (wanted if told else [None, None])


@pytest.mark.data
def test_online_retail_gives_the_published_rows(spark, root):
    stored = root.parent / "shared" / "data" / "online-retail" / "online_retail.parquet"
    if not stored.exists():
        pytest.skip("no ../shared/data/online-retail")
    lines = (
        spark.read
        .parquet(str(stored))
        .where("CustomerID is not null and Quantity > 0 and UnitPrice > 0")
        .select(
            F.col("CustomerID").cast("string").alias("account_id"),
            F.col("InvoiceNo").alias("order_id"),
            F.lit("online_retail").alias("source"),
            F.lit("web").alias("channel"),
            F.lit("web").alias("order_scope"),
            F.lit("product").alias("line_kind"),
            F.to_date("InvoiceDate").alias("event_date"),
            F.col("Quantity").cast("long").alias("quantity"),
            (F.col("UnitPrice").cast("decimal(18,4)") * F.col("Quantity")).cast("decimal(18,4)").alias("line_amount"),
            F.lit("GBP").alias("currency"),
            F.lit(False).alias("is_return"),
        )
        .cache()
    )
    customers = [row[0] for row in lines.select("account_id").distinct().collect()]
    assert len(customers) == 4338
    closed = date(2012, 1, 1)  # whatever days the last month lacks
    taken = inputs(spark, gold.RETENTION, customers=customers, as_of=closed, lines=lines)
    rows = retained(taken, as_of=closed, followed=PUBLISHED, least=10)
    found = of_cohorts(rows, "order")
    first = date(2010, 12, 1)
    months = [date(2010 + n // 12, n % 12 + 1, 1) for n in range(11, 24)]
    sizes = [found["month", "first", month, "bounded", 0][0] for month in months]
    assert sizes == [885, 417, 380, 452, 300, 284, 242, 188, 169, 299, 358, 323, 41]
    published = {
        "bounded": [885, 324, 286, 340, 321, 352, 321, 309, 313, 350, 331, 445, 235],
        "unbounded": [885, 766, 753, 741, 724, 713, 696, 672, 652, 621, 583, 510, 235],
    }
    assert {measure: [found["month", "first", first, measure, n][1] for n in range(13)] for measure in published} == published
    as_of = date(2011, 12, 10)
    taken = inputs(spark, gold.LIFECYCLE, customers=customers, as_of=as_of, lines=lines)
    lives = {
        (row["start_date"], row["state"]): row["n_customers"]
        for row in lived(taken, as_of=as_of, followed=PUBLISHED)
        if (row["activity"], row["state_kind"], row["period"]) == ("order", "interval", "month")
    }
    for month, states in {
        first: (885, 0, 0, 0),
        date(2011, 1, 1): (417, 324, 0, 561),
        date(2011, 2, 1): (380, 262, 116, 479),
        date(2011, 3, 1): (452, 290, 232, 468),
        date(2011, 10, 1): (358, 489, 517, 777),
        date(2011, 11, 1): (323, 622, 719, 742),
        date(2011, 12, 1): (None, None, None, None),
    }.items():
        assert tuple(lives[month, state] for state in ("new", "returning", "resurrecting", "dormant")) == states
