"""gold.customer_value, gold.value_models and gold.value_deciles against plain Python on the same purchases."""

import random
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest
from pyspark.sql import functions as F

from declared import cut_inputs
from frames import contents, frame, in_order
from reclake.gold.customer_value import customer_value
from reclake.gold.value_deciles import emptiness, value_deciles
from reclake.gold.value_models import value_models
from reclake.lake.schema import conform
from reclake.tables import gold, silver
from reclake.value import spending
from reclake.value.forecasts import forecast
from reclake.value.histories import grouped
from reclake.value.judging import choice
from reclake.value.purchases import collected_histories, collected_spends, observed
from reclake.value.purchasing import Purchasing
from reclake.value.settings import ValueSettings
from reclake.value.spending import Spending, spends
from reclake.value.worth import worth

OLD, AS_OF = date(2024, 1, 1), date(2026, 3, 10)
SETTINGS = ValueSettings(
    horizon_periods=12, period_days=30.415, discount_per_period=0.01, interval_share=0.9, holdout_share=0.333, max_groups=200000
)


def line(account, order, day, amount, *, currency="CNY", quantity=1, kind="product"):
    return dict(
        account_id=account, order_id=order, source="demo", order_scope="web", line_kind=kind, event_date=day, quantity=quantity,
        line_amount=Decimal(amount), currency=currency, is_return=quantity < 0,
    )  # fmt: skip


def frames_of(spark, lines, *, silent=(), machines=(), customers=None):
    accounts = sorted({one["account_id"] for one in lines})
    described = [
        dict(
            account_id=one,
            basis="consent" if one in silent else "contract",
            is_device=one in machines,
            is_machine=one in machines,
        )
        | dict(valid_from=OLD)
        for one in accounts
    ]
    known = [dict(account_id=one, customer_id=(customers or {}).get(one, one), valid_from=OLD) for one in accounts]
    return {
        silver.IDENTITIES.name: frame(spark, silver.IDENTITIES, *known),
        silver.ACCOUNTS.name: frame(spark, silver.ACCOUNTS, *described),
        silver.CONSENTS.name: frame(spark, silver.CONSENTS),
        silver.ORDER_LINES.name: frame(spark, silver.ORDER_LINES, *lines),
    }


def arguments(frames, *, as_of=AS_OF):
    return cut_inputs(gold.VALUE_MODELS, frames, as_of=as_of, given={"reporting_currency": "CNY"}) | dict(as_of=as_of)


def models_of(given, *, least=10, settings=SETTINGS):
    built = value_models(**given, value=settings, reporting_currency="CNY", min_group_size=least)
    return conform(built, gold.VALUE_MODELS)


def values_of(given, models):
    built = customer_value(**given, value_models=models, value=SETTINGS, reporting_currency="CNY")
    return conform(built, gold.CUSTOMER_VALUE)


def histories_of(spark, lines, *, until=AS_OF, **who):
    bought = arguments(frames_of(spark, lines, **who))["purchases"]
    return contents(observed(bought, until=F.lit(until)).drop("first_date", "n_later", "later_amount"))


def history(customer, x, t_x, age, total, *, priced=None, currency="CNY"):
    return dict(
        customer_id=customer, currency=currency, n_repeats=x, last_repeat_days=t_x, age_days=age,
        n_priced_repeats=x if priced is None else priced, repeat_amount=Decimal(total).quantize(Decimal("0.0001")),
    )  # fmt: skip


def test_one_days_purchases_count_once_and_the_first_is_no_repeat(spark):
    start = AS_OF - timedelta(days=100)
    after = [start + timedelta(days=n) for n in range(101)]
    found = histories_of(
        spark,
        [
            line("a", "1", after[0], "10"),
            line("a", "2", after[10], "20"),
            line("a", "3", after[10], "5"),
            line("a", "4", after[40], "40"),
            # A voucher belongs to its order; what came back, a gift and a correction are no purchase, nor is what is to come.
            line("b", "1", after[5], "9"),
            line("b", "2", after[7], "9"),
            line("b", "2", after[7], "-2", kind="voucher"),
            line("b", "3", after[9], "-9", quantity=-1),
            line("b", "4", after[11], "0"),
            line("b", "5", after[100], "50"),
            # An order over midnight lies on its first day.
            line("night", "1", after[1], "3"),
            line("night", "1", after[2], "4"),
            # Purchases in another currency are purchases, and their amounts are not added.
            line("abroad", "1", after[0], "7", currency="USD"),
            line("abroad", "2", after[3], "8"),
            line("abroad", "3", after[6], "9", currency="USD"),
            line("only_abroad", "1", after[0], "7", currency="USD"),
            line("only_abroad", "2", after[2], "6", currency="USD"),
            line("silent", "1", after[0], "7"),
            line("machine", "1", after[0], "7"),
            # Who has an account that is no machine is a person, with all that was bought.
            line("script", "1", after[0], "7"),
            line("owner", "2", after[4], "6"),
            line("never", "1", after[100], "7"),
        ],
        silent=("silent",),
        machines=("machine", "script"),
        customers={"script": "owner"},
    )
    assert found == in_order(
        history("a", 2, 40, 100, 65),
        history("b", 1, 2, 95, 7),
        history("night", 0, 0, 99, 0),
        history("abroad", 2, 6, 100, 8, priced=1),
        history("only_abroad", 1, 2, 100, 6, currency="USD"),
        history("owner", 1, 4, 100, 6),
    )


