"""The learned process: its likelihood by integration, its gradient by differences, and simulated customers' parameters again."""

from dataclasses import asdict, replace
from math import exp, lgamma, log

import numpy as np
import pyarrow as pa
import pytest
from scipy.integrate import quad
from scipy.special import beta as beta_function

from reclake.segment.learned import _search
from reclake.segment.process import Histories, Process, learned, log_likelihood, purchase_shares


def histories(*rows, groups=("app",), group=None):
    """Rows of repeats, visits, age, last purchase, last visit."""
    x, n, age, last_purchase, last_visit = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    places = np.zeros(len(rows), dtype=np.intp) if group is None else np.array(group, dtype=np.intp)
    return Histories(x, n, age, last_purchase, last_visit, places, groups)


ROWS = [
    (0, 0, 12.5, 0, 0),  # bought once, never seen again
    (0, 4, 12.5, 0, 9),  # bought once, visits went on
    (3, 0, 30.5, 11, 0),  # buys without being seen online
    (2, 5, 30.5, 28, 20),  # bought last
    (1, 2, 9.5, 4, 4),  # visited on the day of the last purchase
    (2, 3, 40.5, 10, 33),  # visited last
]
LOGS = np.array([log(0.7), log(9.0), log(0.6), log(2.2), log(0.05 / 0.95), log(0.02 / 0.98)])
SHARE = 0.3


def density_by_integration(row, logs, q):
    """The density of one history: the rates Λ and the probability p to stop are integrated out by quadrature."""
    x, n, age, last_purchase, last_visit = row
    r, alpha, a, b = np.exp(logs[:4])
    first_stop, visit_stop = 1 / (1 + np.exp(-logs[4:]))

    def given_rate(rate, p):
        """Purchases and visits of one rate, and where they end; which is which has a factor of its own."""
        goes_on = (1 - first_stop) * (1 - visit_stop) ** n * (1 - p) ** x
        told = goes_on * exp(-rate * age)
        if n == 0 or last_visit <= last_purchase:  # stopped right at the last purchase
            stop = first_stop * (1 - visit_stop) ** n if x == 0 else goes_on / (1 - p) * p
            told += stop * exp(-rate * last_purchase)
        if n > 0 and last_visit >= last_purchase:  # stopped after the last visit
            told += goes_on / (1 - visit_stop) * visit_stop * exp(-rate * last_visit)
        scale = alpha * q
        return rate ** (x + n) * told * rate ** (r - 1) * scale**r * exp(-scale * rate - lgamma(r))

    def over_rates(p):
        return quad(lambda rate: given_rate(rate, p), 0, 3, limit=200, epsabs=0, epsrel=1e-9)[0]

    def weighed(p):
        return over_rates(p) * p ** (a - 1) * (1 - p) ** (b - 1) / beta_function(a, b)

    return quad(weighed, 1e-12, 1 - 1e-12, limit=200, epsabs=0, epsrel=1e-7)[0]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_the_likelihood_is_the_integral_over_rates_and_stops(row):
    found, _ = log_likelihood(LOGS, histories(row), np.array([SHARE]))
    assert found == pytest.approx(log(density_by_integration(row, LOGS, SHARE)), abs=2e-4)


def test_without_visits_it_is_the_published_bg_nbd():
    """Fader, Hardie, Lee 2005: ln A1 + ln A2 + ln(A3 + δ A4), written out here in plain Python."""

    def published(x, t_x, age, r, alpha, a, b):
        def ln_beta(u, v):
            return lgamma(u) + lgamma(v) - lgamma(u + v)

        alive = exp(ln_beta(a, b + x) - ln_beta(a, b) - (r + x) * log(alpha + age))
        stopped = exp(ln_beta(a + 1, b + x - 1) - ln_beta(a, b) - (r + x) * log(alpha + t_x)) if x else 0
        return lgamma(r + x) - lgamma(r) + r * log(alpha) + log(alive + stopped)

    r, alpha, a, b = 0.243, 4.414, 0.793, 2.426
    rows = [(0, 0, 38.86, 0, 0), (1, 0, 38.86, 1.71, 0), (2, 0, 38.86, 30.43, 0), (7, 0, 38.86, 29.43, 0)]
    nobody_stops_otherwise = -700.0
    logs = np.array([*np.log([r, alpha, a, b]), nobody_stops_otherwise, nobody_stops_otherwise])
    found, _ = log_likelihood(logs, histories(*rows), np.ones(4))
    assert found == pytest.approx(sum(published(x, t_x, age, r, alpha, a, b) for x, _, age, t_x, _ in rows), rel=1e-9)


def test_the_gradient_is_that_of_small_steps():
    people, q = histories(*ROWS), np.linspace(0.1, 0.9, len(ROWS))
    _, gradient = log_likelihood(LOGS, people, q)
    step = 1e-6
    for place in range(6):
        away = np.eye(6)[place] * step
        above, below = (log_likelihood(LOGS + sign * away, people, q)[0] for sign in (1, -1))
        assert gradient[place] == pytest.approx((above - below) / (2 * step), rel=1e-5, abs=1e-5)


