"""Models of purchases and spend: published figures, closed forms, derivatives, simulation, and data that teach nothing."""

from __future__ import annotations

import csv
import doctest
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import hyp2f1

from oracles import cdnow_days, dataset, summary
from reclake.value import forecasts, histories, judging, models, purchasing, spending
from reclake.value.forecasts import expected_of_new, expected_purchases, forecast, p_alive
from reclake.value.histories import Histories, NotFitted, grouped
from reclake.value.judging import Buckets, choice, deciles, normalised_gini
from reclake.value.purchasing import MODELS, Purchasing, _likelihood, fitted, log_likelihood
from reclake.value.spending import Spending, Spends, spends
from reclake.value.worth import worth

SPLIT, END = date(1997, 9, 30), date(1998, 6, 30)
BG = Purchasing("bg_nbd", 0.2426, 4.4136, 0.7929, 2.4259)
MBG = Purchasing("mbg_nbd", 0.5248, 6.1830, 0.8914, 1.6140)


def columns(*rows):
    return tuple(np.array(column, dtype=float) for column in zip(*rows, strict=True))


@pytest.mark.parametrize("module", [forecasts, histories, judging, models], ids=lambda module: module.__name__)
def test_examples(module):
    found = doctest.testmod(module)
    assert found.attempted
    assert not found.failed


@pytest.fixture(scope="module")
def cdnow():
    """The CDNOW sample from raw purchases, in weeks to 1997-09-30."""
    return grouped(*columns(*summary(cdnow_days(), SPLIT).values()))


FOUR = columns((2, 30.43, 38.86), (0, 0, 38.86), (1, 1.71, 38.86), (7, 29.43, 38.86))


def test_bg_nbd_of_cdnow_gives_the_published_figures(cdnow):
    model = fitted("bg_nbd", cdnow)
    assert (cdnow.n, len(cdnow.repeats)) == (2357, 1016)
    assert model.parameters == pytest.approx((0.24259, 4.41360, 0.79292, 2.42591), abs=1e-4)
    assert log_likelihood(model, cdnow) == pytest.approx(-9582.429, abs=1e-3)
    assert p_alive(model, *FOUR) == pytest.approx([0.726609, 1, 0.21223, 0.64180], abs=1e-5)
    assert expected_purchases(model, 39, *FOUR) == pytest.approx([1.2259, 0.19478, 0.20326, 3.33719], abs=1e-4)
    assert [expected_of_new(model, t) for t in (1, 12, 39, 52)] == pytest.approx(
        [0.053184, 0.500617, 1.195010, 1.444012], abs=1e-6
    )
    alive = p_alive(model, cdnow.repeats, cdnow.last_repeat, cdnow.age)
    assert cdnow.n_customers @ alive == pytest.approx(1917.28, abs=0.01)


def test_mbg_nbd_of_cdnow_gives_the_published_figures():
    rows = list(csv.DictReader(dataset("cdnow_customers_summary.csv").open()))
    x, t_x, age = columns(*((row["frequency"], row["recency"], row["T"]) for row in rows))
    given_histories = grouped(x, t_x, age)
    model = fitted("mbg_nbd", given_histories)
    assert model.parameters == pytest.approx((0.524838, 6.182993, 0.891356, 1.613999), abs=1e-4)
    assert log_likelihood(model, given_histories) == pytest.approx(-9582.1327, abs=1e-3)
    assert log_likelihood(fitted("bg_nbd", given_histories), given_histories) == pytest.approx(-9582.4256, abs=1e-3)
    assert p_alive(model, *FOUR) == pytest.approx([0.706126, 0.389716, 0.170820, 0.622639], abs=2e-5)
    alive = p_alive(model, given_histories.repeats, given_histories.last_repeat, given_histories.age)
    assert given_histories.n_customers @ alive == pytest.approx(1057.638, abs=1e-3)


def test_mbg_nbd_from_raw_purchases(cdnow):
    model = fitted("mbg_nbd", cdnow)
    assert model.parameters == pytest.approx((0.5248, 6.1830, 0.8914, 1.6140), abs=1e-3)
    assert log_likelihood(model, cdnow) == pytest.approx(-9582.13, abs=0.01)