def company(*, n=400, seed=5, span=300, currency_of=lambda n: "CNY"):
    """Order lines of customers who buy as MBG/NBD says and spend as Gamma–Gamma says."""
    rng = np.random.default_rng(seed)
    lines = []
    for number in range(n):
        rate, p, level = rng.gamma(0.9, 1 / 20), rng.beta(0.9, 2.5), rng.gamma(4.0, 1 / 30)
        day, orders = float(rng.integers(0, span - 20)), 0
        while day < span:
            when = AS_OF - timedelta(days=span - int(day))
            amount = Decimal(max(rng.gamma(5.0) / level, 0.01)).quantize(Decimal("0.01"))
            lines.append(line(f"c{number:04}", f"{number}-{orders}", when, amount, currency=currency_of(number)))
            orders += 1
            if rng.random() < p:
                break
            day += rng.exponential(1 / rate)
    return lines


def by_hand(lines, until, *, after=None):
    """Customer → x, t_x, T, mean repeat amount, from lines that each are an order."""
    amounts = defaultdict(lambda: defaultdict(Decimal))
    for one in lines:
        if one["event_date"] < until:
            amounts[one["account_id"]][one["event_date"]] += one["line_amount"]
    found = {}
    for customer, by_day in sorted(amounts.items()):
        days = sorted(by_day)
        if after is None or days[0] < after:
            total = sum((by_day[day] for day in days[1:]), Decimal(0))
            x = len(days) - 1
            found[customer] = (x, (days[-1] - days[0]).days, (until - days[0]).days, float(total) / x if x else 0.0)
    return found


def columns(rows):
    return tuple(np.array(column, dtype=float) for column in zip(*rows, strict=True))


@pytest.fixture(scope="module")
def shop(spark):
    """Lines, what the builders take, and the models, once for several tests."""
    lines = company()
    given = arguments(frames_of(spark, lines))
    given["purchases"].cache()
    return lines, given, models_of(given)


def test_models_are_those_that_plain_python_fits(shop):
    lines, _, models = shop
    (row,) = contents(models)
    whole = by_hand(lines, AS_OF)
    before = by_hand(lines, row["split_date"])
    after = by_hand(lines, AS_OF, after=row["split_date"])
    views = [grouped(*columns(view.values())[:3]) for view in (whole, before, after)]
    chosen = choice(*views)
    assert (row["model"], row["chosen_by"], row["reason"]) == (chosen.name, "held_out", None)
    used = chosen.used
    assert [row[name] for name in ("r", "alpha", "a", "b")] == pytest.approx(used.whole.parameters, rel=1e-6)
    assert [row[f"calibration_{name}"] for name in ("r", "alpha", "a", "b")] == pytest.approx(
        used.calibration.parameters, rel=1e-6
    )
    for name, one in chosen.models.items():
        assert row[f"{name}_log_likelihood"] == pytest.approx(one.likelihood)
        assert row[f"{name}_held_out_log_likelihood"] == pytest.approx(one.held_out)
    x, _, _, mean = columns(whole.values())
    repeated = x > 0
    spend = spending.fitted(spends(x, mean))
    assert [row["spend_p"], row["spend_q"], row["spend_v"]] == pytest.approx([spend.p, spend.q, spend.v], rel=5e-3)
    assert row["spend_frequency_correlation"] == pytest.approx(np.corrcoef(x[repeated], mean[repeated])[0, 1], abs=1e-3)
    counts = len(whole) // 10 * 10, int(repeated.sum()) // 10 * 10, len(before) // 10 * 10
    assert (row["n_customers"], row["n_repeaters"], row["n_held_out_customers"]) == counts
    start = sorted(AS_OF - timedelta(days=age) for _, _, age, _ in whole.values())[int(np.ceil(0.01 * len(whole))) - 1]
    assert (AS_OF - row["split_date"]).days == int((AS_OF - start).days * 0.333)