def simulated(n, *, r, alpha, a, b, first_stop, visit_stop, visits_per_purchase, days=80.0, seed=3):
    """Customers drawn event by event, half of them in shops alone."""
    draw = np.random.default_rng(seed)
    rows, group = [], []
    for number in range(n):
        rate, p = draw.gamma(r, 1 / alpha), draw.beta(a, b)
        online = number % 2
        both = rate * (1 + visits_per_purchase * online)
        at, x, visits, last_purchase, last_visit = 0.0, 0, 0, 0.0, 0.0
        lives = draw.random() >= first_stop
        while lives and (at := at + draw.exponential(1 / both)) < days:
            if draw.random() < rate / both:
                x, last_purchase, lives = x + 1, at, draw.random() >= p
            else:
                visits, last_visit, lives = visits + 1, at, draw.random() >= visit_stop
        rows.append((x, visits, days, last_purchase, last_visit))
        group.append(online)
    return histories(*rows, groups=("pos", "app"), group=group)


TRUTH = {"r": 1.3, "alpha": 15.0, "a": 0.8, "b": 2.5, "first_stop": 0.1, "visit_stop": 0.01}


def test_what_is_simulated_is_learned_again():
    found = learned(simulated(6_000, **TRUTH, visits_per_purchase=4.0), min_repeats=30)
    for name, value in TRUTH.items():
        assert getattr(found, name) == pytest.approx(value, rel=0.25), name
    assert found.r / found.alpha == pytest.approx(TRUTH["r"] / TRUTH["alpha"], rel=0.06)
    assert found.purchase_shares["app"] == pytest.approx(0.2, rel=0.03)
    assert found.purchase_shares["pos"] > 0.99
    assert found.concentration > 300  # all have the share of their channels


def test_the_order_of_customers_does_not_matter():
    people = simulated(400, **TRUTH, visits_per_purchase=4.0)
    backwards = replace(
        people,
        **{
            name: getattr(people, name)[::-1] for name in ("n_repeats", "n_visits", "age", "last_purchase", "last_visit", "group")
        },
    )
    one, other = (learned(each, min_repeats=30) for each in (people, backwards))
    assert [one.r, one.alpha, one.a, one.b] == pytest.approx([other.r, other.alpha, other.a, other.b], rel=1e-3)


def test_a_small_group_of_channels_leans_on_all():
    people = histories((3, 6, 9.5, 5, 6), (9, 18, 30.5, 9, 8), (0, 0, 3.5, 0, 0), groups=("app", "web"), group=[0, 0, 1])
    overall, by_group = purchase_shares(people)
    assert overall == pytest.approx(1 / 3)
    assert by_group == pytest.approx([1 / 3, 1 / 3])


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [(5, 3, 40.5, 20, 30)],
        [(0, 2, 20.5, 0, 10)] * 500,
        [(1, 0, 20.5, 10, 0)] * 29,
    ],
    ids=["nobody", "one customer", "only one-time buyers", "too few repeat purchases"],
)
def test_too_little_is_not_learned_from(rows):
    people = histories(*rows) if rows else Histories(*[np.zeros(0)] * 5, np.zeros(0, dtype=np.intp), ())
    assert learned(people, min_repeats=30) is None


@pytest.mark.parametrize(
    "row",
    [(2, 4, 30.5, 20, 25), (2, 0, 30.5, 20, 0), (1, 1, 0.5, 0, 0), (40, 0, 40.5, 40, 0)],
    ids=["all equal", "all equal in shops", "all of them yesterday", "every day"],
)
def test_equal_customers_give_a_finite_process(row):
    found = learned(histories(*[row] * 200), min_repeats=30)
    assert isinstance(found, Process)
    numbers = [found.r, found.alpha, found.a, found.b, found.concentration]
    assert all(np.isfinite(number) and number > 0 for number in numbers)
    assert 0 < found.first_stop < 1
    assert 0 < found.visit_stop < 1
    assert 0 < found.purchase_share < 1


def searched(customers):
    """What the task of the search gives for customers as it is handed them: channels, and what was known on two days."""
    names = ("n_orders", "n_visits", "age", "last_purchase", "last_visit")
    known = pa.list_(pa.struct([*((name, pa.int64()) for name in names[:2]), *((name, pa.int32()) for name in names[2:])]))
    customer = pa.struct([("digest", pa.string()), ("channels", pa.string()), ("known", known)])
    rows = [
        {"digest": str(n), "channels": channels, "known": [dict(zip(names, day, strict=True)) for day in days]}
        for n, (channels, *days) in enumerate(customers)
    ]
    batch = pa.record_batch([pa.array([rows], pa.list_(customer))], ["customers"])
    (found,) = _search(2, 30)([batch])
    return found.column("processes").to_pylist()[0]


def test_the_search_in_a_task_learns_of_each_day_what_was_known_then():
    nothing = (None,) * 5
    people = [("app", (3, 5, 40, 20, 25), (2, 4, 33, 20, 21)), ("pos", (2, 0, 30, 10, None), nothing)]
    newest, before = searched(people * 40)
    expected = [
        learned(histories(*rows, groups=groups, group=group), min_repeats=30)
        for rows, groups, group in (
            ([(2, 5, 39.5, 20, 25), (1, 0, 29.5, 10, 0)] * 40, ("app", "pos"), [0, 1] * 40),
            ([(1, 4, 32.5, 20, 21)] * 40, ("app",), [0] * 40),
        )
    ]
    for one, other in zip((newest, before), expected, strict=True):
        assert dict(one["purchase_shares"]) == other.purchase_shares
        assert {k: v for k, v in one.items() if k != "purchase_shares"} == {
            k: v for k, v in asdict(other).items() if k != "purchase_shares"
        }


@pytest.mark.parametrize("people", [[], [("app", (None,) * 5, (None,) * 5)]], ids=["nobody", "nobody had bought"])
def test_the_search_of_nobody_gives_no_process(people):
    assert searched(people) == [None, None]