def test_39_held_out_weeks_of_cdnow(cdnow):
    days = cdnow_days()
    model = fitted("bg_nbd", cdnow)
    before = summary(days, SPLIT)
    expected = expected_purchases(model, 39, *columns(*before.values()))
    actual = np.array([sum(SPLIT < day <= END for day in days[customer]) for customer in before])
    assert (int(actual.sum()), round(float(expected.sum()), 1)) == (1882, 1653.4)
    assert np.abs(actual - expected).mean() == pytest.approx(0.7855, abs=5e-5)
    assert np.sqrt(((actual - expected) ** 2).mean()) == pytest.approx(1.6080, abs=5e-5)
    x = columns(*before.values())[0]
    by_x = [(actual[chosen].mean(), expected[chosen].mean()) for chosen in (*(x == n for n in range(7)), x >= 7)]
    published = [(0.237, 0.225), (0.697, 0.523), (1.393, 1.044), (1.560, 1.520), (2.532, 2.164), (2.947, 2.654), (3.862, 3.504),
                 (6.359, 6.157)]  # fmt: skip
    assert np.array(by_x) == pytest.approx(np.array(published), abs=6e-4)
    best = np.argsort(-expected, kind="stable")[:235]
    assert actual[best].sum() / actual.sum() == pytest.approx(0.467, abs=1e-3)


@pytest.fixture(scope="module")
def cdnow_spends():
    rows = list(csv.DictReader(dataset("cdnow_customers_summary_with_transactions.csv").open()))
    return columns(*((row["x"], row["t_x"], row["T"], row["zbar"]) for row in rows))


def test_gamma_gamma_and_value_of_cdnow(cdnow_spends):
    x, t_x, age, mean = cdnow_spends
    known = spends(x, mean)
    model = spending.fitted(known)
    assert (len(known.repeats), model.p, model.q, model.v) == (
        946,
        pytest.approx(6.2488, abs=1e-4),
        pytest.approx(3.7446, abs=1e-4),
        pytest.approx(15.4477, abs=1e-4),
    )
    assert spending.log_likelihood(model, known) == pytest.approx(-4055.923, abs=1e-3)
    assert model.population_mean == pytest.approx(35.171, abs=1e-3)
    assert model.expected_mean(np.array([2.0]), np.array([22.35])) == pytest.approx([24.6586], abs=1e-4)
    assert models._correlation(known) == pytest.approx(0.1139, abs=5e-5)
    purchasing = fitted("bg_nbd", grouped(x, t_x, age))
    for discount, value in ((0.01, 36.278), (0.0, 38.517)):
        seen = forecast(purchasing, *columns((2, 30.43, 38.86)), period=4.345, n_periods=12, discount=discount)
        factor = worth(model, seen, np.array([2.0]), interval_share=0.9).value
        assert factor * (model.v + 2 * 22.35) == pytest.approx([value], abs=1e-3)


def drawn(model, n, *, seed, span=60.0):
    """x, t_x, T of customers who live as the model says, written by hand; T is uniform, and times are whole."""
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(n):
        rate, p, age = rng.gamma(model.r, 1 / model.alpha), rng.beta(model.a, model.b), int(rng.integers(1, span))
        now, x, last = 0.0, 0, 0
        stopped = model.name == "mbg_nbd" and rng.random() < p
        while not stopped:
            now += rng.exponential(1 / rate)
            if now >= age:
                break
            if int(now) > last:  # one day's purchases count once
                x, last = x + 1, int(now)
            stopped = rng.random() < p
        rows.append((x, last, age))
    return columns(*rows)


@pytest.mark.parametrize("name", MODELS)
def test_derivatives_are_those_of_the_likelihood(name):
    known = grouped(*drawn(Purchasing(name, 0.8, 9.0, 0.9, 2.0), 80, seed=2))
    at = np.array([0.7, 8.0, 0.6, 1.7])
    value, slopes = _likelihood(name, at, known)
    for place, step in enumerate(np.eye(4) * 1e-6):
        above, below = (_likelihood(name, at + sign * step, known)[0] for sign in (1, -1))
        assert slopes[place] == pytest.approx((above - below) / 2e-6, rel=1e-5)
    assert value == pytest.approx(log_likelihood(Purchasing(name, *at), known))