def test_each_customers_figures_are_those_that_plain_python_forecasts(shop):
    lines, given, models = shop
    (row,) = contents(models)
    model = Purchasing(row["model"], row["r"], row["alpha"], row["a"], row["b"])
    spend = Spending(row["spend_p"], row["spend_q"], row["spend_v"])
    found = {one["customer_id"]: one for one in contents(values_of(given, models))}
    whole = by_hand(lines, AS_OF)
    assert found.keys() == whole.keys()
    x, t_x, age, mean = columns(whole.values())
    seen = forecast(model, x, t_x, age, period=30.415, n_periods=12, discount=0.01)
    ends = worth(spend, seen, x, interval_share=0.9)
    scale = spend.v + x * mean
    for place, (customer, (n, last, days, one_mean)) in enumerate(whole.items()):
        one = found[customer]
        assert (one["n_repeats"], one["model"], one["no_value_because"]) == (n, row["model"], None)
        first = AS_OF - timedelta(days=days)
        assert (one["first_purchase_date"], one["last_purchase_date"]) == (first, first + timedelta(days=last))
        assert (one["repeat_mean_amount"] is None) == (n == 0)
        assert n == 0 or float(one["repeat_mean_amount"]) == pytest.approx(one_mean, abs=1e-4)
        assert (one["p_alive"], one["expected_purchases"]) == pytest.approx((seen.p_alive[place], seen.expected[place]))
        amounts = [float(one[f"{name}_amount"]) for name in ("value", "value_lower", "value_upper")]
        assert amounts == pytest.approx(
            [factor[place] * scale[place] for factor in (ends.value, ends.lower, ends.upper)], abs=1e-3
        )


def test_deciles_and_gini_are_those_of_the_held_out_days(shop):
    lines, given, models = shop
    (row,) = contents(models)
    split = row["split_date"]
    before = by_hand(lines, split)
    model = Purchasing(row["model"], *(row[f"calibration_{name}"] for name in ("r", "alpha", "a", "b")))
    x, t_x, age, mean = columns(before.values())
    period = float((AS_OF - split).days)
    expected = forecast(model, x, t_x, age, period=period, n_periods=1, discount=0).expected
    days, spent = defaultdict(set), defaultdict(float)
    for one in lines:
        if split <= one["event_date"] < AS_OF:
            days[one["account_id"]].add(one["event_date"])
            spent[one["account_id"]] += float(one["line_amount"])
    actual = np.array([len(days[customer]) for customer in before])
    tenths = contents(conform(value_deciles(**given, value_models=models, min_group_size=1), gold.VALUE_DECILES))
    of_purchases = [one for one in tenths if one["measure"] == "purchases"]
    for rows, sums in ((of_purchases, (expected.sum(), actual.sum())), ([one for one in tenths if one["unit"] == "CNY"], None)):
        n = np.array([one["n_customers"] for one in rows])
        assert n.sum() == len(before)
        means = [n @ np.array([one[name] for one in rows]) for name in ("expected", "actual")]
        spend = Spending(*(row[f"calibration_spend_{name}"] for name in "pqv"))
        worth_of = expected * spend.expected_mean(x, mean)
        assert means == pytest.approx(sums or (worth_of.sum(), sum(spent[customer] for customer in before)), rel=1e-6)
    assert [one["expected"] for one in sorted(of_purchases, key=lambda one: one["decile"])] == sorted(
        one["expected"] for one in of_purchases
    )
    # The area by pairs: the mean difference of what came, by which of two was forecast more.
    by_forecast = np.sign(expected[:, None] - expected[None, :]) * (actual[:, None] - actual[None, :])
    by_actual = np.abs(actual[:, None] - actual[None, :])
    assert row["purchases_gini"] == pytest.approx(by_forecast.sum() / by_actual.sum(), abs=0.01)
    assert 0 < row["value_gini"] < 1
    few = conform(value_deciles(**given, value_models=models, min_group_size=30), gold.VALUE_DECILES).collect()
    assert few
    assert all(one["n_customers"] % 30 == 0 and one["n_customers"] >= 30 for one in few)


def test_rows_in_another_order_and_partitioning_give_the_same_rows(spark, shop):
    lines, _, models = shop
    shuffled = random.Random(3).sample(lines, len(lines))
    frames = frames_of(spark, shuffled)
    given = arguments(frames | {silver.ORDER_LINES.name: frames[silver.ORDER_LINES.name].repartition(7)})
    assert contents(models_of(given)) == contents(models)


def test_joined_groups_keep_every_sum(shop):
    _, given, _ = shop
    seen = observed(given["purchases"], until=F.lit(AS_OF))
    split = AS_OF - timedelta(days=100)
    exact, joined = (collected_histories(seen, known_before=split, max_groups=most) for most in (100_000, 60))
    for one, other in zip(exact, joined, strict=True):
        assert len(other.repeats) < len(one.repeats)
        assert len(other.repeats) <= 60
        for name in ("repeats", "last_repeat", "age"):
            sums = [histories.n_customers @ getattr(histories, name) for histories in (one, other)]
            assert sums[0] == pytest.approx(sums[1])
        assert one.n == other.n
    (exact_spends,), (joined_spends,) = (collected_spends(seen, max_groups=most).values() for most in (100_000, 40))
    assert len(joined_spends.mean) <= 40 < len(exact_spends.mean)
    for name in ("repeats", "mean", "log_mean"):
        sums = [one.n_customers @ getattr(one, name) for one in (exact_spends, joined_spends)]
        assert sums[0] == pytest.approx(sums[1])


def test_currencies_have_spends_of_their_own_and_one_model_of_purchases(spark):
    lines = company(n=150, currency_of=lambda n: "CNY" if n % 3 else "USD" if n else "GBP")
    given = arguments(frames_of(spark, lines))
    models = models_of(given, least=5).cache()
    rows = {one["currency"]: one for one in contents(models)}
    assert rows.keys() - {"GBP"} == {"CNY", "USD"}
    assert len({(one["model"], one["r"], one["alpha"]) for one in rows.values()}) == 1
    assert rows["CNY"]["spend_v"] != rows["USD"]["spend_v"]
    found = {one["customer_id"]: one for one in contents(values_of(given, models))}
    alone = found["c0000"]
    assert alone["currency"] == "GBP"
    assert alone["p_alive"] is not None
    assert alone["value_amount"] is None
    assert alone["no_value_because"]
    assert {one["no_value_because"] for one in found.values() if one["currency"] != "GBP"} == {None}


@pytest.mark.parametrize(
    ("lines", "as_of", "least", "reason"),
    [
        ([line("a", "1", AS_OF, "5"), line("b", "1", AS_OF + timedelta(days=3), "5")], AS_OF, 1, "nobody has bought yet"),
        (company(n=40), AS_OF - timedelta(days=900), 1, "nobody has bought yet"),
        (company(n=9), AS_OF, 10, "fewer than 10 customers have bought"),
        (
            [line(f"c{n}", str(day), AS_OF - timedelta(days=day), "5") for n in range(12) for day in (30, 20)],
            AS_OF,
            10,
            "all customers have the same history",
        ),
    ],
    ids=["to come", "before the first order", "few", "all equal"],
)
def test_degenerate_data_is_named_and_not_fitted(spark, lines, as_of, least, reason):
    given = arguments(frames_of(spark, lines), as_of=as_of)
    models = models_of(given, least=least).cache()
    (row,) = contents(models)
    assert (row["model"], row["chosen_by"], row["reason"], row["r"]) == ("none", "none", reason, None)
    assert row["spend_reason"]
    found = contents(values_of(given, models))
    assert len(found) == len({one["account_id"] for one in lines if one["event_date"] < as_of})
    assert {(one["model"], one["p_alive"], one["value_amount"], one["no_value_because"]) for one in found} <= {
        ("none", None, None, reason)
    }
    assert value_deciles(**given, value_models=models, min_group_size=least).isEmpty()
    (told,) = emptiness(**given, value_models=models, min_group_size=least).collect()
    assert told["as_of_date"] == as_of
    assert told["reason"]


def test_repeats_that_sum_to_nothing_have_no_value(spark):
    lines = company(n=60)
    back = AS_OF - timedelta(days=50)
    lines += [
        line("refunded", "1", back, "20"),
        line("refunded", "2", AS_OF - timedelta(days=9), "20"),
        line("refunded", "2", AS_OF - timedelta(days=9), "-25", kind="voucher"),
    ]
    given = arguments(frames_of(spark, lines))
    found = values_of(given, models_of(given)).where("customer_id = 'refunded'")
    (one,) = contents(found)
    assert (one["n_repeats"], one["value_amount"], one["no_value_because"]) == (1, None, "the repeat purchases sum to nothing")
    assert one["expected_purchases"] > 0