@pytest.mark.parametrize("name", MODELS)
def test_what_made_the_purchases_is_found_again(name):
    truth = Purchasing(name, 1.2, 20.0, 0.8, 2.5)
    found = fitted(name, grouped(*drawn(truth, 6000, seed=5, span=400)))
    assert found.r / found.alpha == pytest.approx(truth.r / truth.alpha, rel=0.1)
    assert found.a / (found.a + found.b) == pytest.approx(truth.a / (truth.a + truth.b), rel=0.1)


@pytest.mark.parametrize("name", MODELS)
def test_neither_order_nor_unit_nor_grouping_changes_a_model(name):
    x, t_x, age = drawn(Purchasing(name, 0.8, 9.0, 0.9, 2.0), 500, seed=3)
    order = np.random.default_rng(1).permutation(len(x))
    whole = fitted(name, grouped(x, t_x, age))
    assert fitted(name, grouped(x[order], t_x[order], age[order])) == whole
    in_weeks = fitted(name, grouped(x, t_x / 7, age / 7))
    assert (in_weeks.r, in_weeks.alpha * 7, in_weeks.a, in_weeks.b) == pytest.approx(whole.parameters, rel=1e-3)
    one_by_one = fitted(name, Histories(x, t_x, age, np.ones_like(x)))
    assert one_by_one.parameters == pytest.approx(whole.parameters, rel=1e-3)


positive = st.floats(0.05, 20)


@settings(max_examples=60, deadline=None)
@given(
    r=positive,
    alpha=st.floats(1, 500),
    a=positive,
    b=positive,
    x=st.integers(0, 40),
    age=st.integers(1, 900),
    time=st.floats(0.1, 400),
)
def test_means_equal_the_published_closed_form(r, alpha, a, b, x, age, time):
    if abs(a - 1) < 0.01 or a + b < 1.05:  # there the closed form itself loses its digits
        a, b = a + 0.05, b + 1
    model = Purchasing("bg_nbd", r, alpha, a, b)
    history = columns((x, age * 0.8 if x else 0, age))
    stretch = ((alpha + age) / (alpha + age + time)) ** (r + x)
    series = hyp2f1(r + x, b + x, a + b + x - 1, time / (alpha + age + time))
    closed = float(p_alive(model, *history)[0]) * (a + b + x - 1) / (a - 1) * (1 - stretch * series)
    assert expected_purchases(model, time, *history)[0] == pytest.approx(closed, rel=1e-4, abs=1e-9)


def test_a_mean_exists_where_the_closed_form_has_none():
    near = [expected_of_new(Purchasing("bg_nbd", 0.5, 5.0, a, 2.0), 30.0) for a in (1 - 1e-6, 1.0, 1 + 1e-6)]
    assert near == pytest.approx([near[1]] * 3, rel=1e-5)


def future(model, spend, x, t_x, age, mean, *, period, n_periods, discount, n, seed):
    """Counts and discounted amounts of `n` possible futures of one customer, step by step."""
    rng = np.random.default_rng(seed)
    alive = rng.random(n) < p_alive(model, *columns((x, t_x, age)))[0]
    rate = rng.gamma(model.r + x, 1 / (model.alpha + age), n)
    p = rng.beta(model.a, model.b + x + (model.name == "mbg_nbd"), n)
    nu = rng.gamma(spend.q + spend.p * x, 1 / (spend.v + x * mean), n)
    now, counts, amounts = np.zeros(n), np.zeros(n), np.zeros(n)
    while alive.any():
        now = now + rng.exponential(size=n) / rate
        buys = alive & (now < period * n_periods)
        counts += buys
        worth_today = (1 + discount) ** -np.ceil(np.minimum(now, period * n_periods) / period)
        amounts += np.where(buys, rng.gamma(spend.p, size=n) / nu * worth_today, 0.0)
        alive = buys & (rng.random(n) >= p)
    return counts, amounts


@pytest.mark.parametrize("model", [BG, MBG], ids=lambda model: model.name)
@pytest.mark.parametrize(
    "history", [(0, 0, 38.9, 0.0), (0, 0, 3.0, 0.0), (2, 30.4, 38.9, 22.0), (7, 29.4, 38.9, 40.0), (26, 35.0, 38.9, 20.0)]
)
def test_simulated_futures_have_the_moments_and_lie_in_the_interval(model, history):
    spend = Spending(6.2488, 3.7446, 15.4477)
    x, t_x, age, mean = history
    when = {"period": 4.345, "n_periods": 12, "discount": 0.01}
    counts, amounts = future(model, spend, *history, **when, n=60_000, seed=4)
    seen = forecast(model, *columns((x, t_x, age)), **when)
    ends = worth(spend, seen, np.array([float(x)]), interval_share=0.9)
    assert seen.expected[0] == pytest.approx(counts.mean(), rel=0.03)
    assert seen.pairs[0] == pytest.approx((counts * (counts - 1)).mean(), rel=0.08)
    assert seen.p_none[0] == pytest.approx((counts == 0).mean(), abs=0.01)
    unit = spend.v + x * mean
    assert ends.value[0] * unit == pytest.approx(amounts.mean(), rel=0.03)
    above, below = (amounts > ends.upper[0] * unit).mean(), (amounts < ends.lower[0] * unit).mean()
    assert 0.02 < above < 0.06, "a tail of 5 %; wider than needed for very frequent buyers"
    assert below < 0.06


def test_the_held_out_likelihood_prefers_the_model_that_made_the_purchases():
    """One-time buyers who leave at once are what tells the two apart."""
    for truth in (Purchasing("mbg_nbd", 1.5, 6.0, 1.5, 1.5), Purchasing("bg_nbd", 1.5, 6.0, 1.5, 1.5)):
        rng = np.random.default_rng(8)
        views = ([], [], [])
        for _ in range(1500):
            rate, p, first = rng.gamma(truth.r, 1 / truth.alpha), rng.beta(truth.a, truth.b), int(rng.integers(0, 100))
            days, now, stopped = [0], 0.0, truth.name == "mbg_nbd" and rng.random() < p
            while not stopped and (now := now + rng.exponential(1 / rate)) < 150 - first:
                days.append(now)
                stopped = rng.random() < p
            seen = [day for day in days if day < 100 - first]
            views[0].append((len(days) - 1, days[-1], 150 - first))
            views[1].append((len(seen) - 1, seen[-1], 100 - first))
        whole, before = (grouped(*columns(*view)) for view in views[:2])
        chosen = choice(whole, before, whole)  # everybody bought before the split
        assert (chosen.name, chosen.chosen_by, chosen.reason) == (truth.name, "held_out", None)


def test_the_held_out_likelihood_is_that_of_both_parts_less_that_of_the_first():
    before = grouped(*drawn(MBG, 400, seed=1))
    after = Histories(before.repeats, before.last_repeat, before.age + 20, before.n_customers)
    chosen = choice(after, before, after)
    for name, one in chosen.models.items():
        model = fitted(name, before)
        assert one.held_out == pytest.approx(log_likelihood(model, after) - log_likelihood(model, before))


ALIKE = Histories(*columns((2, 5, 9, 30)))


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        (Histories(*(np.zeros(0) for _ in range(4))), "nobody has bought yet"),
        (grouped([3], [5], [9]), "only one customer has bought"),
        (grouped([0, 0, 0], [0, 0, 0], [3, 5, 9]), "nobody has bought on a second day"),
        (grouped([0, 0], [0, 0], [0, 0]), "all customers bought for the first time on the last day"),
        (ALIKE, "all customers have the same history"),
        # Everybody buys every week and never stops.
        (grouped(list(range(5, 25)), [7.0 * n for n in range(5, 25)], [7.0 * n for n in range(5, 25)]), "no inner maximum"),
    ],
)
@pytest.mark.parametrize("name", MODELS)
def test_what_teaches_nothing_is_named_and_not_fitted(name, known, reason):
    with pytest.raises(NotFitted, match=reason):
        fitted(name, known)
    chosen = choice(known, known, known)
    assert (chosen.name, chosen.chosen_by) == (None, "none")
    assert reason in chosen.reason


def test_a_model_whose_a_and_b_sum_to_one_at_most_is_refused():
    known = grouped(*drawn(Purchasing("bg_nbd", 2.0, 4.0, 0.15, 0.2), 3000, seed=9, span=300))
    with pytest.raises(NotFitted, match="a \\+ b ≤ 1"):
        fitted("bg_nbd", known)


@pytest.mark.parametrize("name", MODELS)
def test_where_nobody_stops_the_model_says_so_and_forecasts(name):
    rng = np.random.default_rng(6)
    rows = []
    for _ in range(400):
        days = np.unique(np.floor(np.cumsum(rng.exponential(1 / rng.gamma(2.0, 1 / 40), size=400))))
        days = np.concatenate([[0.0], days[(days > 0) & (days < 300)]])
        rows.append((len(days) - 1, days[-1], 300))
    model = fitted(name, grouped(*columns(*rows)))
    assert "nobody stops" in model.remark
    assert p_alive(model, *columns((0, 0, 300), (5, 100, 300))) == pytest.approx([1, 1], abs=0.01)
    assert expected_purchases(model, 90.0, *columns((5, 100, 300)))[0] == pytest.approx(
        90 * (model.r + 5) / (model.alpha + 300), rel=0.01
    )


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        (spends(np.array([1.0]), np.array([5.0])), "fewer than two"),
        (spends(np.array([1.0, 2.0, 3.0]), np.array([5.0, 5.0, 5.0])), "spend the same"),
        (spends(np.array([0.0, 2.0]), np.array([0.0, -5.0])), "fewer than two"),
        (spends(np.ones(400), 1 / np.linspace(0.001, 1, 400) ** 2), "q ≤ 1|no inner maximum"),
    ],
)
def test_spend_that_teaches_nothing_is_named_and_not_fitted(known, reason):
    with pytest.raises(NotFitted, match=reason):
        spending.fitted(known)


def test_a_search_on_joined_groups_ends_at_the_same_maximum(monkeypatch):
    known = grouped(*drawn(Purchasing("mbg_nbd", 0.8, 30.0, 0.9, 2.0), 3000, seed=11, span=400))
    whole = fitted("mbg_nbd", known)
    monkeypatch.setattr(purchasing, "_MANY", 100)
    assert len(histories.joined(known, 0.05).repeats) < len(known.repeats)
    assert fitted("mbg_nbd", known).parameters == pytest.approx(whole.parameters, rel=1e-5)


def test_a_history_that_cannot_be_is_refused():
    for row in ((0, 1, 2, 1), (1, 3, 2, 1), (-1, 0, 2, 1), (1, 1, 2, 0)):
        with pytest.raises(ValueError, match="a history needs"):
            Histories(*columns(row))


def test_an_order_is_judged_between_chance_and_perfection():
    actual = np.arange(1.0, 101)
    perfect = Buckets(np.ones(100), actual, actual)
    assert normalised_gini(perfect, perfect) == pytest.approx(1)
    backwards = Buckets(np.ones(100), actual, actual[::-1])
    assert normalised_gini(backwards, perfect) == pytest.approx(-1)
    tied = Buckets(np.array([100.0]), np.array([1.0]), np.array([actual.sum()]))
    assert normalised_gini(tied, perfect) == pytest.approx(0)
    nothing = Buckets(np.ones(3), np.ones(3), np.zeros(3))
    assert normalised_gini(nothing, nothing) is None


def test_deciles_hold_tenths_and_equal_forecasts_stay_together():
    even = deciles(Buckets(np.ones(100), np.arange(100.0), np.arange(100.0) * 2))
    assert [(one.decile, one.n_customers, one.expected, one.actual) for one in even] == [
        (n + 1, 10, pytest.approx(10 * n + 4.5), pytest.approx(20 * n + 9)) for n in range(10)
    ]
    tied = deciles(Buckets(np.array([60.0, 20, 20]), np.array([6.0, 20, 40]), np.zeros(3)))
    assert [(one.decile, one.n_customers) for one in tied] == [(4, 60), (8, 20), (10, 20)]


def test_a_coarse_group_of_spends_keeps_the_mean_of_logarithms():
    fine = Spends(np.array([2.0, 2.0]), np.array([9.96, 10.04]), np.log([9.96, 10.04]), np.ones(2))
    coarse = Spends(np.array([2.0]), np.array([10.0]), np.log([9.96, 10.04]).mean(keepdims=True), np.array([2.0]))
    model = Spending(3.0, 4.0, 12.0)
    assert spending.log_likelihood(model, coarse) == pytest.approx(spending.log_likelihood(model, fine), abs=1e-3)
